"""The deployments of adopted plans as they should be, from the database and the configuration as they are now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from dondoc.obligations.state import State
from dondoc.office.rules import House
from dondoc.plan.plan import Plan
from dondoc.schedule.deployments import (
    Compiler,
    Deployment,
    follow_up_deployment,
    incident_deployment,
    receive_deployment,
    record_deployments,
)
from tasks.config.loading import words
from tasks.config.settings import Settings
from tasks.obligations.run_result import templates
from tasks.store.occurrences import rows
from tasks.store.plans import closed

_DEPLOYING = 720240004


@contextmanager
def deploying(engine: sa.Engine) -> Iterator[None]:
    """One at a time: of two that deploy at once, the one that read older states could write last."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_DEPLOYING})")
        yield


def compile_plan(
    engine: sa.Engine, house: House, config: Path, plan: Plan, only: str | None = None
) -> tuple[Deployment, ...]:
    """The deployments of an adopted or draft plan, with what was extended moved and what has ended left out.

    `only`: the one item of that id, without the plan's own flows.
    """
    with engine.connect() as connection:
        states = {row.occurrence.id: row.state for row in rows(connection, plan.id)}
        ended = closed(connection, plan.id)
    chosen = compiler(house, config, states, ended)
    return chosen.items(plan, only) if only else chosen.deployments(plan)


def compiler(house: House, config: Path, states: Mapping[str, State], ended: bool) -> Compiler:
    """What compiles a plan whose occurrences stand so; `ended`: it is closed."""
    return Compiler(house, words(config), templates(config).get_template("deployment.md.j2"), states, ended)


def own_deployments(house: House, settings: Settings) -> tuple[Deployment, ...]:
    """Those that belong to no plan: the incident flow first, the one that follows acts, the forms, the mailbox's."""
    vocabulary, timezone = words(settings.config), house.policy.timezone
    mailbox = [receive_deployment(vocabulary, timezone)] if settings.imap else []
    return (
        incident_deployment(vocabulary, timezone),
        follow_up_deployment(vocabulary, timezone),
        *record_deployments(vocabulary, timezone),
        *mailbox,
    )
