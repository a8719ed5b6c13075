"""Every kind of document read back with python-docx and held against Nghị định 30/2020/NĐ-CP, Phụ lục I."""

from __future__ import annotations

import io
import shutil
import unicodedata
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from document_view import document_settings, plan_view
from docx import Document as open_docx
from docx.document import Document as Docx
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml.ns import qn
from golden import assert_golden
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from office_files import CONFIG, real_office, real_plan

from dondoc.documents.kinds import DocumentKind, WantedDocument
from dondoc.documents.marked_text import DocumentError, words_of
from dondoc.foundation.errors import ConfigurationError
from dondoc.office.wording import clean
from dondoc.plan.plan import Plan
from tasks.documents import templates
from tasks.documents.reading import document_file, worded_document

WANTED: dict[DocumentKind, WantedDocument] = {
    "plan-draft": WantedDocument("plan-draft", "ke-hoach-thi-hanh-phap-luat/ke-hoach-ra-soat"),
    "reminder": WantedDocument("reminder"),
    "inspection-plan": WantedDocument("inspection-plan", "kiem-soat-tthc"),
    "inspection-minutes": WantedDocument("inspection-minutes", "kiem-soat-tthc"),
    "progress": WantedDocument("progress", period="2024-Q1"),
    "year-summary": WantedDocument("year-summary"),
}
WITH_APPENDIX = {"reminder", "inspection-plan", "progress", "year-summary"}


@cache
def content(kind: DocumentKind) -> bytes:
    return document_file(WANTED[kind], plan_view(), CONFIG)


def opened(kind: DocumentKind) -> Docx:
    return open_docx(io.BytesIO(content(kind)))


def font_sizes(docx: Docx) -> dict[str, float]:
    """Text of each run of the form's own table → its size in points."""
    cells = [cell for row in docx.tables[0].rows for cell in row.cells]
    runs = [run for cell in cells for paragraph in cell.paragraphs for run in paragraph.runs if run.text.strip()]
    return {run.text: run.font.size.pt for run in runs if run.font.size}


@pytest.mark.parametrize("kind", WANTED)
def test_the_page(kind: DocumentKind) -> None:
    first, *others = opened(kind).sections
    assert (first.page_width.mm, first.page_height.mm) == pytest.approx((210, 297), abs=0.1)
    assert bool(others) == (kind in WITH_APPENDIX)
    for section in (first, *others):
        assert 20 <= round(section.top_margin.mm) <= 25
        assert 20 <= round(section.bottom_margin.mm) <= 25
        assert 30 <= round(section.left_margin.mm) <= 35
        assert 15 <= round(section.right_margin.mm) <= 20
    for section in others:
        assert section.orientation == WD_ORIENT.LANDSCAPE
        assert section.page_width > section.page_height
        assert section._sectPr.find(qn("w:pgNumType")).get(qn("w:start")) == "1"  # an appendix counts on its own


@pytest.mark.parametrize("kind", WANTED)
def test_a_number_stands_centred_on_top_of_every_page_but_the_first(kind: DocumentKind) -> None:
    for section in opened(kind).sections:
        assert section.different_first_page_header_footer
        assert not "".join(paragraph.text for paragraph in section.first_page_header.paragraphs).strip()
        (paragraph,) = section.header.paragraphs
        assert paragraph.alignment == ALIGN.CENTER
        assert [part.text for part in paragraph._p.iter(qn("w:instrText"))] == ["PAGE"]
        assert 13 <= paragraph.runs[0].font.size.pt <= 14


@pytest.mark.parametrize("kind", WANTED)
def test_times_new_roman_throughout(kind: DocumentKind) -> None:
    docx = opened(kind)
    fonts = {value for found in docx.element.iter(qn("w:rFonts")) for value in found.attrib.values()}
    assert fonts <= {"Times New Roman"}
    for properties in (
        docx.styles["Normal"].element.rPr,
        docx.styles.element.find(f".//{qn('w:rPrDefault')}/{qn('w:rPr')}"),
    ):
        found = properties.find(qn("w:rFonts"))
        assert dict(found.attrib) == {
            qn(f"w:{script}"): "Times New Roman" for script in ("ascii", "hAnsi", "eastAsia", "cs")
        }


@pytest.mark.parametrize("kind", WANTED)
def test_the_head(kind: DocumentKind) -> None:
    docx = opened(kind)
    sizes = font_sizes(docx)
    assert sizes["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"] in (12, 13)
    assert sizes["Độc lập - Tự do - Hạnh phúc"] in (13, 14)
    number = next(text for text in sizes if text.startswith("Số:"))
    assert sizes[number] == 13
    assert "/" in number
    assert not any(c.isdigit() for c in number)  # the clerk numbers it
    dated = [text for text in sizes if text.startswith("Quảng Ngãi, ngày")]
    assert bool(dated) == (kind != "inspection-minutes")  # minutes carry their day in the text (mẫu 1.10)
    for text in dated:
        assert sizes[text] in (13, 14)
        assert text.split() == ["Quảng", "Ngãi,", "ngày", "tháng", "năm", "2024"]
    ruled = [p for row in docx.tables[0].rows for cell in row.cells for p in cell._tc.iter(qn("w:pBdr"))]
    assert len(ruled) == 2  # under the issuing body and under the motto


@pytest.mark.parametrize("kind", WANTED)
def test_the_text(kind: DocumentKind) -> None:
    docx = opened(kind)
    style = docx.styles["VB text"]
    form = style.paragraph_format
    assert 13 <= docx.styles["Normal"].font.size.pt <= 14
    assert form.alignment == ALIGN.JUSTIFY
    assert 1.0 <= round(form.first_line_indent.cm, 2) <= 1.27
    assert form.space_before.pt >= 6
    assert 1.0 <= form.line_spacing <= 1.5
    used = {paragraph.style.name for paragraph in docx.paragraphs if paragraph.text.strip()}
    assert "VB text" in used


@pytest.mark.parametrize("kind", WANTED)
def test_the_end(kind: DocumentKind) -> None:
    docx = opened(kind)
    (receivers,) = [t for t in docx.tables if t.rows[0].cells[0].paragraphs[0].text == "Nơi nhận:"]
    heading, *lines = receivers.rows[0].cells[0].paragraphs
    (run,) = heading.runs
    assert (run.font.size.pt, run.bold, run.italic) == (12, True, True)
    assert {r.font.size.pt for line in lines for r in line.runs} == {11}
    assert lines[-1].text.startswith("- Lưu: VT")
    assert receivers.rows[0]._tr.trPr.find(qn("w:cantSplit")) is not None
    # What stands before the signature stays on its page.
    before = [p for p in docx.paragraphs if p.text.endswith("./.")]
    assert len(before) == 1
    assert before[0].paragraph_format.keep_with_next


@pytest.mark.parametrize("kind", WANTED)
def test_tables_fit_the_page_and_repeat_their_heading(kind: DocumentKind) -> None:
    docx = opened(kind)
    upright, *others = docx.sections
    widest = max(s.page_width - s.left_margin - s.right_margin for s in (upright, *others))
    for table in docx.tables:
        widths = [int(column.get(qn("w:w"))) for column in table._tbl.tblGrid.findall(qn("w:gridCol"))]
        assert sum(widths) * 635 <= widest
        if table.style and table.style.name == "Table Grid":
            assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
            assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)


@pytest.mark.parametrize("kind", WANTED)
def test_the_same_document_is_the_same_file(kind: DocumentKind) -> None:
    assert document_file(WANTED[kind], plan_view(), CONFIG) == content(kind)
    with zipfile.ZipFile(io.BytesIO(content(kind))) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    core = opened(kind).core_properties
    assert (core.created.isoformat(), core.modified.isoformat()) == ("2024-03-14T10:00:00+00:00",) * 2
    assert document_file(WANTED[kind], plan_view("2024-03-14T17:01"), CONFIG) != content(kind)


@pytest.mark.parametrize("kind", WANTED)
def test_the_words(kind: DocumentKind) -> None:
    document = worded_document(WANTED[kind], plan_view(), CONFIG, document_settings())
    lines = [line for line in words_of(document) if line]
    if kind == "year-summary":  # its appendix lists every occurrence of the year
        lines = lines[:60]
    assert_golden(f"documents/{kind}.txt", lines)


def test_a_reminder_to_one_unit_names_it_beside_kinh_gui() -> None:
    paragraphs = [paragraph.text for paragraph in opened("reminder").paragraphs]
    assert "Kính gửi: Phòng Hành chính - Quản trị" in paragraphs


def test_a_picture_stands_where_the_template_puts_it() -> None:
    png = (CONFIG.parent / "docs/images/mail.png").read_bytes()
    about = plan_view()
    assert len(open_docx(io.BytesIO(document_file(WANTED["progress"], about, CONFIG))).inline_shapes) == 1, (
        "the year's map"
    )
    assert not open_docx(io.BytesIO(document_file(WANTED["progress"], about, CONFIG, {}))).inline_shapes
    (picture,) = open_docx(io.BytesIO(document_file(WANTED["progress"], about, CONFIG, {"chart": png}))).inline_shapes
    assert round(picture.width.mm) <= 165


ODD = st.one_of(
    st.text(min_size=1),
    st.sampled_from(["<w:p>&amp;]]>", "\x00\x01\x1f\x7f", "\ud800", "\ufffe\uffff", "a\u202eb", "%% body", "{{ 7*7 }}", "| x |", "ư" * 3000]),
)  # fmt: skip


def renamed(text: str) -> Plan:
    """The plan with that text wherever its file puts words."""
    plan = real_plan()
    items = tuple(
        replace(
            item, title=text, text=text, basis=(text,),
            obligations=tuple(
                replace(o, phrase=text, deliverable=f"{o.deliverable} {text}") for o in item.obligations
            ),
        )
        for item in plan.items
    )  # fmt: skip
    return replace(plan, title=text, document=text, basis=(text,), items=items)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ODD, st.sampled_from(sorted(WANTED)))
def test_any_text_gives_a_file_that_opens_again(text: str, kind: DocumentKind) -> None:
    states: dict[str, dict[str, Any]] = {"he-thong-hoa-van-ban/van-ban-chi-dao/2024-01": {"document": text}}
    made = document_file(WANTED[kind], plan_view(states=states, plan=renamed(text)), CONFIG)
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        assert package.testzip() is None
        for name in package.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(package.read(name))
    docx = open_docx(io.BytesIO(made))
    whole = "\n".join(p.text for p in docx.element.iter(qn("w:t")) if p.text)
    shown = clean(text).translate(dict.fromkeys((*range(0xE000, 0xE005), 0xFFFE, 0xFFFF)))
    if shown.split():
        assert " ".join(shown.split())[:40] in " ".join(whole.split())


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("%% issuer\n{{ nobody }}", "'nobody' is undefined"),
        ("%% issuer\n{% if %}", "bad.j2:2"),
        ("%% issuer\n{{ plan.document }}", "a value that is not there"),
        ("%% issuer\ntinh\n%% symbol\nx\n%% body\nx\n%% signature\nhead\n%% receivers\nx", None),
    ],
)
def test_a_broken_template_is_named_in_one_line(template: str, message: str | None, tmp_path: Any) -> None:
    folder = tmp_path / "words/vi/documents"
    folder.mkdir(parents=True)
    (tmp_path / "office.yaml").write_text("language: vi", encoding="utf-8")
    (folder / "bad.j2").write_text(template, encoding="utf-8")
    facts = {"plan": replace(real_plan(), document=None)}
    if message is None:
        assert templates.fill(tmp_path, "bad.j2", facts, document_settings()).issuer == "tinh"
        return
    with pytest.raises(DocumentError, match=message) as refused:
        templates.fill(tmp_path, "bad.j2", facts, document_settings())
    assert "\n" not in str(refused.value)


def test_a_broken_documents_folder_says_every_fault(tmp_path: Path) -> None:
    folder = tmp_path / "words/vi/documents"
    shutil.copytree(CONFIG / "words/vi/documents", folder)
    for name in ("office.yaml", "documents.yaml"):
        shutil.copy(CONFIG / name, tmp_path)
    settings_file = tmp_path / "documents.yaml"
    settings_file.write_text(
        settings_file.read_text(encoding="utf-8").replace("left: 30", "left: 20"), encoding="utf-8"
    )
    (folder / "reminder.j2").write_text("%% issuer\n{% for %}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        templates.check_documents(tmp_path, real_office())
    assert [(fault.file.rpartition("/")[2], fault.line > 1) for fault in refused.value.faults] == [
        ("documents.yaml", True),
        ("reminder.j2", True),
    ]
    templates.check_documents(CONFIG, real_office())


@pytest.mark.parametrize("path", sorted((CONFIG / "words/vi/documents").iterdir()), ids=lambda path: path.name)
def test_the_office_writes_composed_letters(path: Path) -> None:
    # TCVN 6909: a letter with its marks is one sign; decomposed text looks alike and sorts, finds and prints otherwise.
    assert unicodedata.is_normalized("NFC", path.read_text(encoding="utf-8"))
