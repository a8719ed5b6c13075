"""At most so many in any stretch of time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dondoc.foundation.sliding_window import SlidingWindow


@given(st.integers(1, 4), st.lists(st.integers(0, 30), max_size=40))
def test_no_stretch_of_time_holds_more_than_allowed_and_nobody_waits_for_nothing(most: int, steps: list[int]) -> None:
    window, now, taken = SlidingWindow(most, 10), 0, list[int]()
    for step in steps:
        now += step
        recent = [moment for moment in taken if moment > now - 10]
        wait = window.take(now)
        assert wait == (recent[0] + 10 - now if len(recent) >= most else 0)
        if not wait:
            taken.append(now)


def test_who_may_never_waits_a_whole_window_each_time() -> None:
    assert [SlidingWindow(0, 10).take(moment) for moment in (0, 5)] == [10, 10]
