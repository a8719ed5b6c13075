"""Moving a due date: the days a new one may lie in, and what stands in the way. Computed here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dondoc.calendar.working_days import DAY
from dondoc.foundation.refusals import Refusal
from dondoc.obligations.checkpoints import closing_day
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.state import OWED, State
from dondoc.office.policy import Policy


@dataclass(frozen=True, slots=True)
class ExtensionWindow:
    """The days a new due date may lie in, both included. `closes`: the closing day, where that sets the last of them."""

    first: date
    last: date
    closes: date | None = None


def may_be_asked(state: State, policy: Policy, today: date) -> bool:
    """Whether an extension can be asked for: owed, not past due, none waiting, and policy still allows one."""
    return (
        state.status in OWED
        and state.due is not None
        and today <= state.due
        and state.extension_asked is None
        and state.extensions < policy.extensions.at_most
    )


def extension_span(facts: Facts, today: date) -> ExtensionWindow | None:
    """The days a new due date may lie in: after the present one, not over, within policy and before the plan closes.

    None where there is no due date to move, or no such day.
    """
    due, policy = facts.state.due, facts.policy
    if facts.state.status not in OWED or due is None:
        return None
    closes = closing_day(facts.year, policy, facts.calendar)
    latest = due + DAY * policy.extensions.max_days
    span = ExtensionWindow(max(due + DAY, today), min(latest, closes - DAY), closes if closes <= latest else None)
    return span if span.first <= span.last else None


def ask_hurdle(facts: Facts, today: date) -> Refusal | None:
    """Why no extension can be asked for now."""
    state = facts.state
    if state.due is not None and today > state.due:
        return Refusal("past_due", {"due": state.due})
    if state.extension_asked:
        return Refusal("asked_already")
    return grant_hurdle(facts, today)


def grant_hurdle(facts: Facts, today: date) -> Refusal | None:
    """Why none can be granted now."""
    state, at_most = facts.state, facts.policy.extensions.at_most
    if state.extensions >= at_most:
        return Refusal("no_more_extensions", {"times": state.extensions, "most": at_most})
    if extension_span(facts, today) is None:
        closes = closing_day(facts.year, facts.policy, facts.calendar)
        return Refusal("no_day_left", {"days": facts.policy.extensions.max_days, "closes": closes})
    return None


def until_fault(facts: Facts, until: date, today: date) -> Refusal | None:
    """What is wrong with a new due date; None where it lies in the span, or where there is no span."""
    span, due = extension_span(facts, today), facts.state.due
    if span is None or due is None or span.first <= until <= span.last:
        return None
    days = {"first": span.first, "last": span.last}
    if until <= due:
        return Refusal("date_not_after", {"due": due, **days}, "until")
    if until < today:
        return Refusal("date_over", {"until": until, **days}, "until")
    if span.closes:
        return Refusal("date_at_closing", {"closes": span.closes, **days}, "until")
    return Refusal("date_too_late", {"days": facts.policy.extensions.max_days, **days}, "until")
