"""What the ledger says of one occurrence: its status and what else its entries folded into, as a value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Where an occurrence stands."""

    GATED = "gated"
    PLANNED = "planned"
    OPEN = "open"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    DONE = "done"
    WAIVED = "waived"
    SUPERSEDED = "superseded"
    MISSED = "missed"
    BEFORE_ADOPTION = "before_adoption"


ENDS = frozenset({Status.DONE, Status.WAIVED, Status.SUPERSEDED, Status.MISSED, Status.BEFORE_ADOPTION})
OWED = frozenset({Status.OPEN, Status.RETURNED})


@dataclass(frozen=True, slots=True)
class State:
    """What the ledger says of one occurrence, folded. Days are the office's calendar days, ISO in JSON.

    `revision` counts what restarts the reminders (a return, an extension, an amendment); a checkpoint is settled under
    its key and revision. `told_late` are the recipients of overdue and escalation notices.
    """

    status: Status
    opens: date | None
    due: date | None
    original_due: date | None
    revision: int = 0
    revised_on: date | None = None
    settled: tuple[str, ...] = ()
    opened_on: date | None = None
    escalation: tuple[tuple[int, tuple[str, ...]], ...] = ()
    rhythm: tuple[tuple[int, ...], bool] | None = None
    submitted_on: date | None = None
    signed_on: date | None = None
    document: str | None = None
    ended_on: date | None = None
    end_seen: bool = False
    extensions: int = 0
    extension_asked: date | None = None
    difficulty: bool = False
    late_notice_accepted_on: date | None = None
    late_notice_failed_on: date | None = None
    late_notice_awaits: tuple[str, ...] = ()
    late_notice_reached: tuple[str, ...] = ()
    told_late: tuple[str, ...] = ()
    steps_done: tuple[int, ...] = ()
    submissions: int = 0
    returns: int = 0

    @property
    def finished_on(self) -> date | None:
        """The day lateness is judged by: the issued document's date, else the day of submission."""
        return self.signed_on or self.submitted_on


def revised(checkpoint: str, state: State) -> str:
    """The key under which a checkpoint is settled: it counts again after a return or an extension."""
    return f"{checkpoint}~{state.revision}" if state.revision else checkpoint


def owed(state: State, today: date) -> bool:
    """Whether something is past due: open or returned, and after its due date."""
    return state.status in OWED and state.due is not None and today > state.due


def to_json(state: State) -> dict[str, Any]:
    """The state as JSON, for the table that keeps the latest fold."""
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in asdict(state).items()}


_DAYS = [
    "opens",
    "due",
    "original_due",
    "revised_on",
    "opened_on",
    "submitted_on",
    "signed_on",
    "ended_on",
    "extension_asked",
    "late_notice_accepted_on",
    "late_notice_failed_on",
]


def from_json(value: dict[str, Any]) -> State:
    """The state that `to_json` wrote."""
    known = dict(value)
    for key in _DAYS:
        known[key] = to_day(known[key])
    known["status"] = Status(known["status"])
    for key in ("settled", "told_late", "steps_done", "late_notice_awaits", "late_notice_reached"):
        known[key] = tuple(known[key])
    known["escalation"] = tuple((delay, tuple(roles)) for delay, roles in known["escalation"])
    if known["rhythm"] is not None:
        known["rhythm"] = (tuple(known["rhythm"][0]), known["rhythm"][1])
    return State(**known)


def to_day(value: str | None) -> date | None:
    """The day of an ISO text; None stays None."""
    return date.fromisoformat(value) if value else None
