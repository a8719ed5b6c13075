"""The tracker decides on the occurrence's page: recorded once, refused in words, never half done."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest
from httpx import AsyncClient
from installation import Installation, at
from office_portal import Portal, enlarge, form_of

from tasks.mail.delivery import deliver
from tasks.store.settle import check_occurrences

NAME = "ke-hoach/quy-mot/2024-Q1"
Q1 = f"nho-2024/{NAME}"


@pytest.fixture
def portal(installation: Installation, tmp_path: Path) -> Portal:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-01-02", "08:00"))
    return Portal(installation, tmp_path / "mail", at("2024-03-20", "09:00"))


@pytest.fixture
async def tracker(portal: Portal) -> AsyncIterator[AsyncClient]:
    async with portal.signed_in("tracker") as client:
        yield client


def submitted(portal: Portal) -> None:
    portal.installation.act(NAME, "submit", at("2024-03-19"), "unit:hcqt", document="12/KH-VP", note="Đã ban hành")


async def test_accepting_what_waits(portal: Portal, tracker: AsyncClient) -> None:
    submitted(portal)
    inbox = (await tracker.get("/viec")).text
    assert f'href="/ky/{Q1}"' in inbox
    form = await form_of(tracker, Q1)
    answer = await tracker.post(f"/ky/{Q1}", data={**form, "act": "accept", "note": "Đủ"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/ky/{Q1}?xong=accept")
    page = (await tracker.get(answer.headers["location"])).text
    assert "Đã duyệt kết quả" in page
    assert "12/KH-VP" in page
    (entry,) = portal.installation.ledger("occurrence.accepted")
    assert entry["actor"] == "role:tracker"
    assert entry["body"] == {"channel": "portal", "note": "Đủ", "own_unit": True}
    assert f'href="/ky/{Q1}"' not in (await tracker.get("/viec")).text
    assert portal.installation.states() == portal.installation.folded()


async def test_a_decision_is_followed_by_a_run_once_it_is_committed(
    portal: Portal, tracker: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[int] = []
    monkeypatch.setattr(
        "portal.office.occurrence_pages.follow_soon", lambda _engine, _settings, seq: followed.append(seq)
    )
    submitted(portal)
    fields = {**await form_of(tracker, Q1), "act": "return", "reason": "Thiếu phụ lục"}
    for _ in range(2):
        await tracker.post(f"/ky/{Q1}", data=fields)
    assert followed == [entry["seq"] for entry in portal.installation.ledger("occurrence.returned")]


async def test_the_inbox_turns_pages_and_filters_by_its_address(portal: Portal, tracker: AsyncClient) -> None:
    submitted(portal)
    enlarge(portal.installation, 2500)
    links = re.compile(r'href="(/ky/[^"]+)"')
    first = (await tracker.get("/viec")).text
    assert len(links.findall(first)) == 10
    (number,) = re.findall(r"Xem cả ([\d.]+) việc", first)
    shown = list[str]()
    address = "/viec?kind=review&unit=hcqt"
    while address:
        page = (await tracker.get(address)).text
        assert len(page.encode()) < 60_000
        shown += links.findall(page)
        (address,) = re.findall(r'<a href="([^"]+)" rel="next">', page) or [""]
        address = unescape(address)
    assert len(shown) == len(set(shown)) == int(number) > 80
    assert links.findall((await tracker.get("/viec?kind=review&unit=ttpvks")).text) == []
    assert links.findall((await tracker.get("/viec?kind=difficulty&page=9&own=1")).text) == []


async def test_a_second_press_records_nothing_more_and_says_so(portal: Portal, tracker: AsyncClient) -> None:
    submitted(portal)
    fields = {**await form_of(tracker, Q1), "act": "return", "reason": "Thiếu phụ lục"}
    answers = await asyncio.gather(*(tracker.post(f"/ky/{Q1}", data=fields) for _ in range(6)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [303] + [409] * 5
    late = await tracker.post(f"/ky/{Q1}", data=fields)
    assert late.status_code == 409
    assert "chưa ghi thêm gì" in late.text
    assert len(portal.installation.ledger("occurrence.returned")) == 1


async def test_the_form_knows_when_something_came_in_between(portal: Portal, tracker: AsyncClient) -> None:
    submitted(portal)
    fields = {**await form_of(tracker, Q1), "act": "return", "reason": "Chưa đúng mẫu"}
    portal.installation.act(NAME, "raise_difficulty", at("2024-03-20", "09:05"), "unit:hcqt", reason="Chờ số liệu")
    answer = await tracker.post(f"/ky/{Q1}", data=fields)
    assert answer.status_code == 409
    assert "Chưa đúng mẫu" in answer.text  # what was written is not lost
    assert portal.installation.ledger("occurrence.returned") == []


async def test_extension_difficulty_and_waiver(portal: Portal, tracker: AsyncClient) -> None:
    portal.installation.act(
        NAME, "extend_request", at("2024-03-18"), "unit:hcqt", reason="Chờ ý kiến", until=at("2024-04-15").date()
    )
    portal.installation.act(NAME, "raise_difficulty", at("2024-03-18"), "unit:hcqt", reason="Thiếu người")
    inbox = (await tracker.get("/viec")).text
    assert "15/04/2024" in inbox
    assert "Có vướng mắc chờ trả lời" in (await tracker.get(f"/ky/{Q1}")).text

    async def post(act: str, **given: str) -> int:
        return (await tracker.post(f"/ky/{Q1}", data={**await form_of(tracker, Q1), "act": act, **given})).status_code

    assert await post("answer_difficulty", reason="Cử thêm người của TT. CBTH") == 303
    assert await post("extend", until="15/04/2024", reason="Đồng ý") == 303
    assert portal.installation.states()[Q1]["due"] == "2024-04-15"
    assert await post("extend", until="2024-04-20", reason="Nữa") == 422  # policy: once
    assert await post("refuse_extension", reason="Không") == 422
    assert await post("waive", document="99/QĐ-VP", signed="2024-03-20", reason="Chuyển sang năm sau") == 303
    (waived,) = portal.installation.ledger("occurrence.waived")
    assert waived["body"]["document"] == "99/QĐ-VP"
    assert await tracker.post(f"/ky/{Q1}", data={"act": "waive", "seq": "1", "token": "x"})
    page = (await tracker.get(f"/ky/{Q1}")).text
    assert "Quyết định của người theo dõi" not in page
    assert "hạn ban đầu 31/03/2024" in page


async def test_refusing_an_extension(portal: Portal, tracker: AsyncClient) -> None:
    until = at("2024-04-15").date()
    portal.installation.act(NAME, "extend_request", at("2024-03-18"), "unit:hcqt", reason="Chờ", until=until)
    form = await form_of(tracker, Q1)
    answer = await tracker.post(f"/ky/{Q1}", data={**form, "act": "refuse_extension", "reason": "Không lùi được"})
    assert answer.status_code == 303
    assert portal.installation.states()[Q1]["extension_asked"] is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"act": "return"}, "ghi rõ lý do"),
        ({"act": "return", "reason": " \n "}, "ghi rõ lý do"),
        ({"act": "return", "reason": "x" * 4001}, "dài 4001 ký tự"),
        ({"act": "waive", "reason": "x"}, "phải có quyết định"),
        ({"act": "waive", "reason": "x", "document": "1/QĐ", "signed": "hôm qua"}, "Ngày không đọc được"),
        (
            {"act": "waive", "reason": "x", "document": "1/QĐ", "signed": "2024-03-21"},
            "21/03/2024 sau hôm nay (20/03/2024)",
        ),
        ({"act": "extend", "reason": "x"}, "ngày hạn mới"),
        ({"act": "extend", "reason": "x", "until": "31/02/2024"}, "Ngày không đọc được"),
        ({"act": "extend", "reason": "x", "until": "2024-03-31"}, "phải sau hạn hiện nay, 31/03/2024"),
        ({"act": "extend", "reason": "x", "until": "2024-12-31"}, "đến 30/05/2024"),
        ({"act": "answer_difficulty", "reason": "x"}, "Không có vướng mắc nào"),
        ({"act": "return", "reason": "\u202e\u200b"}, "ghi rõ lý do"),
    ],
)
async def test_what_cannot_be_is_said_in_words(
    portal: Portal, tracker: AsyncClient, fields: dict[str, str], said: str
) -> None:
    if fields["act"] == "return":
        submitted(portal)
    before = portal.installation.ledger()
    answer = await tracker.post(f"/ky/{Q1}", data={**await form_of(tracker, Q1), **fields})
    assert answer.status_code == 422
    assert said in answer.text
    assert portal.installation.ledger() == before
    # The same form may be sent again, corrected.
    again = await tracker.post(f"/ky/{Q1}", data={**await form_of(tracker, Q1), "act": "waive", "document": "1/QĐ",
                                                  "signed": "2024-03-01", "reason": "x"})  # fmt: skip
    assert again.status_code == 303


async def test_a_form_of_another_occurrence_session_or_none_is_refused(portal: Portal, tracker: AsyncClient) -> None:
    submitted(portal)
    fields = {**await form_of(tracker, Q1), "act": "accept"}
    before = portal.installation.ledger()
    other = await form_of(tracker, "nho-2024/ke-hoach/quy-hai/2024-Q2")
    async with portal.signed_in("tracker") as second:
        for answer in (
            await tracker.post(f"/ky/{Q1}", data={"act": "accept", "seq": fields["seq"]}),
            await tracker.post(f"/ky/{Q1}", data={**other, "act": "accept"}),
            await tracker.post(f"/ky/{Q1}", data={**fields, "seq": "99"}),
            await second.post(f"/ky/{Q1}", data=fields),
        ):
            assert answer.status_code == 403
            assert "chưa ghi gì" in answer.text
    assert (await tracker.post("/ky/khong/co/ky/nay", data=fields)).status_code == 404
    assert (await tracker.post("/ky/%00", data=fields)).status_code == 404
    assert portal.installation.ledger() == before


async def test_looking_changes_nothing(portal: Portal, tracker: AsyncClient) -> None:
    submitted(portal)
    before = portal.installation.ledger(), portal.installation.states()
    for page in ("/bang", "/viec", f"/ky/{Q1}", f"/ky/{Q1}?xong=accept&act=accept"):
        assert (await tracker.get(page)).status_code == 200
        assert (await tracker.head(page)).status_code == 200
    assert before == (portal.installation.ledger(), portal.installation.states())


async def test_the_history_says_who_when_and_what_the_server_answered(portal: Portal, tracker: AsyncClient) -> None:
    portal.installation.act(NAME, "acknowledge", at("2024-01-03"), "unit:hcqt")
    waiting = (await tracker.get(f"/ky/{Q1}")).text
    assert "Thư chờ gửi" in waiting
    assert "Các mốc sắp tới" in waiting
    deliver(portal.installation.morning(at("2024-01-03")))
    run = "0190b5c2-0000-7000-8000-000000000001"
    check_occurrences(
        portal.installation.engine, portal.installation.rules, "nho-2024", at("2024-03-08", "08:00"), run=run
    )
    page = (await tracker.get(f"/ky/{Q1}")).text
    assert "Đơn vị đã nhận việc" in page
    assert "08:30 03/01/2024</time> · Phòng Hành chính - Quản trị" in page
    assert "250 2.0.0 kept" in page
    assert "hcqt@vpub.quangngai.example" in page
    assert f'href="http://prefect.example:4200/runs/flow-run/{run}"' in page
