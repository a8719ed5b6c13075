"""Who answers for a duty, and what the page of a mail's link offers them now."""

from __future__ import annotations

from collections.abc import Set
from datetime import date

from dondoc.obligations.act_table import ACTS, UNITS_ANSWER, ActName
from dondoc.obligations.acts import possible
from dondoc.obligations.decision_input import Facts


def may_answer(facts: Facts, party: str) -> bool:
    """Whether a mail party answers for this duty: a lead unit or its head; everyone else only looks.

    Where the plan names which of several lead units answers for all (đầu mối), it is that one alone.
    """
    scope, _, unit = party.partition(":")
    contact = facts.obligation.contact
    return (
        (contact is None or unit == contact)
        and scope in ("unit", "head")
        and unit in facts.office.members(facts.obligation.lead)
    )


def choices(facts: Facts, today: date, taken: Set[str]) -> tuple[ActName, ...]:
    """What can be answered now, in the order it is offered. `taken`: the kinds of entry since the duty opened."""
    found = possible(facts, today, UNITS_ANSWER)
    return tuple(name for name in found if not (ACTS[name].once and ACTS[name].entry in taken))
