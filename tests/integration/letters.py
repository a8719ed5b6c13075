"""An installation that takes answers by mail, and answers and reports to send it."""

from __future__ import annotations

import base64
from dataclasses import replace
from email import message_from_bytes
from typing import Any
from urllib.parse import quote

import pytest
from installation import Installation, at

from tasks.mail.delivery import deliver
from tasks.store.settle import check_occurrences

JANUARY = "nho-2024/chi-so/ket-qua/2024-01"
SECRET = "a secret of tests, long enough to be one"
PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
NAME = "Báo cáo kết quả quý I.pdf"
_numbers = iter(range(1, 10_000))


def letter(
    to: str,
    sender: str = "hcqt@vpub.quangngai.example",
    text: str = "Kính gửi kết quả.",
    *,
    name: str | None = NAME,
    content: bytes = PDF,
    message_id: str | None = None,
    headers: str = "",
    subject: str = "Re: Đôn đốc",
) -> bytes:
    """A mail with one attachment (none without a `name`), as Thunderbird writes it."""
    message_id = message_id or f"<{next(_numbers)}.thunderbird@vpub.quangngai.example>"
    lines = [
        f"From: =?UTF-8?Q?Ph=C3=B2ng_HCQT?= <{sender}>",
        f"To: {to}",
        f"Subject: =?UTF-8?B?{base64.b64encode(subject.encode()).decode()}?=",
        f"Message-ID: {message_id}",
        "Date: Fri, 05 Apr 2024 09:00:00 +0700",
        "MIME-Version: 1.0",
        *([headers] if headers else []),
        'Content-Type: multipart/mixed; boundary="------------x"',
        "",
        "--------------x",
        "Content-Type: text/plain; charset=UTF-8; format=flowed",
        "Content-Transfer-Encoding: base64",
        "",
        base64.b64encode(text.encode()).decode(),
    ]
    if name is not None:
        lines += [
            "--------------x",
            "Content-Type: application/pdf",
            f"Content-Disposition: attachment; filename*=UTF-8''{quote(name)}",
            "Content-Transfer-Encoding: base64",
            "",
            base64.encodebytes(content).decode().strip(),
        ]
    return "\r\n".join([*lines, "--------------x--", ""]).encode()


def bounce(
    to: str, failed: str, original: str, *, action: str = "failed", status: str = "5.1.1", message_id: str | None = None
) -> bytes:
    """A delivery report as Postfix writes it."""
    message_id = message_id or f"<{next(_numbers)}.dsn@mail.example>"
    return f"""Return-Path: <>
From: MAILER-DAEMON@mail.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B/mail.example"

--B/mail.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.example.

--B/mail.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example
Arrival-Date: Fri,  5 Apr 2024 08:30:00 +0700 (+07)

Final-Recipient: rfc822; {failed}
Original-Recipient: rfc822;{failed}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example
Diagnostic-Code: smtp; 550 5.1.1 <{failed}>: Recipient address rejected: User
    unknown

--B/mail.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

From: dondoc@vpub.quangngai.example
To: {failed}
Message-ID: {original}

--B/mail.example--
""".replace("\n", "\r\n").encode()


@pytest.fixture
def office(installation: Installation) -> Installation:
    """The small plan, with answers by mail set up and its first notices sent."""
    base = "dondoc@vpub.quangngai.example"
    installation.settings = replace(
        installation.settings, reply_base=base, link_secret=SECRET, base_url="http://127.0.0.1:8642"
    )
    sweep(installation, "2024-01-15")
    return installation


def sweep(installation: Installation, day: str, clock: str = "08:30") -> None:
    now = at(day, clock)
    check_occurrences(installation.engine, installation.rules, installation.plan.id, now)
    deliver(installation.morning(now))


def duty_address(installation: Installation, occurrence: str, party: str) -> str:
    reply_to = installation.settings.reply_to
    assert reply_to is not None
    return reply_to.address(reply_to.of_duty(occurrence, party))


def address(installation: Installation, mail: str, purpose: str) -> str:
    """The address of a kept mail: of the whole mail (m) or its bounces (b)."""
    reply_to = installation.settings.reply_to
    assert reply_to is not None
    return reply_to.address(reply_to.of_mail(mail) if purpose == "m" else reply_to.of_bounces(mail))


def last_mail(installation: Installation, to: str) -> Any:
    return message_from_bytes([content for box, _, content in installation.post.accepted if box == to][-1])
