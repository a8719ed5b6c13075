"""Paragraphs, rules and tables of a document, placed by our own measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Protocol

from docx.document import Document as Docx
from docx.enum.table import WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.enum.text import WD_COLOR_INDEX, WD_LINE_SPACING, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Length, Pt
from docx.table import Table as DocxTable
from docx.table import _Cell as Cell
from docx.table import _Row as Row
from docx.text.paragraph import Paragraph as DocxParagraph

from dondoc.documents.form_settings import DocumentSettings
from dondoc.documents.marked_text import Align, Block, Paragraph, PicturePlace, Table, Text
from tasks.documents.form import style_name

_ALIGN: Mapping[Align, ALIGN] = {"l": ALIGN.LEFT, "c": ALIGN.CENTER, "r": ALIGN.RIGHT}
_PT = 12700


class Place(Protocol):
    """Where a paragraph can be added: a document or a cell."""

    def add_paragraph(self) -> DocxParagraph:
        """A new one at the end."""


def write_text(paragraph: DocxParagraph, text: Text, *, size: int | None = None) -> DocxParagraph:
    """The runs of a text; what is left to complete is marked in yellow, a dotted line ends at its tab stop."""
    for piece in text:
        run = paragraph.add_run("\t" if piece.dots else piece.text)
        if size:
            run.font.size = Pt(size)
        if piece.blank:
            run.font.highlight_color = WD_COLOR_INDEX.YELLOW
    return paragraph


def form_line(
    cell: Cell, words: str, size: int, *, bold: bool = False, italic: bool = False, align: ALIGN = ALIGN.CENTER,
    before: float = 0,
) -> DocxParagraph:  # fmt: skip
    """One line of the form in a cell; its first empty paragraph is used up first."""
    first = cell.paragraphs[0]
    unused = len(cell.paragraphs) == 1 and not first.runs and not _ruled(first)
    paragraph: DocxParagraph = first if unused else cell.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.space_before = Pt(before)
    run = paragraph.add_run(words)
    run.font.size, run.bold, run.italic = Pt(size), bold, italic
    return paragraph


def rule(place: Cell | Docx, width: int, of: int) -> None:
    """A centred horizontal line of `width` in a column of width `of` (EMU)."""
    paragraph = place.add_paragraph()
    form = paragraph.paragraph_format
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(3)
    form.left_indent = form.right_indent = Emu(max(0, (of - width) // 2))
    paragraph.add_run().font.size = Pt(1)
    borders = OxmlElement("w:pBdr")
    bottom = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "auto")):
        bottom.set(qn(f"w:{name}"), value)
    borders.append(bottom)
    paragraph._p.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _ruled(paragraph: DocxParagraph) -> bool:
    return paragraph._p.pPr is not None and paragraph._p.pPr.find(qn("w:pBdr")) is not None


def unruled_table(docx: Docx, widths: Sequence[int], rows: int = 1) -> DocxTable:
    """A table without lines, for what stands side by side."""
    table: DocxTable = docx.add_table(rows=rows, cols=len(widths))
    _lay_out(table, widths, margin=0)
    return table


def uncut(row: Row) -> None:
    """A row that no page break cuts."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def blocks(
    docx: Docx,
    found: Sequence[Block],
    settings: DocumentSettings,
    width: int,
    pictures: Mapping[str, bytes],
    *,
    holds: bool,
) -> None:
    """The body's blocks in order. `holds`: the last stays on the page of what follows it (a signature)."""
    for block, following in zip(found, (*found[1:], None), strict=True):
        last = holds and following is None
        match block:
            case Paragraph():
                paragraph = write_text(docx.add_paragraph(style=style_name(block.style)), block.text)
                _dot(paragraph, block.text, width)
                if last or isinstance(following, Table):
                    paragraph.paragraph_format.keep_with_next = True
            case Table():
                _table(docx, block, settings, width, keep=last)
            case PicturePlace(name=name) if name in pictures:
                paragraph = docx.add_paragraph()
                paragraph.alignment = ALIGN.CENTER
                paragraph.add_run().add_picture(BytesIO(pictures[name]), width=Emu(width))


def _dot(paragraph: DocxParagraph, text: Text, width: int) -> None:
    """Dotted lines share the width: the last ends at the right margin."""
    lines = sum(run.dots for run in text)
    for number in range(1, lines + 1):
        paragraph.paragraph_format.tab_stops.add_tab_stop(
            Emu(width * number // lines), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS
        )
        paragraph.alignment = ALIGN.LEFT


def _table(docx: Docx, found: Table, settings: DocumentSettings, width: int, *, keep: bool) -> None:
    total = sum(column.width for column in found.columns)
    widths = [int(width * column.width / total) for column in found.columns]
    table = docx.add_table(rows=len(found.rows), cols=len(found.columns))
    table.style = docx.styles["Table Grid"]
    _lay_out(table, widths, margin=4 * _PT)
    # By rows of XML: python-docx's own cell(row, column) looks through the whole table each time.
    for number, (row, cells) in enumerate(zip(table.rows, found.rows, strict=True)):
        uncut(row)
        if number == 0:
            row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
        for cell, text, column in zip(row.cells, cells, found.columns, strict=True):
            paragraph = write_text(cell.paragraphs[0], text, size=settings.type.table)
            paragraph.alignment = ALIGN.CENTER if number == 0 else _ALIGN[column.align]
            paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)
            paragraph.paragraph_format.keep_with_next = number == 0 or (keep and number == len(found.rows) - 1)
            for run in paragraph.runs:
                run.bold = number == 0 or None
    spacer = docx.add_paragraph()
    spacer.paragraph_format.line_spacing_rule, spacer.paragraph_format.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(4)
    spacer.paragraph_format.keep_with_next = keep


def _lay_out(table: DocxTable, widths: Sequence[int], margin: int) -> None:
    table.autofit = False
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        found = OxmlElement(f"w:{side}")
        found.set(qn("w:w"), str(margin * 20 // _PT))
        found.set(qn("w:type"), "dxa")
        margins.append(found)
    properties = table._tbl.tblPr
    look = properties.find(qn("w:tblLook"))
    if look is not None:
        look.addprevious(margins)
    else:
        properties.append(margins)
    for column, width in zip(table._tbl.tblGrid.findall(qn("w:gridCol")), widths, strict=True):
        column.set(qn("w:w"), str(width * 20 // _PT))
    for row in table.rows:
        row.height_rule = WD_ROW_HEIGHT_RULE.AUTO
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Length(width)
