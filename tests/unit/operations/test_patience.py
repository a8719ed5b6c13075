"""How long the keeper waits before it starts a child again."""

from __future__ import annotations

from operations.keeper import Patience


def ends_again_and_again(patience: Patience, ends: int) -> list[float]:
    """Seconds between one start and the next of a child that ends at once."""
    now, waits = 1000.0, []
    for _ in range(ends):
        begun = now
        while not patience.may_start(now):
            now += 1.0
        waits.append(now - begun)
        patience.started(now)
    return waits


def test_the_first_end_is_mended_at_once_and_each_further_one_later() -> None:
    assert ends_again_and_again(Patience(), 9) == [0, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_child_that_was_well_for_a_minute_starts_at_once_again() -> None:
    patience = Patience()
    ends_again_and_again(patience, 5)
    later = patience.started_at + 61
    patience.runs(later)
    assert patience.may_start(later)


def test_a_child_that_has_run_for_a_moment_is_not_well_yet() -> None:
    patience = Patience()
    ends_again_and_again(patience, 5)
    soon = patience.started_at + 5
    patience.runs(soon)
    assert not patience.may_start(soon)
