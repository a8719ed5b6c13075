"""What a unit may answer about one duty now: the choices that its page offers, and what each must say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from dondoc.calendar.working_days import DAY
from dondoc.obligations.checkpoints import closing_day
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.lifecycle import OWED, allowed

Choice = Literal["acknowledge", "submit", "extend_request", "raise_difficulty"]
CHOICES: dict[Choice, str] = {
    "acknowledge": "occurrence.acknowledged",
    "submit": "occurrence.submitted",
    "extend_request": "occurrence.extension_requested",
    "raise_difficulty": "occurrence.difficulty_raised",
}


@dataclass(frozen=True, slots=True)
class Span:
    """The days an extension may be asked for, both included."""

    first: date
    last: date


def may_answer(facts: Facts, party: str) -> bool:
    """Whether a mail party answers for this duty: a lead unit or its head; everyone else only looks."""
    scope, _, unit = party.partition(":")
    return scope in ("unit", "head") and unit in facts.office.members(facts.obligation.lead)


def choices(facts: Facts, today: date, *, acknowledged: bool) -> tuple[Choice, ...]:
    """What can be answered now, in the order it is offered. A duty is acknowledged once."""
    found = [choice for choice, kind in CHOICES.items() if allowed(facts.state.status, kind)]
    if acknowledged and "acknowledge" in found:
        found.remove("acknowledge")
    if extension_span(facts, today) is None and "extend_request" in found:
        found.remove("extend_request")
    if facts.state.difficulty and "raise_difficulty" in found:
        found.remove("raise_difficulty")
    return tuple(found)


def extension_span(facts: Facts, today: date) -> Span | None:
    """The days a new date may lie in; None where no extension can be asked for now."""
    state, policy = facts.state, facts.policy
    if state.status not in OWED or state.due is None or today > state.due or state.extension_asked:
        return None
    if state.extensions >= policy.extensions.at_most:
        return None
    closes = closing_day(facts.year, policy, facts.calendar)
    last = min(state.due + DAY * policy.extensions.max_days, closes - DAY)
    return Span(state.due + DAY, last) if last > state.due else None


def explains(facts: Facts, signed: date | None, today: date) -> bool:
    """Whether a result handed in today is late and so owes an explanation: by the document's date, else by today."""
    return facts.state.due is not None and (signed or today) > facts.state.due
