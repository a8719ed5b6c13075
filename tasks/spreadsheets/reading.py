"""CSV and XLSX bytes as rows of text. Raises FigureError for a file that cannot be read whole; never half a file.

A formula stays its own text (`=A1*2`), so that it is refused further on instead of read as its last result.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from datetime import date, datetime
from itertools import count, islice

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from dondoc.index.definitions import FigureError, Metrics
from dondoc.index.row_parser import NumberedRow, heading_width
from tasks.spreadsheets.strict_form import usual_form

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = {".csv": "text/csv", ".tsv": "text/tab-separated-values", ".txt": "text/plain", ".xlsx": XLSX}

_OLE = b"\xd0\xcf\x11\xe0"  # old .xls, and .xlsx under a password
_ZIP = b"PK\x03\x04"
_DELIMITERS = ",;\t"
_LAST_ROW = 1_048_576  # of any spreadsheet: a book that claims more is forged or broken
_LAST_COLUMN = 64
_SHEET_HEADINGS = 3  # a sheet that names fewer columns holds notes, not figures, if another sheet has them
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
# Letters that only text in the TCVN3 (ABC) fonts shows where Vietnamese should stand.
_HIDDEN = re.compile(rb"<(?:\w+:)?row\s[^>]{0,500}\shidden=[\"'](?:1|true)[\"'][^>]{0,500}>")
_ROW_NUMBER = re.compile(rb"\sr=[\"']([0-9]{1,7})[\"']")
_TCVN3 = frozenset("¸µ¶·¹¨»¾¼½Æ©ÊÇÈÉË®Ð×Ø")


def tables(suffix: str, content: bytes, metrics: Metrics) -> list[tuple[str, list[NumberedRow]]]:
    """The sheets of a file that may hold figures, by name ("" where there is one), each as its filled rows."""
    if suffix not in MEDIA_TYPES:
        raise FigureError("unsupported", suffix=suffix)
    if content.startswith(_OLE):
        raise FigureError("old_or_locked")
    if suffix == ".xlsx":
        found = _xlsx(content, metrics)
    elif content.startswith(_ZIP):
        raise FigureError("unsupported", suffix=f"{suffix} (zip)")
    else:
        found = [("", _csv(_text(content), metrics))]
    if any(heading_width(rows, metrics) for _, rows in found):
        return found
    if any(not _TCVN3.isdisjoint(text) for _, rows in found for _, raw in rows[:20] for text in raw):
        raise FigureError("encoding")
    return found


def _text(content: bytes) -> str:
    encoding = "utf-8"
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        encoding = "utf-16"
    elif content.startswith(BOM_UTF8):
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise FigureError("encoding", content.count(b"\n", 0, error.start) + 1) from None
    for mark in ("\0", "\ufffd"):  # UTF-16 without its mark, or letters another program has lost
        if mark in text:
            raise FigureError("encoding", text.count("\n", 0, text.index(mark)) + 1)
    return text


def _csv(text: str, metrics: Metrics) -> list[NumberedRow]:
    def width(delimiter: str) -> int:
        try:
            return heading_width(islice(_csv_rows(text, delimiter), 20), metrics)
        except FigureError:
            return 0

    rows = _csv_rows(text, max(_DELIMITERS, key=width))
    return _bounded(rows, metrics.limits.rows)


def _csv_rows(text: str, delimiter: str) -> Iterator[NumberedRow]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for raw in reader:
            yield line, raw
            line = reader.line_num + 1
    except csv.Error:
        raise FigureError("csv_broken", line) from None


def _bounded(rows: Iterator[NumberedRow], limit: int, already: int = 0) -> list[NumberedRow]:
    """The rows with text. Raises FigureError when they are more than a year of figures can be."""
    kept: list[NumberedRow] = []
    for line, raw in rows:
        if any(text.strip() for text in raw):
            kept.append((line, raw))
            if len(kept) + already > limit:
                raise FigureError("too_many_rows", line, limit=str(limit))
    return kept


def _xlsx(content: bytes, metrics: Metrics) -> list[tuple[str, list[NumberedRow]]]:
    refuse_bomb(content, metrics.limits.unpacked_bytes)
    found: list[tuple[str, list[NumberedRow]]] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and validations that figures do not need
            usual = usual_form(content)
            book = openpyxl.load_workbook(io.BytesIO(usual), read_only=True, data_only=False, keep_links=False)
            seen = count(1)
            for sheet in book.worksheets:
                if sheet.sheet_state != "visible":
                    continue  # who handed the file in did not see it
                sheet.reset_dimensions()
                already = sum(len(rows) for _, rows in found)
                found.append((sheet.title, _bounded(_sheet_rows(sheet, seen), metrics.limits.rows, already)))
    except FigureError:
        raise
    except Exception as error:  # a broken workbook fails anywhere inside openpyxl, in every way there is
        raise FigureError("xlsx_broken") from error
    found = [(name, rows) for name, rows in found if rows]
    widths = [heading_width(rows, metrics) for _, rows in found]
    least = min(_SHEET_HEADINGS, max(widths, default=0))
    found = [table for table, width in zip(found, widths, strict=True) if width >= least]
    return found if len(found) > 1 else [("", found[0][1] if found else [])]


def refuse_bomb(content: bytes, limit: int) -> None:
    """Before anything is parsed: the parts' declared sizes (zipfile reads no further) and their entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > limit:
                raise FigureError("xlsx_too_big", limit=str(limit))
            for part in parts:
                read = archive.read(part)
                if any(mark in read for mark in _DOCTYPES):
                    raise FigureError("xlsx_broken")
    except FigureError:
        raise
    except Exception as error:  # zipfile: bad archive, bad CRC, encrypted, unknown compression, zlib's own errors …
        raise FigureError("xlsx_broken") from error


def _sheet_rows(sheet: Worksheet, seen: Iterator[int]) -> Iterator[NumberedRow]:
    """The rows of a sheet; `seen` counts those of the whole book, with the empty ones openpyxl puts into gaps.

    Raises FigureError for a hidden row that holds something: counting it, or not, would be done unseen.
    """
    hidden = _hidden_rows(sheet)
    for line, row in enumerate(sheet.iter_rows(max_col=_LAST_COLUMN), 1):
        if next(seen) > _LAST_ROW:
            raise FigureError("xlsx_broken")
        if any(cell.value is not None for cell in row):
            if line in hidden:
                raise FigureError("row_hidden", line)
            yield line, [_cell(cell.value, cell.data_type) for cell in row]


def _hidden_rows(sheet: Worksheet) -> frozenset[int]:
    """The lines of a sheet's hidden and filtered rows, of its own XML: openpyxl leaves them out when it streams."""
    with sheet._get_source() as source:  # type: ignore[attr-defined]  # the part, as openpyxl itself opens it for each reading
        return frozenset(int(found[1]) for found in map(_ROW_NUMBER.search, _HIDDEN.findall(source.read())) if found)


def _cell(value: object, kind: str) -> str:
    if value is None:
        return ""
    if kind == "f":
        formula = value if isinstance(value, str) else getattr(value, "text", None) or ""
        return f"={formula.removeprefix('=')}"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)
