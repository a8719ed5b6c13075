"""The office's own choices where the plan prints none: cadences, reminders, escalation, extensions, closing.

Every number here is policy, shown as such to users, and frozen into an occurrence when it opens.
"""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dondoc.calendar.periods import Cadence
from dondoc.foundation.schema_faults import validated
from dondoc.foundation.yaml_positions import Located

Shape = Literal["collect", "issue", "inspection", "continuous", "after_event", "next_year", "report"]
Scored = Literal["on_time", "extended_on_time", "late", "extended_late", "missed", "overdue"]


_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EscalationStep(_Frozen):
    """One step of escalation: so many working days after the overdue notice was accepted, to these roles."""

    after_working_days: int = Field(ge=0, le=60)
    roles: tuple[str, ...] = Field(min_length=1)


class Rhythm(_Frozen):
    """How a shape is followed: reminders in working days before act-by, and whether act-by itself is a last call."""

    remind: tuple[int, ...] = ()
    last_call: bool = True

    @field_validator("remind")
    @classmethod
    def _descending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(days < 1 or days > 120 for days in value) or len(set(value)) != len(value):
            raise ValueError("reminders are different working-day counts from 1 to 120, e.g. [15, 5, 1]")
        return tuple(sorted(value, reverse=True))


class Cadences(_Frozen):
    """Periods for duties whose plan prints none."""

    continuous: Cadence = "quarter"
    recurring: Cadence = "quarter"
    by_reference: Cadence = "quarter"


class Extensions(_Frozen):
    """How often an extension may be asked for one occurrence, and for how many calendar days at most."""

    at_most: int = Field(default=1, ge=0, le=12)
    max_days: int = Field(default=60, ge=1, le=366)


class Grade(_Frozen):
    """A score of at least so much is called so."""

    at_least: int = Field(ge=0, le=100)
    name: str = Field(min_length=1)


class Scoring(_Frozen):
    """Points of an occurrence by its outcome, points off for each return, and the names of scores.

    No binding source of such thresholds was seen: all of it is the office's choice.
    """

    points: dict[Scored, int] = {"on_time": 100, "extended_on_time": 90, "late": 50, "extended_late": 40}
    off_for_return: int = Field(default=5, ge=0, le=100)
    grades: tuple[Grade, ...] = ()

    @field_validator("points")
    @classmethod
    def _possible(cls, value: dict[Scored, int]) -> dict[Scored, int]:
        if any(not 0 <= points <= 100 for points in value.values()):
            raise ValueError("points of an outcome go from 0 to 100")
        return value

    @field_validator("grades")
    @classmethod
    def _highest_first(cls, value: tuple[Grade, ...]) -> tuple[Grade, ...]:
        return tuple(sorted(value, key=lambda grade: -grade.at_least))


class Policy(_Frozen):
    """policy.yaml."""

    timezone: str = "Asia/Ho_Chi_Minh"
    look_at: time = time(8, 0)
    sweep_at: time = time(8, 30)
    roll_forward: bool = False
    cadence: Cadences = Cadences()
    after_event_working_days: int = Field(default=15, ge=0, le=250)
    predecessor_wait_working_days: int = Field(default=15, ge=0, le=120)
    rhythm: dict[Shape, Rhythm]
    escalation: tuple[EscalationStep, ...] = ()
    extensions: Extensions = Extensions()
    review_working_days: int = Field(default=3, ge=1, le=60)
    close_after_working_days: int = Field(default=15, ge=1, le=60)
    coordinating_told: tuple[Literal["assign", "remind", "last-call", "overdue"], ...] = ("assign",)
    leaders_report: Cadence = "month"
    next_year_draft: str = "11-15"
    scoring: Scoring = Scoring()
    own_review: Literal["marked", "refused"] = "marked"

    @field_validator("look_at", "sweep_at", mode="before")
    @classmethod
    def _clock_time(cls, value: object) -> object:
        # YAML 1.1 reads a bare 10:30 as 630, which pydantic would take for ten and a half minutes past midnight.
        if isinstance(value, time) or (isinstance(value, str) and _CLOCK.fullmatch(value)):
            return value
        raise ValueError(f'{value!r} is not a time of day; write it in quotes, e.g. "08:00"')

    @field_validator("next_year_draft")
    @classmethod
    def _day_of_the_year(cls, value: str) -> str:
        try:
            datetime.strptime(f"2023-{value}", "%Y-%m-%d")  # noqa: DTZ007  (a day of any year)
        except ValueError:
            raise ValueError(f'{value!r} is not a day of every year; write month and day, e.g. "11-15"') from None
        return value

    def draft_day(self, year: int) -> date:
        """The day of `year` from which the next year's plan is drafted (II.7.b)."""
        return date.fromisoformat(f"{year}-{self.next_year_draft}")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value!r} is not a time zone; write e.g. Asia/Ho_Chi_Minh") from None
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The office's time zone."""
        return ZoneInfo(self.timezone)


def read_policy(located: Located, roles: Container[str] | None = None) -> Policy:
    """The policy of a parsed policy.yaml. Raises ConfigurationError with every fault.

    `roles` are the roles that office.yaml knows; `unit_head` is known without it.
    """
    policy = validated(Policy, located)
    if policy.sweep_at < policy.look_at:
        located.fault(("sweep_at",), "the sweep comes after the morning's looks: set sweep_at no earlier than look_at")
    delays = [step.after_working_days for step in policy.escalation]
    if delays != sorted(delays):
        located.fault(("escalation",), "escalation steps must stand in the order of their delays")
    for shape in Shape.__args__:  # type: ignore[attr-defined]
        if shape not in policy.rhythm:
            located.fault(("rhythm",), f"the shape {shape!r} has no rhythm; add e.g. {shape}: {{remind: [5]}}")
    for i, step in enumerate(policy.escalation):
        for j, role in enumerate(step.roles):
            if roles is not None and role != "unit_head" and role not in roles:
                message = f"office.yaml knows no role {role!r}; add it there or correct it here"
                located.fault(("escalation", i, "roles", j), message)
    located.check()
    return policy
