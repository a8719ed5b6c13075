"""From an obligation's timing to its occurrences: each kind by example, and what must hold of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from factories import make_calendar, make_plan, make_policy
from hypothesis import given
from hypothesis import strategies as st
from office_files import real_calendar, real_plan, real_policy

from dondoc.obligations.timing import Occurrence, due_date, event_dates, obligation_occurrences, occurrences
from dondoc.office.policy import Policy
from dondoc.plan.plan import Item, Obligation, Plan, Timing

OBLIGATION = make_plan().items[0].obligations[0]


def compiled(timing: Timing, year: int = 2024, **policy: Any) -> list[Occurrence]:
    return together({"x": timing}, year, **policy)


def together(
    timings: Mapping[str, Timing], year: int = 2024, needs: Mapping[str, tuple[str, ...]] | None = None, **policy: Any
) -> list[Occurrence]:
    plan = make_plan()
    obligations = tuple(
        replace(OBLIGATION, id=name, timing=timing, needs=(needs or {}).get(name, ()))
        for name, timing in timings.items()
    )
    item = replace(plan.items[0], obligations=obligations)
    plan = replace(plan, year=year, adopted_on=date(year, 1, 1), items=(item,))
    return list(occurrences(plan, make_policy().model_copy(update=policy), real_calendar()))


def dates(found: list[Occurrence]) -> list[tuple[str, date | None, date | None, date | None]]:
    return [(o.period, o.opens, o.due, o.act_by) for o in found]


def test_a_month_is_due_on_its_last_day() -> None:
    assert dates(compiled(Timing("month", number=2))) == [
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), date(2024, 2, 29))
    ]


def test_a_quarter_that_ends_on_a_sunday_stays_due_then_and_is_acted_on_by_friday() -> None:
    assert dates(compiled(Timing("quarter", number=1))) == [
        ("2024-Q1", date(2024, 1, 1), date(2024, 3, 31), date(2024, 3, 29))
    ]


def test_truoc_ngay_excludes_the_day() -> None:
    (found,) = compiled(Timing("by-date", day=(11, 30), inclusive=False))
    assert (found.due, found.act_by) == (date(2024, 11, 29), date(2024, 11, 29))


def test_a_bare_date_includes_the_day() -> None:
    (found,) = compiled(Timing("by-date", day=(11, 30), opens=(4, 1)))
    assert dates([found]) == [("2024", date(2024, 4, 1), date(2024, 11, 30), date(2024, 11, 29))]


@pytest.mark.parametrize(("year", "due"), [(2024, date(2024, 2, 29)), (2025, date(2025, 2, 28))])
def test_before_the_first_of_march_knows_leap_years(year: int, due: date) -> None:
    (found,) = compiled(Timing("by-date", day=(3, 1), inclusive=False), year)
    assert found.due == due


def test_a_monthly_duty_recurs_twelve_times() -> None:
    found = compiled(Timing("recurring", every="month"))
    assert [o.period for o in found] == [f"2024-{n:02}" for n in range(1, 13)]
    assert [o.due for o in found if o.due and not real_calendar().is_working(o.due)] == [
        date(2024, 3, 31), date(2024, 4, 30), date(2024, 6, 30), date(2024, 8, 31), date(2024, 11, 30),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("timing", "choice"),
    [
        (Timing("recurring"), "recurring"),
        (Timing("continuous", continuous=True), "continuous"),
        (Timing("by-reference", reference="KH 140"), "by_reference"),
    ],
)
def test_a_duty_without_a_printed_period_takes_its_own_cadence_of_the_policy(timing: Timing, choice: str) -> None:
    cadence = make_policy().cadence.model_copy(update={choice: "half-year"})
    assert [o.period for o in compiled(timing, cadence=cadence)] == ["2024-H1", "2024-H2"]
    assert len(compiled(timing)) == 4


def test_a_duty_after_an_event_has_no_dates_until_it_comes() -> None:
    (found,) = compiled(Timing("after-event", event="kh-tinh"))
    assert dates([found]) == [("kh-tinh", None, None, None)]
    assert found.event == "kh-tinh"
    assert not found.before_adoption


def test_the_day_of_the_event_is_not_counted() -> None:
    obligation = replace(OBLIGATION, timing=Timing("after-event", event="kh-tinh", within=5))
    assert event_dates(obligation, date(2024, 12, 9), real_policy(), real_calendar()) == (
        date(2024, 12, 9), date(2024, 12, 16), date(2024, 12, 16),
    )  # fmt: skip


def test_an_event_without_a_number_of_days_takes_the_policys() -> None:
    obligation = replace(OBLIGATION, timing=Timing("after-event", event="kh-tinh"))
    opens, due, act_by = event_dates(obligation, date(2024, 12, 10), real_policy(), real_calendar())
    assert (opens, due, act_by) == (date(2024, 12, 10), date(2024, 12, 31), date(2024, 12, 31))


def test_a_duty_due_at_once_after_a_sunday_is_due_on_the_next_working_day() -> None:
    obligation = replace(OBLIGATION, timing=Timing("after-event", event="kh-tinh", within=0))
    assert event_dates(obligation, date(2024, 12, 8), real_policy(), real_calendar())[1:] == (
        date(2024, 12, 9), date(2024, 12, 9),
    )  # fmt: skip


def test_a_due_date_rolls_forward_only_where_the_office_says_so() -> None:
    rolling = real_policy().model_copy(update={"roll_forward": True})
    assert due_date(date(2024, 3, 31), real_policy(), real_calendar()) == date(2024, 3, 31)
    assert due_date(date(2024, 3, 31), rolling, real_calendar()) == date(2024, 4, 1)
    (found,) = compiled(Timing("quarter", number=1), roll_forward=True)
    assert (found.due, found.act_by) == (date(2024, 4, 1), date(2024, 4, 1))


def test_what_fell_due_before_adoption_is_marked_and_the_day_itself_is_not() -> None:
    plan = replace(real_plan(), adopted_on=date(2024, 1, 31))
    found = {
        o.period: o.before_adoption
        for o in occurrences(plan, real_policy(), real_calendar())
        if o.item == "chi-so-phuc-vu"
    }
    assert found["2024-01"] is False
    plan = replace(plan, adopted_on=date(2024, 2, 1))
    found = {
        o.period: o.before_adoption
        for o in occurrences(plan, real_policy(), real_calendar())
        if o.item == "chi-so-phuc-vu"
    }
    assert found["2024-01"] is True
    assert found["2024-02"] is False


# -- what comes first ---------------------------------------------------------------------------------

MONTHLY, QUARTERLY = Timing("recurring", every="month"), Timing("recurring", every="quarter")
YEAR_END = Timing("by-date", day=(12, 31))


def needed(second: Timing, first: Timing) -> dict[str, tuple[str, ...]]:
    found = together({"first": first, "second": second}, needs={"second": ("first",)})
    prefix = "cchc-2024/ke-hoach-thi-hanh/"
    return {o.period: tuple(n.removeprefix(prefix) for n in o.needs) for o in found if o.obligation == "second"}


def test_duties_of_one_rhythm_wait_for_the_same_period() -> None:
    assert needed(QUARTERLY, QUARTERLY) == {f"2024-Q{n}": (f"first/2024-Q{n}",) for n in range(1, 5)}


def test_a_duty_waits_for_the_only_occurrence_of_another_however_it_is_timed() -> None:
    assert needed(YEAR_END, Timing("quarter", number=1)) == {"2024": ("first/2024-Q1",)}
    assert needed(Timing("month", number=1), YEAR_END) == {"2024-01": ("first/2024",)}
    assert set(needed(QUARTERLY, YEAR_END).values()) == {("first/2024",)}


def test_a_yearly_report_waits_for_the_last_of_the_periods_before_it() -> None:
    assert needed(YEAR_END, QUARTERLY) == {"2024": ("first/2024-Q4",)}
    assert needed(QUARTERLY, MONTHLY)["2024-Q2"] == ("first/2024-06",)


def test_a_month_waits_for_no_quarter_that_is_not_over() -> None:
    assert needed(MONTHLY, QUARTERLY)["2024-02"] == ()
    assert needed(MONTHLY, QUARTERLY)["2024-03"] == ("first/2024-Q1",)


def test_a_duty_waits_for_one_that_an_event_opens() -> None:
    assert needed(YEAR_END, Timing("after-event", event="kh-tinh")) == {"2024": ("first/kh-tinh",)}
    assert needed(Timing("after-event", event="kh-tinh"), MONTHLY) == {"kh-tinh": ("first/2024-12",)}


# -- what must hold of all ------------------------------------------------------------------------------

month_days = (
    st.dates(date(2024, 1, 2), date(2024, 12, 31)).map(lambda day: (day.month, day.day)).filter(lambda d: d != (2, 29))
)
timings = st.one_of(
    st.builds(Timing, st.just("month"), number=st.integers(1, 12)),
    st.builds(Timing, st.just("quarter"), number=st.integers(1, 4)),
    st.builds(Timing, st.just("by-date"), day=month_days, inclusive=st.booleans()),
    st.builds(Timing, st.just("recurring"), every=st.sampled_from([None, "month", "quarter", "half-year", "year"])),
    st.just(Timing("continuous", continuous=True)),
    st.just(Timing("by-reference", reference="KH")),
)


@given(timings, st.sampled_from([2024, 2025, 2026, 2027]))
def test_a_due_date_lies_in_its_period_and_act_by_is_a_working_day_up_to_it(timing: Timing, year: int) -> None:
    for found in compiled(timing, year):
        assert found.opens is not None
        assert found.due is not None
        assert found.act_by is not None
        assert found.opens <= found.due
        assert found.opens.year == found.due.year == year
        assert real_calendar().is_working(found.act_by)
        assert found.act_by <= found.due
        assert not any(
            real_calendar().is_working(date.fromordinal(n))
            for n in range(found.act_by.toordinal() + 1, found.due.toordinal() + 1)
        )


@given(month_days, st.sampled_from([2024, 2025, 2026]))
def test_an_excluded_day_is_due_the_day_before_the_included_one(day: tuple[int, int], year: int) -> None:
    (until,) = compiled(Timing("by-date", day=day), year)
    (before,) = compiled(Timing("by-date", day=day, inclusive=False), year)
    assert until.due == date(year, *day)
    assert before.due is not None
    assert (date(year, *day) - before.due).days == 1


def register(year: int) -> tuple[Occurrence, ...]:
    return occurrences(real_plan(year), real_policy(), real_calendar())


@pytest.mark.parametrize("year", [2024, 2025, 2026, 2027])
def test_the_same_file_serves_any_year(year: int) -> None:
    found = register(year)
    assert len(found) == len(register(2024))
    assert len({o.id for o in found}) == len(found)
    assert {o.due.year for o in found if o.due} == {year}
    assert all(o.id.startswith(f"cchc-{year}/{o.item}/{o.obligation}/") for o in found)
    ids = {o.id for o in found}
    assert all(need in ids for o in found for need in o.needs)


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_plans_own_inspection_is_due_the_day_before_the_thirtieth_of_november(year: int) -> None:
    (found,) = [o for o in register(year) if (o.item, o.obligation) == ("kiem-soat-tthc", "kiem-tra")]
    assert found.due == date(year, 11, 29)


def test_the_register_is_in_the_plans_order() -> None:
    order = [item.id for item in real_plan().items]
    assert [o.item for o in register(2024)] == sorted((o.item for o in register(2024)), key=order.index)


def test_one_obligation_alone_gives_its_part_of_the_register() -> None:
    plan: Plan = make_plan()
    item: Item = plan.item("chi-so")
    obligation: Obligation = item.obligations[0]
    policy: Policy = make_policy()
    alone = tuple(obligation_occurrences(plan, item, obligation, policy, make_calendar()))
    assert alone == tuple(o for o in occurrences(plan, policy, make_calendar()) if o.item == "chi-so")
