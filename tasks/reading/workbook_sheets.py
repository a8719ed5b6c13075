"""A workbook as tables: each visible sheet one table, merged cells known as such, dates as they are read."""

from __future__ import annotations

import io
import warnings
from datetime import date, datetime
from typing import Any

import openpyxl
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from dondoc.reading.document import Cell, Place, Table, TextLine
from tasks.reading.opening import open_zipped

_ROWS, _COLUMNS = 5000, 40


def read_xlsx(name: str, content: bytes) -> list[TextLine | Table]:
    """The visible sheets of a workbook. Raises ReadingError for a broken or locked one."""
    book = open_zipped(name, ".xlsx", content, _load)
    return [_sheet(page) for page in book.worksheets if page.sheet_state == "visible" and page.max_row]


def _load(content: io.BytesIO) -> Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(content, data_only=True, keep_links=False)


def _sheet(page: Worksheet) -> Table:
    height, width = min(page.max_row, _ROWS), min(page.max_column, _COLUMNS)
    merged: dict[tuple[int, int], tuple[int, int]] = {}
    for area in page.merged_cells.ranges:
        for row in range(area.min_row, min(area.max_row, height) + 1):
            for column in range(area.min_col, min(area.max_col, width) + 1):
                merged[row, column] = area.min_row, area.min_col
    rows = []
    for row in range(1, height + 1):
        cells = []
        for column in range(1, width + 1):
            at = merged.get((row, column), (row, column))
            place = Place(cell=f"{page.title}!{page.cell(row, column).coordinate}")
            cells.append(Cell(_shown(page.cell(*at)), place, at[0] < row, at[1] < column))
        if any(cell.text.strip() for cell in cells):
            rows.append(tuple(cells))
    return Table(tuple(rows))


def _shown(cell: Any) -> str:
    """What the cell shows."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        form = str(cell.number_format).lower()
        if "d" not in form and "m" in form:
            return f"{value:%m/%Y}"
        return f"{value:%d/%m/%Y}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)
