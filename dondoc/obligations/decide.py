"""What is true of an occurrence now, and what follows from it, as values: (facts, now) → entries and notices.

A checkpoint is only the occasion to look. A look after an outage decides by today's truth: the notices that
its missed checkpoints would have sent are covered by the one that is right today, never sent one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from dondoc.ledger.ledger import Draft
from dondoc.obligations.checkpoints import Checkpoint, closing_day
from dondoc.obligations.decision_input import (
    Facts,
    coordinating,
    frozen_policy,
    leads,
    mend_by,
    planned,
    rhythm,
    waits_until,
)
from dondoc.obligations.escalation import parties_of, told_at
from dondoc.obligations.lifecycle import ENDS, State, Status, advance, revised
from dondoc.obligations.notice_table import NoticeKind
from dondoc.obligations.state import owed
from dondoc.obligations.timing import event_dates
from dondoc.obligations.verdicts import FAILING, GRAVITY, Verdict
from dondoc.office.delegation import with_stand_ins

__all__ = [
    "FAILING", "GRAVITY", "Decision", "Facts", "NoticeKind", "Verdict",
    "coordinating", "decide", "end_verdict", "frozen_policy", "is_late", "leads", "owed", "planned", "rhythm", "waits_until",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """What to record, in order, and what the look found. `state` is the state after the entries."""

    entries: tuple[Draft, ...]
    verdict: Verdict
    state: State


@dataclass
class _Look:
    """One look: the facts, the day it is, and the entries so far. `state` follows the entries."""

    facts: Facts
    now: datetime
    actor: str
    run: str | None
    state: State
    entries: list[Draft] = field(default_factory=list)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.facts.policy.zone).date()

    def record(self, kind: str, body: Mapping[str, Any]) -> None:
        draft = Draft(kind, self.facts.occurrence.plan, self.facts.occurrence.id, self.actor, dict(body), self.run)
        self.state = advance(self.state, draft, self.today)
        self.entries.append(draft)

    def key(self, checkpoint: str) -> str:
        return revised(checkpoint, self.state)

    def due_points(self) -> list[Checkpoint]:
        """Checkpoints whose moment has come and which no entry has settled yet."""
        return [
            point
            for point in planned(self.facts, self.state)
            if point.at(self.facts.policy) <= self.now and self.key(point.key) not in self.state.settled
        ]

    def queue(
        self, kind: NoticeKind, checkpoint: str, recipients: tuple[str, ...], covers: list[Checkpoint], **more: Any
    ) -> None:
        body: dict[str, Any] = {
            "kind": kind,
            "checkpoint": self.key(checkpoint),
            "recipients": list(with_stand_ins(recipients, self.facts.delegations, self.today)),
            **more,
        }
        others = [self.key(point.key) for point in covers if point.key != checkpoint]
        if others:
            body["covers"] = others
        self.record("notice.queued", body)

    def withhold(self, points: list[Checkpoint], reason: str) -> None:
        if points:
            self.record("notice.withheld", {"checkpoints": [self.key(p.key) for p in points], "reason": reason})

    def done(self, verdict: Verdict) -> Decision:
        return Decision(tuple(self.entries), verdict, self.state)


def decide(facts: Facts, now: datetime, actor: str = "dondoc", run: str | None = None) -> Decision:
    """Look at one occurrence at `now` (aware) and say what follows.

    1. An ended occurrence: nothing is owed, and that is recorded for each checkpoint passed.
    2. At the plan's closing: what is still owed is missed, what is not yet due is superseded. Not what waits for its
       review, nor what was returned so late that its unit has had no time.
    3. Not yet open: it opens when its day (or its event) has come and what it needs is done.
    4. Submitted: the tracker is reminded to review it.
    5. Open and past due: the overdue notice first, then the escalation steps whose delay has passed.
    6. Open and not past due: one reminder, worded by the days that are left today.
    """
    look = _Look(facts, now, actor, run, facts.state)
    if look.state.status in ENDS:
        return _ended(look)
    if look.today >= closing_day(facts.year, facts.policy, facts.calendar) and not _in_time_to_end(look):
        return _close(look)
    if look.state.status is Status.GATED:
        if facts.event_on is None:
            return look.done(Verdict.AWAITS_EVENT)
        if not facts.needs_done and look.today < waits_until(facts):
            return look.done(Verdict.AWAITS_PREDECESSOR)
        _open(look)
    elif look.state.status is Status.PLANNED:
        waiting = _not_yet(look)
        if waiting:
            return look.done(waiting)
        _open(look)
    if look.state.status is Status.SUBMITTED:
        return _review(look)
    return _overdue(look) if look.today > _due(look.state) else _remind(look)


def _in_time_to_end(look: _Look) -> bool:
    until = mend_by(look.facts, look.state)
    return look.state.status is Status.SUBMITTED or (until is not None and look.today <= until)


def _due(state: State) -> date:
    return state.due or date.max


def _ended(look: _Look) -> Decision:
    seen = look.state.end_seen
    look.withhold(look.due_points(), look.state.status.value)
    if seen:
        return look.done(Verdict.NOTHING_OWED)
    return look.done(end_verdict(look.state))


def end_verdict(state: State) -> Verdict:
    """The verdict of an ended occurrence, when it is first looked at after its end."""
    match state.status:
        case Status.DONE:
            return Verdict.DONE_LATE if is_late(state) else Verdict.DONE_ON_TIME
        case Status.WAIVED:
            return Verdict.WAIVED
        case Status.MISSED:
            return Verdict.MISSED
        case Status.SUPERSEDED:
            return Verdict.SUPERSEDED
        case _:
            return Verdict.NOTHING_OWED


def is_late(state: State) -> bool:
    """Whether the duty was met after its (possibly extended) due date, by the document's date, else by submission."""
    finished = state.finished_on
    return finished is not None and finished > _due(state)


def _close(look: _Look) -> Decision:
    if look.state.status is Status.GATED and look.facts.event_on is not None:
        _open(look)  # its event came, but nobody looked: it is judged by its dates like any other
    due = look.due_points()
    if look.state.status is Status.GATED or look.today <= _due(look.state):
        look.record("occurrence.superseded", {"reason": "not_due_at_close"})
        look.withhold(due, "superseded")
        return look.done(Verdict.SUPERSEDED)
    look.record("occurrence.missed", {"due": _due(look.state).isoformat()})
    told = (*look.state.told_late, *leads(look.facts), "role:tracker")
    look.queue("missed", "close", tuple(dict.fromkeys(told)), due)
    return look.done(Verdict.MISSED)


def _not_yet(look: _Look) -> Verdict | None:
    """Why a planned occurrence does not open now; None if it opens."""
    facts = look.facts
    assign = planned(facts, look.state)[0]
    if assign.at(facts.policy) > look.now:
        return Verdict.NOTHING_OWED
    if facts.needs_done or look.today >= waits_until(facts):
        return None
    look.withhold([p for p in look.due_points() if p.kind != "assign"], "awaits_predecessor")
    return Verdict.AWAITS_PREDECESSOR


def _open(look: _Look) -> None:
    facts, policy = look.facts, look.facts.policy
    opens, due = look.state.opens, look.state.due
    if facts.event_on is not None:
        opens, due, _ = event_dates(facts.obligation, facts.event_on, policy, facts.calendar)
    frozen = policy.rhythm[facts.item.shape]
    look.record(
        "occurrence.opened",
        {
            "opens": (opens or look.today).isoformat(),
            "due": (due or look.today).isoformat(),
            "policy": {
                "remind": list(frozen.remind),
                "last_call": frozen.last_call,
                "escalation": [{"after": s.after_working_days, "roles": list(s.roles)} for s in policy.escalation],
            },
        },
    )


def _review(look: _Look) -> Decision:
    """Every few working days without a review the tracker is reminded, from the second time on the deputy as well.

    Only the latest of the reminders that a missed morning left is sent.
    """
    look.withhold(look.due_points(), "submitted")
    facts, submitted = look.facts, look.state.submitted_on
    waited = facts.calendar.between(submitted, look.today) if submitted else 0
    times = waited // facts.policy.review_working_days
    point = f"review-{look.state.submissions}.{times}"
    if times and look.key(point) not in look.state.settled:
        roles = ("tracker",) if times == 1 else ("tracker", "deputy")
        look.queue(
            "review",
            point,
            tuple(party for role in roles for party in parties_of(facts.office, facts.obligation.lead, role)),
            [],
        )
    return look.done(Verdict.AWAITS_REVIEW)


def _remind(look: _Look) -> Decision:
    points = look.due_points()
    if not points:
        return look.done(Verdict.OPEN)
    facts = look.facts
    first = "assign" in {point.kind for point in points}
    last = look.today >= facts.calendar.on_or_before(_due(look.state)) and not first
    kind: NoticeKind = "assign" if first else "last-call" if last else "remind"
    told = leads(facts)
    if kind in facts.policy.coordinating_told:
        told += coordinating(facts)
    look.queue(kind, points[0].key if first else points[-1].key, told, points)
    return look.done(Verdict.ASSIGNED if first else Verdict.REMINDED)


def _overdue(look: _Look) -> Decision:
    facts = look.facts
    points = look.due_points()
    if any(point.kind == "overdue" for point in points):
        told = lead = leads(facts)
        if "overdue" in facts.policy.coordinating_told:
            told += coordinating(facts)
        covers = [p for p in points if p.kind not in ("escalate", "close")]
        look.queue("overdue", "overdue", told, covers, leads=list(lead))
    _escalate(look)
    return look.done(Verdict.OVERDUE)


def _escalate(look: _Look) -> None:
    """Raise each step whose delay has passed since the overdue notice was accepted (or found undeliverable)."""
    since = look.state.late_notice_accepted_on or look.state.late_notice_failed_on
    if since is None:
        return
    waited = look.facts.calendar.between(since, look.today)
    office, lead = look.facts.office, look.facts.obligation.lead
    steps = frozen_policy(look.facts.policy, look.state).escalation
    for number, step in enumerate(steps, start=1):
        if number in look.state.steps_done or waited < step.after_working_days:
            continue
        recipients = told_at(office, lead, [each.roles for each in steps], number)
        body = {"step": number, "checkpoint": look.key(f"escalate-{number}"), "roles": list(step.roles)}
        if not recipients:
            addressed = any(parties_of(office, lead, role) for role in step.roles)
            look.record("escalation.skipped", {**body, "reason": "told_before" if addressed else "no_address"})
            continue
        look.record("escalation.raised", {**body, "recipients": list(recipients), "since": since.isoformat()})
        look.queue("escalate", f"escalate-{number}", recipients, [])
