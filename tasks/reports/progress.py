"""How far things are, counted from the same states everywhere; and the leaders' digest of what is late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dondoc.calendar.periods import period_of
from dondoc.documents.kinds import CLOSING
from dondoc.ledger.ledger import Draft
from dondoc.obligations.decide import Decision, Facts, Verdict, owed
from dondoc.obligations.lifecycle import Status, advance
from dondoc.obligations.outcomes import tally
from dondoc.obligations.snapshot import Tracked
from dondoc.office.delegation import with_stand_ins
from tasks.config.loading import words
from tasks.config.run_context import Morning
from tasks.store.delegations import delegations
from tasks.store.occurrences import rows
from tasks.store.plans import adopted
from tasks.store.settle import Looked, apply_to


def item_progress(morning: Morning, item: str) -> dict[str, int]:
    """Outcome → number of the item's occurrences."""
    with morning.engine.connect() as connection:
        found = rows(connection, morning.plan, item)
    return tally((row.state for row in found), morning.today)


def plan_progress(morning: Morning) -> dict[str, int]:
    """Outcome → number of the plan's occurrences."""
    with morning.engine.connect() as connection:
        found = rows(connection, morning.plan)
    return tally((row.state for row in found), morning.today)


def chain_of_steps(morning: Morning, item: str) -> list[str]:
    """The item's steps in order, each with its status in words, as `plan → inspection → report → remedy`."""
    statuses = words(morning.settings.config)["statuses"]
    with morning.engine.connect() as connection:
        found = rows(connection, morning.plan, item)
    return [f"{row.occurrence.obligation} {row.occurrence.period}: {statuses[row.state.status.value]}" for row in found]


def tell_leaders(morning: Morning) -> list[Looked]:
    """Queue the leaders' report: what is late, and what waits for a decision. Once a period; nothing when there is neither.

    It is a notice of the tracker's own reporting duty (seed III.3), whose occurrence names the period.
    """
    with morning.engine.connect() as connection:
        plan = adopted(connection, morning.plan)
        found = rows(connection, morning.plan)
        absent = delegations(connection)
    today = morning.today
    reporting = {item.id for item in plan.items if item.shape == "report"}
    carriers = [row for row in found if row.occurrence.item in reporting and _covers(row, morning)]
    late = [_late_line(morning, row) for row in found if owed(row.state, today)]
    asked = [_line(morning, row) for row in found if row.state.extension_asked or row.state.status is Status.SUBMITTED]
    if morning.dry_run or not carriers or not (late or asked):
        return []
    label = period_of(today, morning.house.policy.leaders_report).label
    leaders = [f"role:{role}" for role in ("head", "deputy") if _has_address(morning, role)]
    recipients = list(with_stand_ins(leaders, absent, today))
    about = {"late": late[:40], "asked": asked[:40], "counts": tally((row.state for row in found), today)}
    body = {"kind": "report", "checkpoint": f"report-{label}", "recipients": recipients, "about": about}

    def decided(facts: Facts, at: datetime) -> Decision:
        if not recipients or body["checkpoint"] in facts.state.settled:
            return Decision((), Verdict.NOTHING_OWED, facts.state)
        draft = Draft("notice.queued", morning.plan, facts.occurrence.id, "dondoc", body, morning.run)
        day = at.astimezone(facts.policy.zone).date()
        return Decision((draft,), Verdict.NOTHING_OWED, advance(facts.state, draft, day))

    return [apply_to(morning.engine, morning.house, carriers[0].occurrence.id, morning.now, decided)]


def closing_account(morning: Morning) -> Callable[[sa.Connection], tuple[Tracked, Draft] | None]:
    """What tells the leaders of the whole year when the plan is closed: how its duties ended, and what was not done.

    A notice at the last occurrence of the tracker's own reporting duty, or of the plan where it has none.
    """

    def account(connection: sa.Connection) -> tuple[Tracked, Draft] | None:
        plan, found = adopted(connection, morning.plan), rows(connection, morning.plan)
        reporting = {item.id for item in plan.items if item.shape == "report"}
        carrier = [row for row in found if row.occurrence.item in reporting][-1:] or found[-1:]
        leaders = [f"role:{role}" for role in ("head", "deputy") if _has_address(morning, role)]
        recipients = list(with_stand_ins(leaders, delegations(connection), morning.today))
        if not carrier or not recipients:
            return None
        missed = [_line(morning, row) for row in found if row.state.status is Status.MISSED]
        counts = tally((row.state for row in found), morning.today)
        about = {"missed": missed[:40], "counts": counts, "closing": plan.year}
        body = {"kind": "report", "checkpoint": CLOSING, "recipients": recipients, "about": about}
        return carrier[0], Draft("notice.queued", plan.id, carrier[0].occurrence.id, "dondoc", body, morning.run)

    return account


def _covers(row: Tracked, morning: Morning) -> bool:
    occurrence = row.occurrence
    today = morning.today
    return bool(occurrence.opens and occurrence.due and occurrence.opens <= today <= occurrence.due)


def _late_line(morning: Morning, row: Tracked) -> dict[str, Any]:
    due = row.state.due or morning.today
    return {
        **_line(morning, row),
        "due": due.isoformat(),
        "working_days_late": morning.house.calendar.between(due, morning.today),
    }


def _line(morning: Morning, row: Tracked) -> dict[str, Any]:
    item, obligation = row.item, row.obligation
    return {
        "occurrence": row.occurrence.id,
        "ref": item.ref,
        "title": item.title,
        "deliverable": obligation.deliverable,
        "lead": [morning.house.office.name_of(party) for party in obligation.lead],
        "status": row.state.status.value,
    }


def _has_address(morning: Morning, role: str) -> bool:
    known = morning.house.office.role(role)
    return bool(known and known.email)
