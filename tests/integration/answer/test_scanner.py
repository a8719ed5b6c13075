"""A mail scanner opens every link of every mail, twice and all at once: nothing changes, and the links still serve."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import date
from email import message_from_bytes
from html import unescape
from pathlib import Path

import sqlalchemy as sa
from installation import Installation, at
from office_portal import ADDRESSES, Portal, ask, confirm

from tasks.runs.sweep import send_mail
from tasks.store import tables
from tasks.store.settle import check_occurrences

_URL = re.compile(r"https?://[^\s\"'<>]+")
Q1 = "ke-hoach/quy-mot/2024-Q1"
MARCH = "chi-so/ket-qua/2024-03"
KINDS = {"/a/", "/vao/", "/lich/"}


def mailed_links(installation: Installation) -> set[str]:
    """Every address in the text and the HTML of every mail."""
    parts = [
        part.get_payload(decode=True).decode()  # type: ignore[union-attr]
        for _, _, content in installation.post.accepted
        for part in message_from_bytes(content).walk()
        if part.get_content_type() in ("text/plain", "text/html", "text/calendar")
    ]
    texts = [unescape(part.replace("\r\n ", "")) for part in parts]
    return {link.rstrip(".,;)\\") for text in texts for link in _URL.findall(text)}


async def test_every_link_of_a_morning_opened_twice_at_once_changes_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    portal = Portal(installation, tmp_path / "mail", at("2024-03-22", "09:00"))
    installation.settings = replace(installation.settings, base_url=portal.public_url, link_secret=portal.secret)

    def morning(day: str) -> None:
        check_occurrences(installation.engine, installation.rules, installation.plan.id, at(day))
        send_mail.fn(installation.morning(at(day)))

    await asyncio.to_thread(morning, "2024-03-20")
    # What a morning may have to tell: a result, a wish for time, a difficulty, things overdue and escalated.
    now = at("2024-03-21", "15:00")
    installation.submit(MARCH, now)
    installation.act(Q1, "extend_request", now, "unit:hcqt", reason="Chờ", until=date(2024, 4, 15))
    installation.act("chi-so/ket-qua/2024-02", "raise_difficulty", now, "unit:ttpvks", reason="Thiếu", note="Sở Nội vụ")
    await asyncio.to_thread(morning, "2024-03-22")
    async with portal.browser() as asker:
        await ask(asker, ADDRESSES["tracker"])
    async with portal.signed_in("head") as head:
        feeds = set(re.findall(r'href="(http[^"]+/lich/[^"]+)"', (await head.get("/lich")).text))
    events = {f"{portal.public_url}/o/{name}" for name in installation.states()}  # as older mails and calendars have it
    links = sorted(mailed_links(installation) | feeds | events)
    assert {kind for kind in KINDS for link in links if kind in link} == KINDS
    assert {link for link in links if not link.startswith(portal.public_url)} == set()

    def everything() -> object:
        with installation.engine.connect() as connection:
            kept = [
                [tuple(row) for row in connection.execute(sa.select(table))] for table in (tables.notice, tables.mail)
            ]
        files = sorted((path, path.stat().st_size) for path in tmp_path.rglob("*") if path.is_file())
        return installation.ledger(), installation.states(), kept, files

    before = everything()
    async with portal.browser() as scanner:
        opened = [(method, link) for link in links for method in ("GET", "HEAD") for _ in range(2)]
        answers = await asyncio.gather(*(scanner.request(method, link) for method, link in opened))
        assert not {answer.status_code for answer in answers} - {200, 303, 410}
        assert "dondoc" not in scanner.cookies  # nobody was signed in
        again = await asyncio.gather(*(scanner.request(method, link) for method, link in opened))
    assert [answer.status_code for answer in again] == [answer.status_code for answer in answers]
    assert everything() == before
    async with portal.browser() as tracker:
        assert (await confirm(tracker, portal.links(ADDRESSES["tracker"])[-1])).status_code == 303
        assert (await tracker.get("/viec")).status_code == 200
