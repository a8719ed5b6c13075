"""Delivering mail over SMTP: one reused connection, one result a mail, reported before the next mail is sent.

Rules:
- A connection lost before the content was sent is opened again and the mail tried once more. Lost afterwards, the
  mail is Temporary: the server may have it, and the same Message-ID sent later is the same mail.
- When no connection can be opened, or `SERVER_PATIENCE` mails in a row lost theirs, the rest is Temporary, unattempted.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta

from aiosmtplib import SMTP

from dondoc.mail.mime import MailError, checked_address
from tasks.config.settings import Smtp
from tasks.smtp.client import (
    Accepted,
    LostError,
    Outgoing,
    Permanent,
    Result,
    Temporary,
    UnreachableError,
    client_of,
    connect,
    leave,
    transact,
)
from tasks.smtp.rate_limit import Throttle

__all__ = [
    "Accepted",
    "Outgoing",
    "Permanent",
    "Result",
    "Smtp",
    "Temporary",
    "Throttle",
    "backoff",
    "post",
    "send_mails",
]

SERVER_PATIENCE = 3
LONGEST_BACKOFF = timedelta(hours=4)
OnResult = Callable[[str, Result], None]


def backoff(attempts: int) -> timedelta:
    """How long to wait after `attempts` failed attempts: 1, 2, 4 … minutes, at most four hours."""
    if attempts < 1:
        return timedelta(0)
    return min(timedelta(minutes=2 ** min(attempts - 1, 16)), LONGEST_BACKOFF)


async def send_mails(
    smtp: Smtp, envelope_from: str, mails: Iterable[Outgoing], on_result: OnResult, throttle: Throttle | None = None
) -> None:
    """Send every mail, calling `on_result(id, result)` after each reply and before the next mail.

    Raises MailError for an unusable `envelope_from` and whatever `on_result` raises; the network never raises.
    A caller that delivers often keeps one `throttle`, so that the limit holds across calls.
    """
    checked_address(envelope_from)
    throttle = throttle or Throttle(smtp.limit_per_minute)
    client = client_of(smtp)
    losses = 0
    gone: str | None = None
    try:
        for mail in mails:
            try:
                checked_address(mail.recipient)
            except MailError as error:
                on_result(mail.id, Permanent(str(error)))
                continue
            result: Result
            if gone is not None:
                result = Temporary(gone, "server")
            else:
                await throttle.turn()
                try:
                    result = await _send(client, smtp, envelope_from, mail)
                    losses = 0
                except LostError as lost:
                    client.close()
                    losses += 1
                    result = Temporary(str(lost), "lost" if lost.sent else "server")
                    if losses == SERVER_PATIENCE or isinstance(lost, UnreachableError):
                        gone = str(lost)
            on_result(mail.id, result)
    finally:
        await leave(client)


def post(
    smtp: Smtp, envelope_from: str, mails: Iterable[Outgoing], on_result: OnResult, throttle: Throttle | None = None
) -> None:
    """`send_mails` for callers that are not coroutines; inside a running event loop it works in a thread of its own.

    `mails` and `on_result` are used in that thread then, with the caller's context variables; the caller waits.
    """

    def run() -> None:
        asyncio.run(send_mails(smtp, envelope_from, mails, on_result, throttle))

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        run()
        return
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            run()
        except BaseException as error:  # carried over to the calling thread, nothing is swallowed
            failures.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(guarded,), name="post")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


async def _send(client: SMTP, smtp: Smtp, envelope_from: str, mail: Outgoing) -> Result:
    """Send on the open connection; if that turns out closed before the content left, once more on a new one."""
    if client.is_connected:
        try:
            return await transact(client, envelope_from, mail)
        except LostError as lost:
            if lost.sent:
                raise
            client.close()
    await connect(client, smtp)
    return await transact(client, envelope_from, mail)
