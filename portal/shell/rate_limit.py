"""At most so many posts a key (a link, an address, a session, a client) in a while: a count in this process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from dondoc.foundation.sliding_window import SlidingWindow

MOST = 20
WINDOW = 600.0
REMEMBERED = 10_000


class Allowance:
    """A sliding window a key. The keys longest unused are forgotten, so that memory stays bounded."""

    def __init__(self, most: int = MOST, window: float = WINDOW, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._window = window
        self._clock = clock
        self._used: OrderedDict[str, SlidingWindow] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """0 when one more is allowed (and counted); else the seconds until one is."""
        with self._lock:
            used = self._used.setdefault(key, SlidingWindow(self._most, self._window))
            self._used.move_to_end(key)
            while len(self._used) > REMEMBERED:
                self._used.popitem(last=False)
            return used.take(self._clock())
