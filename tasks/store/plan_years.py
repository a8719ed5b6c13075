"""The adopted plans as a choice between years sees them: which is meant where none is named, which year has none."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from dondoc.obligations.checkpoints import closing_day
from dondoc.obligations.state import OWED, Status
from dondoc.office.rules import Rules
from dondoc.planning.current_plan import AdoptedPlan, Awaited, awaited, current_plan
from tasks.store import tables

_OPEN = [status.value for status in (*OWED, Status.SUBMITTED)]


def default_plan(connection: sa.Connection, rules: Rules, today: date) -> str | None:
    """The plan that board, reports and commands mean where none is named; None while none is adopted."""
    return current_plan(_known(connection), today, lambda year: closing_day(year, rules.policy, rules.calendar))


def awaited_plans(connection: sa.Connection, today: date) -> list[Awaited]:
    """The plans of a new year that nobody has adopted yet."""
    return awaited(_known(connection), today)


def _known(connection: sa.Connection) -> list[AdoptedPlan]:
    p, o, entry = tables.plan.c, tables.occurrence.c, tables.ledger.c
    left = (
        sa.select(sa.func.count()).where(o.plan == p.id, o.status.in_(_OPEN)).scalar_subquery().label("left")
    )  # fmt: skip
    query = sa.select(p.id, p.year, left, entry.actor).join(tables.ledger, entry.seq == p.adopted_seq)
    return [
        AdoptedPlan(row.id, row.id.removesuffix(f"-{row.year}"), row.year, row.left, row.actor == "replay")
        for row in connection.execute(query)
    ]
