"""Which server a mail goes by: the office's, the rescue while the first does not take our mail, or, in a trial, none.

In a trial only the guests' mail leaves; everybody else's is kept in the local mailbox.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tasks.config.settings import Smtp
from tasks.smtp.client import Accepted, Outgoing, Result, Temporary
from tasks.smtp.sender import OnResult, post

_OURS = ("server", "doubtful")  # surely not taken, and not for the recipient's sake alone


@dataclass(frozen=True, slots=True)
class Ways:
    """`servers` in the order they are tried. `guests`: whom mail leaves to, in lower case; None: everybody."""

    servers: tuple[Smtp, ...]
    mailbox: Smtp
    guests: frozenset[str] | None = None

    def leaves(self, address: str) -> bool:
        """Whether a mail to that address leaves this machine."""
        return self.servers != (self.mailbox,) and (self.guests is None or address.casefold() in self.guests)


@dataclass(frozen=True, slots=True)
class Health:
    """How a server dealt with us in one delivery; `words` are its own, or what broke."""

    server: str
    well: bool
    words: str


def post_by(ways: Ways, envelope_from: str, mails: Iterable[Outgoing], on_result: OnResult) -> list[Health]:
    """`post` each mail by its way; how the servers that were asked did.

    A mail that a server surely did not take, for no fault of its recipient, goes on to the next one in the same
    delivery. One that it may have taken waits.
    """
    going: list[Outgoing] = []
    staying: list[Outgoing] = []
    for mail in mails:
        (going if ways.leaves(mail.recipient) else staying).append(mail)

    def keep(key: str, result: Result) -> None:
        on_result(key, replace(result, kept=True) if isinstance(result, Accepted) else result)

    if staying:
        post(ways.mailbox, envelope_from, staying, keep)
    healths: list[Health] = []
    for place, server in enumerate(ways.servers):
        if not going:
            break
        attempt = _Attempt(server, place, place + 1 == len(ways.servers), on_result)
        post(server, envelope_from, going, attempt.take)
        healths.append(attempt.health())
        going = [mail for mail in going if mail.id in attempt.left]
    return healths


class _Attempt:
    """One server's answers: passed on, but for those that the next server is asked for."""

    def __init__(self, server: Smtp, place: int, last: bool, on_result: OnResult) -> None:
        self.server, self.left = server, set[str]()
        self._place, self._last, self._on_result = place, last, on_result
        self._trouble = ""
        self._words = ""

    def take(self, key: str, result: Result) -> None:
        self._words = result.reply
        if isinstance(result, Temporary) and result.cause in ("server", "lost"):
            self._trouble = self._trouble or result.reply
        if isinstance(result, Temporary) and result.cause in _OURS and not self._last:
            self.left.add(key)
            return
        if isinstance(result, Accepted) and self._place:
            result = replace(result, by=self.server.name)
        self._on_result(key, result)

    def health(self) -> Health:
        return Health(self.server.name, not self._trouble, self._trouble or self._words)
