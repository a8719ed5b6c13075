"""Mail: what building and sending cost beside the standard library, bare aiosmtplib and Django.

Sides take turns within each round and medians are compared, so that a busy machine slows both. The server is an
aiosmtpd in a process of its own that throws everything away.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address as StandardAddress
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from functools import cache

from aiosmtpd.smtp import SMTP as Session
from aiosmtplib import SMTP

from bench.pairs import ratio
from dondoc.mail.mail import Address, Mail
from dondoc.mail.mime import ATTACHMENT_NAME, SUPPRESSED, build, one_line
from tasks.smtp.sender import Accepted, Outgoing, Result, Smtp, post

MAILS = 200
LOOPBACK = "127.0.0.1"
FROM = "dondoc@vpub.quangngai.example"


def run() -> list[tuple[str, float]]:
    """(label, ratio) rows; below 1 ours is faster."""
    mails = [sample(number) for number in range(MAILS)]
    few = mails[:20]
    rows = [
        ("build / EmailMessage", ratio(lambda: [build(m) for m in few], lambda: [standard_bytes(m) for m in few], 15))
    ]
    prebuilt = [build(mail) for mail in mails]
    with sink() as port:
        rows.append(
            (
                f"build + send {MAILS} / aiosmtplib alone, prebuilt",
                ratio(lambda: ours(port, mails), lambda: asyncio.run(aiosmtplib_alone(port, mails, prebuilt))),
            )
        )
        rows.append(
            (
                f"build + send {MAILS} / Django SMTP backend",
                ratio(lambda: ours(port, mails), lambda: django_backend(port, mails)),
            )
        )
    return rows


def sample(number: int) -> Mail:
    """A digest of ordinary size: about 3 kB of text, 8 kB of HTML and a calendar."""
    lines = [f"II.{item}.c Chỉ số phục vụ người dân, doanh nghiệp; hạn 31/03/2024, còn 5 ngày." for item in range(30)]
    rows = "".join(f'<tr><td style="padding:.4rem">{line}</td><td><b>Quá hạn</b></td></tr>\n' for line in lines)
    event = "BEGIN:VEVENT\r\nUID:{0}\r\nDTSTART;VALUE=DATE:20240331\r\nSUMMARY:Hạn nộp báo cáo\r\nEND:VEVENT\r\n"
    return Mail(
        message_id=f"<{number}.2024-03-22.hcqt@vpub.quangngai.example>",
        sender=Address(FROM, "Đôn đốc kế hoạch cải cách hành chính"),
        to=Address(f"don-vi-{number}@vpub.quangngai.example", "Phòng Hành chính - Quản trị"),
        subject=f"Quá hạn 2 nhiệm vụ, sắp đến hạn {number} nhiệm vụ theo kế hoạch cải cách hành chính năm 2024",
        date=datetime(2024, 3, 22, 1, 0, tzinfo=UTC) + timedelta(seconds=number),
        text="Kính gửi đơn vị,\n\n" + "\n".join(lines),
        html=f"<!doctype html><html lang=vi><body><table>\n{rows}</table></body></html>",
        calendar="BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\n" + event.format(number) + "END:VCALENDAR\r\n",
        references=("<ii-2-c.2024-q1@vpub.quangngai.example>",),
    )


def standard_message(mail: Mail) -> EmailMessage:
    """The same mail as the standard library's modern API writes it."""
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = StandardAddress(one_line(mail.sender.name), addr_spec=mail.sender.address)
    message["To"] = StandardAddress(one_line(mail.to.name), addr_spec=mail.to.address)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = mail.date
    message["Message-ID"] = mail.message_id
    if mail.references:
        message["In-Reply-To"] = mail.references[-1]
        message["References"] = " ".join(mail.references)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = SUPPRESSED
    message.set_content(mail.text, cte="base64")
    message.add_alternative(mail.html, subtype="html", cte="base64")
    if mail.calendar is not None:
        message.add_attachment(
            mail.calendar, subtype="calendar", cte="base64", filename=ATTACHMENT_NAME, params={"method": "PUBLISH"}
        )
    return message


def standard_bytes(mail: Mail) -> bytes:
    """`standard_message` written out."""
    return standard_message(mail).as_bytes()


def ours(port: int, mails: list[Mail]) -> None:
    """Build and send with dondoc, every result looked at."""
    results: list[Result] = []
    outgoing = (Outgoing(mail.message_id, mail.to.address, build(mail)) for mail in mails)
    post(Smtp(LOOPBACK, port, tls="none"), FROM, outgoing, lambda _id, result: results.append(result))
    if not all(isinstance(result, Accepted) for result in results):
        raise RuntimeError("the sink refused a mail")


async def aiosmtplib_alone(port: int, mails: list[Mail], prebuilt: list[bytes]) -> None:
    """Send what is built already, with nothing around the library."""
    async with SMTP(hostname=LOOPBACK, port=port, start_tls=False, local_hostname="localhost") as client:
        for mail, content in zip(mails, prebuilt, strict=True):
            await client.sendmail(FROM, [mail.to.address], content)


def django_backend(port: int, mails: list[Mail]) -> None:
    """Build and send with Django's SMTP backend over one connection."""
    _configure_django()
    from django.core.mail import EmailMultiAlternatives
    from django.core.mail.backends.smtp import EmailBackend

    messages = []
    for mail in mails:
        message = EmailMultiAlternatives(
            mail.subject,
            mail.text,
            f"{mail.sender.name} <{mail.sender.address}>",
            [f"{mail.to.name} <{mail.to.address}>"],
            headers={"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"},
        )
        message.attach_alternative(mail.html, "text/html")
        message.attach(ATTACHMENT_NAME, mail.calendar, "text/calendar")
        messages.append(message)
    EmailBackend(host=LOOPBACK, port=port, use_tls=False).send_messages(messages)


@cache
def _configure_django() -> None:
    from django.conf import settings
    from django.core.mail import DNS_NAME

    settings.configure()
    DNS_NAME._fqdn = "localhost"  # spared the resolver, as the other sides are


class _Sink:
    """Accepts everything; aiosmtpd's defaults do the rest."""


async def _listen() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(_Sink(), loop=loop, hostname="localhost"), LOOPBACK, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def sink() -> Iterator[int]:
    """The server in its own process; yields its port."""
    command = [sys.executable, "-c", "import asyncio; from bench.mail import _listen; asyncio.run(_listen())"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.kill()
