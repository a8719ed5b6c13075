"""Obligation → occurrences, with the days they open, are due and must be acted on by.

Rules: "trước ngày D" excludes D; bare dates and "đến / chậm nhất / hết ngày D" include it; a month, quarter
or year ends on its last calendar day; a phrase without a year inherits the plan's. A due date is never
rolled forward unless policy says so (BLDS 2015, art. 148, governs running periods, not a plan's dates).
Act-by is the last working day on or before due.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from dondoc.calendar.periods import Cadence, Period, period, periods
from dondoc.calendar.working_days import Calendar
from dondoc.office.policy import Policy
from dondoc.plan.plan import Item, Obligation, Plan


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One obligation in one period: the thing tracked. `opens`, `due` and `act_by` are None while gated."""

    id: str
    plan: str
    item: str
    obligation: str
    period: str
    opens: date | None
    due: date | None
    act_by: date | None
    event: str | None
    needs: tuple[str, ...]
    before_adoption: bool


def occurrences(plan: Plan, policy: Policy, calendar: Calendar) -> tuple[Occurrence, ...]:
    """Every occurrence expected of the plan, in the plan's order: its register."""
    return tuple(
        occurrence
        for item in plan.items
        for obligation in item.obligations
        for occurrence in obligation_occurrences(plan, item, obligation, policy, calendar)
    )


def obligation_occurrences(
    plan: Plan, item: Item, obligation: Obligation, policy: Policy, calendar: Calendar
) -> Iterator[Occurrence]:
    """The occurrences of one obligation. Raises CalendarRangeError where the calendar lacks a year."""
    timing = obligation.timing
    if timing.kind == "after-event":
        yield Occurrence(
            _id(plan, item, obligation, timing.event or ""), plan.id, item.id, obligation.id, timing.event or "",
            None, None, None, timing.event, _needs(plan, item, obligation, policy), False,
        )  # fmt: skip
        return
    for span in _periods(plan.year, obligation, policy):
        due = due_date(span.last, policy, calendar)
        yield Occurrence(
            id=_id(plan, item, obligation, span.label),
            plan=plan.id,
            item=item.id,
            obligation=obligation.id,
            period=span.label,
            opens=span.first,
            due=due,
            act_by=calendar.on_or_before(due),
            event=None,
            needs=_needs(plan, item, obligation, policy, span),
            before_adoption=due < plan.adopted_on,
        )


def due_date(last: date, policy: Policy, calendar: Calendar) -> date:
    """The last permitted day of a period ending on `last`: itself, unless the office rolls forward."""
    return calendar.on_or_after(last) if policy.roll_forward else last


def event_dates(obligation: Obligation, happened: date, policy: Policy, calendar: Calendar) -> tuple[date, date, date]:
    """(opens, due, act_by) of a gated occurrence whose event happened on that day, which is not itself counted."""
    within = obligation.timing.within if obligation.timing.within is not None else policy.after_event_working_days
    due = calendar.add(happened, within) if within else calendar.on_or_after(happened)
    return happened, due, calendar.on_or_before(due)


def _periods(year: int, obligation: Obligation, policy: Policy) -> Iterator[Period]:
    timing = obligation.timing
    match timing.kind:
        case "month" | "quarter":
            yield period(year, timing.kind, timing.number or 1)
        case "by-date":
            yield _window(year, obligation)
        case "recurring":
            yield from periods(year, timing.every or policy.cadence.recurring)
        case "continuous" | "by-reference":
            yield from periods(year, cadence(obligation, policy) or "quarter")


def cadence(obligation: Obligation, policy: Policy) -> Cadence | None:
    """The cadence that policy gives an obligation whose plan prints no period; None where the plan prints one."""
    timing = obligation.timing
    if timing.kind == "continuous":
        return policy.cadence.continuous
    if timing.kind == "by-reference":
        return policy.cadence.by_reference
    if timing.kind == "recurring" and timing.every is None:
        return policy.cadence.recurring
    return None


def _window(year: int, obligation: Obligation) -> Period:
    timing = obligation.timing
    last = date(year, *(timing.day or (12, 31)))
    if not timing.inclusive:
        last -= timedelta(days=1)
    return Period(str(year), date(year, *(timing.opens or (1, 1))), last)


def _id(plan: Plan, item: Item, obligation: Obligation, label: str) -> str:
    return f"{plan.id}/{item.id}/{obligation.id}/{label}"


def _needs(
    plan: Plan, item: Item, obligation: Obligation, policy: Policy, span: Period | None = None
) -> tuple[str, ...]:
    """Occurrence ids of what comes first: of each needed obligation, the latest one over by the end of this period.

    That is the same period where both recur alike, the only one where it does not recur, and none where the
    first one of it ends later than this period. A duty that waits for an event needs the last.
    """
    needed = {o.id: o for o in item.obligations}
    result = []
    for need in obligation.needs:
        other = needed[need]
        if other.timing.kind == "after-event":
            result.append(_id(plan, item, other, other.timing.event or ""))
            continue
        spans = list(_periods(plan.year, other, policy))
        over = [other_span for other_span in spans if len(spans) == 1 or span is None or other_span.last <= span.last]
        result += [_id(plan, item, other, over[-1].label)] if over else []
    return tuple(result)
