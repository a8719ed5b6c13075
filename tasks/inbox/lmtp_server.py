"""The way in for the office's own mail server: an LMTP listener that takes answers and bounces, one recipient a mail.

    python -m tasks.inbox.lmtp_server --listen 127.0.0.1:8024

LMTP (RFC 2033) leaves queueing to the server before it: what cannot be recorded now gets 4xx and is offered again.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session

from dondoc.foundation.errors import DondocError
from tasks.config.settings import SettingsError, read_settings
from tasks.inbox.lmtp_delivery import UNKNOWN, LmtpRefusedError, Reception


class Door:
    """What aiosmtpd calls for each command; its method names are aiosmtpd's."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def handle_RCPT(
        self, _server: LMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a signed address that we gave out; the next recipient of the same mail comes in a transaction of its own."""
        if envelope.rcpt_tos:  # LMTP answers each recipient after the data; aiosmtpd gives one answer for all
            return "452 4.5.3 one recipient a time"
        if not self._reception.concerns(address):
            return UNKNOWN
        try:
            await self._reception.check(address)
        except LmtpRefusedError as error:
            return str(error)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: LMTP, _session: Session, envelope: Envelope) -> str:
        """Record the mail."""
        content = envelope.original_content or b""
        return await self._reception.take(content, envelope.rcpt_tos, envelope.mail_from, from_own_server=True)


async def serve_lmtp(door: Door, host: str, port: int, largest: int) -> asyncio.Server:
    """Listen; port 0 takes a free one. Raises OSError when the port is taken."""
    loop = asyncio.get_running_loop()

    def session() -> LMTP:
        return LMTP(door, loop=loop, hostname="localhost", ident="dondoc", data_size_limit=largest)

    return await loop.create_server(session, host, port)


def listen_at(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8024`. Raises SettingsError."""
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isascii() and port.isdecimal() and int(port) <= 65535):
        raise SettingsError(f"[reply] lmtp = {text!r} is not host:port; write it like 127.0.0.1:8024")
    return host, int(port)


async def _run(door: Door, at: tuple[str, int], largest: int) -> None:
    server = await serve_lmtp(door, *at, largest)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(f"LMTP listens on {at[0]}:{server.sockets[0].getsockname()[1]}", flush=True)
    await stop.wait()
    server.close()


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped. 0 stopped, 2 the settings are wrong, 3 no port."""
    from tasks.inbox.receiving import largest

    parser = argparse.ArgumentParser(
        prog="python -m tasks.inbox.lmtp_server", description="Takes answers and bounces over LMTP."
    )
    parser.add_argument("--listen", default="", help="host:port, else [reply] lmtp of config/dondoc.toml")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    try:
        settings = read_settings(os.environ)
        if settings.reply_to is None:
            raise SettingsError("answers by mail are not set up: give [reply] address in config/dondoc.toml")
        at = listen_at(options.listen or settings.lmtp)
        asyncio.run(_run(Door(Reception(settings)), at, largest(settings)))
    except DondocError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"LMTP cannot listen on {options.listen or settings.lmtp}: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
