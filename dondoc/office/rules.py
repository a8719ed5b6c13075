"""The configuration that every decision shares."""

from __future__ import annotations

from dataclasses import dataclass

from dondoc.calendar.working_days import Calendar
from dondoc.office.office import Office
from dondoc.office.policy import Policy


@dataclass(frozen=True, slots=True)
class Rules:
    """Who there is, what the office chose, and which days are worked."""

    office: Office
    policy: Policy
    calendar: Calendar
