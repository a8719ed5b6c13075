"""A timing's periods in the years of its plan, with the days they open and are due.

Rules: "trước ngày D" excludes D; bare dates and "đến / chậm nhất / hết ngày D" include it; a month, quarter or year
ends on its last calendar day; what names no year lies in the plan's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from dondoc.calendar.periods import Cadence, Period, period, periods
from dondoc.plan.timing_values import WEEKDAYS, day_in, excluded, first_of, last_of, one_or_more
from dondoc.plan.timings import (
    BeforeTiming,
    ByTiming,
    ContinuousTiming,
    EveryTiming,
    MonthTiming,
    QuarterTiming,
    ReferenceTiming,
    Timing,
    UnprintedTiming,
    WindowTiming,
)

_DAY = timedelta(days=1)


def spans(timing: Timing, first_year: int, last_year: int, cadence: Cadence) -> Iterator[Period]:
    """The periods of a timing in a plan of those years, in order; none where an event gives the dates.

    `cadence` is the policy's, for what the plan prints no period of. Raises ValueError for a day that a year lacks.
    """
    start, end = date(first_year, 1, 1), date(last_year, 12, 31)
    match timing:
        case MonthTiming():
            yield from (period(timing.year or first_year, "month", n) for n in one_or_more(timing.month))
        case QuarterTiming():
            yield from (period(timing.year or first_year, "quarter", n) for n in one_or_more(timing.quarter))
        case ByTiming():
            days = tuple(day_in(day, first_year) for day in one_or_more(timing.by))
            yield from _dated(days, days, first_of(timing.opens, first_year) if timing.opens else start)
        case BeforeTiming():
            days = tuple(day_in(day, first_year) for day in one_or_more(timing.before))
            opens = first_of(timing.opens, first_year) if timing.opens else start
            yield from _dated(days, tuple(map(excluded, days)), opens)
        case WindowTiming():
            yield from _window(timing, first_year)
        case EveryTiming():
            chosen = cadence if timing.every == "policy" else timing.every
            yield from _ruled(timing, chosen, *_range(timing.start, timing.to, first_year, start, end))
        case ContinuousTiming():
            chosen = timing.every or cadence
            yield from _within(chosen, *_range(timing.start, timing.to, first_year, start, end))
        case ReferenceTiming():
            yield from _within(timing.every or cadence, start, end)
        case UnprintedTiming():
            yield Period(str(first_year) if first_year == last_year else f"{first_year}_{last_year}", start, end)


def _range(low: str | None, high: str | None, year: int, start: date, end: date) -> tuple[date, date]:
    return (first_of(low, year) if low else start), (last_of(high, year) if high else end)


def _dated(printed: tuple[date, ...], last: tuple[date, ...], opens: date) -> Iterator[Period]:
    """One day: the year is its period. Several: each opens when the one before it is over."""
    if len(printed) == 1:
        yield Period(str(last[0].year), opens, last[0])
        return
    for day, due in sorted(zip(printed, last, strict=True)):
        yield Period(day.isoformat(), opens, due)
        opens = due + _DAY


def _window(timing: WindowTiming, year: int) -> Iterator[Period]:
    first = first_of(timing.start, year) if timing.start else date(year, 1, 1)
    last = last_of(timing.to, year)
    if timing.stages:
        yield from _within(timing.stages, first, last)
        return
    label = "_".join(_named(point, year) for point in (timing.start, timing.to) if point)
    yield Period(label, first, last)


def _named(point: str, year: int) -> str:
    own = len(point) >= 4 and point[:4].isdigit()
    return point if own else f"{year}-{point}" if point else str(year)


def _within(cadence: Cadence, first: date, last: date) -> Iterator[Period]:
    """The periods that touch that stretch of time, cut to it."""
    for year in range(first.year, last.year + 1):
        for found in periods(year, cadence):
            if found.last >= first and found.first <= last:
                yield replace(found, first=max(found.first, first), last=min(found.last, last))


def _ruled(timing: EveryTiming, cadence: Cadence, first: date, last: date) -> Iterator[Period]:
    """Each period with the day that the rule gives; several days of the year make several periods of each year."""
    if not timing.rules:
        yield from _within(cadence, first, last)
        return
    opens = first
    for year in range(first.year, last.year + 1):
        for found in periods(year, cadence):
            days = sorted(_day_of(rule, found) for rule in timing.rules)
            for day in days:
                due = day if timing.by is not None else excluded(day)
                begin = max(found.first, first) if len(days) == 1 else opens
                if first <= due <= last and begin <= due:
                    yield Period(found.label if len(days) == 1 else day.isoformat(), begin, due)
                    opens = due + _DAY


def _day_of(rule: int | str, found: Period) -> date:
    if isinstance(rule, int):
        return found.last.replace(day=min(rule, found.last.day))
    if rule in WEEKDAYS:
        return found.last - _DAY * (6 - WEEKDAYS.index(rule))
    return day_in(rule, found.first.year)
