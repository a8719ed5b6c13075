"""One SMTP transaction as a value: connect, offer one mail to one recipient, and say what the reply means.

Permanent is only what the server says of this recipient with 5xx (`dondoc.mail.smtp_replies`). Refusals of *us*
(greeting, sign-in, sender, quota, policy) are Temporary, because a wrong setting must not be booked as a unit out of
reach.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPResponseException

from dondoc.mail.smtp_replies import Stage, verdict
from tasks.config.settings import Smtp

_CLOSING = 421  # the server closes the channel, whatever we asked (RFC 5321, 3.8)
_SIGN_IN = frozenset({530, 534, 535, 538})  # our sign-in is refused, not the mail (RFC 4954)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One mail on its way: `id` is the outbox's, `content` what `mime.build` wrote.

    `bounces_to` is the envelope sender of this mail alone; None: the one all mails of the delivery have.
    """

    id: str
    recipient: str
    content: bytes
    bounces_to: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took responsibility for the mail.

    `by`: its name where it is not the first server; `kept`: it is the local mailbox, and the mail stays there.
    """

    reply: str
    by: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Temporary:
    """Not delivered now; the same mail may be taken later.

    `cause` as in `dondoc.mail.smtp_replies`: what the refusal is about.
    """

    reply: str
    cause: Literal["recipient", "doubtful", "server", "lost"] = "recipient"


@dataclass(frozen=True, slots=True)
class Permanent:
    """This recipient or this message will never be taken as it is."""

    reply: str


Result = Accepted | Temporary | Permanent


class LostError(Exception):
    """The connection broke; `sent` tells whether the server may already have the content."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class UnreachableError(LostError):
    """No connection could be opened, secured or signed in to."""


def client_of(smtp: Smtp) -> SMTP:
    """A client that is not connected yet; `connect` signs it in. Certificates are always verified.

    `smtp.ca` was readable when the settings were read; raises OSError where it has gone since.
    """
    return SMTP(
        hostname=smtp.host,
        port=smtp.port,
        use_tls=smtp.tls == "tls",
        start_tls=smtp.tls == "starttls",
        tls_context=context_of(smtp),
        timeout=smtp.timeout,
        local_hostname="localhost" if smtp.host in _LOOPBACK else None,  # None asks the resolver for our name
    )


def context_of(smtp: Smtp) -> ssl.SSLContext | None:
    """What the server's certificate is checked with: the system's roots and the office's own; None where all is clear."""
    if smtp.tls == "none":
        return None
    context = ssl.create_default_context()
    if smtp.ca:
        context.load_verify_locations(smtp.ca)
    return context


async def connect(client: SMTP, smtp: Smtp) -> None:
    """Open the connection and sign in; a refused sign-in is left with a goodbye. Raises UnreachableError."""
    try:
        await client.connect()
        if smtp.username:
            await client.login(smtp.username, smtp.password)
    except (SMTPException, OSError, ValueError) as error:
        await leave(client)
        raise UnreachableError(_reply(error), sent=False) from error


async def transact(client: SMTP, envelope_from: str, mail: Outgoing) -> Result:
    """Offer one mail on the open connection. Raises LostError when the connection broke."""
    sent = False
    try:
        await client.mail(mail.bounces_to or envelope_from)
        await client.rcpt(mail.recipient)
        sent = True
        accepted = await client.data(mail.content)
    except SMTPResponseException as error:
        if error.code == _CLOSING or not 400 <= error.code <= 599:
            raise LostError(_reply(error), sent=sent) from error
        await _reset(client)
        meant = verdict(error.code, error.message, _stage(error))
        if meant == "final":
            return Permanent(_reply(error))
        return Temporary(_reply(error), meant if meant in ("recipient", "doubtful") else "server")
    except (SMTPException, OSError) as error:
        raise LostError(_reply(error), sent=sent) from error
    return Accepted(_line(f"{accepted.code} {accepted.message}"))


def _stage(error: SMTPResponseException) -> Stage:
    """What was answered: the recipient, the content, or something that is about us (a sign-in refused late, too)."""
    if error.code in _SIGN_IN:
        return "other"
    if isinstance(error, SMTPRecipientRefused):
        return "recipient"
    return "content" if isinstance(error, SMTPDataError) else "other"


async def leave(client: SMTP) -> None:
    """Say goodbye if anybody is still there, and let go of the socket: a TLS connection would wait for the other side."""
    transport = client.transport
    if client.is_connected:
        with suppress(SMTPException, OSError):
            await client.quit()
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
        await asyncio.sleep(0)  # the loop closes the socket in its next round


async def _reset(client: SMTP) -> None:
    """Forget the refused transaction; a server that cannot do that gets a new connection."""
    try:
        await client.rset()
    except (SMTPException, OSError):
        client.close()


def _reply(error: Exception) -> str:
    """The server's own words where there are any, else what broke; one line."""
    if isinstance(error, SMTPResponseException):
        return _line(f"{error.code} {error.message}")
    return _line(str(error)) or type(error).__name__


def _line(text: str) -> str:
    """One line of clean text: replies are recorded as evidence, and a server may send any octets."""
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())[:1000]
