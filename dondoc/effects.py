"""What each kind of ledger entry changes in an occurrence's state besides its status."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from dondoc.state import ENDS, State, revised, to_day


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


def _submitted(state: State, body: dict[str, Any], day: date) -> State:
    return replace(
        state,
        submitted_on=day,
        signed_on=to_day(body.get("signed")),
        document=body.get("document"),
        submissions=state.submissions + 1,
        extension_asked=None,
    )


def _returned(state: State, _: dict[str, Any], day: date) -> State:
    return replace(
        state,
        submitted_on=None,
        signed_on=None,
        returns=state.returns + 1,
        revision=state.revision + 1,
        revised_on=day,
        late_notice_accepted_on=None,
        late_notice_failed_on=None,
        steps_done=(),
    )


def _extended(state: State, body: dict[str, Any], day: date) -> State:
    return replace(
        state,
        due=to_day(body["until"]),
        extensions=state.extensions + 1,
        extension_asked=None,
        revision=state.revision + 1,
        revised_on=day,
        late_notice_accepted_on=None,
        late_notice_failed_on=None,
        steps_done=(),
    )


def _extension_requested(state: State, body: dict[str, Any], _: date) -> State:
    return replace(state, extension_asked=to_day(body["until"]))


def _extension_refused(state: State, _: dict[str, Any], __: date) -> State:
    return replace(state, extension_asked=None)


def _queued(state: State, body: dict[str, Any], _: date) -> State:
    told = tuple(body["recipients"]) if body["kind"] in ("overdue", "escalate") else ()
    return replace(
        state,
        settled=_union(state.settled, (body["checkpoint"], *body.get("covers", ()))),
        told_late=_union(state.told_late, told),
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
    if _is_late_notice(state, body) and state.late_notice_accepted_on is None:
        return replace(state, late_notice_accepted_on=day)
    return state


def _failed(state: State, body: dict[str, Any], day: date) -> State:
    if _is_late_notice(state, body) and body.get("final") and state.late_notice_failed_on is None:
        state = replace(state, late_notice_failed_on=day)
    return state


def _bounced(state: State, body: dict[str, Any], day: date) -> State:
    # A bounce takes back the acceptance it answers: the clock of escalation waits for the next route.
    if _is_late_notice(state, body):
        state = replace(state, late_notice_accepted_on=None)
    return _failed(state, body, day)


def _step_done(state: State, body: dict[str, Any], _: date) -> State:
    return replace(
        state,
        steps_done=tuple(sorted({*state.steps_done, body["step"]})),
        settled=_union(state.settled, (body["checkpoint"],)),
    )


def _difficulty(raised: bool) -> Any:
    return lambda state, _body, _day: replace(state, difficulty=raised)


EFFECTS: dict[str, Any] = {
    "occurrence.opened": _opened,
    "occurrence.submitted": _submitted,
    "occurrence.returned": _returned,
    "occurrence.extended": _extended,
    "occurrence.extension_requested": _extension_requested,
    "occurrence.extension_refused": _extension_refused,
    "occurrence.difficulty_raised": _difficulty(True),
    "occurrence.difficulty_answered": _difficulty(False),
    "notice.queued": _queued,
    "notice.withheld": _withheld,
    "notice.sent": _sent,
    "notice.failed": _failed,
    "notice.bounced": _bounced,
    "escalation.raised": _step_done,
    "escalation.skipped": _step_done,
}


def _union(known: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))
