"""At most so many mails a minute, without waiting while under the limit."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

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
        self._turns: deque[float] = deque(maxlen=per_minute)
        self._clock = clock
        self._sleep = sleep

    async def turn(self) -> None:
        """Return when the next mail may go."""
        turns = self._turns
        if turns.maxlen and len(turns) == turns.maxlen:
            wait = turns[0] + WINDOW - self._clock()
            if wait > 0:
                await self._sleep(wait)
        turns.append(self._clock())
