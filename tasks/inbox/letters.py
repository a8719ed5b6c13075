"""One mail at one address of ours, settled inside the caller's transaction: a submission, or a letter told to the tracker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from dondoc.foundation.errors import DondocError
from dondoc.inbox.incoming import AutoReply, Reply, Unusable
from dondoc.inbox.weighing import Weighed, Why, is_known, weigh
from dondoc.ledger.ledger import Draft
from dondoc.mail.links import expiry
from dondoc.obligations.acts import take
from dondoc.obligations.allowed_answers import may_answer
from dondoc.obligations.checkpoints import closing_day, links_hold_until
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.lifecycle import ENDS, OWED, advance
from dondoc.obligations.snapshot import Tracked
from dondoc.obligations.state import State
from dondoc.plan.plan import Plan
from tasks.config.run_context import RunContext
from tasks.inbox.answers import TakenSubmission, answer
from tasks.inbox.arrived import AnswerableDuty, Arrived
from tasks.inbox.entries import handed_over, received, tracker_told
from tasks.store import inbox
from tasks.store.chain import append, forward
from tasks.store.occurrences import facts_of, tracked_row, write_entries
from tasks.store.plans import adopted

_UNUSABLE: dict[str, Why] = {"encrypted": "encrypted", "large": "large", "broken": "broken", "report": "unknown_bounce"}
Settled = tuple[str, int | None, bool]  # the outcome, the entry's number, and whether the sender is answered


def settle_duty(
    connection: sa.Connection, context: RunContext, arrived: Arrived, occurrence: str, party: str
) -> Settled:
    """A mail to a duty's own address."""
    current = tracked_row(connection, occurrence)
    plan = adopted(connection, current.occurrence.plan)
    at = forward(connection, context.now, [plan.id])
    found = facts_of(connection, context.rules, plan, current)
    today = at.astimezone(context.rules.policy.zone).date()
    known = is_known(context.rules.office, party, arrived.incoming.envelope.sender)
    arrived = _judged(arrived, known)
    weighed = _weighed(arrived, found, party)
    if weighed.act:
        mail = handed_over(arrived, known, weighed)
        try:
            act = replace(weighed.act, mail=mail, received=arrived.day)
            decision = take(found, act, at, party, context.run)
        except DondocError:
            weighed = Weighed(why="not_now", refused=weighed.refused)
        else:
            first = received(arrived, plan.id, occurrence, party, "submitted", known, weighed)
            linked = write_entries(connection, at, current, (first, *decision.entries), decision.state)
            taken = TakenSubmission(linked[1].head.seq, arrived.at, weighed)
            answered = answer(connection, context, arrived, plan, taken, AnswerableDuty(found, party), [], known)
            return "submitted", linked[1].head.seq, answered
    assert weighed.why is not None
    first = received(arrived, plan.id, occurrence, party, weighed.why, known, weighed)
    entries = (first, *tracker_told(arrived, plan.id, occurrence, weighed.why, known))
    linked = write_entries(connection, at, current, entries, _after(current.state, entries, today))
    asked = [AnswerableDuty(found, party)] if weighed.why not in ("not_now", "not_yours", "old") else []
    answered = answer(connection, context, arrived, plan, weighed, AnswerableDuty(found, party), asked, known)
    return weighed.why, linked[0].head.seq, answered


def settle_bounce_address(connection: sa.Connection, context: RunContext, arrived: Arrived) -> Settled:
    """What came to the address of a mail's bounces and is no report that we understand: shown, and never answered."""
    machine = isinstance(arrived.incoming, AutoReply)
    return (*_shown(connection, context, arrived, "auto" if machine else "unknown_bounce")[:2], False)


def settle_mail(connection: sa.Connection, context: RunContext, arrived: Arrived) -> Settled:
    """A mail to the address of a whole mail of ours: it names no one duty, so it is none's submission."""
    told = inbox.notices_in(connection, arrived.known.mail or "")
    known = any(is_known(context.rules.office, party, arrived.incoming.envelope.sender) for _, party in told)
    arrived = _judged(arrived, known)
    outcome, seq, duties = _shown(
        connection, context, arrived, "auto" if isinstance(arrived.incoming, AutoReply) else "ambiguous"
    )
    if not (arrived.signed or known):  # anybody can name a Message-ID; strangers who do are not written to
        return outcome, seq, False
    plan = adopted(connection, arrived.known.plan)
    answered = answer(
        connection, context, arrived, plan, Weighed(why="ambiguous"), None, duties if known else [], known
    )
    return outcome, seq, answered


def _shown(
    connection: sa.Connection, context: RunContext, arrived: Arrived, why: Why
) -> tuple[Why, int, list[AnswerableDuty]]:
    """Record a mail about a whole mail of ours, tell the tracker of it; the duties it could be about."""
    plan = adopted(connection, arrived.known.plan)
    at = forward(connection, context.now, [plan.id])
    today = at.astimezone(context.rules.policy.zone).date()
    told = inbox.notices_in(connection, arrived.known.mail or "")
    known = any(is_known(context.rules.office, party, arrived.incoming.envelope.sender) for _, party in told)
    duties = _answerable(connection, context, plan, told)
    entry = received(arrived, plan.id, None, "dondoc", why, known, Weighed(why=why))
    (linked,) = append(connection, at, [entry])
    about = duties[0].facts.occurrence.id if duties else told[0][0] if told else None
    if about:
        current: Tracked = tracked_row(connection, about)
        entries = tracker_told(arrived, plan.id, about, why, known)
        write_entries(connection, at, current, entries, _after(current.state, entries, today))
    return why, linked.head.seq, duties


def _judged(arrived: Arrived, known: bool) -> Arrived:
    """A reply in doubt is a machine's, unless it comes from a known sender to a signed address."""
    incoming = arrived.incoming
    if not isinstance(incoming, Reply) or not incoming.doubt or (known and arrived.signed):
        return arrived
    names = tuple(file.name for file in incoming.files)
    return replace(arrived, incoming=AutoReply(incoming.envelope, incoming.doubt, names))


def _weighed(arrived: Arrived, found: Facts, party: str) -> Weighed:
    incoming = arrived.incoming
    if isinstance(incoming, AutoReply):
        return Weighed(why="auto")
    if isinstance(incoming, Unusable):
        return Weighed(why=_UNUSABLE[incoming.reason])
    assert isinstance(incoming, Reply)
    closes = closing_day(found.year, found.policy, found.calendar)
    if found.state.status not in ENDS:
        closes = links_hold_until(found.year, arrived.day, found.policy, found.calendar)
    if arrived.at >= expiry(found.state.due, closes, found.policy.zone):
        return Weighed(why="old")
    return weigh(found, party, incoming, arrived.day, arrived.own_files)


def _answerable(
    connection: sa.Connection, context: RunContext, plan: Plan, told: list[tuple[str, str]]
) -> list[AnswerableDuty]:
    """The duties of a mail that its recipient may still answer, each once."""
    found: dict[str, AnswerableDuty] = {}
    for occurrence, party in told:
        known = facts_of(connection, context.rules, plan, tracked_row(connection, occurrence))
        if known.state.status in OWED and may_answer(known, party):
            found.setdefault(occurrence, AnswerableDuty(known, party))
    return list(found.values())


def _after(state: State, entries: tuple[Draft, ...], today: Any) -> State:
    for entry in entries:
        state = advance(state, entry, today)
    return state
