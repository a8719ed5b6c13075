"""Mails that count as no result in the tracker's inbox: which, why, what they carry, and looked at once."""

from __future__ import annotations

import hashlib
import os
import re
from email import message_from_bytes
from pathlib import Path

import pytest
from httpx import AsyncClient
from installation import TTPVKS, Installation, at
from letters import JANUARY, NAME, PDF, address, bounce, duty_address, last_mail, letter, sweep
from office_portal import Portal, token_of

from tasks.inbox.receiving import receive
from tasks.runs.daily import sweep_files
from tasks.store.audit import verify_store

STRAY = "dondoc@vpub.quangngai.example"


@pytest.fixture
def portal(office: Installation, tmp_path: Path) -> Portal:
    return Portal(office, tmp_path / "mail", at("2024-01-18", "09:00"), public_url="https://dondoc.example")


def take(office: Installation, content: bytes, day: str = "2024-01-16") -> str:
    (one,) = receive(office.morning(at(day, "09:00")), content)
    return one.outcome


async def rows(client: AsyncClient, query: str = "") -> list[str]:
    """The letters of the inbox, a line each."""
    page = (await client.get(f"/viec{query}")).text
    section = page.partition('<section aria-labelledby="letter">')[2].partition("</section>")[0]
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", section.partition("<tbody")[2], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in lines]


async def links(client: AsyncClient, query: str = "") -> list[str]:
    return list(dict.fromkeys(re.findall(r'href="(/thu/[^"]+)"', (await client.get(f"/viec{query}")).text)))


async def test_a_letter_and_a_stray_mail_wait_with_their_reasons(office: Installation, portal: Portal) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    assert (
        take(office, letter(to, TTPVKS, "Đang làm <b>gấp</b>.", name=None, subject="Re: <i>Số liệu</i>")) == "no_file"
    )
    assert take(office, letter(STRAY, "la@x.example"), "2024-01-17") == "stray"
    async with portal.signed_in("tracker") as client:
        assert await rows(client) == [
            "Re: Đôn đốc la@x.example (ngoài danh sách) 17/01/2024 thư không trả lời thư nào của hệ thống không rõ",
            f"Re: &lt;i&gt;Số liệu&lt;/i&gt; {TTPVKS} 16/01/2024 không kèm văn bản II.2.c · Chỉ số phục vụ hằng tháng",
        ]
        assert f'href="/ky/{JANUARY}"' in (await client.get("/viec")).text
        stray, kept = await links(client)
        page = (await client.get(kept)).text
        assert "<h1>Re: &lt;i&gt;Số liệu&lt;/i&gt;</h1>" in page
        assert "Đang làm &lt;b&gt;gấp&lt;/b&gt;." in page
        assert "<h1>Re: Đôn đốc</h1>" in (await client.get(stray)).text
        assert await rows(client, "?unit=ttpvks") == [f"Re: &lt;i&gt;Số liệu&lt;/i&gt; {TTPVKS} 16/01/2024 "
                                                      "không kèm văn bản II.2.c · Chỉ số phục vụ hằng tháng"]  # fmt: skip
        assert await rows(client, "?unit=hcqt") == []


async def test_only_what_a_person_should_see_waits(office: Installation, portal: Portal) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    assert take(office, letter(to, TTPVKS, name=None, headers="Auto-Submitted: auto-replied")) == "auto"
    assert take(office, letter(STRAY, "may@x.example", headers="Auto-Submitted: auto-replied")) == "auto"
    failed = office.mails()[0]
    take(office, bounce(address(office, failed.id, "b"), failed.address, failed.message_id))
    async with portal.signed_in("tracker") as client:
        assert await rows(client) == []
        assert take(office, letter(to, TTPVKS, headers="Precedence: auto_reply")) == "auto"
        assert take(office, letter(to, TTPVKS)) == "submitted"
        (line,) = await rows(client)
        assert "đây là thư trả lời tự động" in line, "it carried a file"


async def test_files_are_fetched_as_they_came_and_each_download_is_recorded(
    office: Installation, portal: Portal
) -> None:
    sweep(office, "2024-04-05")
    portal.now = at("2024-04-05", "15:00")
    content = letter(str(last_mail(office, TTPVKS)["Reply-To"]), TTPVKS)
    assert take(office, content, "2024-04-05") == "ambiguous"
    async with portal.signed_in("auditor") as client:
        assert (await client.get("/viec")).status_code == 403
    async with portal.signed_in("tracker") as client:
        (link,) = await links(client)
        assert NAME in (await client.get(link)).text
        raw, file = await client.get(f"{link}/thu.eml"), await client.get(f"{link}/1")
        assert file.content == PDF
        # Its live reply addresses are cut; the copy names the very bytes.
        assert hashlib.sha256(content).hexdigest() in str(message_from_bytes(raw.content)["X-Dondoc-Redacted"])
        for answer in (raw, file):
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["content-disposition"].startswith("attachment;")
            assert "sandbox" in answer.headers["content-security-policy"]
        assert (await client.head(f"{link}/1")).status_code == 200
        assert [(await client.get(f"{link}/{n}")).status_code for n in (0, 2)] == [404, 404]
    entries = office.ledger("file.downloaded")
    assert [entry["body"]["name"] for entry in entries] == ["thu.che.eml", NAME]
    assert {entry["actor"] for entry in entries} == {"role:tracker"}
    assert {entry["body"]["sha256"] for entry in entries} == {hashlib.sha256(content).hexdigest()}
    async with portal.signed_in("auditor") as client:
        assert (await client.get(f"{link}/1")).status_code == 200, "evidence"


@pytest.mark.parametrize("role", ["deputy", "head", "auditor", "operator", ""])
async def test_only_the_tracker_marks_it_seen(office: Installation, portal: Portal, role: str) -> None:
    take(office, letter(STRAY, "la@x.example"))
    async with portal.signed_in("tracker") as client:
        (link,) = await links(client)
    async with portal.signed_in(role) as client:
        page = await client.get(link)
        assert page.status_code == {"deputy": 200, "head": 200, "": 303}.get(role, 403)
        assert ">Đã xem</button>" not in page.text
        assert (await client.post(link, data={"token": "x"})).status_code == (403 if role else 303)
    assert not office.ledger("mail.seen")


async def test_what_was_looked_at_leaves_the_inbox_and_is_recorded_once(office: Installation, portal: Portal) -> None:
    take(office, letter(duty_address(office, JANUARY, "unit:ttpvks"), TTPVKS, name=None))
    take(office, letter(STRAY, "la@x.example"))
    async with portal.signed_in("tracker") as client:
        for link in await links(client):
            assert (await client.post(link, data={"token": "x"})).status_code == 403
            token = token_of(await client.get(link))
            for _ in range(2):
                answer = await client.post(link, data={"token": token})
                assert (answer.status_code, answer.headers["location"]) == (303, "/viec?xong=thu#letter")
            assert "Đã ghi là đã xem" in (await client.get(link)).text
        assert await rows(client) == []
        assert "đã xem thư" in (await client.get(f"/ky/{JANUARY}")).text.lower()
    seen = office.ledger("mail.seen")
    assert {(entry["occurrence"], entry["actor"]) for entry in seen} == {
        (JANUARY, "role:tracker"), (None, "role:tracker"),
    }  # fmt: skip
    assert len(seen) == 2
    with office.engine.connect() as connection:
        recounted, broken = verify_store(connection)
    assert (broken, recounted.found.kept) == (None, [])
    assert office.folded() == office.states()


async def test_a_stray_mail_is_shown_until_it_is_seen_and_kept(office: Installation, portal: Portal) -> None:
    content = letter(STRAY, "la@x.example")
    take(office, content)
    digest = hashlib.sha256(content).hexdigest()
    place = office.settings.var / "files" / digest[:2] / digest
    old = at("2024-01-16").timestamp()
    portal.now = at("2024-06-15", "09:00")
    os.utime(place, (old, old))
    sweep_files(office.morning(portal.now))
    assert place.exists()
    async with portal.signed_in("tracker") as client:
        assert len(await rows(client)) == 1
        (link,) = await links(client)
        await client.post(link, data={"token": token_of(await client.get(link))})
        assert await rows(client) == []
    sweep_files(office.morning(portal.now))
    assert place.exists()


async def test_a_lost_mail_is_a_finding_and_can_still_be_put_away(office: Installation, portal: Portal) -> None:
    content = letter(duty_address(office, JANUARY, "unit:ttpvks"), TTPVKS, name=None)
    take(office, content)
    digest = hashlib.sha256(content).hexdigest()
    (office.settings.var / "files" / digest[:2] / digest).unlink()
    async with portal.signed_in("tracker") as client:
        (link,) = await links(client)
        page = await client.get(link)
        assert "Thư gốc không còn trên máy" in page.text
        assert not office.ledger("audit.finding"), "looking changes nothing"
        assert (await client.get(f"{link}/thu.eml")).status_code == 410
        assert office.ledger("audit.finding")[0]["body"]["sha256"] == digest
        portal.later(minutes=1)
        assert (await client.post(link, data={"token": token_of(page)})).status_code == 303
        assert await rows(client) == []


@pytest.mark.parametrize("path", ["/thu/x/y", "/thu/%00/-", "/thu/%ED%A0%80/-", f"/thu/{'0' * 64}/-/thu.eml"])
async def test_what_is_not_kept_is_not_there(portal: Portal, path: str) -> None:
    async with portal.signed_in("tracker") as client:
        assert (await client.get(path)).status_code == 404
