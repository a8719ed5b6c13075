"""Working days: the official days of 2024 to 2026, every swap, and what must hold of counting them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from office_files import real_calendar

from dondoc.calendar.working_days import CalendarRangeError, SpecialDay, moved_days, read_overrides, working_calendar
from dondoc.foundation.errors import ConfigurationError
from dondoc.foundation.yaml_positions import parse_yaml

DAY = timedelta(days=1)

# Typed from ../shared/domain/holidays_vn.yaml, independently of config/calendars: every weekday off …
OFF = {
    2024: ["01-01", "02-08", "02-09", "02-12", "02-13", "02-14", "04-18", "04-29", "04-30", "05-01", "09-02", "09-03"],
    2025: [
        "01-01", "01-27", "01-28", "01-29", "01-30", "01-31", "04-07", "04-30", "05-01", "05-02", "09-01", "09-02",
    ],
    2026: [
        "01-01", "01-02", "02-16", "02-17", "02-18", "02-19", "02-20", "04-27", "04-30", "05-01", "08-31", "09-01",
        "09-02", "11-24",
    ],
}  # fmt: skip
# … and every swap: the weekday off, the Saturday worked instead.
SWAPS = [
    (date(2024, 4, 29), date(2024, 5, 4)),
    (date(2025, 5, 2), date(2025, 4, 26)),
    (date(2026, 1, 2), date(2026, 1, 10)),
    (date(2026, 8, 31), date(2026, 8, 22)),
]
WORKED_WEEKENDS = {worked for _, worked in SWAPS}


def rule_of(day: date) -> SpecialDay:
    found = real_calendar().rule(day)
    assert found
    return found


days = st.dates(date(2024, 3, 1), date(2027, 10, 31))
counts = st.integers(1, 120)


@pytest.mark.parametrize("year", OFF)
def test_the_days_off_of_a_year_are_exactly_the_official_ones(year: int) -> None:
    found = [
        f"{day:%m-%d}"
        for day in (date(year, 1, 1) + DAY * n for n in range(365))
        if day.weekday() < 5 and not real_calendar().is_working(day)
    ]
    assert found == OFF[year]


@pytest.mark.parametrize("year", OFF)
def test_the_only_weekends_worked_are_the_swapped_saturdays(year: int) -> None:
    found = {
        day
        for day in (date(year, 1, 1) + DAY * n for n in range(366))
        if day.year == year and day.weekday() >= 5 and real_calendar().is_working(day)
    }
    assert found == {day for day in WORKED_WEEKENDS if day.year == year}


@pytest.mark.parametrize(("off", "worked"), SWAPS)
def test_a_swap_frees_a_weekday_and_names_its_source(off: date, worked: date) -> None:
    chosen = real_calendar()
    assert not chosen.is_working(off)
    assert chosen.is_working(worked)
    assert rule_of(off).source
    assert rule_of(worked).source == rule_of(off).source
    assert f"{off:%d/%m/%Y}" in rule_of(worked).name


def test_tet_2024_is_one_gap_of_seven_days() -> None:
    chosen = real_calendar()
    assert chosen.on_or_before(date(2024, 2, 14)) == date(2024, 2, 7)
    assert chosen.on_or_after(date(2024, 2, 8)) == date(2024, 2, 15)
    assert chosen.add(date(2024, 2, 7), 1) == date(2024, 2, 15)
    assert chosen.between(date(2024, 2, 7), date(2024, 2, 15)) == 1


def test_the_first_day_is_not_counted() -> None:
    assert real_calendar().add(date(2024, 3, 4), 5) == date(2024, 3, 11)


def test_zero_working_days_stay_where_they_are_even_on_a_sunday() -> None:
    assert real_calendar().add(date(2024, 3, 3), 0) == date(2024, 3, 3)


@given(days, counts)
def test_adding_working_days_is_undone_by_counting_them(day: date, count: int) -> None:
    assert real_calendar().between(day, real_calendar().add(day, count)) == count


@given(days, counts)
def test_going_back_lands_on_the_day_that_leads_there_again(day: date, count: int) -> None:
    chosen = real_calendar()
    back = chosen.add(day, -count)
    assert chosen.is_working(back)
    assert back < day
    assert chosen.add(back, count) == chosen.on_or_after(day)


@given(days, days, days)
def test_counts_between_days_add_up(a: date, b: date, c: date) -> None:
    chosen = real_calendar()
    assert chosen.between(a, b) + chosen.between(b, c) == chosen.between(a, c)
    assert chosen.between(a, b) == -chosen.between(b, a)


@given(days, days)
def test_counting_agrees_with_looking_at_each_day(a: date, b: date) -> None:
    a, b = min(a, b), max(a, b)
    plain = sum(real_calendar().is_working(a + DAY * n) for n in range(1, (b - a).days + 1))
    assert real_calendar().between(a, b) == plain


@given(days)
def test_on_or_before_and_after_are_the_nearest_working_days(day: date) -> None:
    chosen = real_calendar()
    before, after = chosen.on_or_before(day), chosen.on_or_after(day)
    assert before <= day <= after
    assert chosen.is_working(before)
    assert chosen.is_working(after)
    inside = [before + DAY * n for n in range(1, (after - before).days)]
    assert not any(chosen.is_working(other) for other in inside)
    assert (before == after) == chosen.is_working(day)


def test_a_year_beyond_what_the_package_computes_is_refused_with_its_bounds() -> None:
    with pytest.raises(CalendarRangeError, match="the public holidays of VN are known from 1901 to 2100"):
        working_calendar().is_working(date(2101, 1, 3))
    with pytest.raises(CalendarRangeError, match="days of 1900 to 2024 cannot be counted"):
        working_calendar().on_or_before(date(1901, 1, 1))


@given(st.lists(st.dates(date(2015, 1, 1), date(2040, 12, 31)), min_size=1, max_size=6))
def test_in_whatever_order_years_are_asked_for_the_days_are_the_same(asked: list[date]) -> None:
    whole, grown = working_calendar(year=2015), working_calendar(year=asked[0].year)
    assert whole.is_working(date(2040, 12, 31))
    for day in asked:
        assert grown.is_working(day) == whole.is_working(day)
        assert grown.rule(day) == whole.rule(day)
        assert grown.add(day, 300) == whole.add(day, 300)
        assert grown.add(day, -300) == whole.add(day, -300)


def test_the_office_of_another_country_has_its_holidays_and_its_week() -> None:
    assert not working_calendar(country="FR").is_working(date(2024, 7, 14) + DAY * 365)  # 14/07/2025, a Monday
    assert working_calendar(country="VN").is_working(date(2025, 7, 14))
    israel = working_calendar(country="IL")
    assert (israel.is_working(date(2024, 3, 1)), israel.is_working(date(2024, 3, 3))) == (False, True)  # Friday, Sunday


def test_a_year_is_an_estimate_when_marked_or_later_than_all_that_was_written_down() -> None:
    chosen = working_calendar([SpecialDay(date(2026, 8, 31), True, "nghỉ", "số 1")], [2025])
    assert [chosen.is_estimated(year) for year in (2024, 2025, 2026, 2027)] == [False, True, False, True]
    assert working_calendar().is_estimated(2024)


def test_holidays_have_vietnamese_names_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    assert (rule := working_calendar().rule(date(2024, 9, 2)))
    assert rule.name == "Quốc khánh"


def test_moved_days_are_those_whose_working_state_differs() -> None:
    plain = working_calendar(
        [SpecialDay(date(2026, 1, 2), False, "làm việc"), SpecialDay(date(2026, 1, 10), True, "nghỉ")]
    )
    real = {day: (worked, works) for day, worked, works in moved_days(plain, real_calendar())}
    assert (real[date(2026, 1, 2)], real[date(2026, 1, 10)]) == ((True, False), (False, True))
    assert list(real) == sorted(real)
    assert moved_days(real_calendar(), real_calendar()) == ()


def test_an_override_beats_the_package() -> None:
    chosen = working_calendar([SpecialDay(date(2026, 8, 31), False, "không hoán đổi", "số 1")])
    assert chosen.is_working(date(2026, 8, 31))


def test_a_calendar_file_is_read_with_ranges_swaps_and_estimates() -> None:
    text = """
estimated: [2027]
days:
  - {from: 2027-02-04, to: 2027-02-06, name: Tết, source: số 1}
  - {date: 2027-04-30, name: Hoán đổi, swapped_with: 2027-05-08, source: số 2}
  - {date: 2027-05-03, name: Làm việc, working: true, source: số 3}
"""
    rules, estimated = read_overrides(parse_yaml(text, "c.yaml"))
    assert [(f"{rule.day:%m-%d}", rule.off) for rule in rules] == [
        ("02-04", True), ("02-05", True), ("02-06", True), ("04-30", True), ("05-08", False), ("05-03", False),
    ]  # fmt: skip
    assert estimated == (2027,)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{date: 2026-01-02, name: Nghỉ}", "source"),
        ("{date: 2026-01-02, source: số 1}", "name"),
        ("{date: 2026-02-30, name: Nghỉ, source: số 1}", "not a possible value"),
        ("{from: 2026-02-20, to: 2026-02-16, name: Tết, source: số 1}", "a later 'to'"),
        ("{date: 2026-01-02, name: Nghỉ, source: số 1, swapped-with: 2026-01-10}", "'swapped-with' is not known"),
        ("{date: 2026-01-02, name: Nghỉ, source: số 1, swapped_with: thứ bảy}", "the Saturday worked instead"),
        ("{date: 2026-01-02 08:00:00, name: Nghỉ, source: số 1}", "YYYY-MM-DD"),
        ("nghỉ", "a mapping"),
    ],
)
def test_a_calendar_line_that_cannot_be_meant_is_refused(line: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        read_overrides(parse_yaml(f"days:\n  - {{date: 2026-01-05, name: A, source: s}}\n  - {line}\n", "c.yaml"))
    assert {fault.line for fault in caught.value.faults} == {3}


@pytest.mark.parametrize("text", ["day: []\n", "- 2026-01-02\n", "days: 2026-01-02\n", "estimated: [sang năm]\n"])
def test_a_calendar_file_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"c\.yaml:1: "):
        read_overrides(parse_yaml(text, "c.yaml"))


def test_one_day_cannot_be_both_worked_and_off() -> None:
    text = """
days:
  - {date: 2026-01-02, name: Nghỉ, swapped_with: 2026-01-10, source: số 1}
  - {date: 2026-01-10, name: Nghỉ bù, source: số 2}
"""
    with pytest.raises(ConfigurationError, match=r"c\.yaml:4: 10/01/2026 is worked on one line and off on another"):
        read_overrides(parse_yaml(text, "c.yaml"))
