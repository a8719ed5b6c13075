"""The deployments of adopted plans as they should be, from the database and the configuration as they are now."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from dondoc.compile import Compiler, Deployment, incident_deployment, record_deployments
from dondoc.house import House
from dondoc.plan import Plan
from tasks.house import words
from tasks.publish import templates
from tasks.store.occurrences import rows


def compile_plan(engine: sa.Engine, house: House, config: Path, plan: Plan) -> tuple[Deployment, ...]:
    """The deployments of an adopted or draft plan, with what was extended moved."""
    with engine.connect() as connection:
        states = {row.occurrence.id: row.state for row in rows(connection, plan.id)}
    sheet = templates(config).get_template("deployment.md.j2")
    return Compiler(house, words(config), sheet, states).deployments(plan)


def own_deployments(house: House, config: Path) -> tuple[Deployment, ...]:
    """Those that belong to no plan: the incident flow, the forms."""
    vocabulary, timezone = words(config), house.policy.timezone
    return (incident_deployment(vocabulary, timezone), *record_deployments(vocabulary, timezone))
