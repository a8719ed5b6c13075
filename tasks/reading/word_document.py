"""A .docx as paragraphs and tables: merged cells known as such, automatic numbers written out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import docx
from docx.document import Document as Word
from docx.oxml.ns import qn
from docx.table import Table as WordTable
from docx.text.paragraph import Paragraph

from dondoc.reading.document import Cell, Place, Table, TextLine, cell_name
from tasks.reading.opening import open_zipped


def read_docx(name: str, content: bytes) -> list[TextLine | Table]:
    """The paragraphs and tables of a Word document. Raises ReadingError for a broken or locked one."""
    word = open_zipped(name, ".docx", content, docx.Document)
    numbers = _Numbers(word)
    blocks: list[TextLine | Table] = []
    line = tables = 0
    for child in word.iter_inner_content():
        if isinstance(child, Paragraph):
            for text in _lines(child, numbers):
                line += 1
                blocks.append(TextLine(text, Place(line=line)))
        else:
            tables += 1
            blocks.append(_table(child, tables, numbers))
    return blocks


def _lines(paragraph: Paragraph, numbers: _Numbers) -> Iterator[str]:
    text = _text(paragraph)
    if text.strip():
        yield from (piece for piece in (numbers.of(paragraph) + text).split("\n") if piece.strip())


def _text(paragraph: Paragraph) -> str:
    """All the text of a paragraph, that of links and insertions too, not what was deleted."""
    found = []
    for node in paragraph._p.iter():
        if node.tag == qn("w:t"):
            found.append(node.text or "")
        elif node.tag == qn("w:tab"):
            found.append("\t" if node.getparent().tag == qn("w:r") else "")
        elif node.tag in (qn("w:br"), qn("w:cr")):
            found.append("\n")
        elif node.tag == qn("w:noBreakHyphen"):
            found.append("-")
    return "".join(found)


def _table(table: WordTable, number: int, numbers: _Numbers) -> Table:
    rows: list[tuple[Cell, ...]] = []
    above: dict[int, Cell] = {}
    for r, row in enumerate(table._tbl.tr_lst, 1):
        cells: list[Cell] = [_blank(number, r, n) for n in range(1, row.grid_before + 1)]
        for tc in row.tc_lst:
            column = len(cells) + 1
            place = Place(cell=cell_name(number, r, column))
            if tc.vMerge == "continue" and column in above:
                first = Cell(above[column].text, place, down=True)
            else:
                texts = [numbers.of(p) + _text(p) for p in (Paragraph(node, table) for node in tc.p_lst)]
                texts += [
                    "\t".join(cell.text for cell in row_)
                    for inner in tc.tbl_lst
                    for row_ in _table(WordTable(inner, table), number, numbers).rows
                ]
                first = Cell("\n".join(text for text in texts if text.strip()), place)
            above[column] = first
            cells.append(first)
            cells += [Cell(first.text, place, first.down, across=True) for _ in range(tc.grid_span - 1)]
        rows.append(tuple(cells))
    width = max((len(row) for row in rows), default=0)
    return Table(
        tuple((*row, *(_blank(number, r, n) for n in range(len(row) + 1, width + 1))) for r, row in enumerate(rows, 1))
    )


def _blank(table: int, row: int, column: int) -> Cell:
    return Cell("", Place(cell=cell_name(table, row, column)))


class _Numbers:
    """The numbers that Word counts by itself and does not keep as text."""

    def __init__(self, word: Word) -> None:
        self.levels: dict[tuple[str, int], tuple[str, str, int]] = {}
        self.counts: dict[str, dict[int, int]] = defaultdict(dict)
        self.styles: dict[str, Any] = {}
        try:
            part = word.part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            return
        abstract = {node.get(qn("w:abstractNumId")): node for node in part.findall(qn("w:abstractNum"))}
        for num in part.findall(qn("w:num")):
            named = num.find(qn("w:abstractNumId"))
            found = abstract.get(named.get(qn("w:val"))) if named is not None else None
            for level in found.findall(qn("w:lvl")) if found is not None else ():
                key = (num.get(qn("w:numId")), int(level.get(qn("w:ilvl"))))
                self.levels[key] = (
                    _val(level, "w:numFmt", "decimal"),
                    _val(level, "w:lvlText", ""),
                    int(_val(level, "w:start", "1")),
                )

    def of(self, paragraph: Paragraph) -> str:
        """The number before a paragraph, with a space after it; "- " for a bullet; "" where it has none."""
        properties = paragraph._p.pPr
        found: Any = properties.numPr if properties is not None else None
        if found is None or found.numId is None:
            return ""
        number, depth = str(found.numId.val), found.ilvl.val if found.ilvl is not None else 0
        level = self.levels.get((number, depth))
        if level is None:
            return ""
        form, text, start = level
        counts = self.counts[number]
        counts[depth] = counts.get(depth, start - 1) + 1
        for deeper in [known for known in counts if known > depth]:
            del counts[deeper]
        if form == "bullet":
            return "+ " if "+" in text else "- "
        if form == "none":
            return ""

        def shown(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            kind = self.levels.get((number, at), level)[0]
            return _written(counts.get(at, 1), kind)

        return re.sub(r"%(\d)", shown, text) + " "


def _val(node: Any, tag: str, default: str) -> str:
    found = node.find(qn(tag))
    return str(found.get(qn("w:val"))) if found is not None else default


def _written(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (number - 1) % 26)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman"):
        roman = ""
        for value, sign in ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
            roman += sign * (number // value)
            number %= value
        return roman if form == "upperRoman" else roman.lower()
    return f"{number:02}" if form == "decimalZero" else str(number)
