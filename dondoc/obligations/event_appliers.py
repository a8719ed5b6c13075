"""What each kind of ledger entry changes in an occurrence's state besides its status."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from dondoc.obligations.state import ENDS, State, revised, to_day


def _opened(state: State, body: dict[str, Any], day: date) -> State:
    return replace(
        state,
        opened_on=day,
        opens=to_day(body["opens"]),
        due=to_day(body["due"]),
        original_due=state.original_due or to_day(body["due"]),
        escalation=tuple((step["after"], tuple(step["roles"])) for step in body["policy"]["escalation"]),
        rhythm=(tuple(body["policy"]["remind"]), body["policy"]["last_call"]),
    )


def submitted(state: State, body: dict[str, Any], day: date) -> State:
    """A result was handed in; what was asked before falls away."""
    return replace(
        state,
        submitted_on=_received_on(body, day),
        signed_on=to_day(body.get("signed")),
        document=body.get("document"),
        submissions=state.submissions + 1,
        extension_asked=None,
    )


def _received_on(body: dict[str, Any], day: date) -> date:
    """The day on which the office's server took what came by mail; it may be read days later, never earlier."""
    received = to_day(body.get("received"))
    return received if received and received < day else day


def returned(state: State, _: dict[str, Any], day: date) -> State:
    """The result is owed again."""
    return _restarted(replace(state, submitted_on=None, signed_on=None, returns=state.returns + 1), day)


def extended(state: State, body: dict[str, Any], day: date) -> State:
    """There is a new due date; the first one stays known."""
    due = to_day(body["until"])
    return _restarted(replace(state, due=due, extensions=state.extensions + 1, extension_asked=None), day)


def _amended(state: State, body: dict[str, Any], day: date) -> State:
    # By decision, not by favour: the new date is the original one too, unlike an extension's.
    if "due" in body:
        due = to_day(body["due"])
        state = replace(state, opens=to_day(body["opens"]), due=due, original_due=due, extension_asked=None)
    if state.opened_on is None or not {"due", "lead"} & body.keys():
        return state
    return _restarted(state, day)


def _restarted(state: State, day: date) -> State:
    """Reminders and escalation count again from `day`."""
    return replace(
        state,
        revision=state.revision + 1,
        revised_on=day,
        late_notice_accepted_on=None,
        late_notice_failed_on=None,
        late_notice_awaits=(),
        late_notice_reached=(),
        steps_done=(),
    )


def extension_requested(state: State, body: dict[str, Any], _: date) -> State:
    """A new due date is asked for."""
    return replace(state, extension_asked=to_day(body["until"]))


def extension_refused(state: State, _: dict[str, Any], __: date) -> State:
    """Nothing is asked for any more."""
    return replace(state, extension_asked=None)


def _queued(state: State, body: dict[str, Any], _: date) -> State:
    told = tuple(body["recipients"]) if body["kind"] in ("overdue", "escalate") else ()
    awaits = state.late_notice_awaits
    if _is_late_notice(state, body):
        awaits = tuple(body.get("leads", body["recipients"]))
    return replace(
        state,
        settled=_union(state.settled, (body["checkpoint"], *body.get("covers", ()))),
        told_late=_union(state.told_late, told),
        late_notice_awaits=awaits,
    )


def _withheld(state: State, body: dict[str, Any], _: date) -> State:
    return replace(
        state,
        settled=_union(state.settled, tuple(body["checkpoints"])),
        # A single mail held back (it names its recipient) is not a look at the occurrence.
        end_seen=state.end_seen or (state.status in ENDS and "recipient" not in body),
    )


def _is_late_notice(state: State, body: dict[str, Any]) -> bool:
    """Whether a delivery is that of the present overdue notice, not of one from before a return or an extension."""
    return bool(body["kind"] == "overdue") and body["checkpoint"] == revised("overdue", state)


def _sent(state: State, body: dict[str, Any], day: date) -> State:
    return _heard(state, body, day, reached=True)


def _failed(state: State, body: dict[str, Any], day: date) -> State:
    return _heard(state, body, day, reached=False) if body.get("final") else state


def _heard(state: State, body: dict[str, Any], day: date, *, reached: bool) -> State:
    """One lead unit's overdue notice arrived, or never will. The clock of escalation starts when all are known:
    from the day the last of them was accepted, or from the failure when none was.
    """
    if not _is_late_notice(state, body) or body["recipient"] not in state.late_notice_awaits:
        return state
    party = body["recipient"]
    awaits = tuple(other for other in state.late_notice_awaits if other != party)
    heard = _union(state.late_notice_reached, (party,)) if reached else state.late_notice_reached
    state = replace(state, late_notice_awaits=awaits, late_notice_reached=heard)
    if awaits:
        return state
    if state.late_notice_reached:
        return replace(state, late_notice_accepted_on=day)
    return replace(state, late_notice_failed_on=day)


def _bounced(state: State, body: dict[str, Any], day: date) -> State:
    # A bounce, or what stayed in a trial's mailbox, takes back the acceptance: the clock waits for that unit's next mail.
    if _is_late_notice(state, body):
        party = body["recipient"]
        reached = tuple(other for other in state.late_notice_reached if other != party)
        awaits = _union(state.late_notice_awaits, (party,))
        state = replace(state, late_notice_accepted_on=None, late_notice_awaits=awaits, late_notice_reached=reached)
    return _failed(state, body, day)


def _step_done(state: State, body: dict[str, Any], _: date) -> State:
    return replace(
        state,
        steps_done=tuple(sorted({*state.steps_done, body["step"]})),
        settled=_union(state.settled, (body["checkpoint"],)),
    )


def difficulty_raised(state: State, _body: dict[str, Any], _day: date) -> State:
    """It waits for an answer."""
    return replace(state, difficulty=True)


def difficulty_answered(state: State, _body: dict[str, Any], _day: date) -> State:
    """It waits no longer."""
    return replace(state, difficulty=False)


# What the house itself records; what people do names its effect in ACTS.
EFFECTS: dict[str, Any] = {
    "occurrence.opened": _opened,
    "occurrence.amended": _amended,
    "notice.queued": _queued,
    "notice.withheld": _withheld,
    "notice.sent": _sent,
    "notice.failed": _failed,
    "notice.bounced": _bounced,
    "notice.requeued": _bounced,
    "escalation.raised": _step_done,
    "escalation.skipped": _step_done,
}


def _union(known: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))
