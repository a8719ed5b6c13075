"""The local mailbox: an SMTP server on 127.0.0.1 that keeps every mail as a file and lets none leave the machine.

    python -m tasks.mailbox.server --port 2525 --folder var/mail [--refuse FILE]

Prints one line when it listens; SIGTERM and SIGINT stop it. Refusals are read anew for every mail. Mail to a signed
reply address is an answer: it is taken as the office's own mail server would hand it over.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from dondoc.mail.mime import MailError, checked_address
from tasks.inbox.lmtp_delivery import LmtpRefusedError, Reception, reception_here
from tasks.mailbox.bounce_rules import RefusalsError, read_refusals
from tasks.mailbox.kept_files import ZONE, Maildir, dated

MAILBOX_HOST = "127.0.0.1"
REFUSED = "550 5.1.1 <{}> no such mailbox here"
_LARGEST = 20_000_000
_log = logging.getLogger("dondoc.mailbox")


class Mailbox:
    """What aiosmtpd calls for each command; its method names are aiosmtpd's."""

    def __init__(self, folder: Path, refuse: Path | None = None, reception: Reception | None = None) -> None:
        self._kept = Maildir(folder)
        self._refuse = refuse
        self._reception = reception

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse what is no address and who is always refused; take the rest."""
        try:
            checked_address(address)
            if any(refusal.always for refusal in read_refusals(self._refuse).get(address.lower(), ())):
                return REFUSED.format(address)
            if self._reception and self._reception.concerns(address):
                await self._reception.check(address)
        except LmtpRefusedError as error:
            return str(error)
        except MailError:
            return "553 5.1.3 that is not an address"
        except RefusalsError as error:
            return _unreadable(error)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keep the mail for every recipient, or refuse it for all when its date refuses one."""
        content = envelope.original_content or b""
        if self._reception and (answers := [to for to in envelope.rcpt_tos if self._reception.concerns(to)]):
            if len(answers) < len(envelope.rcpt_tos):
                return "554 5.3.2 an answer goes to its own address alone; send the other copy by itself"
            return await self._reception.take(content, answers, envelope.mail_from)
        now = datetime.now(UTC)
        day = (dated(content)[1] or now.astimezone(ZONE)).date()
        try:
            refusals = read_refusals(self._refuse)
        except RefusalsError as error:
            return _unreadable(error)
        for address in envelope.rcpt_tos:
            if any(refusal.covers(day) for refusal in refusals.get(address.lower(), ())):
                return REFUSED.format(address)
        try:
            kept = [self._kept.keep(address, content, now) for address in envelope.rcpt_tos]
        except OSError as error:
            _log.error("cannot keep a mail: %s", error)
            return "452 4.3.1 cannot keep the mail now"
        path, copies = kept[0]
        return f"250 2.0.0 kept as {path.parent}/{path.name[:4]}" + (f", copy {copies}" if copies > 1 else "")


async def serve_smtp(mailbox: Mailbox, port: int) -> asyncio.Server:
    """Listen on loopback; port 0 takes a free one. Raises OSError when the port is taken."""
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(mailbox, loop=loop, hostname="localhost", ident="dondoc mailbox", data_size_limit=_LARGEST)

    return await loop.create_server(session, MAILBOX_HOST, port)


async def _run(mailbox: Mailbox, port: int) -> None:
    server = await serve_smtp(mailbox, port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(f"mailbox listens on {MAILBOX_HOST}:{server.sockets[0].getsockname()[1]}", flush=True)
    await stop.wait()
    server.close()


def _unreadable(error: RefusalsError) -> str:
    _log.error("%s", error)
    return "451 4.3.0 the file of refusals cannot be read"


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped. 0 stopped, 2 the refusals are wrong, 3 no port or no folder."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks.mailbox.server", description="Local SMTP server that keeps mail."
    )
    parser.add_argument("--port", type=int, default=2525)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--refuse", type=Path, default=None, help="YAML or JSON list of {address, from, to}")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    try:
        read_refusals(options.refuse)
        asyncio.run(_run(Mailbox(options.folder, options.refuse, reception_here()), options.port))
    except RefusalsError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"mailbox cannot start on port {options.port} with {options.folder}: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
