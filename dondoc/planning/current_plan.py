"""Which plan is meant where none is named, and for which year nobody has adopted one yet. Pure: the day is an argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

_LAST_REMINDER_MONTH = 3


@dataclass(frozen=True, slots=True)
class AdoptedPlan:
    """An adopted plan: its id, family and year; how many of its duties are open, returned or wait for review."""

    id: str
    family: str
    year: int
    open: int
    replayed: bool = False


def current_plan(known: Sequence[AdoptedPlan], today: date, closes: Callable[[int], date]) -> str | None:
    """The plan with open duties: of several years the earliest whose closing day is not over, else the latest.

    Where no duty is open at all: the latest plan of a year that has begun. Of several plans of that year the first by
    id. None while none is adopted.
    """
    if not known:
        return None
    with_duties = [plan for plan in known if plan.open]
    running = [plan.year for plan in with_duties if today <= closes(plan.year)]
    begun = [plan.year for plan in known if plan.year <= today.year]
    if running:
        year = min(running)
    elif with_duties:
        year = max(plan.year for plan in with_duties)
    else:
        year = max(begun) if begun else min(plan.year for plan in known)
    of_year = [plan for plan in known if plan.year == year]
    return min(plan.id for plan in ([plan for plan in of_year if plan.open] or of_year))


@dataclass(frozen=True, slots=True)
class Awaited:
    """A plan that nobody has adopted: the next of the family of `last`."""

    family: str
    year: int
    last: str


def awaited(known: Sequence[AdoptedPlan], today: date) -> list[Awaited]:
    """The plans that should be adopted and are not: in December next year's, from January to March this year's.

    Later in the year only where no plan of this year runs at all. A replayed year asks for no successor.
    """
    newest: dict[str, AdoptedPlan] = {}
    for plan in sorted((plan for plan in known if not plan.replayed), key=lambda plan: plan.year):
        newest[plan.family] = plan
    nothing_runs = all(plan.year < today.year for plan in newest.values())
    found = []
    for plan in newest.values():
        ends_now = today.month == 12 and plan.year == today.year
        ended = plan.year == today.year - 1 and (today.month <= _LAST_REMINDER_MONTH or nothing_runs)
        if ends_now or ended:
            found.append(Awaited(plan.family, plan.year + 1, plan.id))
    return sorted(found, key=lambda one: one.family)
