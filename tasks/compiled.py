"""The deployments of adopted plans as they should be, from the database and the configuration as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from dondoc.compile import (
    Compiler,
    Deployment,
    follow_up_deployment,
    incident_deployment,
    receive_deployment,
    record_deployments,
)
from dondoc.house import House
from dondoc.plan import Plan
from dondoc.state import State
from tasks.house import words
from tasks.publish import templates
from tasks.settings import Settings
from tasks.store.occurrences import rows
from tasks.store.plans import closed


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
