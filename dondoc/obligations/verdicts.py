"""The names of what a look finds: one list, which words follow."""

from __future__ import annotations

from enum import StrEnum


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
