"""A .txt or .md file as lines and, where it draws them with bars or tabs, tables."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE

from dondoc.reading.document import Cell, Place, ReadingError, Table, TextLine, cell_name

_RULE = re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*:?-*:?\s*\|?\s*")


def read_text(name: str, content: bytes) -> list[TextLine | Table]:
    """The lines of a text file, numbered as an editor numbers them. Raises ReadingError where it is no text."""
    lines = _decoded(name, content).splitlines()
    blocks: list[TextLine | Table] = []
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate([*lines, ""], 1):
        cells = _cells(line)
        if cells is not None:
            if cells:
                rows.append((number, cells))
            continue
        if rows:
            blocks += _table(rows)
            rows = []
        if line.strip():
            blocks.append(TextLine(_unmarked(line), Place(line=number), whole=False))
    return blocks


def _decoded(name: str, content: bytes) -> str:
    encoding = "utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise ReadingError(f"{name} is not UTF-8 text; save it again as UTF-8 (Unicode)") from None
    if "\x00" in text:
        raise ReadingError(f"{name} is no text; give the document as .docx, .pdf, .xlsx, .txt or .md")
    return text


def _cells(line: str) -> list[str] | None:
    """The cells of a table's line, none for the rule under its heading; None for running text."""
    if _RULE.fullmatch(line):
        return []
    text = line.strip()
    if text.startswith("|") and text.count("|") > 2:
        return [
            _unmarked(cell).strip() for cell in text.strip("|").replace("<br>", "\n").replace("<br/>", "\n").split("|")
        ]
    return [cell.strip() for cell in line.split("\t")] if line.count("\t") > 2 else None


def _table(rows: list[tuple[int, list[str]]]) -> list[TextLine | Table]:
    width = max(len(cells) for _, cells in rows)
    made = []
    for number, cells in rows:
        padded = [*cells, *[""] * (width - len(cells))]
        made.append(
            tuple(Cell(text, Place(line=number, cell=cell_name(1, number, n))) for n, text in enumerate(padded, 1))
        )
    return [Table(tuple(made))]


def _unmarked(line: str) -> str:
    """Without the marks of Markdown: emphasis, headings, quotes."""
    line = re.sub(r"^\s{0,3}#{1,6}\s+", "", line)
    line = re.sub(r"^\s*>\s?", "", line)
    line = re.sub(r"\\([\\`*_{}\[\]()#+\-.!|>])", r"\1", line)
    line = re.sub(r"^(\s*)\*(\s)", "\\1-\\2", line)
    return re.sub(r"\*{1,3}|_{2,3}|`", "", line)
