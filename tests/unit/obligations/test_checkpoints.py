"""The mornings on which an occurrence is looked at."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from factories import at, make_policy
from hypothesis import given
from hypothesis import strategies as st
from office_files import real_calendar, real_plan, real_policy

from dondoc.obligations.checkpoints import Checkpoint, checkpoints, closing_day
from dondoc.obligations.timing import occurrences
from dondoc.office.policy import EscalationStep, Rhythm

RHYTHM = Rhythm(remind=(15, 5, 1))
CLOSE = date(2025, 1, 22)


def planned(opens: date, due: date, rhythm: Rhythm = RHYTHM, since: date | None = None) -> dict[str, str]:
    found = checkpoints(opens, due, rhythm, make_policy(), real_calendar(), 2024, since)
    return {point.key: f"{point.day:%Y-%m-%d}" for point in found}


def test_the_first_quarter_of_2024_whose_last_day_is_a_sunday() -> None:
    assert planned(date(2024, 1, 1), date(2024, 3, 31)) == {
        "assign": "2024-01-02",
        "remind-15": "2024-03-08",
        "remind-5": "2024-03-22",
        "remind-1": "2024-03-28",
        "last-call": "2024-03-29",
        "overdue": "2024-04-01",
        "escalate-1": "2024-04-04",
        "escalate-2": "2024-04-10",
        "escalate-3": "2024-04-15",
        "close": "2025-01-22",
    }


def test_an_inspection_before_saturday_30_november_has_its_last_call_on_friday_the_29th() -> None:
    found = planned(date(2024, 4, 1), date(2024, 11, 29), Rhythm(remind=(30, 15, 7, 1)))
    assert (found["last-call"], found["overdue"]) == ("2024-11-29", "2024-12-02")
    assert found["remind-30"] == "2024-10-18"


def test_a_long_reminder_in_a_short_window_is_left_out() -> None:
    found = planned(date(2024, 3, 1), date(2024, 3, 11), Rhythm(remind=(15, 6, 5, 1)))
    assert [key for key in found if key.startswith("remind")] == ["remind-5", "remind-1"]


def test_reminders_count_only_working_days_and_jump_tet() -> None:
    assert planned(date(2024, 1, 1), date(2024, 2, 15), Rhythm(remind=(1, 5)))["remind-1"] == "2024-02-07"


def test_a_swapped_saturday_is_a_morning_like_any_other() -> None:
    assert planned(date(2024, 5, 2), date(2024, 5, 3))["overdue"] == "2024-05-04"


def test_a_rhythm_without_a_last_call_has_none() -> None:
    assert "last-call" not in planned(date(2024, 1, 1), date(2024, 3, 31), Rhythm(remind=(5,), last_call=False))


def test_a_window_of_one_working_day_is_assigned_and_not_called_again() -> None:
    found = planned(date(2024, 3, 4), date(2024, 3, 4))
    assert list(found)[:2] == ["assign", "overdue"]


def test_a_plan_adopted_in_mid_window_assigns_then_and_drops_what_has_passed() -> None:
    found = planned(date(2024, 1, 1), date(2024, 3, 31), since=date(2024, 3, 16))
    assert found["assign"] == "2024-03-18"
    assert [key for key in found if key.startswith("remind")] == ["remind-5", "remind-1"]


def test_the_plan_closes_on_the_fifteenth_working_day_of_the_year_after() -> None:
    assert closing_day(2024, make_policy(), real_calendar()) == CLOSE


def test_a_looks_moment_is_eight_in_the_morning_in_hanoi() -> None:
    moment = Checkpoint("assign", date(2024, 3, 1)).at(make_policy())
    assert moment == at("2024-03-01")
    assert moment.utcoffset() == timedelta(hours=7)


windows = st.tuples(st.dates(date(2024, 1, 1), date(2024, 12, 31)), st.integers(0, 364)).map(
    lambda pair: (pair[0], min(pair[0] + timedelta(days=pair[1]), date(2024, 12, 31)))
)
rhythms = st.builds(
    lambda remind, last: Rhythm(remind=tuple(remind), last_call=last),
    st.sets(st.integers(1, 60), max_size=5),
    st.booleans(),
)


@given(windows, rhythms, st.one_of(st.none(), st.dates(date(2024, 1, 1), date(2024, 12, 31))))
def test_checkpoints_stand_on_working_days_in_order_and_fit_their_window(
    window: tuple[date, date], rhythm: Rhythm, since: date | None
) -> None:
    opens, due = window
    if since is not None and since > due:
        since = None  # it fell due before adoption: it has no checkpoints to plan
    found = checkpoints(opens, due, rhythm, make_policy(), real_calendar(), 2024, since)
    days = [point.day for point in found]
    keys = [point.key for point in found]
    act_by = real_calendar().on_or_before(due)
    assert all(real_calendar().is_working(day) for day in days)
    assert days == sorted(days)
    assert len(set(keys)) == len(keys)
    assert (keys[0], keys[-1]) == ("assign", "close")
    assert days[0] >= max(opens, since or opens)
    by_key = {point.key: point for point in found}
    assert by_key["overdue"].day > due
    for point in found:
        if point.kind == "remind":
            assert days[0] < point.day < act_by
            assert real_calendar().between(point.day, act_by) == point.step
        if point.kind == "last-call":
            assert days[0] < point.day == act_by
        if point.kind == "escalate":
            waited = real_calendar().between(by_key["overdue"].day, point.day)
            assert waited == make_policy().escalation[point.step - 1].after_working_days > 0


@given(windows, st.lists(st.integers(0, 40), min_size=1, max_size=4))
def test_nothing_is_planned_on_or_after_the_closing_but_the_closing(
    window: tuple[date, date], delays: list[int]
) -> None:
    steps = tuple(EscalationStep(after_working_days=delay, roles=("tracker",)) for delay in sorted(delays))
    policy = make_policy().model_copy(update={"escalation": steps})
    *before, close = checkpoints(*window, RHYTHM, policy, real_calendar(), 2024)
    assert close == Checkpoint("close", CLOSE)
    assert all(point.day < CLOSE for point in before)


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_occurrence_of_the_real_plan_is_assigned_before_it_is_due(year: int) -> None:
    for found in occurrences(real_plan(year), real_policy(), real_calendar()):
        if found.opens and found.due and not found.before_adoption:
            points = checkpoints(
                found.opens, found.due, RHYTHM, real_policy(), real_calendar(), year, since=date(year, 1, 2)
            )
            assert points[0].day < found.due
