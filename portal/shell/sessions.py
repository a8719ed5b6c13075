"""Mailed links, remembered by this portal only; and signed-in browsers, whose cookie says all there is to know.

Links live in memory: one taken once is gone, and a restart of the portal ends all of them (people ask for a new one).
A session is its signed cookie, so it outlives a restart; one that was signed out is kept in a table until its time.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

LINK_LASTS = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=12)
_MOST = 10_000

Payload = TypeVar("Payload")


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a mailed link stands for: the address it was sent to, and the page wanted."""

    address: str
    target: str


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser: a name that nobody guesses, the address it belongs to, and when it is over."""

    name: str
    address: str
    until: datetime


def new_session(address: str, now: datetime) -> Session:
    """A session that begins now."""
    return Session(secrets.token_urlsafe(32), address, now.replace(microsecond=0) + SESSION_LASTS)


def write_session(session: Session) -> str:
    """The session as its cookie says it, before it is signed."""
    return f"{session.name}|{int(session.until.timestamp())}|{session.address}"


def read_session(text: str, now: datetime) -> Session | None:
    """The session that a (verified) cookie says; None once it is over."""
    name, _, rest = text.partition("|")
    until, _, address = rest.partition("|")
    found = Session(name, address, datetime.fromtimestamp(int(until), UTC))
    return found if now < found.until else None


class Remembered(Generic[Payload]):
    """Values under random names, each until its time is over. Safe to use from several threads."""

    def __init__(self, lasts: timedelta) -> None:
        self._lasts = lasts
        self._kept: dict[str, tuple[datetime, Payload]] = {}
        self._lock = threading.Lock()

    def add(self, value: Payload, now: datetime) -> str:
        """Remember `value`; its name. The oldest is forgotten where there are too many."""
        name = secrets.token_urlsafe(32)
        with self._lock:
            for old in [key for key, (until, _) in self._kept.items() if until <= now]:
                del self._kept[old]
            while len(self._kept) >= _MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[name] = (now + self._lasts, value)
        return name

    def get(self, name: str, now: datetime) -> Payload | None:
        """What that name stands for, None when it is unknown or over."""
        with self._lock:
            found = self._kept.get(name)
        return found[1] if found and now < found[0] else None

    def take(self, name: str, now: datetime) -> Payload | None:
        """The same, and forgotten: of several who ask at once, one gets it."""
        with self._lock:
            found = self._kept.pop(name, None)
        return found[1] if found and now < found[0] else None
