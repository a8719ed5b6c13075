"""An office goes live on a real Postfix and Dovecot: its mail arrives, an answer comes back, and nothing bad loses any."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from installation_of_another_office import DOMAIN, Place, mailboxes, prepare, small_plan
from mail_servers import MailServers, mail_servers

from dondoc.mail.mail import Address, Mail
from dondoc.mail.mime import build
from dondoc.mail.smtp_replies import MailReply, about_us
from tasks.config.settings import Settings, read_settings
from tasks.inbox.imap_mailbox import try_mailbox
from tasks.smtp.client import Accepted, Outgoing, Permanent, Result, Temporary
from tasks.smtp.ways import Ways, post_by

SENDER = f"dondoc@{DOMAIN}"
UNITS = [f"don-vi-{number}@{DOMAIN}" for number in range(1, 5)]


@pytest.fixture(scope="module")
def servers() -> Iterator[MailServers]:
    """The office's Postfix and Dovecot."""
    with mail_servers(DOMAIN, SENDER, *UNITS, *mailboxes()) as running:
        yield running


@pytest.fixture
def place(servers: MailServers, tmp_path: Path) -> Place:
    return prepare(tmp_path, servers, small_plan(datetime.now(UTC).date()))


@pytest.fixture
def settings(place: Place) -> Settings:
    return read_settings({**place.environment, "DONDOC_LINK_SECRET": "s" * 40})


def eventually(question: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def deliver(settings: Settings, name: str, *to: str) -> dict[str, Result]:
    """One delivery of one mail to each; address → what became of it."""
    results: dict[str, Result] = {}
    outgoing = []
    for address in to:
        mail = Mail(
            message_id=f"<{name}.{address}>", sender=Address(SENDER, ""), to=Address(address, ""), subject="Thư thử",
            date=datetime.now(UTC), text="Nội dung", html="<p>Nội dung</p>",
        )  # fmt: skip
        outgoing.append(Outgoing(address, address, build(mail)))
    post_by(Ways((settings.smtp,), settings.mailbox), SENDER, outgoing, results.__setitem__)
    return results


def about_our_side(results: dict[str, Result]) -> frozenset[str]:
    """Which refusals a delivery holds against nobody."""
    return about_us(
        [
            MailReply(key, key, "taken" if isinstance(result, Accepted) else "final" if isinstance(result, Permanent) else result.cause, result.reply)
            for key, result in results.items()
        ]
    )  # fmt: skip


def ids(servers: MailServers, address: str, name: str) -> list[str]:
    """The Message-IDs of the mails of that name that lie in a mailbox."""
    found = [str(mail["Message-ID"]) for mail in servers.mails(address)]
    return [one for one in found if one.startswith(f"<{name}.")]


def test_mail_test_says_each_step_and_the_mail_arrives(place: Place, servers: MailServers) -> None:
    said = place.dondoc("mail", "test", UNITS[0])
    steps = ("connect", "STARTTLS", "sign in", "send", "reply mailbox")
    assert [line.split("  ")[0].strip("✓✗ ") for line in said.splitlines()] == list(steps)
    assert "✗" not in said
    assert "by Van phong CA" in said
    eventually(lambda: any("mail-test." in str(mail["Message-ID"]) for mail in servers.mails(UNITS[0])))


@pytest.mark.parametrize(
    ("change", "step", "words"),
    [
        (("DONDOC_MAIL_PASSWORD", "sai"), "sign in", "535 5.7.8"),
        (("DONDOC_MAIL_HOST_PORT", "9"), "connect", "refused|failed"),
        (("DONDOC_IMAP_PASSWORD", "sai"), "reply mailbox", "AUTHENTICATIONFAILED"),
    ],
)
def test_what_is_wrong_is_said_in_the_servers_words(
    place: Place, change: tuple[str, str], step: str, words: str
) -> None:
    place.environment[change[0]] = change[1]
    said = place.dondoc("mail", "test", UNITS[0], code=1)
    (wrong,) = [line for line in said.splitlines() if line.startswith("✗")]
    assert step in wrong
    assert re.search(words, wrong)


def test_a_certificate_of_a_root_nobody_named_is_refused_before_the_password_goes_out(
    place: Place, servers: MailServers
) -> None:
    file = place.config / "dondoc.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(f'ca = "{servers.authority.root}"', 'ca = ""'))
    said = place.dondoc("mail", "test", UNITS[0], code=1)
    assert re.search("✗ STARTTLS .*certificate is not accepted", said)
    assert "sign in" not in said


def test_a_mornings_mail_arrives_and_an_unknown_mailbox_is_its_own_fault(
    settings: Settings, servers: MailServers
) -> None:
    nobody = f"khong-co@{DOMAIN}"
    results = deliver(settings, "sang", *UNITS, nobody)
    assert [isinstance(results[unit], Accepted) for unit in UNITS] == [True] * 4
    assert isinstance(results[nobody], Permanent)
    assert results[nobody].reply.startswith("550 5.1.1")
    assert not about_our_side(results)
    eventually(lambda: all(len(ids(servers, unit, "sang")) == 1 for unit in UNITS))


def test_a_morning_of_5xx_is_held_against_nobody_and_everything_arrives_afterwards(
    settings: Settings, servers: MailServers
) -> None:
    for answer in ("554 5.7.1 daily sending limit exceeded", "550 rejected"):
        servers.refuse_everybody(answer)
        results = deliver(settings, "han-muc", *UNITS)
        assert not any(isinstance(result, Accepted) for result in results.values())
        assert about_our_side(results) == set(UNITS)
    servers.refuse_everybody("")
    assert all(isinstance(result, Accepted) for result in deliver(settings, "han-muc", *UNITS).values())
    eventually(lambda: all(len(ids(servers, unit, "han-muc")) == 1 for unit in UNITS))


def test_an_outage_leaves_everything_waiting_and_each_mail_arrives_once(
    settings: Settings, servers: MailServers
) -> None:
    servers.stop_postfix()
    try:
        results = deliver(settings, "mat-mang", *UNITS)
    finally:
        servers.start_postfix()
    assert {result.cause for result in results.values() if isinstance(result, Temporary)} == {"server"}
    assert all(isinstance(result, Accepted) for result in deliver(settings, "mat-mang", *UNITS).values())
    eventually(lambda: all(len(ids(servers, unit, "mat-mang")) == 1 for unit in UNITS))


def test_an_answer_sent_to_a_signed_address_lies_in_the_reply_mailbox(settings: Settings, servers: MailServers) -> None:
    assert settings.reply_to is not None
    assert settings.imap is not None
    before = len(servers.mails(SENDER))
    answer = EmailMessage()
    answer["From"], answer["To"] = UNITS[0], settings.reply_to.address(settings.reply_to.of_mail("x"))
    answer["Subject"] = "Trả lời"
    answer.set_content("Đã hoàn thành.")
    servers.send(UNITS[0], answer)
    eventually(lambda: len(servers.mails(SENDER)) == before + 1)
    assert f"{before + 1} mails in INBOX" in try_mailbox(settings.imap)
