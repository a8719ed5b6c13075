"""Until when a server's certificate is valid, asked of the server itself."""

from __future__ import annotations

import smtplib
import socket
import ssl
from datetime import UTC, datetime
from typing import Any

from dondoc.watch.troubles import Certificate

_PATIENCE = 10.0  # seconds


def certificate_of(host: str, port: int, starttls: str = "", ca: str | None = None) -> Certificate:
    """What the server shows. `starttls`: "smtp" where the connection begins unprotected; `ca`: a private root's file.

    A server that does not answer says nothing about its certificate: neither end nor refusal.
    """
    server, context = f"{host}:{port}", ssl.create_default_context(cafile=ca)
    try:
        shown = _by_smtp(host, port, context) if starttls else _at_once(host, port, context)
    except ssl.SSLCertVerificationError as error:
        return Certificate(server, None, error.verify_message)
    except (OSError, smtplib.SMTPException):
        return Certificate(server, None)
    return Certificate(server, datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC))


def _at_once(host: str, port: int, context: ssl.SSLContext) -> dict[str, Any]:
    with (
        socket.create_connection((host, port), timeout=_PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return dict(secured.getpeercert() or {})


def _by_smtp(host: str, port: int, context: ssl.SSLContext) -> dict[str, Any]:
    with smtplib.SMTP(host, port, timeout=_PATIENCE) as client:
        client.starttls(context=context)
        assert isinstance(client.sock, ssl.SSLSocket)
        return dict(client.sock.getpeercert() or {})
