"""Working days of a public office: weekends, public holidays of its country, swapped Saturdays.

Sources, for Vietnam: a 40-hour week with Saturday and Sunday off (QĐ 188/1999/QĐ-TTg, art. 1); public holidays and
their compensation on the next working day (Labour Code 2019, art. 112 and 111.3); the yearly swaps are
single decisions, each cited in `config/calendars/`. Seeded from the `holidays` package, which is known to
miss swaps, and overridden by that folder.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import holidays

from dondoc.foundation.errors import DondocError
from dondoc.foundation.yaml_positions import Located, Path

DAY = timedelta(days=1)
_FILE_KEYS = frozenset({"days", "estimated"})
_ROW_KEYS = frozenset({"date", "from", "to", "name", "source", "working", "swapped_with"})


class CalendarRangeError(DondocError):
    """A day of a year whose holidays nobody knows."""


@dataclass(frozen=True)
class SpecialDay:
    """One day that differs from the plain week: off or worked, under its name and the decision it rests on."""

    day: date
    off: bool
    name: str
    source: str | None = None


@dataclass(frozen=True)
class _Span:
    """The table of whole years, as far as somebody has asked: counting days is a search in it."""

    first: date
    last: date
    rules: Mapping[date, SpecialDay]
    working: tuple[int, ...]


@dataclass(frozen=True)
class Calendar:
    """Which days are worked in a country, in whatever year a plan asks for. Build it with `working_calendar`.

    Raises CalendarRangeError for a day beyond the years whose holidays the `holidays` package computes.
    """

    country: str
    overrides: Mapping[date, SpecialDay]
    marked: frozenset[int]
    _spans: list[_Span] = field(repr=False, compare=False)  # the widest so far, replaced as a whole

    def is_working(self, day: date) -> bool:
        """Whether `day` is worked."""
        working = self._span(day).working
        i = bisect_left(working, day.toordinal())
        return i < len(working) and working[i] == day.toordinal()

    def rule(self, day: date) -> SpecialDay | None:
        """What makes `day` differ from the plain week, if anything does."""
        return self._span(day).rules.get(day)

    def on_or_before(self, day: date) -> date:
        """The last working day on or before `day`."""
        return self._counted(day, lambda working: bisect_right(working, day.toordinal()) - 1)

    def on_or_after(self, day: date) -> date:
        """The first working day on or after `day`."""
        return self._counted(day, lambda working: bisect_left(working, day.toordinal()))

    def add(self, day: date, working_days: int) -> date:
        """The n-th working day after `day` (n > 0) or before it (n < 0); the first day is not counted (BLDS 2015, art. 147)."""
        if working_days > 0:
            return self._counted(day, lambda working: bisect_right(working, day.toordinal()) + working_days - 1)
        if working_days < 0:
            return self._counted(day, lambda working: bisect_left(working, day.toordinal()) + working_days)
        return day

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` lies before `start`."""
        if end < start:
            return -self.between(end, start)
        working = self._span(start, end).working
        return bisect_right(working, end.toordinal()) - bisect_right(working, start.toordinal())

    def is_estimated(self, year: int) -> bool:
        """Whether a year's days are the package's guess: marked so, or later than any day somebody has written down."""
        return year in self.marked or year > max((day.year for day in self.overrides), default=0)

    def _counted(self, day: date, index: Callable[[Sequence[int]], int]) -> date:
        first = last = day
        while True:
            working = self._span(first, last).working
            at = index(working)
            if 0 <= at < len(working):
                return date.fromordinal(working[at])
            first, last = (_year_before(first), last) if at < 0 else (first, _year_after(last))

    def _span(self, first: date, last: date | None = None) -> _Span:
        found, last = self._spans[0], last or first
        if found.first <= first and last <= found.last:
            return found
        years = range(min(first, found.first).year, max(last, found.last).year + 1)
        self._spans[0] = found = _span(self.country, self.overrides, years)
        return found


def working_calendar(
    overrides: Iterable[SpecialDay] = (), estimated: Iterable[int] = (), country: str = "VN", year: int = 2024
) -> Calendar:
    """The working calendar of a country (its ISO code): the `holidays` package first, then the overrides.

    `year` is only where its table begins; it grows to what is asked. Raises CalendarRangeError where none is known.
    """
    by_day = {rule.day: rule for rule in overrides}
    return Calendar(country, by_day, frozenset(estimated), [_span(country, by_day, range(year, year + 1))])


def known_country(code: str) -> bool:
    """Whether the `holidays` package knows the public holidays of that country (ISO 3166-1 alpha-2, in capitals)."""
    return code in holidays.list_supported_countries()


def moved_days(old: Calendar, new: Calendar) -> tuple[tuple[date, bool, bool], ...]:
    """Days whose working state differs: (day, worked in old, worked in new). Of one country: only overrides move days."""
    both = ((day, old.is_working(day), new.is_working(day)) for day in sorted({*old.overrides, *new.overrides}))
    return tuple(found for found in both if found[1] != found[2])


def read_overrides(located: Located) -> tuple[tuple[SpecialDay, ...], tuple[int, ...]]:
    """The day rules and the estimated years of a calendar file. Raises ConfigurationError with every fault."""
    value = located.value if located.value is not None else {}
    if not isinstance(value, dict):
        located.fault((), "a calendar file is a mapping with 'days' and, if any, 'estimated' years")
        value = {}
    _check_keys(located, (), value, _FILE_KEYS)
    rules: dict[date, SpecialDay] = {}
    for i, row in enumerate(_list(located, value, "days")):
        for rule in _read_row(located, i, row):
            other = rules.setdefault(rule.day, rule)
            if other.off != rule.off:
                located.fault(("days", i), f"{rule.day:%d/%m/%Y} is worked on one line and off on another; keep one")
    estimated = _list(located, value, "estimated")
    for i, year in enumerate(estimated):
        if type(year) is not int:
            located.fault(("estimated", i), f"{year!r} is not a year; write e.g. 2027")
    located.check()
    return tuple(rules.values()), tuple(estimated)


def _list(located: Located, value: dict[str, Any], key: str) -> list[Any]:
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        located.fault((key,), f"'{key}' is a list; begin each of its lines with '- '")
        return []
    return found


def _check_keys(located: Located, path: Path, row: dict[str, Any], known: frozenset[str]) -> None:
    for key in row.keys() - known:
        located.fault((*path, key), f"{key!r} is not known here; use {', '.join(sorted(known))}")


def _read_row(located: Located, i: int, row: object) -> list[SpecialDay]:
    path = ("days", i)
    if not isinstance(row, dict):
        located.fault(path, "a calendar line is a mapping with 'date' (or 'from' and 'to') and 'name'")
        return []
    _check_keys(located, path, row, _ROW_KEYS)
    start, end = row.get("date", row.get("from")), row.get("date", row.get("to"))
    if type(start) is not date or type(end) is not date or end < start:  # a datetime is a date to isinstance
        located.fault(path, "give 'date: YYYY-MM-DD', or 'from' and a later 'to'")
        return []
    source = row.get("source")
    name = str(row.get("name", ""))
    if not name or not source:
        located.fault(path, "a calendar line needs its 'name' and the decision it rests on as 'source'")
    days = [start + DAY * n for n in range((end - start).days + 1)]
    rules = [SpecialDay(day, not row.get("working", False), name, source) for day in days]
    worked = row.get("swapped_with")
    if type(worked) is date:
        rules.append(SpecialDay(worked, False, f"worked instead of {start:%d/%m/%Y}", source))
    elif worked is not None:
        located.fault((*path, "swapped_with"), "'swapped_with' is the Saturday worked instead, YYYY-MM-DD")
    return rules


def _span(country: str, overrides: Mapping[date, SpecialDay], years: range) -> _Span:
    listed = holidays.country_holidays(country)
    if not listed.start_year <= years[0] <= years[-1] <= listed.end_year:
        raise CalendarRangeError(
            f"the public holidays of {country} are known from {listed.start_year} to {listed.end_year}; "
            f"days of {years[0]} to {years[-1]} cannot be counted"
        )
    # The language is named: left out, the package takes the machine's. A neighbouring year may free a day of this one.
    language = "vi" if "vi" in listed.supported_languages else listed.default_language
    wider = range(max(years[0] - 1, listed.start_year), min(years[-1] + 1, listed.end_year) + 1)
    package = holidays.country_holidays(country, years=wider, language=language)
    rules = {day: SpecialDay(day, True, name) for day, name in package.items() if day.year in years}
    rules |= {
        day: SpecialDay(day, False, "worked instead of another day")
        for day in package.weekend_workdays
        if day.year in years
    }
    rules |= {day: rule for day, rule in overrides.items() if day.year in years}
    first, last = date(years[0], 1, 1), date(years[-1], 12, 31)
    whole = (date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1))
    working = (d for d in whole if (not rules[d].off if d in rules else d.weekday() not in package.weekend))
    return _Span(first, last, rules, tuple(day.toordinal() for day in working))


def _year_before(day: date) -> date:
    return date(day.year - 1, 1, 1)


def _year_after(day: date) -> date:
    return date(day.year + 1, 12, 31)
