"""`python -m operations.keeper`: starts again what has ended of this installation, with back-off. It does nothing else.

It is not the children's parent, it looks: a child that `up` started and one that the keeper started are alike, and its own
end ends nobody. supervisord was weighed and left: it starts a dead child at once or, after some tries, never again, keeps
every password in a file of its own, and leaves children behind when it is killed. In production systemd does this
(`dondoc service install`).
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from operations.stack import children, postgres, services
from operations.stack.children import Child
from operations.stack.settings import Stack, StackError

LOOK_SECONDS = 2.0
LONGEST_WAIT = 60.0
# Who has run this long is well: its next end is a first one again.
WELL_SECONDS = 60.0

_log = logging.getLogger("keeper")


@dataclass
class Patience:
    """How long to wait before one child is started again: at once, then 2, 4, 8 … 60 s, in seconds of a steady clock."""

    tries: int = 0
    started_at: float = 0.0

    def may_start(self, now: float) -> bool:
        """Whether its time has come."""
        return not self.tries or now >= self.started_at + min(2.0**self.tries, LONGEST_WAIT)

    def started(self, now: float) -> None:
        """It has just been started, or tried."""
        self.tries, self.started_at = self.tries + 1, now

    def runs(self, now: float) -> None:
        """It runs: after a minute its next end is a first one again."""
        if now > self.started_at + WELL_SECONDS:
            self.tries = 0


class Keeper:
    """One round looks at the database first, then at each child."""

    def __init__(self, stack: Stack, wanted: Sequence[Child]) -> None:
        self._stack, self._wanted = stack, wanted
        self._patience = {name: Patience() for name in ("postgres", *(child.name for child in wanted))}

    def look(self, now: float) -> list[str]:
        """Start what does not run and whose time has come; the names. Nothing while somebody starts or stops the stack."""
        children.bury()
        known = children.find_child(self._stack, services.KEEPER)
        if known is not None and known.process.pid != os.getpid():
            return []  # another keeper keeps this installation
        missing = self._missing()
        for name in self._patience.keys() - set(missing):
            self._patience[name].runs(now)
        ended = [name for name in missing if self._patience[name].may_start(now)]
        if not ended:
            return []
        try:
            with services.alone(self._stack):
                return [name for name in ended if self._start(name, now)]
        except StackError:
            return []

    def _missing(self) -> list[str]:
        missing = [child.name for child in self._wanted if not children.find_child(self._stack, child.name)]
        database_gone = self._stack.embedded and not postgres.find_postgres(self._stack)
        return ["postgres", *missing] if database_gone else missing

    def _start(self, name: str, now: float) -> bool:
        self._patience[name].started(now)
        try:
            if name == "postgres":
                return postgres.start_postgres(self._stack)
            child = next(child for child in self._wanted if child.name == name)
            if children.find_child(self._stack, name):
                return False
            children.launch(self._stack, child)
        except (StackError, OSError) as error:
            _log.warning("%s could not be started: %s", name, error)
            return False
        return True


def main() -> None:
    """Keep this installation's children until SIGTERM or SIGINT."""
    from operations.installation import background_children as wanted
    from operations.stack.prefect_server import prefect_server
    from operations.surroundings import stack
    from tasks.config.settings import settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    here = stack()
    expected = [child for child in wanted(here, settings()) if child.name != services.KEEPER]
    keeper = Keeper(here, (prefect_server(here), *expected))
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    _log.info("keeping %s (process %s)", here.root, os.getpid())
    while not stopping.wait(LOOK_SECONDS) and children.find_child(here, services.KEEPER):
        # Once nobody knows a keeper any more, `down` has been here: it must not start anything again.
        for name in keeper.look(time.monotonic()):
            _log.info("%s had ended and was started again", name)


if __name__ == "__main__":
    main()
