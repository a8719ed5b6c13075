"""The names of what a look finds and of what a notice says: one list each, which words and templates follow."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

NoticeKind = Literal[
    "assign", "remind", "last-call", "overdue", "escalate", "missed", "submitted", "review", "returned", "accepted",
    "extension-requested", "extended", "extension-refused", "waived", "undelivered", "letter", "difficulty",
    "difficulty-answered", "report", "amended", "relieved", "figures", "index", "draft-plan",
]  # fmt: skip


class Verdict(StrEnum):
    """What a look at one occurrence found, from the gravest to the lightest. It names the run's state."""

    MISSED = "missed"
    OVERDUE = "overdue"
    REMINDED = "reminded"
    ASSIGNED = "assigned"
    AWAITS_REVIEW = "awaits_review"
    OPEN = "open"
    AWAITS_PREDECESSOR = "awaits_predecessor"
    AWAITS_EVENT = "awaits_event"
    DONE_LATE = "done_late"
    DONE_ON_TIME = "done_on_time"
    WAIVED = "waived"
    SUPERSEDED = "superseded"
    NOTHING_OWED = "nothing_owed"


GRAVITY = {verdict: rank for rank, verdict in enumerate(Verdict)}
FAILING = frozenset({Verdict.MISSED, Verdict.OVERDUE})
