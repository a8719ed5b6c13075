"""Documents over a real store: what was true at an earlier moment, what goes with the mails, who may fetch them."""

from __future__ import annotations

import io
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from docx import Document as open_docx
from docx.document import Document as Docx
from httpx import AsyncClient
from installation import CONFIG, PLAN, Installation, at
from office_portal import Portal
from openpyxl import load_workbook

from dondoc.documents.kinds import WantedDocument
from dondoc.foundation.errors import ConfigurationError
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.plan.plan_file import read_plan
from dondoc.planning.amendment import Ruling
from flows.report import leaders_report
from tasks.documents import enclosing
from tasks.documents.reading import document_file, plan_view
from tasks.mail.delivery import deliver
from tasks.obligations.snapshot import SnapshotError
from tasks.spreadsheets.reading import XLSX
from tasks.store.amending import amend_plan
from tasks.store.settle import check_occurrences

RULING = Ruling("45/QĐ-VP", date(2024, 4, 2))
Q1 = "ke-hoach/quy-mot/2024-Q1"


def text_of(docx: Docx) -> str:
    cells = [cell.text for table in docx.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in docx.paragraphs), *cells])


def mornings(installation: Installation, *days: str) -> None:
    for day in days:
        now = at(day, "08:30")
        check_occurrences(installation.engine, installation.rules, installation.plan.id, now)
        deliver(installation.morning(now))


def test_an_earlier_moment_is_what_was_written_then(installation: Installation) -> None:
    mornings(installation, "2024-01-02", "2024-04-01")

    def document(day: str, as_of: str | None = None) -> bytes:
        moment = at(as_of, "12:00") if as_of else None
        about = plan_view(
            installation.engine, installation.rules, CONFIG, installation.plan.id, at(day, "12:00"), moment
        )
        return document_file(WantedDocument("progress", period="2024-Q2"), about, CONFIG)

    then = document("2024-04-01")
    installation.submit(Q1, at("2024-04-02", "09:00"))
    installation.act(Q1, "accept", at("2024-04-03", "09:00"))
    mornings(installation, "2024-04-04")
    assert document("2024-04-04", as_of="2024-04-01") == then
    assert document("2024-04-04", as_of="2024-04-04") == document("2024-04-04")
    assert document("2024-04-04") != then


def test_an_earlier_moment_speaks_of_the_version_in_force_then(installation: Installation) -> None:
    mornings(installation, "2024-01-02", "2024-04-01")

    def words_at(as_of: str) -> str:
        about = plan_view(
            installation.engine, installation.rules, CONFIG, installation.plan.id, at("2024-04-03", "12:00"),
            at(as_of, "12:00"),
        )  # fmt: skip
        return text_of(open_docx(io.BytesIO(document_file(WantedDocument("year-summary"), about, CONFIG))))

    text = PLAN.replace("Niêm yết thông báo tiếp nhận phản ánh", "Tiếp nhận phản ánh").partition(
        "  - id: chuyen-doi-so"
    )
    amended = read_plan(
        parse_yaml(text[0] + "  - id: bao-cao" + text[2].partition("  - id: bao-cao")[2], "plan.yaml"),
        installation.rules.office,
    )
    amend_plan(installation.engine, amended, RULING, installation.rules, at("2024-04-02", "15:00"), "operator")
    before, after = words_at("2024-04-01"), words_at("2024-04-03")
    assert "II.2.k. Niêm yết thông báo tiếp nhận phản ánh" in before
    assert "II.2.k. Tiếp nhận phản ánh" in after
    assert "II.6.d. Kế hoạch chuyển đổi số" in before
    assert "II.6.d. Kế hoạch chuyển đổi số" in after  # it left the plan, and is listed with its outcome


def test_before_adoption_there_is_nothing_to_say(installation: Installation) -> None:
    with pytest.raises(SnapshotError, match="was not adopted by 01/01/2024"):
        plan_view(
            installation.engine, installation.rules, CONFIG, installation.plan.id, at("2024-02-01", "08:00"),
            at("2024-01-01", "08:00"),
        )  # fmt: skip


def enclosed(installation: Installation, address: str) -> list[tuple[EmailMessage, list[EmailMessage]]]:
    """Mails to that address that carry documents, each with them."""
    found = []
    for mail in installation.mails():
        message = message_from_bytes(mail.content, policy=default)
        assert isinstance(message, EmailMessage)
        files = [part for part in message.iter_attachments() if (part.get_filename() or "").endswith(".docx")]
        if mail.address == address and files:
            found.append((message, files))
    return found


def test_the_mail_that_assigns_a_plan_carries_its_draft_and_says_so(installation: Installation) -> None:
    mornings(installation, "2024-01-02")
    ((message, (draft,)),) = enclosed(installation, "hcqt@vpub.quangngai.example")
    name = "du-thao_ke-hoach.quy-mot.docx"
    assert draft.get_filename() == name
    body = message.get_body(("plain",))
    assert body is not None
    assert name in " ".join(body.get_content().split())
    assert "KẾ HOẠCH" in text_of(open_docx(io.BytesIO(draft.get_content())))
    assert enclosed(installation, "ttcbth@vpub.quangngai.example") == []


def test_an_escalation_to_the_tracker_carries_the_letter_with_what_is_late(installation: Installation) -> None:
    mornings(installation, "2024-01-02", "2024-04-01", "2024-04-12")
    ((_, (letter,)),) = enclosed(installation, "truong-hcqt@vpub.quangngai.example")
    assert letter.get_filename() == "cong-van-don-doc.docx"
    said = text_of(open_docx(io.BytesIO(letter.get_content())))
    assert "II.1.e. Kế hoạch theo dõi thi hành pháp luật" in said
    assert "31/03/2024" in said


@pytest.mark.usefixtures("plain_tasks")
def test_a_leaders_report_carries_the_progress_as_document_and_as_table(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    mornings(installation, "2024-01-02", "2024-02-29")
    leaders_report.fn("nho-2024", as_of=at("2024-02-29", "08:40"))
    deliver(installation.morning(at("2024-02-29", "08:45")))
    for address in ("chanh-van-phong@vpub.quangngai.example", "pho-chanh-van-phong@vpub.quangngai.example"):
        ((message, (document,)),) = enclosed(installation, address)
        assert document.get_filename() == "bao-cao-tien-do_2024-02.docx"
        table = next(p for p in message.iter_attachments() if str(p.get_filename()).endswith(".xlsx"))
        assert (table.get_filename(), table.get_content_type()) == ("tien-do-nho-2024.xlsx", XLSX)
        sheet = load_workbook(io.BytesIO(table.get_content())).worksheets[0]
        cells = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell]
        assert "BẢNG TIẾN ĐỘ THỰC HIỆN: Kế hoạch nhỏ" in " ".join(cells)[:400]
        assert any("Chỉ số phục vụ hằng tháng" in cell for cell in cells)
        assert any(cell.startswith("Quá hạn") for cell in cells)
        body = message.get_body(("plain",))
        assert body is not None
        said = " ".join(body.get_content().split())
        assert "Bảng số liệu kèm theo: tien-do-nho-2024.xlsx." in said
        assert "trình ký): bao-cao-tien-do_2024-02.docx." in said

    def broken(*_: object) -> bytes:
        raise ConfigurationError([])

    monkeypatch.setattr(enclosing, "progress_book", broken)
    leaders_report.fn("nho-2024", as_of=at("2024-03-29", "08:40"))
    deliver(installation.morning(at("2024-03-29", "08:45")))
    assert {notice.status for notice in installation.notices(kind="report")} == {"sent"}


def test_a_broken_template_never_holds_back_a_notice(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise ConfigurationError([])

    monkeypatch.setattr(enclosing, "document_file", broken)
    mornings(installation, "2024-01-02")
    assert enclosed(installation, "hcqt@vpub.quangngai.example") == []
    assert {notice.status for notice in installation.notices(kind="assign")} == {"sent"}


@pytest.fixture
def portal(installation: Installation, tmp_path: Path) -> Portal:
    mornings(installation, "2024-01-02", "2024-04-01")
    return Portal(installation, tmp_path / "mail", at("2024-04-02", "09:00"), public_url="https://dondoc.example")


async def get(client: AsyncClient, **query: str) -> tuple[int, str]:
    answer = await client.get("/van-ban/tai", params=query)
    return answer.status_code, answer.headers.get("content-disposition", "")


async def test_every_document_listed_can_be_fetched(portal: Portal) -> None:
    async with portal.signed_in("tracker") as client:
        page = await client.get("/van-ban")
        assert "Dự thảo: Kế hoạch theo dõi" in page.text
        for query in (
            {"kind": "reminder"}, {"kind": "year-summary"}, {"kind": "progress", "period": "2024-Q1"},
            {"kind": "progress", "period": "2024-9M", "day": "2024-03-15"},
            {"kind": "plan-draft", "item": "ke-hoach/quy-mot"}, {"kind": "inspection-plan", "item": "kiem-soat"},
            {"kind": "inspection-minutes", "item": "kiem-soat"},
        ):  # fmt: skip
            answer = await client.get("/van-ban/tai", params={"plan": "nho-2024", **query})
            assert answer.status_code == 200, query
            assert answer.headers["content-disposition"].endswith('.docx"')
            assert open_docx(io.BytesIO(answer.content)).paragraphs


@pytest.mark.parametrize("role", ["operator", "auditor", ""])
async def test_others_fetch_nothing(portal: Portal, role: str) -> None:
    async with portal.signed_in(role) as client:
        assert (await get(client, kind="reminder"))[0] == (403 if role else 303)


async def test_what_cannot_be_written_is_said_on_the_page(portal: Portal) -> None:
    async with portal.signed_in("head") as client:
        for query in (
            {"kind": "nope"}, {"kind": "progress"}, {"kind": "progress", "period": "2025"}, {"kind": "plan-draft"},
            {"kind": "reminder", "day": "2024-01-15"}, {"kind": "reminder", "day": "2031-01-01"},
            {"kind": "reminder", "day": "0001-01-01"}, {"kind": "reminder", "day": "\ud83d\0"},
            {"kind": "inspection-plan", "item": "<script>"},
        ):  # fmt: skip
            answer = await client.get(
                "/van-ban/tai", params={k: v.encode("utf-8", "replace") for k, v in query.items()}
            )
            assert answer.status_code == 422, query
            assert "Chưa lập được văn bản" in answer.text
            assert "<script>" not in answer.text
