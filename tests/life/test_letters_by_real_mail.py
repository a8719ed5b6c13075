"""A letter on its real way: SMTP → Postfix → Dovecot → IMAPS, or Postfix → LMTP, into the ledger; and the receipt back."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from installation import (  # noqa: F401  (fixtures)
    TTPVKS,
    Installation,
    databases,
    installation,
    make_installation,
    post_office,
)
from letters import JANUARY, address, bounce, duty_address, letter, office  # noqa: F401  (a fixture)
from mail_servers import PASSWORD, MailServers, free_port, mail_servers
from servers import postgres, stack  # noqa: F401  (fixtures)

from tasks.config.sections import TrialSection
from tasks.config.settings import Imap, Smtp
from tasks.inbox.imap_mailbox import look_in
from tasks.inbox.lmtp_delivery import Reception
from tasks.inbox.lmtp_server import Door, serve_lmtp

DOMAIN = "vpub.quangngai.example"
BASE = f"dondoc@{DOMAIN}"
LARGEST = 20_000_000


@pytest.fixture(scope="module")
def servers() -> Iterator[MailServers]:
    """The office's Postfix and Dovecot."""
    with mail_servers(DOMAIN, BASE, TTPVKS) as running:
        yield running


@pytest.fixture
def reached(office: Installation, servers: MailServers) -> Installation:  # noqa: F811
    """The small plan, its mail on the real servers; it is read two days after it came."""
    office.settings = replace(
        office.settings,
        trial=TrialSection(on=False),
        smtp=Smtp("localhost", servers.smtp_port, BASE, PASSWORD, "starttls", ca=servers.authority.root),
        imap=Imap("localhost", servers.imap_port, "tls", BASE, PASSWORD, "INBOX", "Done", servers.authority.root),
    )
    return office


def send(servers: MailServers, sender: str, to: str, content: bytes) -> None:
    """A mail program, or another server, hands a mail to Postfix with that envelope sender."""
    context = ssl.create_default_context(cafile=str(servers.authority.root))
    with smtplib.SMTP("localhost", servers.smtp_port, timeout=20) as client:
        client.starttls(context=context)
        client.login(TTPVKS, PASSWORD)
        client.sendmail(sender, [to], content)


def eventually(question: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return answer


def later() -> datetime:
    """Two days after now: when the mail came must not be taken for when it is read."""
    return datetime.now(UTC) + timedelta(days=2)


def today(found: Installation) -> str:
    return datetime.now(found.rules.policy.zone).date().isoformat()


def outcomes(found: Installation) -> list[str]:
    return [entry["body"]["outcome"] for entry in found.ledger("mail.received")]


def read_by_imap(found: Installation, servers: MailServers, mails: int) -> None:
    """Wait until Dovecot holds so many unread mails of ours, and read them."""
    inbox = servers.folder / "mail" / BASE / "Maildir"
    eventually(lambda: len(list((inbox / "new").glob("*"))) >= mails)
    assert found.settings.imap is not None
    look_in(found.morning(later()), found.settings.imap, LARGEST)


def test_an_answer_sent_by_smtp_and_read_by_imaps_is_a_submission_of_the_day_it_came(
    reached: Installation, servers: MailServers
) -> None:
    before, day = len(servers.mails(TTPVKS)), today(reached)
    send(servers, TTPVKS, duty_address(reached, JANUARY, "unit:ttpvks"), letter(BASE, TTPVKS, "Chậm vì chờ số liệu."))
    read_by_imap(reached, servers, 1)
    assert outcomes(reached) == ["submitted"]
    (entry,) = reached.ledger("occurrence.submitted")
    assert entry["body"]["received"] == day, "the mailbox's own date, not the day of reading"
    assert entry["body"]["mail"]["known"] is True
    assert reached.states()[JANUARY]["submitted_on"] == day

    receipts = eventually(lambda: servers.mails(TTPVKS)[before:])
    assert len(receipts) == 1, "answered once"
    said = " ".join(
        str(part.get_payload(decode=True), "utf-8")
        for part in receipts[0].walk()
        if part.get_content_type() == "text/plain"
    )
    assert f"#{entry['seq']}" in said or f" {entry['seq']}" in said
    assert "Báo cáo kết quả quý I.pdf" in " ".join(said.split())
    assert receipts[0]["Auto-Submitted"] == "auto-replied"

    assert reached.settings.imap is not None
    assert not look_in(reached.morning(later()), reached.settings.imap, LARGEST), "the mailbox is emptied"


def test_the_null_sender_with_a_document_is_a_machine_and_never_answered(
    reached: Installation, servers: MailServers
) -> None:
    before = len(servers.mails(TTPVKS))
    send(servers, "", duty_address(reached, JANUARY, "unit:ttpvks"), letter(BASE, TTPVKS, "Tôi đang nghỉ."))
    read_by_imap(reached, servers, 1)
    assert outcomes(reached) == ["auto"]
    assert reached.states()[JANUARY]["status"] == "open"
    assert len(reached.notices(kind="letter")) == 1, "it carried a file: the tracker is shown it"
    assert len(servers.mails(TTPVKS)) == before


def test_a_servers_report_at_the_mails_own_address_sends_the_notice_another_way(
    reached: Installation, servers: MailServers
) -> None:
    mail = next(mail for mail in reached.mails() if mail.address == TTPVKS)
    send(servers, "", address(reached, mail.id, "b"), bounce(BASE, TTPVKS, mail.message_id))
    read_by_imap(reached, servers, 1)
    assert outcomes(reached) == ["bounced"]


@pytest.fixture
def by_lmtp(reached: Installation, servers: MailServers) -> Iterator[Installation]:
    """Postfix hands our addresses over to dondoc's own LMTP door instead of Dovecot."""
    loop, port = asyncio.new_event_loop(), free_port()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    door = Door(Reception(reached.settings, lambda: reached.morning(later())))
    server = asyncio.run_coroutine_threadsafe(serve_lmtp(door, "127.0.0.1", port, LARGEST), loop).result(20)
    postfix = servers.folder / "postfix"
    (postfix / "transport").write_text(f"{BASE} lmtp:[127.0.0.1]:{port}\n", encoding="utf-8")
    _postfix(
        servers, "postconf", "-e", f"transport_maps=texthash:{postfix}/transport", "lmtp_destination_recipient_limit=1"
    )
    yield reached
    _postfix(servers, "postconf", "-X", "transport_maps")

    async def leave() -> None:
        server.close()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(leave(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def _postfix(servers: MailServers, program: str, *words: str) -> None:
    folder = servers.folder / "postfix"
    subprocess.run([program, "-c", folder, *words], check=True, capture_output=True)
    subprocess.run(["postfix", "-c", folder, "reload"], check=True, capture_output=True)


def test_postfix_hands_an_answer_and_a_machines_mail_over_by_lmtp(by_lmtp: Installation, servers: MailServers) -> None:
    to, before = duty_address(by_lmtp, JANUARY, "unit:ttpvks"), len(servers.mails(TTPVKS))
    send(servers, "", to, letter(BASE, TTPVKS, "Tôi đang nghỉ."))
    eventually(lambda: outcomes(by_lmtp) == ["auto"])
    day = today(by_lmtp)
    send(servers, TTPVKS, to, letter(BASE, TTPVKS, "Chậm vì chờ số liệu."))
    eventually(lambda: outcomes(by_lmtp) == ["auto", "submitted"])
    assert by_lmtp.states()[JANUARY]["submitted_on"] == day, "Postfix's Received, not the moment it was handed over"
    eventually(lambda: len(servers.mails(TTPVKS)) == before + 1)
