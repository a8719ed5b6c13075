"""What to look at before the head signs: nothing here is a fault, each is a place where a plan later goes wrong.

Rules of the office's own practice, none of a legal text: a day on which thirty duties fall due, a due date inside a long
holiday, a duty without a unit, product or time, several units that lead with none that answers, a year not the plan's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from dondoc.calendar.working_days import Calendar
from dondoc.obligations.outcomes import LATE, outcome
from dondoc.obligations.state import State
from dondoc.obligations.timing import Occurrence
from dondoc.office.office import Office
from dondoc.plan.plan import Item, Obligation, Plan
from dondoc.plan.timings import GIVEN_BY_EVENT, ReferenceTiming, UnprintedTiming

CROWDED = 30  # duties on one day
_HOLIDAYS = 4  # days off in a row: more than a weekend, Tết or another long holiday
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?![\d/])")


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to look at. `item` and `obligation` are positions in the plan, None where it is about the whole."""

    text: str
    item: int | None = None
    obligation: int | None = None


def remarks(plan: Plan, register: Sequence[Occurrence], office: Office, calendar: Calendar) -> list[Remark]:
    """Everything to look at, the whole plan first, then item by item."""
    found = [*_crowded(register), *_same_titles(plan.items)]
    for i, item in enumerate(plan.items):
        found += _of_item(item, i)
        for j, duty in enumerate(item.obligations):
            found += _of_duty(plan, duty, i, j, office)
            dues = {o.due for o in register if (o.item, o.obligation) == (item.id, duty.id) and o.due}
            found += [
                Remark(f"due {due:%d/%m/%Y}, inside a holiday of {days} days; the last working day before it is {calendar.on_or_before(due):%d/%m/%Y}", i, j)
                for due in sorted(dues) if (days := _days_off(due, calendar)) >= _HOLIDAYS
            ]  # fmt: skip
    return found


def _crowded(register: Iterable[Occurrence]) -> Iterator[Remark]:
    counts = Counter(occurrence.due for occurrence in register if occurrence.due and not occurrence.before_adoption)
    for due, count in sorted(counts.items()):
        if count >= CROWDED:
            yield Remark(f"{count} results are due on {due:%d/%m/%Y}; spread them, or expect them late")


def _same_titles(items: Sequence[Item]) -> Iterator[Remark]:
    first: dict[str, str] = {}
    for i, item in enumerate(items):
        known = first.setdefault(item.text.casefold(), item.ref)
        if known != item.ref:
            yield Remark(f"its text is that of {known} word for word; is it one duty?", i)


def _of_item(item: Item, i: int) -> Iterator[Remark]:
    if item.question:
        yield Remark(f"an open question: {item.question}", i)
    both = [party for party in item.coordinating if party in item.lead]
    if both:
        yield Remark(f"{both[0]} both leads and coordinates; keep it in one role", i)


def _of_duty(plan: Plan, duty: Obligation, i: int, j: int, office: Office) -> Iterator[Remark]:
    if not duty.deliverable:
        yield Remark("no product is printed: what proves that it is done?", i, j)
    if isinstance(duty.timing, UnprintedTiming):
        what = f"nobody can read {duty.phrase!r}" if duty.phrase else "no time is printed"
        yield Remark(f"{what}: it is followed until the plan's last day only", i, j)
    leading = office.members(duty.lead)
    if len(leading) > 1 and not duty.each and duty.contact is None:
        yield Remark(f"{len(leading)} units lead and none answers for them; name a contact, or write each: true", i, j)
    if not any(unit.id in leading and not unit.email.endswith(".invalid") for unit in office.units):
        yield Remark("no leading unit has a mailbox: nobody will be told", i, j)
    if duty.reading and not duty.reading_by:
        yield Remark("its reading is confirmed by nobody (reading_by)", i, j)
    years = {int(year) for year in _YEAR.findall(duty.phrase)}
    strange = sorted(year for year in years if not plan.year <= year <= plan.last_year)
    if strange and not isinstance(duty.timing, (ReferenceTiming, *GIVEN_BY_EVENT)):
        yield Remark(f"the phrase prints {', '.join(map(str, strange))}, not the plan's year", i, j)


def _days_off(day: date, calendar: Calendar) -> int:
    """How many days off in a row `day` lies in; 0 for a working day."""
    if calendar.is_working(day):
        return 0
    return (calendar.on_or_after(day) - calendar.on_or_before(day) - timedelta(days=1)).days


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """How a unit did in an earlier plan: results that ended, those late, and the middle of the days each took."""

    ended: int
    late: int
    days: int | None


def records(register: Iterable[tuple[tuple[str, ...], Occurrence, State]], today: date) -> Mapping[str, UnitRecord]:
    """By unit, from (the leading units, occurrence, state) of an earlier plan."""
    ended: Counter[str] = Counter()
    late: Counter[str] = Counter()
    took: dict[str, list[int]] = {}
    for units, occurrence, state in register:
        how = outcome(state, today)
        if how in ("open", "before_adoption", "superseded", "waived"):
            continue
        for unit in units:
            ended[unit] += 1
            late[unit] += how in LATE
            if state.finished_on and occurrence.opens:
                took.setdefault(unit, []).append((state.finished_on - occurrence.opens).days)
    return {
        unit: UnitRecord(count, late[unit], round(median(took[unit])) if unit in took else None)
        for unit, count in ended.items()
    }
