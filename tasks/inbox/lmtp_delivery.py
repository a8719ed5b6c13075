"""What a mail server hands over to us: answers and bounces at signed addresses, and nothing else.

A mail is acknowledged once it is recorded. While the database is away, the sender's server is told to keep it (4xx).
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING

from dondoc.foundation.errors import DondocError
from tasks.config.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tasks.config.run_context import RunContext

_log = logging.getLogger("dondoc.reception")
UNKNOWN = (
    "550 5.1.1 no such address here; reply to the latest mail, or use its link. "
    "Dia chi khong ton tai: hay tra loi thu moi nhat hoac dung lien ket trong thu."
)
AWAY = "451 4.3.0 cannot record mail now, keep it and try again"


class LmtpRefusedError(Exception):
    """What the other server is told instead of being served."""


class Reception:
    """The reception of one installation. `begin` gives each mail its surroundings: the clock, the office, the store."""

    def __init__(self, settings: Settings, begin: Callable[[], RunContext] | None = None) -> None:
        self._reply_to = settings.reply_to
        self._begin = begin or _begin

    def concerns(self, address: str) -> bool:
        """Whether an address is one of ours by its form."""
        return self._reply_to is not None and self._reply_to.read(address) is not None

    async def check(self, address: str) -> None:
        """Raises LmtpRefusedError for an address that we never gave out, or while that cannot be known."""
        if not await self._asked(address):
            raise LmtpRefusedError(UNKNOWN)

    async def _asked(self, address: str) -> bool:
        try:
            return await asyncio.to_thread(self._is_ours, address)
        except Exception as error:  # whatever is wrong here, the mail is not lost: the other server keeps it
            _log.error("cannot look an address up: %s", _line(error))
            raise LmtpRefusedError(AWAY) from None

    async def take(
        self, content: bytes, recipients: Sequence[str], mail_from: str | None, *, from_own_server: bool = False
    ) -> str:
        """Record one mail; the reply to the other server. `from_own_server`: the office's own took it before, maybe
        days ago, and its topmost Received says when; else it is taken now.
        """
        try:
            return await asyncio.to_thread(self._receive, content, recipients, mail_from or "", from_own_server)
        except Exception as error:  # as above
            _log.error("cannot record a mail: %s", _line(error))
            return AWAY

    def _is_ours(self, address: str) -> bool:
        from tasks.inbox.receiving import is_ours

        return is_ours(self._begin(), address)

    def _receive(self, content: bytes, recipients: Sequence[str], mail_from: str, from_own_server: bool) -> str:
        from dondoc.inbox.origin import handed_over_at
        from tasks.inbox.receiving import take_in

        context = self._begin()
        at = handed_over_at(content, context.now) if from_own_server else context.now
        taken = take_in(context, content, recipients, mail_from, at)
        return f"250 2.0.0 recorded: {', '.join(one.outcome for one in taken)}"


def reception_here() -> Reception | None:
    """The reception of this process's environment; None where there is no store to record in, or it is set up wrongly."""
    if not os.environ.get("DONDOC_STORE_URL"):
        return None
    try:
        return Reception(read_settings(os.environ))
    except DondocError as error:
        _log.error("answers by mail are not taken here: %s", error)
        return None


def _begin() -> RunContext:
    # Not at the top: the local mailbox starts in a moment and needs none of this before the first answer comes.
    from dondoc.ledger.ledger import SYSTEM
    from tasks.config.run_context import begin

    return begin(SYSTEM)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
