"""What the document of a whole year's plan says, from the plan file's content: its parts, duties and open questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dondoc.office.wording import Wording
from dondoc.plan.plan import Item, Plan


@dataclass(frozen=True, slots=True)
class PrintedObligation:
    """One obligation as the document prints it."""

    deliverable: str
    phrase: str
    lead: str
    coordinating: str


@dataclass(frozen=True, slots=True)
class PrintedItem:
    """One item as the document prints it. `question`: what must be decided before it is issued, or empty."""

    ref: str
    title: str
    text: str
    lead: str
    coordinating: str
    duties: tuple[PrintedObligation, ...]
    question: str


@dataclass(frozen=True, slots=True)
class PlanPart:
    """The items of one part of the plan, in its order; `heading` is empty for a plan without parts."""

    number: str
    heading: str
    items: tuple[PrintedItem, ...]


def plan_facts(plan: Plan, wording: Wording) -> dict[str, Any]:
    """What the template `plan.j2` shows of a plan, adopted or draft."""
    parts: dict[tuple[str, str], list[PrintedItem]] = {}
    for item in plan.items:
        parts.setdefault(plan.part_of(item.ref), []).append(_point(item, wording))
    found = tuple(PlanPart(number, heading, tuple(points)) for (number, heading), points in parts.items())
    return {
        "draft": plan,
        "parts": found,
        "questions": tuple(point for part in found for point in part.items if point.question),
    }


def _point(item: Item, wording: Wording) -> PrintedItem:
    duties = tuple(
        PrintedObligation(o.deliverable, o.phrase, wording.names(o.lead), wording.names(o.coordinating))
        for o in item.obligations
    )
    lead, coordinating = wording.names(item.lead), wording.names(item.coordinating)
    return PrintedItem(item.ref, item.title, item.text, lead, coordinating, duties, item.question or "")
