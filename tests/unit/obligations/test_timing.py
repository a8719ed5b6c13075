"""From an obligation's timing to its occurrences: each kind by example, and what must hold of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from factories import make_calendar, make_office, make_plan, make_policy
from hypothesis import given
from hypothesis import strategies as st
from office_files import real_calendar, real_plan, real_policy

from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.obligations.timing import (
    Occurrence,
    case_occurrences,
    due_date,
    event_dates,
    obligation_occurrences,
    occurrences,
    owed_obligation,
)
from dondoc.office.policy import Policy
from dondoc.plan.plan import Item, Obligation, Plan, plan_to_json
from dondoc.plan.plan_file import plan_from_json, read_plan
from dondoc.plan.timings import (
    AfterTiming,
    BeforeTiming,
    ByTiming,
    ContinuousTiming,
    EveryTiming,
    MonthTiming,
    QuarterTiming,
    ReferenceTiming,
    Timing,
)

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
    assert dates(compiled(MonthTiming(month=2))) == [
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), date(2024, 2, 29))
    ]


def test_a_quarter_that_ends_on_a_sunday_stays_due_then_and_is_acted_on_by_friday() -> None:
    assert dates(compiled(QuarterTiming(quarter=1))) == [
        ("2024-Q1", date(2024, 1, 1), date(2024, 3, 31), date(2024, 3, 29))
    ]


def test_truoc_ngay_excludes_the_day() -> None:
    (found,) = compiled(BeforeTiming(before="11-30"))
    assert (found.due, found.act_by) == (date(2024, 11, 29), date(2024, 11, 29))


def test_a_bare_date_includes_the_day() -> None:
    (found,) = compiled(ByTiming(by="11-30", opens="04-01"))
    assert dates([found]) == [("2024", date(2024, 4, 1), date(2024, 11, 30), date(2024, 11, 29))]


@pytest.mark.parametrize(("year", "due"), [(2024, date(2024, 2, 29)), (2025, date(2025, 2, 28))])
def test_before_the_first_of_march_knows_leap_years(year: int, due: date) -> None:
    (found,) = compiled(BeforeTiming(before="03-01"), year)
    assert found.due == due


def test_a_monthly_duty_recurs_twelve_times() -> None:
    found = compiled(EveryTiming(every="month"))
    assert [o.period for o in found] == [f"2024-{n:02}" for n in range(1, 13)]
    assert [o.due for o in found if o.due and not real_calendar().is_working(o.due)] == [
        date(2024, 3, 31), date(2024, 4, 30), date(2024, 6, 30), date(2024, 8, 31), date(2024, 11, 30),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("timing", "choice"),
    [
        (EveryTiming(every="policy"), "recurring"),
        (ContinuousTiming(continuous=True), "continuous"),
        (ReferenceTiming(reference="KH 140"), "by_reference"),
    ],
)
def test_a_duty_without_a_printed_period_takes_its_own_cadence_of_the_policy(timing: Timing, choice: str) -> None:
    cadence = make_policy().cadence.model_copy(update={choice: "half-year"})
    assert [o.period for o in compiled(timing, cadence=cadence)] == ["2024-H1", "2024-H2"]
    assert len(compiled(timing)) == 4


def test_a_duty_after_an_event_has_no_dates_until_it_comes() -> None:
    (found,) = compiled(AfterTiming(after="kh-tinh"))
    assert dates([found]) == [("kh-tinh", None, None, None)]
    assert found.event == "kh-tinh"
    assert not found.before_adoption


def test_the_day_of_the_event_is_not_counted() -> None:
    obligation = replace(OBLIGATION, timing=AfterTiming(after="kh-tinh", within=5))
    assert event_dates(obligation, date(2024, 12, 9), real_policy(), real_calendar()) == (
        date(2024, 12, 9), date(2024, 12, 16), date(2024, 12, 16),
    )  # fmt: skip


def test_an_event_without_a_number_of_days_takes_the_policys() -> None:
    obligation = replace(OBLIGATION, timing=AfterTiming(after="kh-tinh"))
    opens, due, act_by = event_dates(obligation, date(2024, 12, 10), real_policy(), real_calendar())
    assert (opens, due, act_by) == (date(2024, 12, 10), date(2024, 12, 31), date(2024, 12, 31))


def test_a_duty_due_at_once_after_a_sunday_is_due_on_the_next_working_day() -> None:
    obligation = replace(OBLIGATION, timing=AfterTiming(after="kh-tinh", within=0))
    assert event_dates(obligation, date(2024, 12, 8), real_policy(), real_calendar())[1:] == (
        date(2024, 12, 9), date(2024, 12, 9),
    )  # fmt: skip


def test_a_due_date_rolls_forward_only_where_the_office_says_so() -> None:
    rolling = real_policy().model_copy(update={"roll_forward": True})
    assert due_date(date(2024, 3, 31), real_policy(), real_calendar()) == date(2024, 3, 31)
    assert due_date(date(2024, 3, 31), rolling, real_calendar()) == date(2024, 4, 1)
    (found,) = compiled(QuarterTiming(quarter=1), roll_forward=True)
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


# -- what plans print, file to occurrences ---------------------------------------------------------------


def rows(timing: str, phrase: str, *, year: int = 2025, to_year: int | None = None, more: str = "") -> Plan:
    head = f"to_year: {to_year}\n" if to_year else ""
    return read_plan(
        parse_yaml(
            f"{head}plan: thu\nyear: {year}\ntitle: Thử\noffice: Thử\nadopted_on: {year}-01-02\n"
            "events: [{id: ky-hop, title: Kỳ họp HĐND}, {id: kiem-tra, title: Kết luận, repeats: true}]\nitems:\n"
            "  - id: viec\n    ref: I.1\n    title: Việc\n    text: Việc\n    shape: issue\n    lead: [hcqt]\n"
            f"    obligations:\n      - {{id: ket-qua, deliverable: null, phrase: {phrase!r}, timing: {timing}{more}}}\n",
            "thu.yaml",
        ),
        make_office(),
    )


@pytest.mark.parametrize(
    ("phrase", "timing", "to_year", "found"),
    [
        ("Quý II, Quý IV", "{quarter: [2, 4]}", None, ["2025-Q2 01/04/25 30/06/25", "2025-Q4 01/10/25 31/12/25"]),
        ("Tháng 6, tháng 12", "{month: [6, 12]}", None, ["2025-06 01/06/25 30/06/25", "2025-12 01/12/25 31/12/25"]),
        ("Quý II/2027", "{quarter: 2, year: 2027}", 2027, ["2027-Q2 01/04/27 30/06/27"]),
        ("Năm 2025-2028", '{from: "2025", to: "2028"}', 2028, ["2025_2028 01/01/25 31/12/28"]),
        ("Quý IV/2025 - Quý II/2026", '{from: "2025-Q4", to: "2026-Q2"}', 2026, ["2025-Q4_2026-Q2 01/10/25 30/06/26"]),
        ("Từ tháng 4 đến tháng 10", '{from: "04", to: "10"}', None, ["2025-04_2025-10 01/04/25 31/10/25"]),
        (
            "2025-2027, sơ kết hằng năm", "{from: 2025, to: 2027, stages: year}", 2027,
            ["2025 01/01/25 31/12/25", "2026 01/01/26 31/12/26", "2027 01/01/27 31/12/27"],
        ),
        ("chậm nhất 30/6/2026", '{by: "2026-06-30"}', 2026, ["2026 01/01/25 30/06/26"]),
        ("từ 01/3 đến hết ngày 15/5", '{by: "05-15", opens: "03-01"}', None, ["2025 01/03/25 15/05/25"]),
        (
            "trước ngày 01/6 và 15/11", '{before: ["06-01", "11-15"]}', None,
            ["2025-06-01 01/01/25 31/05/25", "2025-11-15 01/06/25 14/11/25"],
        ),
        (
            "trước ngày 01/6 và 15/11 hằng năm", '{every: year, before: ["06-01", "11-15"]}', 2026,
            ["2025-06-01 01/01/25 31/05/25", "2025-11-15 01/06/25 14/11/25",
             "2026-06-01 15/11/25 31/05/26", "2026-11-15 01/06/26 14/11/26"],
        ),
        (
            "ngày 25 tháng cuối quý", "{every: quarter, by: 25}", None,
            ["2025-Q1 01/01/25 25/03/25", "2025-Q2 01/04/25 25/06/25", "2025-Q3 01/07/25 25/09/25", "2025-Q4 01/10/25 25/12/25"],
        ),
        ("Tháng 12 hằng năm", '{every: year, by: "12-31"}', 2026, ["2025 01/01/25 31/12/25", "2026 01/01/26 31/12/26"]),
        (
            "Từ 01/7/2025", '{continuous: true, every: quarter, from: "2025-07-01"}', None,
            ["2025-Q3 01/07/25 30/09/25", "2025-Q4 01/10/25 31/12/25"],
        ),
        (
            "Quý IV năm 2025 và các năm tiếp theo", '{continuous: true, every: year, from: "2025-Q4"}', 2027,
            ["2025 01/10/25 31/12/25", "2026 01/01/26 31/12/26", "2027 01/01/27 31/12/27"],
        ),
        (
            "Thường xuyên, 6 tháng báo cáo", "{continuous: true, every: half-year}", None,
            ["2025-H1 01/01/25 30/06/25", "2025-H2 01/07/25 31/12/25"],
        ),
        ("", "{unprinted: true}", None, ["2025 01/01/25 31/12/25"]),
        ("", "{unprinted: true}", 2027, ["2025_2027 01/01/25 31/12/27"]),
    ],
)  # fmt: skip
def test_a_printed_phrase_has_its_days(phrase: str, timing: str, to_year: int | None, found: list[str]) -> None:
    plan = rows(timing, phrase, to_year=to_year)
    register = occurrences(plan, make_policy(), real_calendar())
    assert [f"{o.period} {o.opens:%d/%m/%y} {o.due:%d/%m/%y}" for o in register] == found
    assert plan_from_json(plan_to_json(plan)) == plan


def test_a_day_of_the_month_is_its_last_day_where_the_month_is_shorter() -> None:
    found = occurrences(rows("{every: month, before: 15}", "trước ngày 15 hằng tháng"), make_policy(), real_calendar())
    assert [o.due for o in found] == [date(2025, n, 14) for n in range(1, 13)]
    found = occurrences(rows("{every: month, by: 31}", "cuối tháng"), make_policy(), real_calendar())
    assert [o.due for o in found][1] == date(2025, 2, 28)


def test_a_weekly_duty_is_due_on_its_weekday_and_every_other_week_on_that_of_the_second() -> None:
    weekly = occurrences(rows("{every: week, by: fri}", "thứ Sáu hằng tuần"), make_policy(), real_calendar())
    assert (len(weekly), weekly[0].period, weekly[0].due) == (52, "2025-W01", date(2025, 1, 3))
    assert {o.due.weekday() for o in weekly if o.due} == {4}
    both = occurrences(rows("{every: two-weeks}", "hai tuần một lần"), make_policy(), real_calendar())
    assert (len(both), both[1].opens, both[1].due) == (26, date(2025, 1, 13), date(2025, 1, 26))


def test_working_and_calendar_days_after_and_before_an_event() -> None:
    def due(timing: str, happened: date) -> date:
        obligation = rows(timing, "sau đó").items[0].obligations[0]
        return event_dates(obligation, happened, real_policy(), real_calendar())[1]

    assert due("{after: ky-hop, within: 5}", date(2025, 4, 28)) == date(2025, 5, 8)
    assert due("{after: ky-hop, within_days: 5}", date(2025, 4, 28)) == date(2025, 5, 3)
    assert due("{before_event: ky-hop}", date(2025, 7, 10)) == date(2025, 7, 9)
    assert due("{before_event: ky-hop, within_days: 15}", date(2025, 7, 10)) == date(2025, 6, 25)
    assert due("{before_event: ky-hop, within: 10}", date(2025, 7, 10)) == date(2025, 6, 26)
    assert due("{on_demand: true, within: 3}", date(2025, 7, 10)) == date(2025, 7, 15)


def test_what_repeats_has_no_occurrence_until_a_case_is_recorded_and_then_one_a_case() -> None:
    for timing, event in (("{on_demand: true}", "viec-ket-qua"), ("{after: kiem-tra}", "kiem-tra")):
        plan = rows(timing, "khi có phát sinh")
        assert occurrences(plan, make_policy(), real_calendar()) == ()
        (second,) = case_occurrences(plan, event, 2, make_policy())
        assert (second.id, second.event, second.case) == (f"thu-2025/viec/ket-qua/{event}.2", event, 2)
    assert case_occurrences(rows("{after: ky-hop}", "sau kỳ họp"), "ky-hop", 1, make_policy()) == ()


def test_each_lead_unit_owes_a_result_of_its_own_under_a_name_of_its_own() -> None:
    plan = rows("{quarter: 2}", "Quý II", more=", lead: [toan-the], each: true")
    register = occurrences(plan, make_policy(), real_calendar())
    assert [o.period for o in register] == ["2025-Q2@hcqt", "2025-Q2@ttpvks", "2025-Q2@ttcbth"]
    assert [owed_obligation(plan.items[0], o).lead for o in register] == [("hcqt",), ("ttpvks",), ("ttcbth",)]


# -- what comes first ---------------------------------------------------------------------------------

MONTHLY, QUARTERLY = EveryTiming(every="month"), EveryTiming(every="quarter")
YEAR_END = ByTiming(by="12-31")


def needed(second: Timing, first: Timing) -> dict[str, tuple[str, ...]]:
    found = together({"first": first, "second": second}, needs={"second": ("first",)})
    prefix = "cchc-2024/ke-hoach-thi-hanh/"
    return {o.period: tuple(n.removeprefix(prefix) for n in o.needs) for o in found if o.obligation == "second"}


def test_duties_of_one_rhythm_wait_for_the_same_period() -> None:
    assert needed(QUARTERLY, QUARTERLY) == {f"2024-Q{n}": (f"first/2024-Q{n}",) for n in range(1, 5)}


def test_a_duty_waits_for_the_only_occurrence_of_another_however_it_is_timed() -> None:
    assert needed(YEAR_END, QuarterTiming(quarter=1)) == {"2024": ("first/2024-Q1",)}
    assert needed(MonthTiming(month=1), YEAR_END) == {"2024-01": ("first/2024",)}
    assert set(needed(QUARTERLY, YEAR_END).values()) == {("first/2024",)}


def test_a_yearly_report_waits_for_the_last_of_the_periods_before_it() -> None:
    assert needed(YEAR_END, QUARTERLY) == {"2024": ("first/2024-Q4",)}
    assert needed(QUARTERLY, MONTHLY)["2024-Q2"] == ("first/2024-06",)


def test_a_month_waits_for_no_quarter_that_is_not_over() -> None:
    assert needed(MONTHLY, QUARTERLY)["2024-02"] == ()
    assert needed(MONTHLY, QUARTERLY)["2024-03"] == ("first/2024-Q1",)


def test_a_duty_waits_for_one_that_an_event_opens() -> None:
    assert needed(YEAR_END, AfterTiming(after="kh-tinh")) == {"2024": ("first/kh-tinh",)}
    assert needed(AfterTiming(after="kh-tinh"), MONTHLY) == {"kh-tinh": ("first/2024-12",)}


# -- what must hold of all ------------------------------------------------------------------------------

month_days = (
    st.dates(date(2024, 1, 2), date(2024, 12, 31)).map(lambda day: f"{day:%m-%d}").filter(lambda d: d != "02-29")
)
timings = st.one_of(
    st.builds(MonthTiming, month=st.integers(1, 12)),
    st.builds(QuarterTiming, quarter=st.integers(1, 4)),
    st.builds(ByTiming, by=month_days),
    st.builds(BeforeTiming, before=month_days),
    st.builds(
        EveryTiming, every=st.sampled_from(["policy", "week", "two-weeks", "month", "quarter", "half-year", "year"])
    ),
    st.just(ContinuousTiming(continuous=True)),
    st.just(ReferenceTiming(reference="KH")),
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
def test_an_excluded_day_is_due_the_day_before_the_included_one(day: str, year: int) -> None:
    (until,) = compiled(ByTiming(by=day), year)
    (before,) = compiled(BeforeTiming(before=day), year)
    assert until.due == date.fromisoformat(f"{year}-{day}")
    assert before.due is not None
    assert (date.fromisoformat(f"{year}-{day}") - before.due).days == 1


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
