"""One mail at one address of ours, settled inside the caller's transaction: a submission, or a letter told to the tracker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from dondoc.inbox.incoming import AutoReply, Incoming, Reply, Unusable
from dondoc.inbox.weighing import Weighed, Why, is_known, weigh
from dondoc.ledger.ledger import Draft
from dondoc.mail.links import expiry
from dondoc.obligations.acts import ActError, take
from dondoc.obligations.allowed_answers import may_answer
from dondoc.obligations.checkpoints import closing_day, links_hold_until
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.lifecycle import ENDS, OWED, advance
from dondoc.obligations.snapshot import Tracked
from dondoc.obligations.state import State
from dondoc.plan.plan import Plan
from tasks.config.run_context import Morning
from tasks.inbox.answers import answer
from tasks.inbox.arrived import Arrived, Asked
from tasks.store import inbox
from tasks.store.chain import append, forward
from tasks.store.occurrences import facts, row, write
from tasks.store.plans import adopted

Settled = tuple[str, int | None, bool]  # the outcome, the entry's number, and whether the sender is answered


def settle_duty(connection: sa.Connection, morning: Morning, arrived: Arrived, occurrence: str, party: str) -> Settled:
    """A mail to a duty's own address."""
    current = row(connection, occurrence)
    plan = adopted(connection, current.occurrence.plan)
    at = forward(connection, morning.now, [plan.id])
    found = facts(connection, morning.house, plan, current)
    today = at.astimezone(morning.house.policy.zone).date()
    weighed = _weighed(morning, arrived.incoming, found, party)
    known = is_known(morning.house.office, party, arrived.incoming.envelope.sender)
    if weighed.act:
        try:
            decision = take(
                found, replace(weighed.act, mail=_mail(arrived, known) | _left(weighed)), at, party, morning.run
            )
        except ActError:
            weighed = Weighed(why="not_now", refused=weighed.refused)
        else:
            first = _received(arrived, plan.id, occurrence, party, "submitted", known, weighed)
            linked = write(connection, at, current, (first, *decision.entries), decision.state)
            return "submitted", linked[1].head.seq, False
    assert weighed.why is not None
    first = _received(arrived, plan.id, occurrence, party, weighed.why, known, weighed)
    entries = (first, *_told(arrived, plan.id, occurrence, weighed.why, known))
    linked = write(connection, at, current, entries, _after(current.state, entries, today))
    asked = [Asked(found, party)] if weighed.why not in ("not_now", "not_yours", "old") else []
    answered = answer(connection, morning, arrived, plan, weighed, Asked(found, party), asked, known)
    return weighed.why, linked[0].head.seq, answered


def settle_mail(connection: sa.Connection, morning: Morning, arrived: Arrived) -> Settled:
    """A mail to the address of a whole mail of ours: it names no one duty, so it is none's submission."""
    plan = adopted(connection, arrived.known.plan)
    at = forward(connection, morning.now, [plan.id])
    today = at.astimezone(morning.house.policy.zone).date()
    told = inbox.told_in(connection, arrived.known.mail or "")
    duties = _answerable(connection, morning, plan, told)
    why: Why = "auto" if isinstance(arrived.incoming, AutoReply) else "ambiguous"
    known = any(is_known(morning.house.office, party, arrived.incoming.envelope.sender) for _, party in told)
    entry = _received(arrived, plan.id, None, "dondoc", why, known, Weighed(why=why))
    (linked,) = append(connection, at, [entry])
    about = duties[0].facts.occurrence.id if duties else told[0][0] if told else None
    if about:
        current: Tracked = row(connection, about)
        entries = _told(arrived, plan.id, about, why, known)
        write(connection, at, current, entries, _after(current.state, entries, today))
    if not (arrived.signed or known):  # anybody can name a Message-ID; strangers who do are not written to
        return why, linked.head.seq, False
    answered = answer(connection, morning, arrived, plan, Weighed(why=why), None, duties if known else [], known)
    return why, linked.head.seq, answered


def _weighed(morning: Morning, incoming: Incoming, found: Facts, party: str) -> Weighed:
    if isinstance(incoming, AutoReply):
        return Weighed(why="auto")
    if isinstance(incoming, Unusable):
        why: Why = (
            "encrypted" if incoming.reason == "encrypted" else "large" if incoming.reason == "large" else "broken"
        )
        return Weighed(why=why)
    assert isinstance(incoming, Reply)
    closes = closing_day(found.year, found.policy, found.calendar)
    if found.state.status not in ENDS:
        closes = links_hold_until(found.year, morning.today, found.policy, found.calendar)
    if morning.now >= expiry(found.state.due, closes, found.policy.zone):
        return Weighed(why="old")
    return weigh(found, party, incoming, morning.today)


def _answerable(connection: sa.Connection, morning: Morning, plan: Plan, told: list[tuple[str, str]]) -> list[Asked]:
    """The duties of a mail that its recipient may still answer, each once."""
    found: dict[str, Asked] = {}
    for occurrence, party in told:
        known = facts(connection, morning.house, plan, row(connection, occurrence))
        if known.state.status in OWED and may_answer(known, party):
            found.setdefault(occurrence, Asked(known, party))
    return list(found.values())


def _mail(arrived: Arrived, known: bool) -> dict[str, str | bool]:
    envelope = arrived.incoming.envelope
    return {"from": envelope.sender, "known": known, "message_id": envelope.message_id, "sha256": arrived.digest}


def _left(weighed: Weighed) -> dict[str, str | bool]:
    """The names of what was not taken, for the tracker."""
    return {"refused": "; ".join(one.name for one in weighed.refused)[:1000]} if weighed.refused else {}


def _received(
    arrived: Arrived, plan: str, occurrence: str | None, actor: str, outcome: str, known: bool, weighed: Weighed
) -> Draft:
    """The entry of the mail itself, with the hash under which its bytes are kept."""
    body: dict[str, Any] = {
        "outcome": outcome,
        **_mail(arrived, known),
        "size": arrived.size,
        "subject": arrived.incoming.envelope.subject,
    }
    if weighed.refused:
        body["refused"] = [{"name": one.name, "fault": one.fault} for one in weighed.refused]
    return Draft("mail.received", plan, occurrence, actor, body, arrived.run)


def _told(arrived: Arrived, plan: str, occurrence: str, why: Why, known: bool) -> tuple[Draft, ...]:
    """The tracker's notice of a letter; none of a machine's answer that carries nothing."""
    incoming = arrived.incoming
    names = [file if isinstance(file, str) else file.name for file in getattr(incoming, "files", ())]
    if why == "auto" and not names:
        return ()
    about = {
        "why": why,
        "sender": incoming.envelope.sender,
        "known": known,
        "mail_sha256": arrived.digest,
        "files": [{"name": name} for name in names],
        "note": incoming.text if isinstance(incoming, Reply) else "",
    }
    body = {
        "kind": "letter",
        "checkpoint": f"letter-{arrived.key[:16]}",
        "recipients": ["role:tracker"],
        "about": about,
    }
    return (Draft("notice.queued", plan, occurrence, "dondoc", body, arrived.run),)


def _after(state: State, entries: tuple[Draft, ...], today: Any) -> State:
    for entry in entries:
        state = advance(state, entry, today)
    return state
