"""At most so many in any stretch of time: the one count behind every limit. It asks no clock."""

from __future__ import annotations

from collections import deque


class SlidingWindow:
    """At most `most` within any `seconds`. A turn is free again once the one `most` places before it is that old."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._taken: deque[float] = deque()

    def take(self, now: float) -> float:
        """0 when one more is allowed at `now` (and counted); else the seconds until one is."""
        while self._taken and self._taken[0] + self._seconds <= now:
            self._taken.popleft()
        if len(self._taken) >= self._most:
            return (self._taken[0] if self._taken else now) + self._seconds - now
        self._taken.append(now)
        return 0.0
