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
from dondoc.obligations.outcomes import outcome_counts
from dondoc.obligations.snapshot import Tracked
from dondoc.office.delegation import with_stand_ins
from tasks.config.loading import words
from tasks.config.run_context import RunContext
from tasks.store.authority import delegations
from tasks.store.occurrences import tracked_rows
from tasks.store.plans import adopted
from tasks.store.settle import Checked, apply_to


def item_progress(context: RunContext, item: str) -> dict[str, int]:
    """Outcome → number of the item's occurrences."""
    with context.engine.connect() as connection:
        found = tracked_rows(connection, context.plan, item)
    return outcome_counts((row.state for row in found), context.today)


def plan_progress(context: RunContext) -> dict[str, int]:
    """Outcome → number of the plan's occurrences."""
    with context.engine.connect() as connection:
        found = tracked_rows(connection, context.plan)
    return outcome_counts((row.state for row in found), context.today)


def chain_of_steps(context: RunContext, item: str) -> list[str]:
    """The item's steps in order, each with its status in words, as `plan → inspection → report → remedy`."""
    statuses = words(context.settings.config)["statuses"]
    with context.engine.connect() as connection:
        found = tracked_rows(connection, context.plan, item)
    return [f"{row.occurrence.obligation} {row.occurrence.period}: {statuses[row.state.status.value]}" for row in found]


def tell_leaders(context: RunContext) -> list[Checked]:
    """Queue the leaders' report: what is late, and what waits for a decision. Once a period; nothing when there is neither.

    It is a notice of the tracker's own reporting duty (seed III.3), whose occurrence names the period.
    """
    with context.engine.connect() as connection:
        plan = adopted(connection, context.plan)
        found = tracked_rows(connection, context.plan)
        absent = delegations(connection)
    today = context.today
    reporting = {item.id for item in plan.items if item.shape == "report"}
    carriers = [row for row in found if row.occurrence.item in reporting and _covers(row, context)]
    late = [_late_line(context, row) for row in found if owed(row.state, today)]
    asked = [_line(context, row) for row in found if row.state.extension_asked or row.state.status is Status.SUBMITTED]
    if context.dry_run or not carriers or not (late or asked):
        return []
    label = period_of(today, context.rules.policy.leaders_report).label
    leaders = [f"role:{role}" for role in ("head", "deputy") if _has_address(context, role)]
    recipients = list(with_stand_ins(leaders, absent, today))
    about = {"late": late[:40], "asked": asked[:40], "counts": outcome_counts((row.state for row in found), today)}
    body = {"kind": "report", "checkpoint": f"report-{label}", "recipients": recipients, "about": about}

    def decided(facts: Facts, at: datetime) -> Decision:
        if not recipients or body["checkpoint"] in facts.state.settled:
            return Decision((), Verdict.NOTHING_OWED, facts.state)
        draft = Draft("notice.queued", context.plan, facts.occurrence.id, "dondoc", body, context.run)
        day = at.astimezone(facts.policy.zone).date()
        return Decision((draft,), Verdict.NOTHING_OWED, advance(facts.state, draft, day))

    return [apply_to(context.engine, context.rules, carriers[0].occurrence.id, context.now, decided)]


def closing_account(context: RunContext) -> Callable[[sa.Connection], tuple[Tracked, Draft] | None]:
    """What tells the leaders of the whole year when the plan is closed: how its duties ended, and what was not done.

    A notice at the last occurrence of the tracker's own reporting duty, or of the plan where it has none.
    """

    def account(connection: sa.Connection) -> tuple[Tracked, Draft] | None:
        plan, found = adopted(connection, context.plan), tracked_rows(connection, context.plan)
        reporting = {item.id for item in plan.items if item.shape == "report"}
        carrier = [row for row in found if row.occurrence.item in reporting][-1:] or found[-1:]
        leaders = [f"role:{role}" for role in ("head", "deputy") if _has_address(context, role)]
        recipients = list(with_stand_ins(leaders, delegations(connection), context.today))
        if not carrier or not recipients:
            return None
        missed = [_line(context, row) for row in found if row.state.status is Status.MISSED]
        counts = outcome_counts((row.state for row in found), context.today)
        about = {"missed": missed[:40], "counts": counts, "closing": plan.year}
        body = {"kind": "report", "checkpoint": CLOSING, "recipients": recipients, "about": about}
        return carrier[0], Draft("notice.queued", plan.id, carrier[0].occurrence.id, "dondoc", body, context.run)

    return account


def _covers(row: Tracked, context: RunContext) -> bool:
    occurrence = row.occurrence
    today = context.today
    return bool(occurrence.opens and occurrence.due and occurrence.opens <= today <= occurrence.due)


def _late_line(context: RunContext, row: Tracked) -> dict[str, Any]:
    due = row.state.due or context.today
    return {
        **_line(context, row),
        "due": due.isoformat(),
        "working_days_late": context.rules.calendar.between(due, context.today),
    }


def _line(context: RunContext, row: Tracked) -> dict[str, Any]:
    item, obligation = row.item, row.obligation
    return {
        "occurrence": row.occurrence.id,
        "ref": item.ref,
        "title": item.title,
        "deliverable": obligation.deliverable,
        "lead": [context.rules.office.name_of(party) for party in obligation.lead],
        "status": row.state.status.value,
    }


def _has_address(context: RunContext, role: str) -> bool:
    known = context.rules.office.role(role)
    return bool(known and known.email)
