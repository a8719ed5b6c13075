"""What must hold in a plan beyond its schema: unique ids, known events, dates that exist, no circles."""

from __future__ import annotations

import calendar as gregorian
import unicodedata
from datetime import date, timedelta
from graphlib import CycleError, TopologicalSorter

from dondoc.foundation.yaml_positions import Located, Path
from dondoc.plan.plan import Item, MonthDay, Obligation, Plan

_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_FORBIDDEN_IN_FLOW_NAME = set("/%&<>")


def check_plan(plan: Plan, located: Located) -> None:
    """Note every fault of `plan` in `located`; raises nothing itself."""
    _check_unique(located, ("items",), [item.id for item in plan.items])
    _check_unique(located, ("items",), [item.flow_name for item in plan.items], key="title", noun="ref and title")
    _check_unique(located, ("events",), [event.id for event in plan.events])
    if not plan.draft and plan.adopted_on.year > plan.year:
        located.fault(
            ("adopted_on",), f"the plan of {plan.year} cannot be adopted after it; correct the date or the year"
        )
    for i, basis in enumerate(plan.basis):
        if basis.startswith("[") and not plan.draft:
            located.fault(
                ("basis", i),
                "this basis is a question left by the draft; name this year's document, or delete the line",
            )
    events = {event.id for event in plan.events}
    for i, item in enumerate(plan.items):
        _check_item(plan, item, ("items", i), located)
        for j, obligation in enumerate(item.obligations):
            _check_timing(plan.year, obligation, ("items", i, "obligations", j), located, events)


def _check_unique(located: Located, path: Path, values: list[str], key: str = "id", noun: str = "id") -> None:
    first: dict[str, int] = {}
    for i, value in enumerate(values):
        if value in first:
            line = located.line((*path, first[value], key))
            located.fault((*path, i, key), f"duplicate {noun} {value!r}, first used at line {line}; choose another")
        first.setdefault(value, i)


def _check_item(plan: Plan, item: Item, path: Path, located: Located) -> None:
    for key, text in (("ref", item.ref), ("title", item.title)):
        wrong = sorted(_FORBIDDEN_IN_FLOW_NAME & set(text))
        if wrong or any(unicodedata.category(c) in _CONTROLS for c in text):
            found = " ".join(wrong) or "line breaks or control characters"
            located.fault((*path, key), f"a {key} becomes part of a flow's name and cannot hold {found}; reword it")
    if not item.obligations and not (plan.draft and item.question):
        located.fault(
            path,
            f"item {item.id!r} has no obligation; add one, or delete the item (only a draft may leave it open, with a question)",
        )
    _check_unique(located, (*path, "obligations"), [obligation.id for obligation in item.obligations])
    known = {obligation.id for obligation in item.obligations}
    for j, obligation in enumerate(item.obligations):
        for k, need in enumerate(obligation.needs):
            if need not in known:
                located.fault((*path, "obligations", j, "needs", k), f"needs {need!r}, which this item does not have")
    try:
        TopologicalSorter({o.id: o.needs for o in item.obligations}).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        located.fault((*path, "obligations"), f"the needs go round in a circle: {circle}; remove one of them")


def _check_timing(year: int, obligation: Obligation, path: Path, located: Located, events: set[str]) -> None:
    timing, here = obligation.timing, (*path, "timing")
    if timing.event and timing.event not in events:
        located.fault((*here, "after"), f"unknown event {timing.event!r}; declare it under 'events'")
    key = "by" if timing.inclusive else "before"
    due = _date(year, timing.day, (*here, key), located)
    opens = _date(year, timing.opens, (*here, "opens"), located)
    last = due if due is None or timing.inclusive else due - timedelta(days=1)
    if last and opens and last < opens:
        located.fault(here, f"due {last:%d/%m/%Y} before it opens on {opens:%d/%m/%Y}; correct one of the dates")
    if due and not timing.inclusive and (due.month, due.day) == (1, 1):
        located.fault(
            (*here, key), 'before "01-01" leaves no day of the plan\'s year; write by "12-31" of the year before'
        )


def _date(year: int, day: MonthDay | None, path: Path, located: Located) -> date | None:
    if day is None:
        return None
    if day[1] > gregorian.monthrange(year, day[0])[1]:
        located.fault(path, f"{day[1]:02}/{day[0]:02}/{year} does not exist; write an existing day")
        return None
    return date(year, *day)
