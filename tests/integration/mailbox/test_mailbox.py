"""The local mailbox as its own process, and the portal's pages over what it kept."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import smtplib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response

from bench.mail import sample
from dondoc.mail.mail import Address, Mail
from dondoc.mail.mime import build
from portal.app.application import create_app
from portal.shell.settings import PortalSettings
from tasks.mailbox.kept_files import Maildir, times_received
from tasks.mailbox.server import main
from tasks.smtp.sender import Accepted, Outgoing, Permanent, Result, Smtp, Temporary, post, send_mails

FROM = "dondoc@office.example"
UNIT = "hcqt@vpub.quangngai.example"
KEY = "k" * 43
RECEIVED = datetime(2026, 1, 2, tzinfo=UTC)


class Server:
    """`python -m tasks.mailbox.server` on a free port."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "tasks.mailbox.server", "--port", "0", "--folder", str(folder), *options]
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.child.stdout is not None
        self.smtp = Smtp("127.0.0.1", int(self.child.stdout.readline().rpartition(":")[2]), tls="none", timeout=10)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.child.send_signal(number)
        _, self.errors = self.child.communicate(timeout=20)
        return self.child.returncode

    def send(self, *mails: Mail) -> list[Result]:
        results: list[Result] = []
        outgoing = [Outgoing(mail.message_id, mail.to.address, build(mail)) for mail in mails]
        post(self.smtp, FROM, outgoing, lambda _id, result: results.append(result))
        return results


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mail"


@pytest.fixture
def refuse(tmp_path: Path) -> Path:
    return tmp_path / "refuse.yaml"


@pytest.fixture
def server(folder: Path, refuse: Path) -> Iterator[Server]:
    started = Server(folder, "--refuse", str(refuse))
    yield started
    if started.child.poll() is None:
        assert started.stop() == 0


def kept(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.glob("*/*/*"))


def letter(number: int, day: datetime, to: str = UNIT, **changes: object) -> Mail:
    mail = replace(sample(number), to=Address(to, "Phòng"), date=day, message_id=f"<{number}@office.example>")
    return replace(mail, **changes)  # type: ignore[arg-type]


MORNING = datetime(2024, 3, 22, 1, tzinfo=UTC)  # 08:00 in the office


def test_a_mail_is_kept_unchanged_under_its_own_morning(server: Server, folder: Path) -> None:
    late = letter(2, datetime(2024, 3, 22, 17, 30, tzinfo=UTC))  # already the 23rd in the office
    replies = server.send(letter(1, MORNING), late)
    assert replies == [Accepted(f"250 2.0.0 kept as 2024-03-{day}/{UNIT}/0001") for day in (22, 23)]
    assert kept(folder) == [
        f"2024-03-22/{UNIT}/0001-1@office.example.eml",
        f"2024-03-23/{UNIT}/0001-2@office.example.eml",
    ]
    assert (folder / kept(folder)[0]).read_bytes() == build(letter(1, MORNING))


def test_a_second_copy_is_counted_not_kept_even_after_a_restart(server: Server, folder: Path) -> None:
    mail = letter(1, MORNING)
    server.send(mail, mail)
    assert server.stop() == 0
    again = Server(folder)
    assert again.send(mail) == [Accepted(f"250 2.0.0 kept as 2024-03-22/{UNIT}/0001, copy 3")]
    assert again.send(letter(2, MORNING)) == [Accepted(f"250 2.0.0 kept as 2024-03-22/{UNIT}/0002")]
    assert again.stop() == 0
    (first, _) = sorted(folder.glob("*/*/*.eml"))
    assert times_received(first) == 3


def test_a_refused_address_is_refused_on_its_days_only(server: Server, folder: Path, refuse: Path) -> None:
    bounced = Permanent(f"550 5.1.1 <{UNIT}> no such mailbox here")
    refuse.write_text(f"- address: {UNIT.upper()}\n  from: 2024-03-22\n  to: 2024-03-31\n", "utf-8")
    days = [MORNING + timedelta(days=days) for days in (-1, 0, 9, 10)]
    results = server.send(*(letter(number, day) for number, day in enumerate(days)))
    assert [isinstance(result, Accepted) for result in results] == [True, False, False, True]
    assert results[1:3] == [bounced, bounced]
    refuse.write_text(f'[{{"address": "{UNIT}"}}]', "utf-8")  # read anew for each mail; JSON too
    assert server.send(letter(9, MORNING)) == [bounced]
    assert len(kept(folder)) == 2


def test_an_unreadable_file_of_refusals_refuses_nobody_for_good(server: Server, refuse: Path) -> None:
    refuse.write_text("- address: [", "utf-8")
    assert server.send(letter(1, MORNING)) == [
        Temporary("451 4.3.0 the file of refusals cannot be read", cause="doubtful")
    ]


@pytest.mark.parametrize(
    "content",
    ["- address: [", "address: x", "- {address: a@b.example, when: now}", "- {address: a@b.example, to: x}", "- 3"],
)
def test_a_wrong_file_of_refusals_stops_the_start(
    folder: Path, refuse: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse.write_text(content, "utf-8")
    assert main(["--folder", str(folder), "--refuse", str(refuse)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_taken_port_is_one_line(server: Server, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", str(server.smtp.port), "--folder", str(folder)]) == 3
    assert str(server.smtp.port) in capsys.readouterr().err


@pytest.mark.parametrize("recipient", ["../../x@b.example", "a/../../b@c.example", "/etc/passwd@x.example"])
def test_no_recipient_leads_out_of_the_folder(server: Server, folder: Path, tmp_path: Path, recipient: str) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp.port, local_hostname="localhost") as client:
        client.ehlo()
        client.mail(FROM)
        code, _ = client.rcpt(recipient)
        if code == 250:
            assert client.data(b"Message-ID: <../../../../out@x>\r\nDate: never\r\n\r\nx\r\n")[0] == 250
    stored = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.relative_to(folder).parts[0][:2] == "20" and path.suffix == ".eml" for path in stored)
    assert len(stored) == (code == 250)


async def test_kill_leaves_only_whole_mails_and_every_accepted_one(folder: Path) -> None:
    server = Server(folder)
    accepted: set[str] = set()

    def note(mail_id: str, result: Result) -> None:
        if isinstance(result, Accepted):
            accepted.add(mail_id)
        if len(accepted) == 40:
            server.child.send_signal(signal.SIGKILL)

    contents = {f"{number}@office.example": build(letter(number, MORNING)) for number in range(200)}
    outgoing = [Outgoing(name, UNIT, content) for name, content in contents.items()]
    await asyncio.gather(*(send_mails(server.smtp, FROM, outgoing[part::5], note) for part in range(5)))
    server.child.communicate(timeout=20)
    stored = {path.stem.partition("-")[2]: path.read_bytes() for path in folder.glob("*/*/*.eml")}
    assert accepted <= set(stored)
    assert len(accepted) < 200
    assert all(contents[name] == content for name, content in stored.items())
    (folder / ".partial" / "1").write_bytes(b"half a mai")
    restarted = Server(folder)
    assert restarted.stop() == 0
    assert not list((folder / ".partial").iterdir())


def test_sigterm_stops_it_quietly_with_a_client_connected(server: Server) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp.port, local_hostname="localhost") as client:
        client.ehlo()
        assert server.stop() == 0
        assert "Traceback" not in server.errors
        client.close()


# --- the portal ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def browser(folder: Path) -> AsyncIterator[AsyncClient]:
    app = create_app(PortalSettings(folder, "http://127.0.0.1:4200", mailbox_key=KEY))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://localhost") as client:
        assert (await client.get(f"/mail?token={KEY}")).headers["location"] == "/mail"
        yield client


def fill(folder: Path, *mails: Mail) -> None:
    maildir = Maildir(folder)
    for mail in mails:
        maildir.keep(mail.to.address, build(mail), RECEIVED)


def ids(page: Response) -> list[str]:
    return re.findall(r'class="subject" href="/mail/([0-9a-f]{20})"', page.text)


async def test_pages_without_any_mail(browser: AsyncClient) -> None:
    assert (await browser.get("/health")).text == "ok"
    assert "http://127.0.0.1:4200" in (await browser.get("/")).text
    assert "Chưa có thư nào" in (await browser.get("/mail")).text


async def test_every_answer_forbids_scripts_and_sniffing(browser: AsyncClient, folder: Path) -> None:
    fill(folder, letter(1, MORNING))
    (mail,) = ids(await browser.get("/mail"))
    for address in (
        "/",
        "/mail",
        f"/mail/{mail}",
        f"/mail/{mail}/html",
        f"/mail/{mail}/raw",
        "/static/portal.css",
        "/x",
    ):
        headers = (await browser.get(address)).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "script-src" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
    assert "<script" not in (await browser.get(f"/mail/{mail}")).text


async def test_a_new_mail_and_a_new_copy_show_at_once(browser: AsyncClient, folder: Path) -> None:
    fill(folder, letter(1, MORNING))
    assert len(ids(await browser.get("/mail"))) == 1
    fill(folder, letter(2, MORNING), letter(1, MORNING))
    page = await browser.get("/mail")
    assert len(ids(page)) == 2
    assert "nhận 2 lần" in page.text


async def test_what_came_last_stands_on_top_of_its_morning_whoever_it_is_for(
    browser: AsyncClient, folder: Path
) -> None:
    morning = MORNING
    for number, to in enumerate(("b@office.example", "z@office.example", "a@office.example", "m@office.example"), 1):
        fill(folder, letter(number, morning, to))
        (path,) = folder.glob(f"*/{to}/*.eml")
        os.utime(path, (number, number))
    fill(folder, letter(9, morning - timedelta(days=1), "k@office.example"))  # an older morning, kept last
    page = await browser.get("/mail")
    assert re.findall(r'class="to"[^>]*>([a-z])@', page.text) == ["m", "a", "z", "b", "k"]


async def test_filters_stand_in_the_address_and_pages_turn(browser: AsyncClient, folder: Path) -> None:
    days = [MORNING + timedelta(days=number % 4) for number in range(130)]
    fill(folder, *(letter(n, day, f"unit-{n % 2}@office.example") for n, day in enumerate(days)))
    pages = [ids(await browser.get(f"/mail?page={number}")) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 50, 30]
    assert len({mail for page in pages for mail in page}) == 130
    page = await browser.get("/mail?to=unit-1@office.example&day=2024-03-23")
    assert "33 trong 130 thư" in page.text
    assert len(ids(page)) == 33
    assert 'href="/mail?to=unit-1%40office.example&amp;day=2024-03-25"' in page.text  # the unit's next morning
    assert len((await browser.get("/mail")).content) < 50_000


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=99999999999", "page=x", "page=²", "day=2024-99-99", "day=<script>"]
)
async def test_a_senseless_filter_is_no_error(browser: AsyncClient, folder: Path, query: str) -> None:
    fill(folder, letter(1, MORNING))
    page = await browser.get(f"/mail?{query}")
    assert page.status_code == 200
    assert len(ids(page)) == 1


async def test_one_mail_shows_its_headers_and_parts(browser: AsyncClient, folder: Path) -> None:
    mail = letter(1, MORNING)
    fill(folder, mail)
    (mail_id,) = ids(await browser.get("/mail"))
    page = (await browser.get(f"/mail/{mail_id}")).text
    for shown in (
        mail.subject,
        mail.sender.name,
        "08:00, Thứ Sáu, 22/03/2024",
        "Người nhận",
        "&lt;1@office.example&gt;",
    ):
        assert shown in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "Kính gửi đơn vị," in (await browser.get(f"/mail/{mail_id}?view=text")).text
    assert "BEGIN:VCALENDAR" in (await browser.get(f"/mail/{mail_id}?view=calendar")).text
    calendar = await browser.get(f"/mail/{mail_id}/han.ics")
    assert (calendar.headers["Content-Type"], calendar.text) == ("text/calendar; charset=utf-8", mail.calendar)
    raw = await browser.get(f"/mail/{mail_id}/raw")
    assert raw.content == build(mail)
    assert raw.headers["Content-Disposition"].startswith("attachment")


async def test_hostile_mail_stays_in_its_sandbox(browser: AsyncClient, folder: Path) -> None:
    script = "<script>alert(1)</script>"
    hostile = letter(1, MORNING, subject=script, text=script, html=f"{script}<img src=http://x.example/spy onerror=y>")
    fill(folder, replace(hostile, sender=Address("x@y.example", script)))
    listed = await browser.get("/mail")
    (mail_id,) = ids(listed)
    for page in (listed, await browser.get(f"/mail/{mail_id}"), await browser.get(f"/mail/{mail_id}?view=text")):
        assert "<script" not in page.text
    policy = (await browser.get(f"/mail/{mail_id}/html")).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?no-such?b?////?=\r\n\r\nx",
        b"Subject: =?utf-8?b?a?=\r\nDate: 99\r\nContent-Type: text/html; charset=nonsense\r\n\r\n\xff",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: text/plain; charset=base64\r\nContent-Transfer-Encoding: base64\r\n\r\n!",
        "Subject: tiếng Việt thô\r\nTo: <>\r\n\r\nđược".encode(),
    ],
)
async def test_a_broken_mail_is_still_shown(browser: AsyncClient, folder: Path, content: bytes) -> None:
    Maildir(folder).keep(UNIT, content, RECEIVED)
    (mail_id,) = ids(await browser.get("/mail"))
    for part in ("", "?view=text", "/raw"):
        assert (await browser.get(f"/mail/{mail_id}{part}")).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/mail/../../etc/passwd",
        "/mail/..%2f..%2fetc%2fpasswd",
        "/mail/%2e%2e/raw",
        "/mail/2024-03-22%2fhcqt/raw",
        "/mail/" + "0" * 20,
        "/mail/%00/raw",
        "/static/../mail.html",
        "/static/..%2fmail.html",
        "/static/%2e%2e/%2e%2e/office.yaml",
    ],
)
async def test_no_address_leads_out(browser: AsyncClient, folder: Path, address: str) -> None:
    fill(folder, letter(1, MORNING))
    answer = await browser.get(address)
    assert answer.status_code == 404
    assert "Không tìm thấy" in answer.text


async def test_a_link_out_of_the_folder_is_not_followed(browser: AsyncClient, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.eml"
    secret.write_bytes(b"Subject: secret\r\n\r\nx")
    (folder / "2024-03-22" / UNIT).mkdir(parents=True)
    (folder / "2024-03-22" / UNIT / "0001-x.eml").symlink_to(secret)
    assert ids(await browser.get("/mail")) == []


async def test_a_mail_removed_meanwhile_is_not_found(browser: AsyncClient, folder: Path) -> None:
    fill(folder, letter(1, MORNING))
    (mail_id,) = ids(await browser.get("/mail"))
    next(folder.glob("*/*/*.eml")).unlink()
    assert (await browser.get(f"/mail/{mail_id}")).status_code == 404
