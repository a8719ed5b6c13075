"""At most so many mails a minute, without waiting while under the limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from dondoc.foundation.sliding_window import SlidingWindow

WINDOW = 60.0


class Throttle:
    """A sliding minute: a turn waits only until the turn `per_minute` places before it is a minute old.

    `per_minute` 0 never waits. `clock` and `sleep` are arguments so that a test owns the time.
    """

    def __init__(
        self,
        per_minute: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if per_minute < 0:
            raise ValueError("a limit per minute is 0 (none) or more")
        self._window = SlidingWindow(per_minute, WINDOW) if per_minute else None
        self._clock = clock
        self._sleep = sleep

    async def turn(self) -> None:
        """Return when the next mail may go."""
        while self._window and (wait := self._window.take(self._clock())):
            await self._sleep(wait)
