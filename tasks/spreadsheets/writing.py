"""Sheets as .xlsx bytes: the same sheets, the same bytes.

A4 landscape, one page wide, headings repeated, pages numbered. Text stays text: what a unit wrote can never become
a formula, whatever it begins with.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime

from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from dondoc.office.wording import clean
from dondoc.reports.sheet_model import DAY_FORMAT, FormattedValue, RowHeading, Sheet, Value

SHEET_FONT = "Times New Roman"
_THIN = Side(style="thin", color="808080")
GRID = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
HEADING = PatternFill("solid", fgColor="D9E7E5")
PART = PatternFill("solid", fgColor="EFEFEF")
_MODIFIED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def workbook(sheets: Sequence[Sheet], at: datetime, page: str) -> bytes:
    """The sheets as one workbook, dated `at` (aware). `page` is the footer, with Excel's &P and &N."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets:
        _write(book.create_sheet(sheet.name), sheet, page)
    return packed(book, at)


def packed(book: Workbook, at: datetime) -> bytes:
    """The bytes of `book` with every time in them `at`: openpyxl and zip write the clock's."""
    written, stable = io.BytesIO(), io.BytesIO()
    book.save(written)
    moment = at.astimezone(UTC)
    stamp = f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()
    with zipfile.ZipFile(written) as old, zipfile.ZipFile(stable, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>" + stamp, content)
            dated = zipfile.ZipInfo(part.filename, (max(moment.year, 1980), *moment.timetuple()[1:6]))
            dated.compress_type, dated.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(dated, content)
    return stable.getvalue()


def put(cell: Cell | MergedCell, value: Value, *, as_it_is: bool = False) -> None:
    """A value into a cell, text always as text: one clean line of it, or `as_it_is`."""
    assert isinstance(cell, Cell)
    cell.value = clean(value) if isinstance(value, str) and not as_it_is else value
    if isinstance(value, str):
        cell.data_type = "s"
        if value[:1] in "=+-@\t":
            cell.quotePrefix = True


def _write(page: Worksheet, sheet: Sheet, footer: str) -> None:
    width = len(sheet.columns)
    top = _head(page, sheet, width)
    for n, column in enumerate(sheet.columns, 1):
        page.column_dimensions[get_column_letter(n)].width = column.width
        heading = page.cell(top, n)
        put(heading, column.heading)
        heading.font, heading.fill, heading.border = Font(SHEET_FONT, 11, bold=True), HEADING, GRID
        heading.alignment = Alignment("center", "center", wrap_text=True)
    height(page, top, [(column.heading, column.width) for column in sheet.columns])
    line = top
    for line, row in enumerate(sheet.rows, top + 1):
        _part(page, line, row, width) if isinstance(row, RowHeading) else _row(page, line, row, sheet)
    page.freeze_panes = f"A{top + 1}"
    page.auto_filter.ref = f"A{top}:{get_column_letter(width)}{max(line, top + 1)}"
    for n, note in enumerate(sheet.notes, line + 2):
        _line(page, n, width, note, Font(SHEET_FONT, 10, italic=True), "left")
    page.print_title_rows = f"{top}:{top}"
    print_setup(page, footer)


def _head(page: Worksheet, sheet: Sheet, width: int) -> int:
    """The lines above the headings; the row of the headings."""
    _line(page, 1, width, sheet.office.upper(), Font(SHEET_FONT, 12, bold=True), "left")
    _line(page, 2, width, sheet.title, Font(SHEET_FONT, 14, bold=True), "center")
    for n, line in enumerate(sheet.lines, 3):
        _line(page, n, width, line, Font(SHEET_FONT, 10, italic=True), "center")
    return 3 + len(sheet.lines)


def _line(page: Worksheet, row: int, width: int, text: str, font: Font, align: str) -> None:
    cell = page.cell(row, 1)
    put(cell, text)
    cell.font, cell.alignment = font, Alignment(align, "center", wrap_text=True)
    page.merge_cells(start_row=row, start_column=1, end_row=row, end_column=width)
    across = sum(dimension.width for dimension in page.column_dimensions.values()) or 160
    page.row_dimensions[row].height = 18 * max(1, -(-len(text) // int(across)))


def _part(page: Worksheet, line: int, part: RowHeading, width: int) -> None:
    for n in range(1, width + 1):
        page.cell(line, n).border, page.cell(line, n).fill = GRID, PART
    put(page.cell(line, 1), part.text)  # not merged: a filter cannot hide half of a merged cell
    page.cell(line, 1).font = Font(SHEET_FONT, 11, bold=True)


def _row(page: Worksheet, line: int, row: Sequence[Value | FormattedValue], sheet: Sheet) -> None:
    for n, (given, column) in enumerate(zip(row, sheet.columns, strict=True), 1):
        shown = given if isinstance(given, FormattedValue) else FormattedValue(given)
        cell = page.cell(line, n)
        put(cell, shown.value)
        cell.font, cell.border = Font(SHEET_FONT, 11), GRID
        cell.alignment = Alignment(column.align, "top", wrap_text=True)
        if shown.form:
            cell.number_format = shown.form
        elif not isinstance(shown.value, str | int | float | None):
            cell.number_format = DAY_FORMAT
        if shown.link:
            cell.hyperlink, cell.font = shown.link, Font(SHEET_FONT, 11, color="0B5D61", underline="single")
    shown_texts = [cell.value if isinstance(cell, FormattedValue) else cell for cell in row]
    height(page, line, [(str(text or ""), c.width) for text, c in zip(shown_texts, sheet.columns, strict=True)])


def height(page: Worksheet, line: int, across: Sequence[tuple[str, float]], most: int = 400) -> None:
    """Tall enough for its longest text: LibreOffice and Excel measure differently, so neither is asked."""
    lines = max((-(-len(text) // max(1, int(width * 1.05))) for text, width in across), default=1)
    page.row_dimensions[line].height = min(most, 15 * max(1, lines) + 2)


def print_setup(page: Worksheet, footer: str) -> None:
    """A4 landscape, one page wide, `footer` centred below (Excel's &P and &N in it)."""
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", page.PAPERSIZE_A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    page.print_options.horizontalCentered = True
    margins = page.page_margins
    margins.left = margins.right = 0.5
    margins.top, margins.bottom = 0.6, 0.7
    foot = page.oddFooter
    assert foot is not None
    foot.center.text, foot.center.font, foot.center.size = footer, SHEET_FONT, 10
