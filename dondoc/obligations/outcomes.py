"""The one outcome of each occurrence, and counts of them: the same figures for status, reports and closing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Literal

from dondoc.obligations.decide import is_late, owed
from dondoc.obligations.lifecycle import State, Status

Outcome = Literal[
    "on_time", "late", "extended_on_time", "extended_late", "waived", "superseded", "missed", "before_adoption",
    "overdue", "open",
]  # fmt: skip


LATE: frozenset[Outcome] = frozenset({"overdue", "late", "extended_late", "missed"})


def outcome(state: State, today: date) -> Outcome:
    """How an occurrence ended; `overdue` and `open` where it has not."""
    match state.status:
        case Status.DONE if state.extensions:
            return "extended_late" if is_late(state) else "extended_on_time"
        case Status.DONE:
            return "late" if is_late(state) else "on_time"
        case Status.WAIVED:
            return "waived"
        case Status.SUPERSEDED:
            return "superseded"
        case Status.MISSED:
            return "missed"
        case Status.BEFORE_ADOPTION:
            return "before_adoption"
        case _:
            return "overdue" if owed(state, today) else "open"


def outcome_counts(states: Iterable[State], today: date) -> dict[str, int]:
    """How many of each outcome, those that occur, in alphabetical order."""
    counts = Counter(outcome(state, today) for state in states)
    return dict(sorted(counts.items()))
