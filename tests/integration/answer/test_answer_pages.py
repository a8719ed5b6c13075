"""Answering from the mail: every path through the pages on a real PostgreSQL, and what must never change anything."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from httpx import ASGITransport, AsyncClient, Response
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from installation import Installation, at

import portal.answer.answering
from dondoc.mail.links import sign
from dondoc.obligations.acts import Act
from operations.stack.settings import Stack
from portal.answer.answering import Answering
from portal.answer.pages import AnswerPages
from portal.app.application import create_app
from portal.shell.pages import Pages
from portal.shell.rate_limit import Allowance
from portal.shell.settings import PortalSettings
from tasks.runs.sweep import send_mail
from tasks.store import settle
from tasks.store.settle import check_occurrences

SECRET = "a secret of tests"
Q1 = "ke-hoach/quy-mot/2024-Q1"  # due 31/03/2024, a Sunday
PDF = ("files", ("Kế hoạch số 63.pdf", b"%PDF-1.7\n63", "application/pdf"))


class Desk:
    """One unit's browser on the answer pages; `now` is the time the portal reads."""

    def __init__(self, installation: Installation, client: AsyncClient, clock: dict[str, datetime]) -> None:
        self.installation, self.client, self._clock = installation, client, clock

    def at(self, day: str, hour: str = "09:00") -> Desk:
        self._clock["now"] = at(day, hour)
        return self

    def token(self, occurrence: str = Q1, party: str = "unit:hcqt", until: str = "2025-02-01") -> str:
        return sign(SECRET, f"{self.installation.plan.id}/{occurrence}", party, at(until))

    async def get(self, token: str, rest: str = "") -> Response:
        return await self.client.get(f"/a/{token}{rest}")

    async def form(self, token: str, act: str) -> str:
        """The mark of a form on the page."""
        page = (await self.get(token)).text
        found = re.search(rf'action="/a/[^"]+/{act}#answer".*?name="form" value="([^"]+)"', page, re.DOTALL)
        assert found, f"the page offers no {act}"
        return unescape(found[1])

    async def post(self, token: str, act: str, files: Any = None, mark: str | None = None, headers: Any = None,
                   **fields: str) -> Response:  # fmt: skip
        mark = await self.form(token, act) if mark is None else mark
        return await self.client.post(f"/a/{token}/{act}", data={"form": mark, **fields}, files=files, headers=headers)

    def count(self) -> int:
        return len(self.installation.ledger())

    def last(self, kind: str) -> dict[str, Any]:
        return self.installation.ledger(kind)[-1]


@pytest.fixture
async def desk(installation: Installation, tmp_path: Path) -> AsyncIterator[Desk]:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-03-01", "08:00"))
    settings = replace(installation.settings, link_secret=SECRET, base_url="http://portal", upload_mb=1)
    clock = {"now": at("2024-03-22", "09:00")}
    answering = Answering(settings, lambda: clock["now"])
    app = create_app(PortalSettings(tmp_path / "mail", "http://127.0.0.1:4200"), answering)
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://portal") as client:
        yield Desk(installation, client, clock)
    assert answering.engine is not None
    answering.engine.dispose()


def line(page: Response) -> str:
    return " ".join(unescape(page.text).split())


async def followed(desk: Desk, answer: Response) -> Response:
    assert answer.status_code == 303, line(answer)
    return await desk.client.get(answer.headers["location"])


# --- the paths ----------------------------------------------------------------------------------------------------


async def test_the_page_says_what_is_owed_and_what_can_be_answered(desk: Desk) -> None:
    page = await desk.get(desk.token())
    assert page.status_code == 200
    said = line(page)
    for words in ("Kế hoạch theo dõi thi hành pháp luật", "Phòng Hành chính - Quản trị", "31/03/2024", "“Quý I/2024.”",
                  "còn", "Đã tiếp nhận nhiệm vụ", "Báo kết quả", "Đề nghị gia hạn", "Báo vướng mắc", "Mở kỳ thực hiện"):  # fmt: skip
        assert words in said
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    assert len(page.content) < 50_000


async def test_a_result_is_recorded_with_its_files(desk: Desk) -> None:
    token = desk.token()
    answer = await desk.post(token, "done", [PDF], document="63/KH-VP", signed="2024-03-20", signer="Chánh Văn phòng",
                             note="Đã ban hành.\nGửi kèm.")  # fmt: skip
    page = await followed(desk, answer)
    entry = desk.last("occurrence.submitted")
    digest = hashlib.sha256(b"%PDF-1.7\n63").hexdigest()
    assert entry["actor"] == "unit:hcqt"
    assert entry["body"] == {
        "channel": "portal", "document": "63/KH-VP", "signed": "2024-03-20", "signer": "Chánh Văn phòng",
        "note": "Đã ban hành.\nGửi kèm.",
        "files": [{"name": "Kế hoạch số 63.pdf", "type": "application/pdf", "size": 11, "sha256": digest}],
    }  # fmt: skip
    assert f"số chứng cứ {entry['seq']}" in line(page)
    assert "63/KH-VP" in line(page)
    kept = desk.installation.settings.var / "files" / digest[:2] / digest
    assert kept.read_bytes() == b"%PDF-1.7\n63"
    assert [n.recipient for n in desk.installation.notices(kind="submitted")] == ["role:tracker"]
    assert "đang chờ duyệt" in line(await desk.get(token))


async def test_a_date_of_signing_that_looks_mistyped_is_asked_back_and_nothing_typed_is_lost(desk: Desk) -> None:
    token, before = desk.token(), desk.count()
    typed = {"document": "63/KH-VP", "signed": "2006-03-20", "signer": "Chánh Văn phòng", "note": "Đã ban hành."}
    asked = await desk.post(token, "done", [PDF], **typed)
    assert (asked.status_code, desk.count()) == (422, before)
    said = line(asked)
    assert "Ngày ký 20/03/2006 sớm hơn nhiều so với kỳ này (mở từ 01/01/2024)" in said
    assert all(value in said for value in typed.values())
    assert "Đã giữ tệp: Kế hoạch số 63.pdf" in said
    hidden = dict(re.findall(r'name="(kept|confirmed)" value="([^"]+)"', asked.text))
    assert hidden["confirmed"] == "2006-03-20"

    other = {**typed, "signed": "2005-03-20", **hidden}  # the tick was for another date
    again = await desk.post(token, "done", **other)
    assert (again.status_code, desk.count()) == (422, before)
    assert "Đã giữ tệp: Kế hoạch số 63.pdf" in line(again)

    await followed(desk, await desk.post(token, "done", **typed, **hidden))
    body = desk.last("occurrence.submitted")["body"]
    assert (body["signed"], body["early"]) == ("2006-03-20", "2006-03-20")
    assert [file["name"] for file in body["files"]] == ["Kế hoạch số 63.pdf"]


async def test_a_corrected_date_is_taken_with_the_files_that_were_kept_and_not_marked(desk: Desk) -> None:
    token = desk.token()
    asked = await desk.post(token, "done", [PDF], document="63/KH-VP", signed="2023-03-20")
    kept = dict(re.findall(r'name="(kept)" value="([^"]+)"', asked.text))
    await followed(desk, await desk.post(token, "done", document="63/KH-VP", signed="2024-03-20", **kept))
    body = desk.last("occurrence.submitted")["body"]
    assert (body["signed"], "early" in body, len(body["files"])) == ("2024-03-20", False, 1)


@pytest.mark.parametrize("line_of_another", ["", "AAAA", "x" * 4000, "{token}"])
async def test_files_are_only_taken_back_by_the_line_that_named_them(desk: Desk, line_of_another: str) -> None:
    asked = await desk.post(desk.token(), "done", [PDF], document="63/KH-VP", signed="2006-03-20")
    (kept,) = re.findall(r'name="kept" value="([^"]+)"', asked.text)
    forged = line_of_another.replace("{token}", kept)
    token = desk.token(until="2025-03-01") if line_of_another == "{token}" else desk.token()
    await followed(desk, await desk.post(token, "done", document="63/KH-VP", signed="2024-03-20", kept=forged))
    assert "files" not in desk.last("occurrence.submitted")["body"]


async def test_receipt_is_acknowledged_once(desk: Desk) -> None:
    page = await followed(desk, await desk.post(desk.token(), "acknowledge"))
    assert "Đã tiếp nhận nhiệm vụ" in line(page)
    assert desk.last("occurrence.acknowledged")["actor"] == "unit:hcqt"
    assert "/acknowledge" not in (await desk.get(desk.token())).text


async def test_more_time_is_asked_for(desk: Desk) -> None:
    await followed(
        desk, await desk.post(desk.token(), "more-time", until="2024-04-30", reason="Chờ ý kiến Sở Tư pháp.")
    )
    assert desk.last("occurrence.extension_requested")["body"]["until"] == "2024-04-30"
    assert "/more-time" not in (await desk.get(desk.token())).text


async def test_no_more_time_after_the_due_date(desk: Desk) -> None:
    mark = await desk.form(desk.token(), "more-time")
    desk.at("2024-04-01")
    assert "/more-time" not in (await desk.get(desk.token())).text
    before = desk.count()
    answer = await desk.post(desk.token(), "more-time", mark=mark, until="2024-04-30", reason="Chậm.")
    assert answer.status_code == 409
    assert "vừa thay đổi" in line(answer)
    assert "Chậm." in line(answer)  # what was typed is not lost
    assert desk.count() == before


async def test_a_difficulty_goes_to_the_tracker(desk: Desk) -> None:
    await followed(desk, await desk.post(desk.token(), "blocked", reason="Thiếu số liệu.", note="Sở Nội vụ"))
    assert desk.last("occurrence.difficulty_raised")["body"]["reason"] == "Thiếu số liệu."
    assert [n.recipient for n in desk.installation.notices(kind="difficulty")] == ["role:tracker"]


async def test_a_late_result_owes_an_explanation_unless_its_document_was_in_time(desk: Desk) -> None:
    desk.at("2024-04-05")
    token = desk.token()
    assert "Nguyên nhân chậm" in line(await desk.get(token))
    answer = await desk.post(token, "done", document="63/KH-VP", signed="2024-04-04")
    assert answer.status_code == 422
    assert "xin nêu nguyên nhân chậm" in line(answer)
    await followed(desk, await desk.post(token, "done", document="63/KH-VP", signed="2024-03-29"))


async def test_a_late_result_keeps_its_explanation(desk: Desk) -> None:
    desk.at("2024-04-05")
    answer = await desk.post(desk.token(), "done", document="63/KH-VP", reason="Chờ ý kiến.")
    await followed(desk, answer)
    assert desk.last("occurrence.submitted")["body"]["reason"] == "Chờ ý kiến."


async def test_what_was_typed_is_shown_again_beside_its_faults(desk: Desk) -> None:
    before = desk.count()
    answer = await desk.post(desk.token(), "done", [PDF], document="63/<b>", signed="2030-01-01", signer='Ông "A"')
    assert answer.status_code == 422
    assert "63/&lt;b&gt;" in answer.text
    assert "<b>" not in answer.text
    said = line(answer)
    assert "Ngày ký 01/01/2030 sau hôm nay (22/03/2024)" in said
    assert "xin chọn lại: Kế hoạch số 63.pdf" in said
    assert 'Ông "A"' in said
    assert desk.count() == before


@pytest.mark.parametrize(
    ("act", "fields", "said"),
    [
        ("done", {}, "cần số văn bản hoặc ghi chú, hoặc tệp"),
        ("done", {"note": " \u200b\u202e "}, "cần số văn bản hoặc ghi chú"),
        ("done", {"document": "1", "signed": "hôm qua"}, "Ngày không đọc được"),
        ("done", {"document": "9" * 201}, "tối đa 200 ký tự"),
        ("done", {"note": "9" * 4001}, "tối đa 4000 ký tự"),
        ("more-time", {"reason": "x"}, "chọn ngày hạn mới"),
        ("more-time", {"reason": "x", "until": "2024-03-31"}, "từ 01/04/2024 đến 30/05/2024"),
        ("more-time", {"reason": "x", "until": "2024-05-31"}, "từ 01/04/2024 đến 30/05/2024"),
        ("more-time", {"until": "2024-04-30"}, "ghi rõ lý do"),
        ("blocked", {"note": "x"}, "nêu vướng mắc"),
    ],
)
async def test_each_fault_has_one_clear_line(desk: Desk, act: str, fields: dict[str, str], said: str) -> None:
    before = desk.count()
    answer = await desk.post(desk.token(), act, **fields)
    assert answer.status_code == 422
    assert said in line(answer)
    assert desk.count() == before


async def test_a_day_may_be_typed_as_people_write_it(desk: Desk) -> None:
    await followed(desk, await desk.post(desk.token(), "done", document="1", signed="20/3/2024"))
    assert desk.last("occurrence.submitted")["body"]["signed"] == "2024-03-20"


# --- nothing twice, nothing by looking ----------------------------------------------------------------------------


async def test_a_scanner_that_opens_every_link_twice_changes_nothing(desk: Desk) -> None:
    tokens = [desk.token(Q1, party) for party in ("unit:hcqt", "unit:ttpvks", "head:hcqt", "role:tracker", "unit:x")]
    tokens += [desk.token("chi-so/ket-qua/2024-03", "unit:ttpvks"), desk.token(until="2024-01-01"), "x"]
    before = desk.count(), desk.installation.states()
    for token in tokens * 2:
        for rest in ("", "/all", "/done", "/acknowledge", "/more-time", "/blocked", "/recorded/1"):
            for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
                answer = await desk.client.request(method, f"/a/{token}{rest}")
                assert answer.status_code < 500, (method, rest)
    assert (desk.count(), desk.installation.states()) == before


async def test_an_answer_recorded_while_a_page_is_read_shows_in_all_of_it_or_in_none(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = desk.token()
    mark = await desk.form(token, "done")
    real, installation, calls = portal.answer.answering.entries_about, desk.installation, iter(range(9))

    def told_then_answered(connection: Any, occurrence: str, after: int = 0) -> Any:
        found = real(connection, occurrence, after)
        if next(calls) == 1:  # the second look of one request: the one the act rests on
            submitted = Act("submit", document="63", channel="portal")
            settle.record_act(
                installation.engine, installation.rules, occurrence, submitted, at("2024-03-22", "09:00"), "unit:hcqt"
            )
        return found

    monkeypatch.setattr(portal.answer.answering, "entries_about", told_then_answered)
    answer = await desk.post(token, "done", [PDF], mark=mark, document="63")
    assert (answer.status_code, answer.headers["location"].endswith("?again")) == (303, True)
    assert len(desk.installation.ledger("occurrence.submitted")) == 1


async def test_a_double_submit_at_once_records_once(desk: Desk) -> None:
    token = desk.token()
    mark = await desk.form(token, "done")
    answers = await asyncio.gather(*(desk.post(token, "done", [PDF], mark=mark, document="63") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {303}
    assert len(desk.installation.ledger("occurrence.submitted")) == 1
    seq = desk.last("occurrence.submitted")["seq"]
    assert sorted(answer.headers["location"].rpartition("/")[2] for answer in answers) == [
        str(seq),
        *[f"{seq}?again"] * 7,
    ]
    assert "Trả lời này đã được ghi nhận lúc 09:00 22/03/2024" in line(await desk.get(token, f"/recorded/{seq}?again"))


@pytest.mark.parametrize("act", ["acknowledge", "blocked", "more-time"])
async def test_the_back_button_and_a_replay_change_nothing(desk: Desk, act: str) -> None:
    token = desk.token()
    fields = {"reason": "x", "until": "2024-04-30"}
    mark = await desk.form(token, act)
    await followed(desk, await desk.post(token, act, mark=mark, **fields))
    before = desk.count()
    again = await followed(desk, await desk.post(token, act, mark=mark, **fields))
    assert "đã được ghi nhận lúc" in line(again)
    assert desk.count() == before


async def test_an_old_form_is_told_so_even_after_the_result_was_returned(desk: Desk) -> None:
    token = desk.token()
    mark = await desk.form(token, "done")
    await desk.post(token, "done", mark=mark, document="63")
    desk.installation.act(Q1, "return", at("2024-03-23"), reason="Thiếu phụ lục.")
    desk.at("2024-03-25")
    before = desk.count()
    assert "?again" in (await desk.post(token, "done", mark=mark, document="63")).headers["location"]
    assert desk.count() == before
    await followed(desk, await desk.post(token, "done", document="63a"))
    assert len(desk.installation.ledger("occurrence.submitted")) == 2


async def test_one_page_serves_two_different_answers(desk: Desk) -> None:
    token = desk.token()
    received, done = await desk.form(token, "acknowledge"), await desk.form(token, "done")
    await followed(desk, await desk.post(token, "acknowledge", mark=received))
    await followed(desk, await desk.post(token, "done", mark=done, document="63"))


async def test_a_mail_sent_meanwhile_does_not_spoil_an_open_form(desk: Desk) -> None:
    token = desk.token()
    mark = await desk.form(token, "done")
    assert send_mail.fn(desk.installation.morning(at("2024-03-22", "08:30"))) is not None
    await followed(desk, await desk.post(token, "done", mark=mark, document="63"))


async def test_the_link_in_the_mail_opens_the_duty_and_takes_the_answer(desk: Desk) -> None:
    installation = desk.installation
    installation.settings = replace(installation.settings, link_secret=SECRET, base_url="http://portal/")
    send_mail.fn(installation.morning(at("2024-03-22", "08:30")))
    links = re.findall(r"http://portal(/a/\S+)", installation.post.text("hcqt@vpub.quangngai.example"))
    pages = [await desk.client.get(link) for link in links]
    assert {page.status_code for page in pages} == {200}
    (link,) = [link for link, page in zip(links, pages, strict=True) if "Kế hoạch theo dõi thi hành" in page.text]
    await followed(desk, await desk.post(link.removeprefix("/a/"), "done", document="63/KH-VP"))
    assert desk.last("occurrence.submitted")["occurrence"] == f"{installation.plan.id}/{Q1}"


async def test_without_a_secret_or_a_portal_a_mail_has_no_link(desk: Desk) -> None:
    installation = desk.installation
    installation.settings = replace(installation.settings, link_secret="", base_url="http://portal")
    send_mail.fn(installation.morning(at("2024-03-22", "08:30")))
    assert "http" not in installation.post.text("hcqt@vpub.quangngai.example")


async def test_an_answer_is_followed_by_a_run_once_it_is_committed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("portal.answer.answering.follow_soon", lambda _engine, _settings, seq: asked.append(seq))
    await desk.post(desk.token(), "done", document="63/KH-VP")
    assert asked == [desk.last("occurrence.submitted")["seq"]]


def test_the_secret_of_links_is_made_once_and_only_the_owner_reads_it(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "var")
    first = stack.link_environment({})
    assert stack.link_environment({}) == first
    for own in ("DONDOC_LINK_SECRET", "DONDOC_LINK_SECRET_FILE"):  # the operator's goes before ours
        assert stack.link_environment({own: "x"}) == {"DONDOC_PORTAL_URL": stack.portal_url}
    assert first["DONDOC_PORTAL_URL"] == stack.portal_url
    assert (stack.secrets_directory / "links").stat().st_mode & 0o777 == 0o600


# --- links and senders --------------------------------------------------------------------------------------------


async def test_wrong_old_and_ended_links_have_their_own_pages(desk: Desk) -> None:
    token = desk.token()
    for wrong in (
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        "x",
        token[:40],
        desk.token("khong/co/2024"),
        "a" * 900,
    ):
        page = await desk.get(wrong)
        assert page.status_code == 404
        assert "Liên kết này không đúng" in line(page)
        assert (await desk.client.post(f"/a/{wrong}/done", data={})).status_code == 404
    old = desk.token(until="2024-03-22")
    page = await desk.get(old)
    assert page.status_code == 410
    assert "thư mới nhất" in line(page)
    assert "truong-hcqt@vpub.quangngai.example" in line(page)
    assert (await desk.client.post(f"/a/{old}/done", data={})).status_code == 410


async def test_a_link_is_revoked_when_the_duty_is_closed(desk: Desk) -> None:
    token = desk.token()
    mark = await desk.form(token, "blocked")
    await desk.post(token, "done", document="63")
    desk.installation.act(Q1, "accept", at("2024-03-23"))
    desk.at("2024-03-25")
    page = await desk.get(token)
    assert page.status_code == 410
    assert "không cần trả lời thêm" in line(page)
    assert "<form" not in page.text
    before = desk.count()
    assert (await desk.post(token, "blocked", mark=mark, reason="x")).status_code == 409
    assert desk.count() == before


async def test_who_does_not_lead_only_looks(desk: Desk) -> None:
    own = desk.token()
    for party in ("unit:ttpvks", "role:tracker", "role:head", "head:ttpvks", "unit:nobody"):
        token = desk.token(party=party)
        page = await desk.get(token)
        assert (page.status_code, "<form" in page.text) == (200, False)
        mark = await desk.form(own, "done")  # of another link
        before = desk.count()
        assert (await desk.post(token, "done", mark=mark, document="63")).status_code == 403
        assert desk.count() == before


async def test_the_head_of_a_unit_answers_under_their_own_name(desk: Desk) -> None:
    await followed(desk, await desk.post(desk.token(party="head:hcqt"), "acknowledge"))
    assert desk.last("occurrence.acknowledged")["actor"] == "head:hcqt"


async def test_a_form_from_elsewhere_is_refused(desk: Desk) -> None:
    mark = await desk.form(desk.token(), "done")
    before = desk.count()
    for headers in ({"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
                    {"sec-fetch-site": "same-site"}):  # fmt: skip
        answer = await desk.post(desk.token(), "done", mark=mark, headers=headers, document="63")
        assert answer.status_code == 403
    assert desk.count() == before
    ours = {"origin": "http://portal", "sec-fetch-site": "same-origin"}
    assert (await desk.post(desk.token(), "done", mark=mark, headers=ours, document="63")).status_code == 303


async def test_a_form_without_its_mark_is_shown_again(desk: Desk) -> None:
    before = desk.count()
    for mark in ("", "5.x", "x", await desk.form(desk.token(), "acknowledge")):
        answer = await desk.post(desk.token(), "done", mark=mark, document="63/KH-VP")
        assert answer.status_code == 400
        assert "63/KH-VP" in answer.text
    assert desk.count() == before


async def test_what_others_recorded_has_no_page_of_mine(desk: Desk) -> None:
    await desk.post(desk.token(), "acknowledge")
    seq = desk.last("occurrence.acknowledged")["seq"]
    assert (await desk.get(desk.token(), f"/recorded/{seq}")).status_code == 200
    assert (await desk.get(desk.token(party="head:hcqt"), f"/recorded/{seq}")).status_code == 404
    assert (await desk.get(desk.token(), f"/recorded/{seq - 1}")).status_code == 404


async def test_a_unit_sees_all_it_owes_and_opens_the_duty_of_its_link_alone(desk: Desk) -> None:
    token = desk.token("kiem-soat/kiem-tra/2024", "unit:ttpvks")
    page = await desk.get(token, "/all")
    assert page.status_code == 200
    lines = re.findall(r'class="owed".*?</ul>', page.text, re.DOTALL)[0]
    owed = [o for o, state in desk.installation.states().items() if state["status"] == "open" and "/chi-so/" in o]
    assert lines.count("<li") >= len(owed) > 0
    assert set(re.findall(r"/a/([^\"/]+)", page.text)) <= {token, "new-link"}


# --- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../etc/cron.d/x.pdf", "x.pdf"),
        ("C:\\fakepath\\Báo cáo quý.pdf", "Báo cáo quý.pdf"),
        ("thu\u202efdp.pdf", "thufdp.pdf"),
        ("<img src=x onerror=alert(1)>.pdf", "_img src=x onerror=alert(1)_.pdf"),
        ("a" * 300 + ".pdf", "a" * 146 + ".pdf"),
    ],
)
async def test_hostile_names_are_cleaned(desk: Desk, name: str, kept: str) -> None:
    answer = await desk.post(desk.token(), "done", [("files", (name, b"%PDF-1.7", "text/html"))])
    page = await followed(desk, answer)
    (file,) = desk.last("occurrence.submitted")["body"]["files"]
    assert (file["name"], file["type"]) == (kept, "application/pdf")
    assert "<img" not in page.text


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.exe", b"MZ", "Không nhận loại tệp"),
        ("a.pdf", b"<html>", "không đúng với đuôi tệp"),
        ("a.docx", b"PK\x03\x04", "không đúng với đuôi tệp"),
        ("a.docm", b"PK\x03\x04", "có macro"),
        ("a.pdf", b"", "không có nội dung"),
    ],
)
async def test_other_files_are_refused_by_name(desk: Desk, name: str, content: bytes, said: str) -> None:
    before = desk.count()
    answer = await desk.post(desk.token(), "done", [("files", (name, content, "application/pdf"))], document="1")
    assert answer.status_code == 422
    assert said in line(answer)
    assert desk.count() == before


async def test_two_files_of_one_name_keep_both(desk: Desk) -> None:
    files = [("files", ("a.pdf", b"%PDF-1", "x/y")), ("files", ("a.pdf", b"%PDF-2", "x/y"))]
    await followed(desk, await desk.post(desk.token(), "done", files))
    assert [f["name"] for f in desk.last("occurrence.submitted")["body"]["files"]] == ["a.pdf", "a (2).pdf"]


async def test_eleven_files_are_too_many(desk: Desk) -> None:
    answer = await desk.post(desk.token(), "done", [("files", (f"{n}.pdf", b"%PDF-1", "x/y")) for n in range(11)])
    assert answer.status_code == 422
    assert "tối đa 10 tệp" in line(answer)


async def test_too_large_a_body_is_refused_while_it_streams(desk: Desk) -> None:
    token, before = desk.token(), desk.count()
    mark = await desk.form(token, "done")
    big = ("files", ("a.pdf", b"%PDF-" + b"0" * 2_000_000, "application/pdf"))
    answer = await desk.post(token, "done", [big], mark=mark)
    assert answer.status_code == 413
    assert "tối đa 1 MB" in line(answer)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-'
        for _ in range(1000):
            read += 100_000
            yield b"0" * 100_000

    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await desk.client.post(f"/a/{token}/done", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert (desk.count(), list(desk.installation.settings.var.glob("files/*/*"))) == (before, [])


# --- hard times ---------------------------------------------------------------------------------------------------


async def test_too_many_answers_a_link_have_to_wait(desk: Desk) -> None:
    token, other = desk.token(), desk.token("chi-so/ket-qua/2024-03", "unit:ttpvks")
    answers = [await desk.post(token, "done", mark="x") for _ in range(21)]
    assert [answer.status_code for answer in answers] == [400] * 20 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await desk.post(other, "done", mark="x")).status_code == 400


async def test_without_a_database_the_portal_shows_the_mailbox_and_says_so(
    installation: Installation, tmp_path: Path
) -> None:
    gone = "postgresql://a:b@127.0.0.1:1/none"
    for url in ("", gone):
        settings = replace(installation.settings, link_secret=SECRET, store_url=url)
        app = create_app(
            PortalSettings(tmp_path / "mail", "http://127.0.0.1:4200", mailbox_key="k"), Answering(settings)
        )
        async with AsyncClient(transport=ASGITransport(app), base_url="http://localhost") as client:
            token = sign(SECRET, "a/b/c/d", "unit:hcqt", at("2099-01-01"))
            await client.get("/mail?token=k")
            assert (await client.get("/mail")).status_code == 200
            for answer in (await client.get(f"/a/{token}"), await client.post(f"/a/{token}/done", data={})):
                assert answer.status_code == 503
                assert "Tạm thời chưa mở được" in answer.text


async def test_without_a_secret_no_link_opens(installation: Installation, tmp_path: Path) -> None:
    app = create_app(PortalSettings(tmp_path / "mail", "x"), Answering(replace(installation.settings, link_secret="")))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://localhost") as client:
        token = sign("", "a/b/c/d", "unit:hcqt", at("2099-01-01"))
        assert (await client.get(f"/a/{token}")).status_code == 404


FIELDS = st.sampled_from(["document", "signed", "signer", "note", "reason", "until", "form", "files", "x"])
TEXT = st.one_of(
    st.text(max_size=80), st.sampled_from(["2024-04-30", "0001-01-01", "9999-12-31", "\0", "31/02/2024", "٣/٣/٢٠٢٤"])
)


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["done", "more-time", "blocked", "acknowledge", "x"]), st.dictionaries(FIELDS, TEXT), st.binary(max_size=60),
       st.text(max_size=20), st.booleans())  # fmt: skip
def test_no_field_brings_a_server_error(
    installation: Installation, act: str, fields: dict[str, str], content: bytes, name: str, raw: bool
) -> None:
    """A fresh occurrence is not needed: what is refused changes nothing, what is taken is told as such."""
    settings = replace(installation.settings, link_secret=SECRET)

    async def send() -> None:
        answering = Answering(settings, lambda: at("2024-03-22", "09:00"))
        app = create_app(PortalSettings(Path("/nowhere"), "x"), None)
        app.router.routes[:0] = AnswerPages(
            answering, Pages(PortalSettings(Path("/nowhere"), "x")), Allowance(10**9)
        ).routes()
        token = sign(SECRET, f"{installation.plan.id}/{Q1}", "unit:hcqt", at("2025-01-01"))
        async with AsyncClient(transport=ASGITransport(app), base_url="http://portal") as client:
            page = (await client.get(f"/a/{token}")).text
            found = re.search(rf'/{act}#answer".*?name="form" value="([^"]+)"', page, re.DOTALL)
            data = {**({"form": found[1]} if found else {}), **fields}
            if raw:
                headers = {
                    "content-type": f"multipart/form-data; boundary={name!r}".encode("ascii", "replace").decode()
                }
                answer = await client.post(f"/a/{token}/{act}", content=content, headers=headers)
            else:
                answer = await client.post(f"/a/{token}/{act}", data=data, files=[("files", (name, content, "a/b"))])
            assert answer.status_code < 500
        assert answering.engine is not None
        answering.engine.dispose()

    with installation.engine.connect() as connection:
        open_already = connection.scalar(sa.text("SELECT count(*) FROM ledger WHERE kind = 'occurrence.opened'"))
    if not open_already:
        check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-03-01", "08:00"))
    asyncio.run(send())
