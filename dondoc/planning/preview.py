"""What `plan show` tells of a plan, and what `plan diff` tells of two: plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dondoc.calendar.working_days import Calendar
from dondoc.obligations import lifecycle
from dondoc.obligations.checkpoints import Checkpoint
from dondoc.obligations.decide import Facts, planned
from dondoc.obligations.timing import Occurrence, occurrences, owed_obligation
from dondoc.office.office import Office
from dondoc.office.policy import Policy
from dondoc.plan.plan import Item, Obligation, Plan


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan with the rules it is compiled in, its occurrences and the checkpoints of each."""

    plan: Plan
    office: Office
    policy: Policy
    calendar: Calendar
    occurrences: tuple[Occurrence, ...]
    checkpoints: dict[str, tuple[Checkpoint, ...]]


def compiled(plan: Plan, office: Office, policy: Policy, calendar: Calendar) -> Compiled:
    """Every occurrence of the plan with its checkpoints. Raises CalendarRangeError."""
    register = occurrences(plan, policy, calendar)
    points = {}
    for occurrence in register:
        item = plan.item(occurrence.item)
        obligation = owed_obligation(item, occurrence)
        state = lifecycle.initial(occurrence)
        facts = Facts(occurrence, item, obligation, state, office, policy, calendar, plan.last_year, plan.adopted_on)
        points[occurrence.id] = () if occurrence.before_adoption else planned(facts, state)
    return Compiled(plan, office, policy, calendar, register, points)


def show(found: Compiled) -> dict[str, Any]:
    """The JSON of `plan show --json` (DESIGN §10): dates ISO, names as printed, a gated due date null."""
    return {
        "plan": found.plan.id,
        "digest": found.plan.digest,
        "items": [_item(found, item) for item in found.plan.items],
    }


def _item(found: Compiled, item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "ref": item.ref,
        "title": item.title,
        "shape": item.shape,
        "lead": [found.office.name_of(party) for party in item.lead],
        "coordinating": [found.office.name_of(party) for party in item.coordinating],
        "obligations": [_obligation(found, item, obligation) for obligation in item.obligations],
    }


def _obligation(found: Compiled, item: Item, obligation: Obligation) -> dict[str, Any]:
    mine = [o for o in found.occurrences if (o.item, o.obligation) == (item.id, obligation.id)]
    return {
        "id": obligation.id,
        "deliverable": obligation.deliverable,
        "phrase": obligation.phrase,
        "timing": obligation.timing.kind,
        "reading": obligation.reading,
        "occurrences": [_occurrence(found, occurrence) for occurrence in mine],
    }


def _occurrence(found: Compiled, occurrence: Occurrence) -> dict[str, Any]:
    return {
        "id": occurrence.id,
        "opens": occurrence.opens.isoformat() if occurrence.opens else None,
        "due": occurrence.due.isoformat() if occurrence.due else None,
        "act_by": occurrence.act_by.isoformat() if occurrence.act_by else None,
        "checkpoints": [
            {"kind": point.kind, "at": point.at(found.policy).isoformat()} for point in found.checkpoints[occurrence.id]
        ],
    }


@dataclass(frozen=True, slots=True)
class MovedOccurrence:
    """One occurrence that differs between two compiled plans: `before` or `after` None where it is new or gone."""

    occurrence: str
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None


def difference(old: Compiled, new: Compiled) -> tuple[MovedOccurrence, ...]:
    """Occurrences added, removed, or whose days, leads, wording or checkpoints moved, by their id within the plan."""
    before, after = _lines(old), _lines(new)
    return tuple(
        MovedOccurrence(key, before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    )


def _lines(found: Compiled) -> dict[str, tuple[str, ...]]:
    items = {item.id: item for item in found.plan.items}
    return {
        occurrence.id.partition("/")[2]: _facts(
            found, occurrence, items[occurrence.item], owed_obligation(items[occurrence.item], occurrence)
        )
        for occurrence in found.occurrences
    }


def _facts(found: Compiled, occurrence: Occurrence, item: Item, obligation: Obligation) -> tuple[str, ...]:
    points: Sequence[Checkpoint] = found.checkpoints[occurrence.id]
    return (
        f"opens {occurrence.opens or '-'}",
        f"due {occurrence.due or '-'}",
        f"act by {occurrence.act_by or '-'}",
        f"lead {', '.join(obligation.lead)}",
        f"coordinating {', '.join(obligation.coordinating)}",
        f"item {item.ref} {item.title}",
        f"deliverable {obligation.deliverable}",
        f"phrase {obligation.phrase}",
        *(f"{point.key} {point.day}" for point in points),
    )
