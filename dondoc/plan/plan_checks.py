"""What must hold in a plan beyond its schema: unique ids, known events, dates that exist, no circles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter

from dondoc.calendar.periods import Period
from dondoc.foundation.yaml_positions import Located, Path
from dondoc.plan.plan import Item, Obligation, Plan
from dondoc.plan.timing_spans import spans
from dondoc.plan.timings import GIVEN_BY_EVENT, AfterDoneTiming, ContinuousTiming, ReferenceTiming, UnprintedTiming

_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# A year that a phrase says of time, not of a document that it cites.
_CITED = re.compile(
    r"(?:\bsố\s+\S+\s+)?ngày\s+\d{1,2}/\d{1,2}/\d{4}\s+của|\bsố\s+\d+\S*/\S+(?:\s+ngày\s+\d{1,2}/\d{1,2}/\d{4})?", re.I
)
_SAID_YEAR = re.compile(r"(?<!\d)(20\d\d)(?![\d/])")


def check_plan(plan: Plan, located: Located) -> None:
    """Note every fault of `plan` in `located`; raises nothing itself."""
    _check_unique(located, ("items",), [item.id for item in plan.items])
    _check_unique(located, ("items",), [item.flow_name for item in plan.items], key="title", noun="ref and title")
    _check_unique(located, ("events",), [event.id for event in plan.events])
    if not plan.draft and plan.adopted_on.year > plan.last_year:
        located.fault(
            ("adopted_on",), f"the plan of {plan.last_year} cannot be adopted after it; correct the date or the year"
        )
    for i, basis in enumerate(plan.basis):
        if basis.startswith("[") and not plan.draft:
            located.fault(
                ("basis", i),
                "this basis is a question left by the draft; name this year's document, or delete the line",
            )
    if plan.last_year < plan.year:
        located.fault(("to_year",), f"the plan cannot end in {plan.last_year}, before its year {plan.year}")
    events = {event.id for event in plan.events}
    for i, item in enumerate(plan.items):
        _check_item(plan, item, ("items", i), located)
        for j, obligation in enumerate(item.obligations):
            here = ("items", i, "obligations", j)
            _check_event(plan, item, obligation, here, located, events)
            asked = plan.draft and bool(
                item.question
            )  # a draft may print a year that is not its own, and asks about it
            _check_days(plan, obligation, here, located, asked=asked)


def _check_unique(located: Located, path: Path, values: list[str], key: str = "id", noun: str = "id") -> None:
    first: dict[str, int] = {}
    for i, value in enumerate(values):
        if value in first:
            line = located.line((*path, first[value], key))
            located.fault((*path, i, key), f"duplicate {noun} {value!r}, first used at line {line}; choose another")
        first.setdefault(value, i)


def _check_item(plan: Plan, item: Item, path: Path, located: Located) -> None:
    for key, text in (("ref", item.ref), ("title", item.title)):
        if any(unicodedata.category(c) in _CONTROLS for c in text):
            located.fault((*path, key), f"the {key} holds line breaks or control characters; write it on one line")
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


def _check_event(
    plan: Plan, item: Item, obligation: Obligation, path: Path, located: Located, events: set[str]
) -> None:
    timing = obligation.timing
    if isinstance(timing, AfterDoneTiming):
        needed, _, part = timing.after_done.partition("/")
        found = next((known for known in plan.items if known.id == needed), None)
        if found is None or (part and part not in {known.id for known in found.obligations}):
            located.fault((*path, "timing", "after_done"), f"no item or obligation {timing.after_done!r} in this plan")
        elif needed == item.id and part in ("", obligation.id):
            located.fault((*path, "timing", "after_done"), "it cannot wait for itself; name another item or obligation")
    elif timing.event and timing.event not in events:
        key = next((key for key in ("after", "before_event") if hasattr(timing, key)), "case")
        located.fault((*path, "timing", key), f"unknown event {timing.event!r}; declare it under 'events'")


def _check_days(plan: Plan, obligation: Obligation, path: Path, located: Located, *, asked: bool) -> None:
    """The timing's days exist, in order, within the plan's years, and in the year that the phrase prints."""
    timing, here = obligation.timing, (*path, "timing")
    if not obligation.phrase and not isinstance(timing, UnprintedTiming):
        located.fault((*path, "phrase"), "the phrase is empty; write the time as printed, or {unprinted: true}")
    try:
        found = list(spans(timing, plan.year, plan.last_year, "year"))
    except ValueError:
        located.fault(here, f"one of its days does not exist in {plan.year}; write an existing day")
        return
    if isinstance(timing, GIVEN_BY_EVENT):
        return
    if not found and asked:
        return
    if not found:
        located.fault(here, f"it comes in no year of the plan ({_years(plan)}); correct its days or the plan's years")
        return
    for span in found:
        if span.last < span.first:
            message = f"due {span.last:%d/%m/%Y} before it opens on {span.first:%d/%m/%Y}; correct one of the dates"
            located.fault(here, message)
            return
    if asked:
        return
    outside = next((span.last for span in found if not plan.year <= span.last.year <= plan.last_year), None)
    if outside:
        located.fault(
            here,
            f"due {outside:%d/%m/%Y}, outside the plan's {_years(plan)}; correct it, or write to_year for a longer plan",
        )
        return
    said = set(_said_years(obligation.phrase))
    if isinstance(timing, ContinuousTiming) and said and min(said) <= found[-1].last.year:
        return  # "2025 và các năm tiếp theo"
    if said and not isinstance(timing, ReferenceTiming) and not said & _reached(found):
        printed = ", ".join(str(year) for year in sorted(said))
        located.fault(
            (*path, "phrase"),
            f"the phrase says {printed}, its timing gives {found[-1].last:%d/%m/%Y}; correct the timing, the phrase or the year",
        )


def _reached(found: list[Period]) -> set[int]:
    """The years of the days due; "trước ngày 01/01/2026" is due in 2025."""
    return {day.year for span in found for day in (span.last, span.last + timedelta(days=1))}


def _said_years(phrase: str) -> Iterator[int]:
    yield from (int(year) for year in _SAID_YEAR.findall(_CITED.sub(" ", phrase)))


def _years(plan: Plan) -> str:
    return str(plan.year) if plan.last_year == plan.year else f"{plan.year}-{plan.last_year}"
