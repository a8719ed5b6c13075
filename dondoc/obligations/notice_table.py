"""NOTICES: every kind of message, one row each. A new kind is a row here and its folder of templates under mail/.

The order of the rows is the order in a digest: what is late, what is asked of the recipient, what the tracker decides,
what is settled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from dondoc.obligations.state import ENDS, OWED, State, Status, owed

NoticeKind = Literal[
    "missed", "overdue", "escalate", "returned", "last-call", "remind", "figures", "report", "index", "draft-plan",
    "undelivered", "letter", "difficulty", "extension-requested", "review", "submitted", "partial", "amended", "extension-refused",
    "extended", "difficulty-answered", "assign", "waived", "relieved", "accepted",
]  # fmt: skip
NoticeTone = Literal["late", "soon", "plain", "good"]
# tracker; the lead units; those and everyone who was told it was late; whom the occasion names
Audience = Literal["tracker", "leads", "leads+told", "named"]
StillTrue = Callable[[State, date], bool]


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """What is the same of all notices of a kind.

    `told`: who gets it. `asks`: it asks something of a unit because it leads or coordinates. `true`: whether one that
    was queued earlier may still go. `shows`: whose document it names: the act's own, the decision it rests on, or the
    result handed in. `settles`: how the plan was read no longer matters. `sums_up`: it tells of more than its own duty,
    whose lines say nothing. `reason`: the label of its reason.
    """

    tone: NoticeTone
    told: Audience = "named"
    asks: bool = False
    true: StillTrue = lambda _state, _today: True
    shows: Literal["document", "decision", "result"] = "document"
    settles: bool = False
    sums_up: bool = False
    reason: str = "reason"


def _still_owed(state: State, _today: date) -> bool:
    return state.status in OWED


def _not_yet_due(state: State, today: date) -> bool:
    return state.status in OWED and not owed(state, today)


def _waits_for_review(state: State, _today: date) -> bool:
    return state.status is Status.SUBMITTED


def _extension_waits(state: State, _today: date) -> bool:
    return state.extension_asked is not None and state.status not in ENDS


def _difficulty_waits(state: State, _today: date) -> bool:
    return state.difficulty and state.status not in ENDS


NOTICES: dict[str, NoticeRule] = {
    "missed": NoticeRule("late"),
    "overdue": NoticeRule("late", asks=True, true=owed),
    "escalate": NoticeRule("late", asks=True, true=owed),
    "returned": NoticeRule("soon", "leads"),
    "last-call": NoticeRule("soon", asks=True, true=_not_yet_due),
    "remind": NoticeRule("soon", asks=True, true=_not_yet_due),
    "figures": NoticeRule("soon", sums_up=True),
    "report": NoticeRule("soon", sums_up=True),
    "index": NoticeRule("plain", sums_up=True),
    "draft-plan": NoticeRule("plain"),
    "undelivered": NoticeRule("soon"),
    "letter": NoticeRule("soon"),
    "difficulty": NoticeRule("soon", "tracker", true=_difficulty_waits, reason="difficulty"),
    "extension-requested": NoticeRule("soon", "tracker", true=_extension_waits),
    "review": NoticeRule("soon", true=_waits_for_review, shows="result"),
    "submitted": NoticeRule("plain", "tracker", true=_waits_for_review, shows="result"),
    "partial": NoticeRule("plain", "tracker"),
    "amended": NoticeRule("plain", shows="decision"),
    "extension-refused": NoticeRule("soon", "leads"),
    "extended": NoticeRule("plain", "leads+told"),
    "difficulty-answered": NoticeRule("plain", "leads", reason="answer"),
    "assign": NoticeRule("plain", asks=True, true=_still_owed),
    "waived": NoticeRule("good", "leads+told", shows="decision", settles=True),
    "relieved": NoticeRule("plain", shows="decision", settles=True),
    "accepted": NoticeRule("good", "leads+told", shows="result", settles=True),
}  # fmt: skip

NOTICE_KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)
NOTICE_RANK = {kind: rank for rank, kind in enumerate(NOTICES)}


def still_true(kind: str, state: State, today: date) -> bool:
    """Whether a notice queued earlier may still go. What only asks is withheld once it is settled; what tells always goes."""
    return NOTICES[kind].true(state, today)
