"""Periods: they tile the year, end on calendar days, and their labels sort."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dondoc.calendar.periods import Cadence, period, periods

CADENCES: tuple[Cadence, ...] = get_args(Cadence)
OF_MONTHS = tuple(cadence for cadence in CADENCES if "week" not in cadence)  # a week may lie in two years


@given(st.integers(2000, 2100), st.sampled_from(OF_MONTHS))
def test_periods_tile_the_year_without_a_gap(year: int, cadence: Cadence) -> None:
    found = list(periods(year, cadence))
    assert found[0].first == date(year, 1, 1)
    assert found[-1].last == date(year, 12, 31)
    for earlier, later in pairwise(found):
        assert later.first - earlier.last == timedelta(days=1)
    labels = [span.label for span in found]
    assert labels == sorted(set(labels))
    assert all(label.startswith(str(year)) for label in labels)


@pytest.mark.parametrize(
    ("cadence", "number", "label", "first", "last"),
    [
        ("month", 2, "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("month", 12, "2024-12", date(2024, 12, 1), date(2024, 12, 31)),
        ("quarter", 1, "2024-Q1", date(2024, 1, 1), date(2024, 3, 31)),
        ("quarter", 4, "2024-Q4", date(2024, 10, 1), date(2024, 12, 31)),
        ("half-year", 1, "2024-H1", date(2024, 1, 1), date(2024, 6, 30)),
        ("half-year", 2, "2024-H2", date(2024, 7, 1), date(2024, 12, 31)),
        ("year", 1, "2024", date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_a_period_ends_on_its_last_calendar_day(
    cadence: Cadence, number: int, label: str, first: date, last: date
) -> None:
    found = period(2024, cadence, number)
    assert (found.label, found.first, found.last) == (label, first, last)


def test_february_of_a_common_year_has_28_days() -> None:
    assert period(2025, "month", 2).last == date(2025, 2, 28)


@given(st.integers(2000, 2100))
def test_weeks_follow_one_another_over_the_turn_of_the_year(year: int) -> None:
    found = [*periods(year, "week"), *periods(year + 1, "week")]
    assert [span.label for span in found] == sorted({span.label for span in found})
    assert all(later.first - earlier.last == timedelta(days=1) for earlier, later in pairwise(found))
    assert all((span.last - span.first).days == 6 for span in found)
