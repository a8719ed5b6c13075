"""`python -m operations.watchdog [--once]`: looks at the installation from outside, every minute, and tells the operator.

It needs nothing of what it watches: no Prefect, no worker, no outbox, no database. With `--once` (systemd's timer) it looks
once and exits with 1 when something is wrong.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from datetime import datetime, timedelta

from dondoc.foundation.errors import DondocError
from dondoc.watch.told import to_tell
from dondoc.watch.troubles import Certificate, Trouble, troubles
from operations.installation import background_children as wanted
from operations.installation import expected_children
from operations.stack import children
from operations.stack.services import KEEPER, alone, status
from operations.stack.settings import Stack
from operations.surroundings import config_folder, stack
from tasks.config.loading import clock, load_rules, words
from tasks.config.settings import Settings, settings
from tasks.watch.looking import look_at_certificates, observe
from tasks.watch.telling import AlertContext, keep_standing, ping, read_standing, tell, trouble_words

EVERY_SECONDS = 60.0
_CERTIFICATES_EVERY = timedelta(hours=6)

_log = logging.getLogger("watchdog")


class Watchdog:
    """One installation's watchdog: `round` looks once and tells what is to be told."""

    def __init__(self, here: Stack, chosen: Settings) -> None:
        self._here, self._settings = here, chosen
        self._certificates: tuple[Certificate, ...] = ()
        self._asked: datetime | None = None

    def round(self) -> tuple[Trouble, ...]:
        """Look, tell, ping; what is wrong now."""
        rules = load_rules(self._settings.config)
        now = clock(rules.policy)
        if self._asked is None or now - self._asked > _CERTIFICATES_EVERY:
            self._certificates, self._asked = look_at_certificates(self._settings), now
        missing = self._missing()
        found = troubles(observe(self._settings, rules, missing, now, self._certificates))
        told = to_tell(found, read_standing(self._settings.var), now)
        keep_standing(self._settings.var, told.standing)
        keep_standing(self._settings.var, tell(AlertContext(self._settings, rules, now), told))
        vocabulary = words(config_folder())["watchdog"]
        ping(self._settings.ping_url, [trouble_words(trouble, vocabulary)["what"] for trouble in found])
        if KEEPER in missing:
            self._wake_keeper()
        return found

    def _wake_keeper(self) -> None:
        """The keeper starts everybody again, and nobody else the keeper."""
        (keeper,) = (child for child in wanted(self._here, self._settings) if child.name == KEEPER)
        with alone(self._here):
            if not children.find_child(self._here, KEEPER):
                children.launch(self._here, keeper)

    def _missing(self) -> tuple[str, ...]:
        expected = expected_children(self._here, self._settings)
        # Ourselves: whether the watchdog runs is asked by the ping's other end.
        return tuple(one.name for one in status(self._here, expected) if not one.running and one.name != "watchdog")


def main() -> None:
    """Watch until SIGTERM or SIGINT; a round that fails is logged, and the next one comes."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    watchdog = Watchdog(stack(), settings())
    if "--once" in sys.argv[1:]:
        sys.exit(1 if watchdog.round() else 0)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    # The first look comes after a minute: what is being started is not missing.
    while not stopping.wait(EVERY_SECONDS):
        try:
            found = watchdog.round()
        except (DondocError, OSError) as error:
            _log.warning("this round came to nothing: %s", error)
            continue
        if found:
            _log.info("wrong: %s", ", ".join(trouble.key for trouble in found))


if __name__ == "__main__":
    main()
