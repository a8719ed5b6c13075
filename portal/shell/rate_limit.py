"""At most so many posts a key (a link, an address, a session, a client) in a while: a count in this process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST = 20
WINDOW = 600.0
REMEMBERED = 10_000


class Allowance:
    """A sliding window a key. The keys longest unused are forgotten, so that memory stays bounded."""

    def __init__(self, most: int = MOST, window: float = WINDOW, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._window = window
        self._clock = clock
        self._used: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """0 when one more is allowed (and counted); else the seconds until one is."""
        with self._lock:
            now = self._clock()
            used = self._used.setdefault(key, deque())
            self._used.move_to_end(key)
            while len(self._used) > REMEMBERED:
                self._used.popitem(last=False)
            while used and used[0] <= now - self._window:
                used.popleft()
            if len(used) >= self._most:
                return used[0] + self._window - now
            used.append(now)
            return 0.0
