"""What the next plan must take from this one beside its recurring duties: what is unfinished, and what has changed.

Pure: the words (runs.yaml `rollover`, words.yaml) are passed in. Nothing is decided here: what is unclear becomes a
question in the draft, for whoever adopts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dondoc.foundation.names import mentions
from dondoc.obligations.outcomes import outcome
from dondoc.obligations.state import ENDS, State
from dondoc.obligations.timing import Occurrence
from dondoc.office.office import Office
from dondoc.office.wording import Wording, short_day
from dondoc.plan.plan import Item, Obligation, Plan

_UNMET = frozenset({"missed", "overdue"})


@dataclass(frozen=True, slots=True)
class Carry:
    """What a draft takes along: once-only obligations that stay, units (by every name of theirs) that become others, questions."""

    kept: frozenset[tuple[str, str]] = frozenset()
    successors: Mapping[str, str] = field(default_factory=dict)
    questions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def carry(
    plan: Plan, standing: Iterable[tuple[Occurrence, State]], year: int, office: Office, wording: Wording
) -> Carry:
    """What the plan of `year` takes from `plan` as it stands on the wording's day."""
    lines: dict[tuple[str, str], list[str]] = {}
    obligations = {(item.id, o.id): o for item in plan.items for o in item.obligations}
    for occurrence, state in standing:
        key = (occurrence.item, occurrence.obligation)
        known = obligations.get(key)
        if known is not None and _unfinished(known, state, wording.today):
            lines.setdefault(key, []).append(_history(occurrence, state, wording))
    questions = {item.id: tuple(_questions(plan, item, year, office, lines, wording)) for item in plan.items}
    questions = {item: found for item, found in questions.items() if found}
    successors = {
        name: unit.successor
        for unit in office.units
        if unit.valid_to and unit.valid_to < date(year, 1, 1) and unit.successor
        for name in (unit.id, unit.name, *unit.variants)
    }
    return Carry(frozenset(key for key in lines if obligations[key].once), successors, questions)


def _unfinished(obligation: Obligation, state: State, today: date) -> bool:
    """A duty past due or missed; of the once-only ones also what is still open, for it has no next period."""
    if outcome(state, today) in _UNMET:
        return True
    return obligation.once and state.status not in ENDS


def _history(occurrence: Occurrence, state: State, wording: Wording) -> str:
    words = wording.words["rollover"]
    parts = [words["period"].format(period=wording.period(occurrence.period), outcome=_said(state, wording))]
    if state.due:
        parts.append(words["due"].format(due=short_day(state.due)))
    if state.extensions:
        parts.append(words["extended"].format(times=state.extensions))
    if state.returns:
        parts.append(words["returned"].format(times=state.returns))
    return ", ".join(parts)


def _said(state: State, wording: Wording) -> str:
    found = outcome(state, wording.today)
    said = wording.words["statuses"][state.status] if found in ("open", "overdue") else wording.words["outcomes"][found]
    return str(wording.words["rollover"]["overdue"] if found == "overdue" else said).lower()


def _questions(
    plan: Plan,
    item: Item,
    year: int,
    office: Office,
    lines: Mapping[tuple[str, str], list[str]],
    wording: Wording,
) -> Iterator[str]:
    words: Mapping[str, Any] = wording.words["rollover"]
    for obligation in item.obligations:
        found = lines.get((item.id, obligation.id))
        if found:
            key = "unfinished_once" if obligation.once else "unfinished"
            yield words[key].format(year=plan.year, deliverable=obligation.deliverable, history="; ".join(found))
    for unit in office.members(tuple(dict.fromkeys(p for o in item.obligations for p in (*o.lead, *o.coordinating)))):
        known = office.unit(unit)
        if known.valid_to and known.valid_to < date(year + 1, 1, 1):
            key = "unit_ended" if known.successor else "unit_gone"
            name = office.name_of(known.successor) if known.successor else ""
            yield words[key].format(unit=known.name, day=short_day(known.valid_to), successor=name)
    text = " ".join((item.title, item.text, *(f"{o.deliverable} {o.phrase}" for o in item.obligations)))
    for body in office.bodies:
        if body.last_year < year and any(mentions(text, name) for name in (body.name, *body.variants)):
            yield words["body_changed"].format(body=body.name, year=body.last_year, became=body.became)
