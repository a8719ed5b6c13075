"""What documents say: periods by hand, counts by hand, which plans are drafted, what goes with which mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from document_view import PROGRAMME, document_settings, plan_view
from factories import make_notice
from hypothesis import given
from hypothesis import strategies as st
from office_files import located, real_office, real_plan

from dondoc.documents.form_settings import read_document_settings
from dondoc.documents.kinds import WantedDocument, document_facts, enclosed, possible_subjects, wanted
from dondoc.documents.lines import count
from dondoc.documents.marked_text import DocumentError, Paragraph, Table, read_document, shielded, text_words, words_of
from dondoc.documents.periods import closed_month, report_period
from dondoc.foundation.errors import ConfigurationError

SETTINGS = document_settings()
DRAFTED = [  # typed from the printed plan: every "kế hoạch" whose time is Quý I
    "ke-hoach-thi-hanh-phap-luat/ke-hoach-theo-doi-thi-hanh",
    "ke-hoach-thi-hanh-phap-luat/ke-hoach-ra-soat",
    "kiem-soat-tthc/ke-hoach-hoat-dong",
    "kiem-soat-tthc/ke-hoach-ra-soat",
    "kiem-soat-tthc/ke-hoach-truyen-thong",
    "kiem-soat-tthc/ke-hoach-kiem-tra",
    "kiem-soat-tthc/ke-hoach-van-phong",
    "kiem-tra-cai-cach-tthc/ke-hoach",
    "dao-tao-boi-duong/ke-hoach",
    "chuyen-doi-vi-tri/ke-hoach",
    "tai-chinh-cong/ke-hoach",
]


# Nghị định 09/2019/NĐ-CP, Điều 12, by hand.
@pytest.mark.parametrize(
    ("label", "first", "last"),
    [
        ("2024-01", date(2023, 12, 15), date(2024, 1, 14)),
        ("2024-03", date(2024, 2, 15), date(2024, 3, 14)),
        ("2024-Q1", date(2023, 12, 15), date(2024, 3, 14)),
        ("2024-Q4", date(2024, 9, 15), date(2024, 12, 14)),
        ("2024-H1", date(2023, 12, 15), date(2024, 6, 14)),
        ("2024-H2", date(2024, 6, 15), date(2024, 12, 14)),
        ("2024-9M", date(2023, 12, 15), date(2024, 9, 14)),
        ("2024", date(2023, 12, 15), date(2024, 12, 14)),
    ],
)
def test_the_days_of_a_report_period(label: str, first: date, last: date) -> None:
    found = report_period(label, SETTINGS.cut_off)
    assert (found.first, found.last) == (first, last)


def test_without_a_cut_off_a_period_ends_with_its_calendar_month() -> None:
    found = report_period("2024-Q1", {**SETTINGS.cut_off, "quarter": None})
    assert (found.first, found.last, found.ahead) == (date(2024, 1, 1), date(2024, 3, 31), date(2024, 6, 30))


@given(st.dates(date(2001, 1, 1), date(2099, 12, 31)), st.sampled_from([1, 14, 27, None]))
def test_the_closed_month_is_the_last_one_that_is_over(today: date, cut: int | None) -> None:
    cut_off = {**SETTINGS.cut_off, "month": cut}
    found = report_period(closed_month(today, cut_off), cut_off)
    assert found.last < today <= found.ahead


@pytest.mark.parametrize("label", ["", "2024-Q5", "2024-13", "2024-9m", "quý I", "٢٠٢٤", "2024-H1\n", "9" * 99])
def test_what_is_no_period_is_refused_in_one_line(label: str) -> None:
    with pytest.raises(DocumentError, match="2024-Q1") as refused:
        report_period(label, SETTINGS.cut_off)
    assert "\n" not in str(refused.value)


def test_the_plans_of_quarter_one_are_drafted() -> None:
    assert sorted(possible_subjects("plan-draft", real_plan(), SETTINGS)) == sorted(DRAFTED)


@pytest.mark.parametrize(
    "key", [*SETTINGS.plan_drafts.committee, *SETTINGS.plan_drafts.templates, *SETTINGS.plan_drafts.names]
)
def test_the_settings_name_plans_that_are_drafted(key: str) -> None:
    assert key in DRAFTED


def test_the_counts_of_the_first_quarter_by_hand() -> None:
    found = document_facts(WantedDocument("progress", period="2024-Q1"), plan_view(), SETTINGS)
    # Due 15/12-14/3: II.7.a (open, late), II.1.đ twice (in time; five days late), II.2.c January (extended, in time)
    # and February (waived).
    counts = found["counts"]
    assert [line.ref for line in found["due"]] == ["II.1.đ", "II.1.đ", "II.2.c", "II.2.c", "II.7.a"]
    assert (counts.total, counts.on_time, counts.late, counts.overdue, counts.running) == (5, 2, 1, 1, 0)
    assert (counts.missed, counts.released, counts.percent) == (0, 1, "75,0")  # 3 of the 4 that were owed
    assert [(row.name, row.total) for row in found["by_unit"]] == [
        ("Phòng Hành chính - Quản trị", 3),
        ("Trung tâm Phục vụ - Kiểm soát thủ tục hành chính", 2),
    ]
    (late,) = found["late"]
    # 1/2 to 14/3 without Tết 8-14/2: 43 days, 31 weekdays less 5 of Tết
    assert (late.occurrence.partition("/")[2], late.due, late.days_late) == (PROGRAMME, date(2024, 1, 31), 26)


def test_every_occurrence_is_counted_once() -> None:
    about = plan_view("2024-12-31T17:00")
    found = document_facts(WantedDocument("year-summary"), about, SETTINGS)
    counts = found["counts"]
    parts = (counts.on_time, counts.late, counts.overdue, counts.running, counts.missed, counts.released)
    assert counts.total == sum(parts) == len(about.snapshot.tracked)
    assert sum(row.total for row in found["by_section"]) == counts.total


def test_nothing_owed_has_no_per_cent() -> None:
    assert count("", ()).percent == "–"


def test_no_letter_where_nothing_is_late() -> None:
    with pytest.raises(DocumentError, match="nothing of cchc-2024 is late"):
        document_facts(WantedDocument("reminder"), plan_view("2024-01-15T08:00"), SETTINGS)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        (("letter", "", ""), "is no kind of document"),
        (("plan-draft", "", ""), "name one of"),
        (("plan-draft", "kiem-soat-tthc", ""), "kiem-soat-tthc/ke-hoach-hoat-dong"),
        (("inspection-plan", "tinh-la", ""), "kiem-soat-tthc"),
        (("progress", "", ""), "is no report period"),
    ],
)
def test_what_cannot_be_written_says_what_to_name(given_: tuple[str, str, str], message: str) -> None:
    kind, item, period = given_
    with pytest.raises(DocumentError, match=message):
        wanted(kind, real_plan(), SETTINGS, item, period)


def test_a_report_of_another_year_is_refused() -> None:
    with pytest.raises(DocumentError, match="give a period of 2024"):
        document_facts(wanted("progress", real_plan(), SETTINGS, period="2025-Q1"), plan_view(), SETTINGS)


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("page", "left"), 25, "page.left"),
        (("page", "right"), 21, "page.right"),
        (("type", "body"), 12, "type.body"),
        (("type", "line_spacing"), 1.6, "type.line_spacing"),
        (("cut_off", "month"), 31, "31 is not a cut-off day"),
        (("signatures", "head"), {"role": "vua"}, "office.yaml knows no role 'vua'"),
    ],
)
def test_settings_outside_the_decree_are_refused_with_their_line(
    where: tuple[str, str], value: Any, message: str
) -> None:
    file = located("documents.yaml").with_keys_of(located("words/vi/documents/words.yaml"))
    file.value[where[0]][where[1]] = value
    with pytest.raises(ConfigurationError, match=message) as refused:
        read_document_settings(file, real_office())
    assert refused.value.faults[0].line > 1


# -- the markup ---------------------------------------------------------------------------------------------

FRAME = "%% issuer\noffice\n%% symbol\nVP\n%% body\n{}\n%% signature\nhead\n%% receivers\n- Lưu: VT.\n"


@given(st.text(), st.text(min_size=1))
def test_a_value_is_never_markup(value: str, other: str) -> None:
    one, two = shielded(value), shielded(other)
    found = read_document(FRAME.format(f"{one}\n\n|= 3l 3l\n| a | b |\n| {one} | {two} |"))
    *text, table = found.body
    assert isinstance(table, Table)
    assert len(table.rows) == 2
    said = [text_words(block.text) for block in text if isinstance(block, Paragraph)]
    assert len(said) <= 1
    assert "".join(said) == text_words(table.rows[1][0])
    assert not any(run.blank or run.dots for row in table.rows for cell in row for run in cell)
    assert all("\n" not in line for line in words_of(found))


@pytest.mark.parametrize(
    "value", ["# a", "| a | b |", "%% body", "- a", "[x]", "____", "|= 3l", "a\n%% body\nb", "\ue000# a"]
)
def test_what_looks_like_markup_is_printed_as_it_is(value: str) -> None:
    (block,) = read_document(FRAME.format(shielded(value))).body
    assert isinstance(block, Paragraph)
    assert (block.style, text_words(block.text)) == ("text", " ".join(value.replace("\ue000", "").split()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "stands before the first"),
        ("%% corps\nx", "is no section"),
        ("%% issuer\noffice\n", "has no section '%% symbol'"),
        (FRAME.format("| a | b |"), "2 cells where 0 columns"),
        (FRAME.format("|= 3l\n| a | b |"), "2 cells where 1 columns"),
        (FRAME.format("|= 3x"), "is no column"),
    ],
)
def test_a_wrong_template_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        read_document(text)


# -- what goes with a mail ----------------------------------------------------------------------------------


def test_drafts_go_with_the_assignment_to_the_lead_unit_only() -> None:
    plan = real_plan()
    lead = make_notice(plan, "kiem-soat-tthc", "ke-hoach-truyen-thong", "assign", "unit:ttpvks")
    other = make_notice(plan, "kiem-soat-tthc", "ke-hoach-truyen-thong", "assign", "unit:hcqt", coordinating=True)
    reminded = replace(lead, kind="remind")
    report = make_notice(plan, "chi-so-phuc-vu", "ket-qua-danh-gia", "assign", "unit:ttpvks")
    found = enclosed([lead, lead, other, reminded, report], SETTINGS, date(2024, 1, 2))
    assert found == [WantedDocument("plan-draft", "kiem-soat-tthc/ke-hoach-truyen-thong")]
    assert found[0].name(SETTINGS) == "du-thao_kiem-soat-tthc.ke-hoach-truyen-thong.docx"


def test_the_letter_goes_to_the_tracker_and_the_progress_to_leaders() -> None:
    plan = real_plan()
    tracker = make_notice(plan, "kiem-soat-tthc", "ke-hoach-truyen-thong", "escalate", "role:tracker")
    leader = replace(tracker, recipient="role:head")
    report = replace(tracker, kind="report", recipient="role:head")
    assert enclosed([tracker], SETTINGS, date(2024, 4, 15)) == [WantedDocument("reminder")]
    assert enclosed([leader], SETTINGS, date(2024, 4, 15)) == []
    assert enclosed([report], SETTINGS, date(2024, 4, 15)) == [WantedDocument("progress", period="2024-04")]
