"""Trying a mail server step by step: reached, secured, signed in, and, where asked, one mail; each step says what it saw."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from tasks.config.settings import Smtp
from tasks.smtp.client import Accepted, Outgoing, client_of, context_of, leave, transact

_PATIENCE = 10.0  # seconds a step may take: somebody waits at a screen


@dataclass(frozen=True, slots=True)
class TrialStep:
    """One step of a trial: what was tried, whether it went well, and the other side's words or what it showed."""

    what: str
    well: bool
    words: str


def try_server(smtp: Smtp, envelope_from: str, mail: Outgoing | None = None) -> list[TrialStep]:
    """The steps up to the first that fails. Without `mail` the sender is offered and taken back; nothing is sent."""
    return asyncio.run(_try(replace(smtp, timeout=min(smtp.timeout, _PATIENCE)), envelope_from, mail))


async def _try(smtp: Smtp, envelope_from: str, mail: Outgoing | None) -> list[TrialStep]:
    steps: list[TrialStep] = []
    client: SMTP | None = None

    async def step(what: str, act: Callable[[], Any]) -> bool:
        try:
            steps.append(TrialStep(what, True, await act()))
        except (SMTPException, OSError, ValueError) as error:
            steps.append(TrialStep(what, False, _words(error)))
        return steps[-1].well

    async def reach() -> str:
        nonlocal client
        client = client_of(replace(smtp, tls="tls" if smtp.tls == "tls" else "none"))
        greeting = await client.connect()
        return f"{smtp.name} {_line(greeting.message)}" + (f"; {_secured(client)}" if smtp.tls == "tls" else "")

    async def secure() -> str:
        assert client is not None
        await client.starttls(tls_context=context_of(smtp), server_hostname=smtp.host)
        return _secured(client)

    async def sign_in() -> str:
        assert client is not None
        await client.login(smtp.username, smtp.password)
        return smtp.username

    async def offer() -> str:
        assert client is not None
        reply = await client.mail(envelope_from)
        await client.rset()
        return f"{envelope_from} {reply.code} {_line(reply.message)}"

    async def send() -> str:
        assert client is not None
        assert mail is not None
        result = await transact(client, envelope_from, mail)
        if not isinstance(result, Accepted):
            raise ValueError(result.reply)
        return f"to {mail.recipient}: {result.reply}"

    plan: list[tuple[str, Callable[[], Any]]] = [("connect" if smtp.tls != "tls" else "connect over TLS", reach)]
    if smtp.tls == "starttls":
        plan.append(("STARTTLS", secure))
    if smtp.username:
        plan.append(("sign in", sign_in))
    plan.append(("send", send) if mail else ("sender", offer))
    try:
        for what, act in plan:
            if not await step(what, act):
                break
    finally:
        if client is not None:
            await leave(client)
    return steps


def _secured(client: SMTP) -> str:
    """The protocol and whose certificate it was, by whom and until when."""
    found: Any = client.transport.get_extra_info("ssl_object") if client.transport else None
    certificate = found.getpeercert() if found else None
    if not certificate:
        return "not secured"
    issuer = _name(certificate["issuer"])
    return (
        f"{found.version()}, certificate of {_name(certificate['subject'])} by {issuer} until {certificate['notAfter']}"
    )


def _name(parts: Any) -> str:
    known = {key: value for part in parts for key, value in part}
    return str(known.get("commonName") or known.get("organizationName") or "?")


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {error.verify_message}; a private root goes into ca"
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {_line(error.message)}"
    return _line(str(error)) or type(error).__name__


def _line(text: str) -> str:
    return " ".join(text.split())[:500]
