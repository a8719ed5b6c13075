"""The ways in, over real sockets: LMTP for the office's mail server, IMAP, the local mailbox."""

from __future__ import annotations

import argparse
import asyncio
import smtplib
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from imap_tools import MailBoxUnencrypted
from installation import TTPVKS, Installation, at
from letters import JANUARY, address, duty_address, last_mail, letter
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPService

from dondoc.inbox.incoming import read_mail
from tasks.config.settings import Imap
from tasks.inbox.imap_mailbox import ImapError, look_in
from tasks.inbox.lmtp_delivery import Reception
from tasks.inbox.lmtp_server import Door
from tasks.inbox.lmtp_server import serve_lmtp as serve_lmtp
from tasks.inbox.receiving import largest
from tasks.mailbox.server import Mailbox
from tasks.mailbox.server import serve_smtp as serve_mailbox
from tasks.store.received import waiting

LARGEST = 100_000


class Loop:
    """An event loop in a thread, for servers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def stop(self) -> None:
        async def leave() -> None:
            left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            await self._loop.shutdown_default_executor()

        self.run(leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.stop()


def reception(installation: Installation) -> Reception:
    return Reception(installation.settings, lambda: installation.morning(at("2024-01-16", "09:00")))


@pytest.fixture
def lmtp(office: Installation, loop: Loop) -> Iterator[Callable[[], smtplib.LMTP]]:
    server = loop.run(serve_lmtp(Door(reception(office)), "127.0.0.1", 0, LARGEST))
    yield lambda: smtplib.LMTP("127.0.0.1", server.sockets[0].getsockname()[1], timeout=20)
    loop.run(_close(server))


async def _close(server: asyncio.Server) -> None:
    server.close()


# -- LMTP


def test_the_mail_server_hands_an_answer_over(office: Installation, lmtp: Callable[[], smtplib.LMTP]) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    with lmtp() as client:
        assert client.sendmail("a@b.example", [to], letter("Ban nhan <x@y.example>", TTPVKS)) == {}
    assert office.states()[JANUARY]["status"] == "submitted"


def test_the_null_sender_of_the_envelope_is_a_machine(office: Installation, lmtp: Callable[[], smtplib.LMTP]) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    with lmtp() as client:
        client.sendmail("", [to], letter(to, TTPVKS))
    assert [entry["body"]["outcome"] for entry in office.ledger("mail.received")] == ["auto"]


def test_when_the_offices_server_took_it_counts_not_when_it_hands_it_over(
    office: Installation, lmtp: Callable[[], smtplib.LMTP]
) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    trace = b"Received: from pc by mail.vpub.example (Postfix); Sun, 14 Jan 2024 19:30:00 +0700\r\n"
    with lmtp() as client:
        client.sendmail("a@b.example", [to], trace + letter(to, TTPVKS))
    assert office.states()[JANUARY]["submitted_on"] == "2024-01-14"


def test_only_addresses_we_gave_out_are_taken(office: Installation, lmtp: Callable[[], smtplib.LMTP]) -> None:
    own = duty_address(office, JANUARY, "unit:ttpvks")
    forged = own.replace(own[8:12], "aaaa" if own[8:12] != "aaaa" else "bbbb", 1)
    for to in ("dondoc@vpub.quangngai.example", "ai-do@vpub.quangngai.example", forged):
        with lmtp() as client, pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            client.sendmail("a@b.example", [to], letter(to))
        assert caught.value.recipients[to][0] == 550
    assert not office.ledger("mail.received")


def test_a_second_recipient_comes_in_a_transaction_of_its_own(
    office: Installation, lmtp: Callable[[], smtplib.LMTP]
) -> None:
    mail = last_mail(office, TTPVKS)
    own = duty_address(office, JANUARY, "unit:ttpvks")
    other = address(office, f"{mail['Message-ID']} {TTPVKS}", "m")
    with lmtp() as client:
        client.ehlo()
        client.mail("a@b.example")
        assert client.rcpt(own)[0] == 250
        assert client.rcpt(other)[0] == 452


def test_while_the_database_is_away_the_mail_server_keeps_the_mail(
    office: Installation,
    loop: Loop,
) -> None:
    away = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none", poolclass=sa.NullPool)
    broken = replace(office, engine=away)
    server = loop.run(serve_lmtp(Door(reception(broken)), "127.0.0.1", 0, LARGEST))
    to = duty_address(office, JANUARY, "unit:ttpvks")
    with (
        smtplib.LMTP("127.0.0.1", server.sockets[0].getsockname()[1], timeout=20) as client,
        pytest.raises(smtplib.SMTPRecipientsRefused) as caught,
    ):
        client.sendmail("a@b.example", [to], letter(to, TTPVKS))
    assert caught.value.recipients[to][0] == 451
    loop.run(_close(server))


def test_a_mail_too_large_is_refused(office: Installation, lmtp: Callable[[], smtplib.LMTP]) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    with lmtp() as client, pytest.raises(smtplib.SMTPResponseException) as caught:
        client.sendmail("a@b.example", [to], letter(to, TTPVKS, content=b"%PDF-" + b"x" * LARGEST))
    assert caught.value.smtp_code == 552


# -- the local mailbox


def test_the_local_mailbox_takes_an_answer_and_keeps_other_mail(
    office: Installation, loop: Loop, tmp_path: Path
) -> None:
    server = loop.run(serve_mailbox(Mailbox(tmp_path / "own", reception=reception(office)), 0))
    to = duty_address(office, JANUARY, "unit:ttpvks")
    with smtplib.SMTP("127.0.0.1", server.sockets[0].getsockname()[1], timeout=20) as client:
        client.sendmail("a@b.example", [to], letter(to, TTPVKS))
        client.sendmail("a@b.example", ["ai@b.example"], letter("ai@b.example"))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("a@b.example", [to[:10] + ("a" if to[10] != "a" else "b") + to[11:]], letter(to))
    assert office.states()[JANUARY]["status"] == "submitted"
    assert len(list((tmp_path / "own").glob("*/*/*.eml"))) == 1
    loop.run(_close(server))


# -- IMAP


@pytest.fixture
def imap(loop: Loop) -> Iterator[Imap]:
    """A real IMAP server with one empty mailbox, in memory."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    parser = argparse.ArgumentParser()
    DictBackend.add_subparser("dict", parser.add_subparsers())
    IMAPService.add_arguments(parser)
    arguments = parser.parse_args(["--host", "127.0.0.1", "--port", str(port), "--no-tls", "dict"])
    arguments.__dict__.setdefault("debug", False)
    arguments.__dict__.setdefault("passlib_cfg", None)
    stack = AsyncExitStack()

    async def start() -> None:
        backend, config = await DictBackend.init(arguments)
        config.apply_context()
        await backend.start(stack)
        await IMAPService(backend, config).start(stack)

    loop.run(start())
    yield Imap("127.0.0.1", port, "none", "demouser", "demopass", "INBOX", "dondoc-da-xu-ly")
    loop.run(stack.aclose())


def put(imap: Imap, *contents: bytes, taken: datetime | None = None) -> None:
    with MailBoxUnencrypted(imap.host, imap.port).login(imap.user, imap.password) as box:
        for content in contents:
            box.append(content, dt=taken)


def held(imap: Imap, folder: str) -> int:
    with MailBoxUnencrypted(imap.host, imap.port).login(imap.user, imap.password, folder) as box:
        return len(box.uids())


def read_it(installation: Installation, imap: Imap) -> Counter[str]:
    return look_in(installation.morning(at("2024-01-16", "09:00")), imap, largest(installation.settings))


def test_the_mailbox_is_read_once_and_emptied(office: Installation, imap: Imap) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    content = letter(to, TTPVKS)
    put(imap, content, letter("dondoc@vpub.quangngai.example", "ai-do@x.example"))
    assert read_it(office, imap) == {"submitted": 1, "stray": 1}
    assert (held(imap, "INBOX"), held(imap, imap.done)) == (0, 2)
    assert read_it(office, imap) == {}
    put(imap, content)  # the same mail once more
    assert read_it(office, imap) == {"again": 1}
    assert len(office.ledger("occurrence.submitted")) == 1


def test_the_mailboxs_own_date_counts_not_the_moment_it_is_read(office: Installation, imap: Imap) -> None:
    put(imap, letter(duty_address(office, JANUARY, "unit:ttpvks"), TTPVKS), taken=at("2024-01-14", "19:30"))
    assert read_it(office, imap) == {"submitted": 1}
    assert office.states()[JANUARY]["submitted_on"] == "2024-01-14"


def test_killed_before_a_mail_is_moved_it_is_found_again_and_counts_once(
    office: Installation,
    imap: Imap,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(imap, letter(duty_address(office, JANUARY, "unit:ttpvks"), TTPVKS))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("imap_tools.BaseMailBox.move", killed)
        with pytest.raises(KeyboardInterrupt):
            read_it(office, imap)
    assert held(imap, "INBOX") == 1
    assert read_it(office, imap) == {"again": 1}
    assert len(office.ledger("occurrence.submitted")) == 1


def test_one_mail_that_cannot_be_taken_keeps_no_other_out(
    office: Installation, imap: Imap, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(imap, b"Subject: poison\r\n\r\nx", letter(duty_address(office, JANUARY, "unit:ttpvks"), TTPVKS))

    def choking(content: bytes, *more: Any) -> Any:
        if b"poison" in content:
            raise RuntimeError("choked")
        return read_mail(content, *more)

    monkeypatch.setattr("tasks.inbox.receiving.read_mail", choking)
    for _ in range(2):
        with pytest.raises(ImapError, match="1 mails stay in INBOX, they could not be recorded: RuntimeError: choked"):
            read_it(office, imap)
        assert held(imap, "INBOX") == 1
    assert office.states()[JANUARY]["status"] == "submitted"
    assert read_it(office, imap) == {"parked": 1}
    assert held(imap, "INBOX") == 0
    assert [entry["body"]["outcome"] for entry in office.ledger("mail.received")] == ["submitted", "parked"]
    with office.engine.connect() as connection:
        assert [mail.outcome for mail in waiting(connection)] == ["parked"]


def test_a_mailbox_that_cannot_be_read_is_said_in_one_line(office: Installation, imap: Imap) -> None:
    with pytest.raises(ImapError, match="cannot be read") as caught:
        read_it(office, replace(imap, password="wrong"))
    assert "\n" not in str(caught.value)
    assert "wrong" not in str(caught.value)
