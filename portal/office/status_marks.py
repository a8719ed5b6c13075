"""The one mark of each occurrence on the board: finer than its outcome while it runs, and a traffic-light tone."""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

from dondoc.calendar.working_days import Calendar
from dondoc.obligations.lifecycle import State, Status
from dondoc.obligations.outcomes import outcome

# In the order of the board: what is owed first.
Mark = Literal[
    "overdue", "soon", "review", "returned", "open", "planned", "gated",
    "missed", "late", "extended_late", "on_time", "extended_on_time", "waived", "superseded", "before_adoption",
]  # fmt: skip
Tone = Literal["red", "amber", "green", "grey"]

MARKS: tuple[Mark, ...] = get_args(Mark)
TONES: tuple[Tone, ...] = get_args(Tone)
MARK_RANK = {mark: rank for rank, mark in enumerate(MARKS)}
SOON_WORKING_DAYS = 5

TONE: dict[Mark, Tone] = {
    "overdue": "red", "missed": "red",
    "soon": "amber", "review": "amber", "returned": "amber", "late": "amber", "extended_late": "amber",
    "open": "green", "on_time": "green", "extended_on_time": "green",
    "planned": "grey", "gated": "grey", "waived": "grey", "superseded": "grey", "before_adoption": "grey",
}  # fmt: skip


def mark_of(state: State, today: date, calendar: Calendar) -> Mark:
    """The mark on that day. Where an occurrence has ended it is its outcome."""
    match outcome(state, today):
        case "open":
            return _running(state, today, calendar)
        case ended:
            return ended


def _running(state: State, today: date, calendar: Calendar) -> Mark:
    match state.status:
        case Status.SUBMITTED:
            return "review"
        case Status.PLANNED:
            return "planned"
        case Status.GATED:
            return "gated"
    if state.due and calendar.between(today, state.due) <= SOON_WORKING_DAYS:
        return "soon"
    return "returned" if state.status is Status.RETURNED else "open"
