"""Obligation → occurrences, with the days they open, are due and must be acted on by.

What each timing means in days is in `plan/timing_spans.py`. A due date is never rolled forward unless policy says so
(BLDS 2015, art. 148, governs running periods, not a plan's dates). Act-by is the last working day on or before due.
A result that each of several units owes has one occurrence a unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dondoc.calendar.periods import Cadence, Period
from dondoc.calendar.working_days import Calendar
from dondoc.office.policy import Policy
from dondoc.plan.plan import Item, Obligation, Plan
from dondoc.plan.timing_spans import spans
from dondoc.plan.timings import (
    GIVEN_BY_EVENT,
    BeforeEventTiming,
    ContinuousTiming,
    EveryTiming,
    OnDemandTiming,
    ReferenceTiming,
    Timing,
)

_EACH = "@"  # 2024-Q1@xa-binh-an: the first quarter's result of one unit


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One obligation in one period: the thing tracked. `opens`, `due` and `act_by` are None while gated.

    `period` ends in "@unit" where each unit owes a result of its own.
    """

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

    @property
    def unit(self) -> str | None:
        """The unit that owes this one alone; None where the obligation's leads owe it together."""
        return unit_of(self.period)

    @property
    def case(self) -> int:
        """Which time a repeating event came: 1 for one that comes once."""
        number = self.period.partition(_EACH)[0].removeprefix(f"{self.event}.")
        return int(number) if self.event and number.isdigit() else 1


def owed_obligation(item: Item, occurrence: Occurrence) -> Obligation:
    """The obligation as this occurrence owes it: led by its unit alone where each owes its own. Raises KeyError."""
    return owed_in(item.obligation(occurrence.obligation), occurrence.period)


def owed_in(obligation: Obligation, period: str) -> Obligation:
    """The obligation as the occurrence of that period's label owes it."""
    unit = unit_of(period)
    return replace(obligation, lead=(unit,), contact=None) if unit else obligation


def unit_of(period: str) -> str | None:
    """The unit that a period's label names, where each owes a result of its own."""
    return period.partition(_EACH)[2] or None


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
    if isinstance(timing, GIVEN_BY_EVENT):
        repeats = isinstance(timing, OnDemandTiming) or any(e.repeats for e in plan.events if e.id == timing.event)
        if not repeats:
            yield from _awaiting(plan, item, obligation, policy, _event_label(timing))
        return
    for span in _spans(plan, timing, policy):
        due = due_date(span.last, policy, calendar)
        for unit in obligation.each or (None,):
            label = _label(span.label, unit)
            yield Occurrence(
                id=_id(plan, item, obligation, label),
                plan=plan.id,
                item=item.id,
                obligation=obligation.id,
                period=label,
                opens=span.first,
                due=due,
                act_by=calendar.on_or_before(due),
                event=None,
                needs=_needs(plan, item, obligation, policy, span, unit),
                before_adoption=due < plan.adopted_on,
            )


def case_occurrences(plan: Plan, event: str, case: int, policy: Policy) -> tuple[Occurrence, ...]:
    """What the `case`-th coming of a repeating event adds to the register, in the plan's order; none for one that comes once."""
    if not any(known.id == event and known.repeats for known in plan.events):
        return ()
    return tuple(
        occurrence
        for item in plan.items
        for obligation in item.obligations
        if obligation.timing.event == event
        for occurrence in _awaiting(plan, item, obligation, policy, f"{event}.{case}")
    )


def _awaiting(plan: Plan, item: Item, obligation: Obligation, policy: Policy, label: str) -> Iterator[Occurrence]:
    """What waits for its event: no dates yet."""
    for unit in obligation.each or (None,):
        named = _label(label, unit)
        yield Occurrence(
            _id(plan, item, obligation, named), plan.id, item.id, obligation.id, named,
            None, None, None, obligation.timing.event, _needs(plan, item, obligation, policy, None, unit), False,
        )  # fmt: skip


def _event_label(timing: Timing) -> str:
    return (timing.event or "").replace(":", "-").replace("/", ".")


def _label(label: str, unit: str | None) -> str:
    return f"{label}{_EACH}{unit}" if unit else label


def due_date(last: date, policy: Policy, calendar: Calendar) -> date:
    """The last permitted day of a period ending on `last`: itself, unless the office rolls forward."""
    return calendar.on_or_after(last) if policy.roll_forward else last


def event_dates(
    obligation: Obligation, happened: date, policy: Policy, calendar: Calendar
) -> tuple[date | None, date, date]:
    """(opens, due, act_by) of a gated occurrence whose event is on that day, which is not itself counted.

    What comes before its event opens when the event's day is known: opens None. Raises AssertionError for other timings.
    """
    timing = obligation.timing
    if not isinstance(timing, GIVEN_BY_EVENT):
        raise AssertionError(f"{obligation.id} waits for no event")
    if isinstance(timing, BeforeEventTiming):
        due = (
            calendar.add(happened, -timing.within)
            if timing.within is not None
            else happened - timedelta(days=1 if timing.within_days is None else timing.within_days)
        )
        return None, due, calendar.on_or_before(due)
    if timing.within_days is not None:
        due = due_date(happened + timedelta(days=timing.within_days), policy, calendar)
        return happened, due, calendar.on_or_before(due)
    within = timing.within if timing.within is not None else policy.after_event_working_days
    due = calendar.add(happened, within) if within else calendar.on_or_after(happened)
    return happened, due, calendar.on_or_before(due)


def chosen_by_policy(obligation: Obligation) -> bool:
    """Whether the number of days after an event is the office's choice, as the plan prints none."""
    timing = obligation.timing
    if isinstance(timing, BeforeEventTiming) or not isinstance(timing, GIVEN_BY_EVENT):
        return False
    return timing.within is None and timing.within_days is None


def cadence(obligation: Obligation, policy: Policy) -> Cadence | None:
    """The cadence that policy gives an obligation whose plan prints no period; None where the plan prints one."""
    match obligation.timing:
        case ContinuousTiming(every=None):
            return policy.cadence.continuous
        case ReferenceTiming(every=None):
            return policy.cadence.by_reference
        case EveryTiming(every="policy"):
            return policy.cadence.recurring
    return None


def _spans(plan: Plan, timing: Timing, policy: Policy) -> Iterator[Period]:
    chosen = policy.cadence.recurring
    if isinstance(timing, ContinuousTiming | ReferenceTiming):
        chosen = policy.cadence.continuous if isinstance(timing, ContinuousTiming) else policy.cadence.by_reference
    return spans(timing, plan.year, plan.last_year, chosen)


def _id(plan: Plan, item: Item, obligation: Obligation, label: str) -> str:
    return f"{plan.id}/{item.id}/{obligation.id}/{label}"


def _needs(
    plan: Plan, item: Item, obligation: Obligation, policy: Policy, span: Period | None, unit: str | None
) -> tuple[str, ...]:
    """Occurrence ids of what comes first: of each needed obligation, the latest one over by the end of this period.

    That is the same period where both recur alike, the only one where it does not recur, and none where the
    first one of it ends later than this period. A duty that waits for an event needs the last; one that a unit owes
    alone needs that unit's, where each owes that too.
    """
    needed = {o.id: o for o in item.obligations}
    result = []
    for need in obligation.needs:
        other = needed[need]
        label = _needed_label(plan, other, policy, span)
        if label:
            owing = (unit,) if unit in other.each else other.each or (None,)
            result += [_id(plan, item, other, _label(label, each)) for each in owing]
    return tuple(result)


def _needed_label(plan: Plan, other: Obligation, policy: Policy, span: Period | None) -> str | None:
    timing = other.timing
    if isinstance(timing, GIVEN_BY_EVENT):
        repeats = isinstance(timing, OnDemandTiming) or any(e.repeats for e in plan.events if e.id == timing.event)
        return None if repeats else _event_label(timing)
    found = list(_spans(plan, timing, policy))
    over = [each for each in found if len(found) == 1 or span is None or each.last <= span.last]
    return over[-1].label if over else None
