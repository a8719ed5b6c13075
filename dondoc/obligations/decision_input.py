"""What a decision about one occurrence rests on, and what follows from it before any clock is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dondoc.calendar.working_days import Calendar
from dondoc.obligations.checkpoints import Checkpoint, checkpoints
from dondoc.obligations.state import State, Status
from dondoc.obligations.timing import Occurrence, event_dates
from dondoc.office.delegation import Delegation
from dondoc.office.office import Office
from dondoc.office.policy import EscalationStep, Policy, Rhythm
from dondoc.plan.plan import Item, Obligation


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a decision about one occurrence rests on."""

    occurrence: Occurrence
    item: Item
    obligation: Obligation
    state: State
    office: Office
    policy: Policy
    calendar: Calendar
    year: int
    adopted_on: date
    needs_done: bool = True
    event_on: date | None = None
    delegations: tuple[Delegation, ...] = ()


def planned(facts: Facts, state: State) -> tuple[Checkpoint, ...]:
    """The checkpoints of an occurrence as it stands: of its present due date, under its frozen policy.

    One that fell due before adoption has none. After a return or an extension only what lies after that day counts again; it keeps its closing.
    """
    if state.opens is None or state.due is None or facts.occurrence.before_adoption:
        return ()
    points = checkpoints(
        state.opens, state.due, rhythm(facts, state), frozen_policy(facts.policy, state), facts.calendar, facts.year,
        since=max(facts.adopted_on, state.opens),
    )  # fmt: skip
    if state.revised_on is None:
        return points
    return tuple(p for p in points if p.kind != "assign" and (p.day > state.revised_on or p.kind == "overdue"))


def rhythm(facts: Facts, state: State) -> Rhythm:
    """The reminders of an occurrence: frozen when it opened, today's policy before."""
    if state.rhythm is None:
        return facts.policy.rhythm[facts.item.shape]
    return Rhythm(remind=state.rhythm[0], last_call=state.rhythm[1])


def frozen_policy(policy: Policy, state: State) -> Policy:
    """`policy` with the escalation steps frozen into the occurrence when it opened."""
    if state.opened_on is None:
        return policy
    steps = tuple(EscalationStep(after_working_days=delay, roles=roles) for delay, roles in state.escalation)
    return policy if steps == policy.escalation else policy.model_copy(update={"escalation": steps})


def leads(facts: Facts) -> tuple[str, ...]:
    """Mail parties of the lead units."""
    return tuple(f"unit:{unit}" for unit in facts.office.members(facts.obligation.lead))


def coordinating(facts: Facts) -> tuple[str, ...]:
    """Mail parties of the coordinating units, without those that lead."""
    lead = set(leads(facts))
    parties = (f"unit:{unit}" for unit in facts.office.members(facts.obligation.coordinating))
    return tuple(party for party in parties if party not in lead)


def waits_until(facts: Facts) -> date:
    """The day on which a duty opens even though the one before it is not done, so that it cannot be lost."""
    due = facts.state.due
    if due is None and facts.event_on is not None:
        due = event_dates(facts.obligation, facts.event_on, facts.policy, facts.calendar)[1]
    act_by = facts.calendar.on_or_before(due or date.max)
    return facts.calendar.add(act_by, -facts.policy.predecessor_wait_working_days)


def mend_by(facts: Facts, state: State) -> date | None:
    """The last day on which a returned result can be handed in again although its plan's closing day is over.

    The unit has as many working days as its reviewer has to review; a result that was returned late, by the
    reviewer's delay, is not missed for it.
    """
    if state.status is not Status.RETURNED or state.revised_on is None:
        return None
    return facts.calendar.add(state.revised_on, facts.policy.review_working_days)
