"""Weeks, months, quarters, half-years and years, each with its label and calendar ends."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

Cadence = Literal["week", "two-weeks", "month", "quarter", "half-year", "year"]

_MONTHS: dict[Cadence, int] = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
_WEEKS: dict[Cadence, int] = {"week": 1, "two-weeks": 2}


@dataclass(frozen=True)
class Period:
    """A calendar period, both ends included. `label` sorts: 2024-03, 2024-Q2, 2024-H1, 2024, 2024-W05."""

    label: str
    first: date
    last: date


def periods(year: int, cadence: Cadence) -> Iterator[Period]:
    """All periods of that length in `year`, in order. Weeks are those of ISO 8601, which the year may share."""
    for n in range(_number(year, cadence)):
        yield period(year, cadence, n + 1)


def period(year: int, cadence: Cadence, number: int) -> Period:
    """The `number`-th (from 1) such period of `year`: it ends on the last calendar day of its last month or week."""
    if cadence in _WEEKS:
        start = (number - 1) * _WEEKS[cadence] + 1
        end = min(start + _WEEKS[cadence] - 1, _weeks(year))
        return Period(f"{year}-W{end:02}", date.fromisocalendar(year, start, 1), date.fromisocalendar(year, end, 7))
    length = _MONTHS[cadence]
    start = (number - 1) * length + 1
    end = start + length - 1
    return Period(_label(year, cadence, number), date(year, start, 1), date(year, end, monthrange(year, end)[1]))


def period_of(day: date, cadence: Cadence) -> Period:
    """The period of that length in which `day` lies."""
    if cadence in _WEEKS:
        year, week, _ = day.isocalendar()
        return period(year, cadence, (week - 1) // _WEEKS[cadence] + 1)
    return period(day.year, cadence, (day.month - 1) // _MONTHS[cadence] + 1)


def _number(year: int, cadence: Cadence) -> int:
    return -(-_weeks(year) // _WEEKS[cadence]) if cadence in _WEEKS else 12 // _MONTHS[cadence]


def _weeks(year: int) -> int:
    """The ISO weeks of a year: the 28th of December always lies in the last one."""
    return date(year, 12, 28).isocalendar().week


def _label(year: int, cadence: Cadence, number: int) -> str:
    match cadence:
        case "month":
            return f"{year}-{number:02}"
        case "quarter":
            return f"{year}-Q{number}"
        case "half-year":
            return f"{year}-H{number}"
        case _:
            return str(year)
