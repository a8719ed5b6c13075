"""Two sides in alternation: a machine that is busy for a while slows both, so their ratio holds."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

Side = Callable[[], object]


class AbsentError(Exception):
    """What a benchmark needs is not on this machine; the message says what."""


def ratio(ours: Side, theirs: Side, rounds: int = 5) -> float:
    """Median time of ours over median time of theirs, after one warm-up of each."""
    ours_taken, theirs_taken = medians((ours, theirs), rounds)
    return ours_taken / theirs_taken


def medians(sides: tuple[Side, ...], rounds: int = 5) -> list[float]:
    """The median seconds of each side; the sides take turns within each round, after one warm-up round."""
    taken: list[list[float]] = [[] for _ in sides]
    for round_ in range(rounds + 1):
        for side, seconds in zip(sides, taken, strict=True):
            started = perf_counter()
            side()
            if round_:
                seconds.append(perf_counter() - started)
    return [median(seconds) for seconds in taken]
