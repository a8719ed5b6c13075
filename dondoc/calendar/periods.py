"""Months, quarters, half-years and years of a plan year, each with its label and calendar ends."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

Cadence = Literal["month", "quarter", "half-year", "year"]

_MONTHS: dict[Cadence, int] = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}


@dataclass(frozen=True)
class Period:
    """A calendar period, both ends included. `label` sorts: 2024-03, 2024-Q2, 2024-H1, 2024."""

    label: str
    first: date
    last: date


def periods(year: int, cadence: Cadence) -> Iterator[Period]:
    """All periods of that length in `year`, in order."""
    length = _MONTHS[cadence]
    for n in range(12 // length):
        yield period(year, cadence, n + 1)


def period(year: int, cadence: Cadence, number: int) -> Period:
    """The `number`-th (from 1) such period of `year`: it ends on the last calendar day of its last month."""
    length = _MONTHS[cadence]
    start = (number - 1) * length + 1
    end = start + length - 1
    return Period(_label(year, cadence, number), date(year, start, 1), date(year, end, monthrange(year, end)[1]))


def period_of(day: date, cadence: Cadence) -> Period:
    """The period of that length in which `day` lies."""
    return period(day.year, cadence, (day.month - 1) // _MONTHS[cadence] + 1)


def _label(year: int, cadence: Cadence, number: int) -> str:
    match cadence:
        case "month":
            return f"{year}-{number:02}"
        case "quarter":
            return f"{year}-Q{number}"
        case "half-year":
            return f"{year}-H{number}"
        case "year":
            return str(year)
