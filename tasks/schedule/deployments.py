"""The deployments of adopted plans as they should be, from the database and the configuration as they are now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from dondoc.obligations.state import State
from dondoc.office.rules import Rules
from dondoc.plan.plan import Plan
from dondoc.schedule.deployments import Compiler, Deployment
from dondoc.schedule.deployments import own_deployments as compile_own
from dondoc.schedule.own_flows import OF_PLANS, OWN_FLOWS
from tasks.config.loading import words
from tasks.config.settings import Settings
from tasks.obligations.run_result import templates
from tasks.store.occurrences import tracked_rows

_DEPLOYING = 720240004


@contextmanager
def deploying(engine: sa.Engine) -> Iterator[None]:
    """One at a time: of two that deploy at once, the one that read older states could write last."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_DEPLOYING})")
        yield


def compile_plan(
    engine: sa.Engine, rules: Rules, config: Path, plan: Plan, only: str | None = None
) -> tuple[Deployment, ...]:
    """The deployments of an adopted or draft plan, with what was extended moved and what has ended left out.

    `only`: the one item of that id, without the plan's own flows.
    """
    with engine.connect() as connection:
        states = {row.occurrence.id: row.state for row in tracked_rows(connection, plan.id)}
    chosen = compiler(rules, config, states)
    return chosen.items(plan, only) if only else chosen.deployments(plan)


def compiler(rules: Rules, config: Path, states: Mapping[str, State]) -> Compiler:
    """What compiles a plan whose occurrences stand so."""
    return Compiler(rules, words(config), templates(config).get_template("deployment.md.j2"), states)


def installation_deployments(rules: Rules, settings: Settings) -> tuple[Deployment, ...]:
    """Those that belong to no plan; the mailbox's only where one is set up."""
    left_out = {*OF_PLANS, *(() if settings.imap else ("receive_mail",))}
    return compile_own(words(settings.config), rules.policy.timezone, [key for key in OWN_FLOWS if key not in left_out])
