"""Asking for a new link: mailed to the unit's own mailbox or not at all, and the screen never tells which."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from installation import HCQT, HEAD_HCQT, TTPVKS, Installation, at

from dondoc.mail.links import read_link, sign
from dondoc.office.delegation import Delegation
from portal.answer.answering import Answering
from portal.app.application import create_app
from portal.shell.settings import PortalSettings
from tasks.store.authority import delegate
from tasks.store.settle import check_occurrences

SECRET = "a secret of tests"
Q1 = "nho-2024/ke-hoach/quy-mot/2024-Q1"
NOW = at("2024-03-22", "09:00")


class Unit:
    """A unit's browser; `clock` is the portal's."""

    def __init__(self, installation: Installation, client: AsyncClient, clock: dict[str, datetime]) -> None:
        self.installation, self.client, self.clock = installation, client, clock

    async def ask(self, headers: dict[str, str] | None = None, **fields: str) -> str:
        answer = await self.client.post("/a/new-link", data=fields, headers=headers)
        return f"{answer.status_code} {answer.text}"

    def links(self, address: str) -> list[str]:
        return re.findall(r"http://portal(/a/\S+)", self.installation.post.text(address))


@pytest.fixture
async def unit(installation: Installation, tmp_path: Path) -> AsyncIterator[Unit]:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-03-01", "08:00"))
    clock = {"now": NOW}
    answering = Answering(
        replace(installation.settings, link_secret=SECRET, base_url="http://portal"), lambda: clock["now"]
    )
    app = create_app(PortalSettings(tmp_path / "mail", "http://127.0.0.1:4200"), answering)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://portal") as client:
        yield Unit(installation, client, clock)
    assert answering.engine is not None
    answering.engine.dispose()


async def test_an_old_link_brings_a_new_one_to_the_units_own_mailbox(unit: Unit) -> None:
    old = sign(SECRET, Q1, "unit:hcqt", at("2024-03-01"))
    page = await unit.client.get(f"/a/{old}")
    assert page.status_code == 410
    assert 'action="/a/new-link"' in page.text
    assert f'value="{old}"' in page.text
    assert 'name="address"' not in page.text
    assert "Xin xem hộp thư" in await unit.ask(token=old, address="ke-gian@example.com")
    assert set(unit.installation.post.boxes()) == {HCQT}
    (link,) = unit.links(HCQT)
    assert (await unit.client.get(link)).status_code == 200
    assert read_link(SECRET, link.removeprefix("/a/"), NOW).party == "unit:hcqt"
    (entry,) = unit.installation.ledger("notice.sent")
    assert (entry["occurrence"], entry["body"]["kind"], entry["body"]["address"]) == (Q1, "new-link", HCQT)
    assert entry["body"]["reply"].startswith("250")
    assert "liên kết mới" in (await unit.client.get(link)).text
    assert unit.installation.states() == unit.installation.folded()


async def test_a_link_of_a_closed_plan_still_opens(unit: Unit) -> None:
    unit.clock["now"] = at("2025-06-02")
    await unit.ask(token=sign(SECRET, Q1, "head:hcqt", at("2025-02-01")))
    (link,) = unit.links(HEAD_HCQT)
    assert (await unit.client.get(link)).status_code in (200, 410)
    assert "đã hết hiệu lực" not in (await unit.client.get(link)).text
    unit.clock["now"] = at("2025-06-17")
    assert "đã hết hiệu lực" in (await unit.client.get(link)).text


async def test_a_damaged_link_asks_for_the_address_and_tells_nothing(unit: Unit) -> None:
    page = await unit.client.get("/a/hong-roi")
    assert page.status_code == 404
    assert 'name="address"' in page.text
    said = {
        await unit.ask(token="hong-roi", address=address)
        for address in (HCQT, "KHONG-AI@example.com", "", "pho-chanh-van-phong@vpub.quangngai.example", "x" * 400)
    }
    assert len(said) == 1
    assert unit.installation.post.boxes() == [HCQT]
    links = unit.links(HCQT)
    assert len(links) == len(set(links)) > 0
    for link in links:  # each opens its own duty
        assert "Trả lời" in (await unit.client.get(link)).text


async def test_an_upper_case_address_and_a_forged_link_help_only_the_unit(unit: Unit) -> None:
    forged = sign("another secret", Q1, "unit:hcqt", at("2025-01-01"))
    await unit.ask(token=forged, address=TTPVKS.upper())
    assert unit.installation.post.boxes() == [TTPVKS]
    assert {read_link(SECRET, link.removeprefix("/a/"), NOW).party for link in unit.links(TTPVKS)} == {"unit:ttpvks"}


async def test_it_is_not_for_flooding_a_mailbox_nor_for_other_sites(unit: Unit) -> None:
    old = sign(SECRET, Q1, "unit:hcqt", at("2024-03-01"))
    assert (await unit.ask({"sec-fetch-site": "cross-site"}, token=old)).startswith("403")
    answers = [(await unit.ask(token=old))[:3] for _ in range(12)]
    assert answers == ["200"] * 10 + ["429"] * 2
    assert len(unit.installation.post.boxes()) == 3
    assert (await unit.client.post("/a/new-link", json={"token": old})).status_code in (415, 429)


async def test_opening_and_heading_send_nothing(unit: Unit) -> None:
    before = unit.installation.ledger()
    for _ in range(2):
        assert (await unit.client.get("/a/new-link")).status_code == 404
        assert (await unit.client.head("/a/new-link")).status_code == 404
    assert unit.installation.post.boxes() == []
    assert unit.installation.ledger() == before


async def test_a_server_that_refuses_is_recorded(unit: Unit) -> None:
    unit.installation.post.refuse(HCQT)
    assert "Xin xem hộp thư" in await unit.ask(token=sign(SECRET, Q1, "unit:hcqt", at("2024-03-01")))
    (entry,) = unit.installation.ledger("notice.failed")
    assert (entry["body"]["kind"], entry["body"]["final"]) == ("new-link", False)
    assert unit.installation.states() == unit.installation.folded()


async def test_who_stands_in_for_a_units_head_answers_under_both_names(unit: Unit) -> None:
    engine, rules = unit.installation.engine, unit.installation.rules
    wanted = Delegation("head:hcqt", "head:ttcbth", NOW.date(), NOW.date(), "Ốm")
    delegate(engine, rules, wanted, NOW, "role:deputy")
    token = sign(SECRET, Q1, "head:ttcbth", at("2025-01-01"))
    page = (await unit.client.get(f"/a/{token}")).text
    mark = re.findall(r'/acknowledge#answer".*?name="form" value="([^"]+)"', page, re.DOTALL)[0]
    for _ in range(2):
        answer = await unit.client.post(f"/a/{token}/acknowledge", data={"form": mark})
        assert answer.status_code == 303
        assert "Đã tiếp nhận nhiệm vụ" in (await unit.client.get(answer.headers["location"])).text
    (entry,) = unit.installation.ledger("occurrence.acknowledged")
    assert entry["actor"] == "head:ttcbth for head:hcqt"
    unit.clock["now"] = at("2024-03-23", "09:00")
    assert "Trang này để theo dõi" in (await unit.client.get(f"/a/{token}")).text
