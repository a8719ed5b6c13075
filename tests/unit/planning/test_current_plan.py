"""Between two years: which plan is meant where none is named, and whether somebody should adopt one."""

from __future__ import annotations

from datetime import date

import pytest

from dondoc.planning.current_plan import AdoptedPlan, Awaited, awaited, current_plan

OLD, NEW = AdoptedPlan("cchc-2026", "cchc", 2026, 35), AdoptedPlan("cchc-2027", "cchc", 2027, 0)


def closes(year: int) -> date:
    return date(year + 1, 1, 22)


def current(day: str, *known: AdoptedPlan) -> str | None:
    return current_plan(known, date.fromisoformat(day), closes)


def with_open(plan: AdoptedPlan, number: int) -> AdoptedPlan:
    return AdoptedPlan(plan.id, plan.family, plan.year, number, plan.replayed)


def test_the_old_plan_is_meant_until_its_closing_day_is_over() -> None:
    assert current("2026-12-20", OLD, NEW) == "cchc-2026"
    begun = with_open(NEW, 60)
    assert current("2027-01-04", OLD, begun) == "cchc-2026"
    assert current("2027-01-22", with_open(OLD, 1), begun) == "cchc-2026"
    assert current("2027-01-25", with_open(OLD, 1), begun) == "cchc-2027", "one late review holds nobody up"
    assert current("2027-01-25", with_open(OLD, 1)) == "cchc-2026"


def test_without_open_duties_it_is_the_latest_year_that_has_begun() -> None:
    done = with_open(OLD, 0)
    assert current("2026-12-30", done, NEW) == "cchc-2026"
    assert current("2027-01-01", done, NEW) == "cchc-2027"
    assert current("2026-12-30", NEW) == "cchc-2027"
    assert current("2026-12-30") is None


def test_of_several_plans_of_a_year_it_is_always_the_same_one() -> None:
    other = AdoptedPlan("cds-2026", "cds", 2026, 80)
    assert current("2026-06-01", OLD, other) == "cchc-2026"
    assert current("2026-06-01", with_open(OLD, 0), other) == "cds-2026"


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-11-30", []),
        ("2026-12-01", [2027]),
        ("2027-01-01", [2027]),
        ("2027-03-31", [2027]),
        ("2027-04-01", [2027]),
    ],
)
def test_from_december_on_a_family_awaits_its_next_plan(day: str, expected: list[int]) -> None:
    assert [one.year for one in awaited([OLD], date.fromisoformat(day))] == expected
    assert awaited([OLD, NEW], date.fromisoformat(day)) == []


def test_a_plan_that_another_office_plan_outlives_stops_asking_in_april() -> None:
    alone = AdoptedPlan("mot-lan-2026", "mot-lan", 2026, 0)
    assert awaited([OLD, NEW, alone], date(2027, 3, 31)) == [Awaited("mot-lan", 2027, "mot-lan-2026")]
    assert awaited([OLD, NEW, alone], date(2027, 4, 1)) == []


def test_a_replayed_year_asks_for_no_successor() -> None:
    assert awaited([AdoptedPlan("cchc-2025", "cchc", 2025, 0, replayed=True)], date(2026, 1, 5)) == []
