"""Working days of Vietnamese public offices: weekends, public holidays, swapped Saturdays, period ends.

Sources: a 40-hour week with Saturday and Sunday off (QĐ 188/1999/QĐ-TTg, art. 1); public holidays and
their compensation on the next working day (Labour Code 2019, art. 112 and 111.3); the yearly swaps are
single decisions, each cited in `config/calendars/`. Seeded from the `holidays` package, which is known to
miss swaps, and overridden by that folder.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
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
    """A day outside the years the calendar was built for."""


@dataclass(frozen=True)
class DayRule:
    """One day that differs from the plain week: off or worked, under its name and the decision it rests on."""

    day: date
    off: bool
    name: str
    source: str | None = None


@dataclass(frozen=True)
class Calendar:
    """Which days of `first`..`last` are worked. Build it with `calendar`."""

    first: date
    last: date
    rules: Mapping[date, DayRule]
    estimated: frozenset[int]
    _working: tuple[int, ...] = field(repr=False)

    def is_working(self, day: date) -> bool:
        """Whether `day` is worked."""
        i = bisect_left(self._working, self._ordinal(day))
        return i < len(self._working) and self._working[i] == day.toordinal()

    def on_or_before(self, day: date) -> date:
        """The last working day on or before `day`."""
        return self._at(bisect_right(self._working, self._ordinal(day)) - 1, day)

    def on_or_after(self, day: date) -> date:
        """The first working day on or after `day`."""
        return self._at(bisect_left(self._working, self._ordinal(day)), day)

    def add(self, day: date, working_days: int) -> date:
        """The n-th working day after `day` (n > 0) or before it (n < 0); the first day is not counted (BLDS 2015, art. 147)."""
        if working_days > 0:
            return self._at(bisect_right(self._working, self._ordinal(day)) + working_days - 1, day)
        if working_days < 0:
            return self._at(bisect_left(self._working, self._ordinal(day)) + working_days, day)
        return day

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` lies before `start`."""
        if end < start:
            return -self.between(end, start)
        return bisect_right(self._working, self._ordinal(end)) - bisect_right(self._working, self._ordinal(start))

    def _ordinal(self, day: date) -> int:
        if not self.first <= day <= self.last:
            raise CalendarRangeError(
                f"{day} lies outside the working calendar {self.first.year}–{self.last.year}; "
                "add the year to config/calendars"
            )
        return day.toordinal()

    def _at(self, index: int, near: date) -> date:
        if not 0 <= index < len(self._working):
            raise CalendarRangeError(
                f"a working day counted from {near} lies outside the calendar "
                f"{self.first.year}–{self.last.year}; add the year to config/calendars"
            )
        return date.fromordinal(self._working[index])


def calendar(years: Iterable[int], overrides: Iterable[DayRule] = (), estimated: Iterable[int] = ()) -> Calendar:
    """Build the calendar from the first to the last of `years`: the `holidays` package first, then the overrides."""
    span = sorted(set(years))
    first, last = date(span[0], 1, 1), date(span[-1], 12, 31)
    known = (*_package_rules(first.year, last.year), *overrides)
    rules = {rule.day: rule for rule in known if first <= rule.day <= last}
    working = tuple(n for n in range(first.toordinal(), last.toordinal() + 1) if _worked(date.fromordinal(n), rules))
    return Calendar(first, last, rules, frozenset(estimated), working)


def moved_days(old: Calendar, new: Calendar) -> tuple[tuple[date, bool, bool], ...]:
    """Days whose working state differs: (day, worked in old, worked in new), over the years both cover."""
    day, end = max(old.first, new.first), min(old.last, new.last)
    moved = []
    while day <= end:
        was, becomes = old.is_working(day), new.is_working(day)
        if was != becomes:
            moved.append((day, was, becomes))
        day += DAY
    return tuple(moved)


def read_overrides(located: Located) -> tuple[tuple[DayRule, ...], tuple[int, ...]]:
    """The day rules and the estimated years of a calendar file. Raises ConfigurationError with every fault."""
    value = located.value if located.value is not None else {}
    if not isinstance(value, dict):
        located.fault((), "a calendar file is a mapping with 'days' and, if any, 'estimated' years")
        value = {}
    _check_keys(located, (), value, _FILE_KEYS)
    rules: dict[date, DayRule] = {}
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


def _read_row(located: Located, i: int, row: object) -> list[DayRule]:
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
    rules = [DayRule(day, not row.get("working", False), name, source) for day in days]
    worked = row.get("swapped_with")
    if type(worked) is date:
        rules.append(DayRule(worked, False, f"làm bù cho {start:%d/%m/%Y}", source))
    elif worked is not None:
        located.fault((*path, "swapped_with"), "'swapped_with' is the Saturday worked instead, YYYY-MM-DD")
    return rules


def _package_rules(first: int, last: int) -> Iterable[DayRule]:
    # The language is named: left out, the package takes the machine's.
    package = holidays.country_holidays("VN", years=range(first, last + 1), language="vi")
    for day, name in package.items():
        yield DayRule(day, True, name, None)
    for day in package.weekend_workdays:
        yield DayRule(day, False, "làm bù", None)


def _worked(day: date, rules: Mapping[date, DayRule]) -> bool:
    rule = rules.get(day)
    return not rule.off if rule else day.weekday() < 5
