"""The report as PDF: searchable text in an embedded font that has every Vietnamese letter, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, WrapMode

from tasks.evidence.pages import month_columns
from tasks.evidence.sheets import Cover, EntryLine, OccurrenceSheet

_PACKAGE = find_spec("matplotlib")  # only its fonts: importing it costs more than a pack
_FONTS = Path(_PACKAGE.origin or "").parent / "mpl-data/fonts/ttf" if _PACKAGE else Path()
_INK, _QUIET, _LINE = (29, 42, 48), (85, 100, 107), (200, 208, 204)
_TONES = {"red": (179, 38, 30), "amber": (138, 83, 0), "green": (31, 111, 60), "grey": (92, 105, 111)}
_WIDTHS = (20.0, 78.0, 32.0, 22.0, 28.0)  # of the register's columns, in millimetres: 180 together
_LABEL = 42.0


class _Paper(FPDF):
    """A4, upright. Its footer names the ledger entry the report ends with."""

    def __init__(self, foot: str, page: str, moment: datetime, title: str) -> None:
        super().__init__(format="A4")
        self._foot, self._page = foot, page
        for style, name in (("", "DejaVuSans"), ("B", "DejaVuSans-Bold")):
            self.add_font("DejaVu", style, _FONTS / f"{name}.ttf")
        self.set_margins(15, 15, 15)
        self.set_auto_page_break(True, 18)
        self.set_creation_date(moment)
        self.set_title(title)
        self.set_lang("vi")
        self.set_producer("dondoc")

    def footer(self) -> None:
        """On every page."""
        self.set_y(-13)
        self.set_font("DejaVu", "", 6.5)
        self.set_text_color(*_QUIET)
        self.cell(160, 4, self._foot)
        self.cell(20, 4, self._page.format(page=self.page_no()), align="R")

    def say(
        self, text: str, size: float = 9, style: str = "", colour: tuple[int, int, int] = _INK, after: float = 1
    ) -> None:
        """A paragraph over the whole width."""
        self.set_font("DejaVu", style, size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT", align="L", wrapmode=WrapMode.WORD)
        self.ln(after)

    def pair(self, label: str, text: str, size: float = 8) -> None:
        """A label and its text beside it; never parted by a page's end where they fit one."""
        self.set_font("DejaVu", "", size)
        height = size * 0.5
        if self.y + height > self.page_break_trigger:
            self.add_page()
        top = self.y
        self.set_text_color(*_QUIET)
        self.multi_cell(_LABEL - 2, height, label, align="L", new_x="LEFT", new_y="NEXT")
        below = self.y
        self.set_xy(self.l_margin + _LABEL, top)
        self.set_text_color(*_INK)
        before = self.page
        self.multi_cell(180 - _LABEL, height, text, new_x="LMARGIN", new_y="NEXT", align="L")
        if self.page == before:
            self.set_y(max(self.y, below))

    def lines_of(self, width: float, text: str) -> list[str]:
        """`text` as it breaks in a column."""
        found: Any = self.multi_cell(width, 4, text, dry_run=True, output=MethodReturnValue.LINES, align="L")
        return list(found)


def write_printed(
    out: Path, cover: Cover, sheets: Iterable[OccurrenceSheet], own: Mapping[str, Any], moment: datetime
) -> None:  # fmt: skip
    """The whole report below `out`, dated `moment`."""
    paper = _Paper(cover.foot, own["page"], moment, cover.title)
    paper.add_page()
    paper.say(cover.title, 16, "B", after=2)
    paper.say(cover.selection, 10, after=2)
    paper.say(cover.head, 7.5, "", _QUIET, 2)
    for note in (*cover.notes, own["how"]):
        paper.say(note, 8)
    _heading(paper, own["sections"]["figures"])
    for words, tone, number in cover.figures:
        paper.say(f"{own['signs'][tone]} {words}: {number}", 9, "B", _TONES[tone], 0)
    if cover.months:
        _heading(paper, own["sections"]["year"])
        _chart(paper, month_columns(cover, own))
    _heading(paper, own["sections"]["register"])
    _register(paper, cover, own)
    _heading(paper, own["sections"]["common"])
    for line in cover.common:
        _entry(paper, line)
    for sheet in sheets:
        _sheet(paper, sheet, own)
    paper.output(str(out))


def _heading(paper: _Paper, text: str) -> None:
    if paper.y > paper.page_break_trigger - 25:
        paper.add_page()
    paper.ln(3)
    paper.say(text, 11, "B")


def _chart(paper: _Paper, found: list[dict[str, Any]]) -> None:
    """The columns of the page's chart, twelve beside each other, on a scale of a third."""
    for start in range(0, len(found), 12):
        if paper.y > paper.page_break_trigger - 58:
            paper.add_page()
        top = paper.y
        for place, column in enumerate(found[start : start + 12]):
            x = paper.l_margin + place * 15
            for tone, y, height in column["pieces"]:
                paper.set_fill_color(*_TONES[tone])
                paper.rect(x + 2, top + 6 + y / 3, 10, height / 3, style="F")
            paper.set_font("DejaVu", "", 6.5)
            paper.set_text_color(*_INK)
            paper.set_xy(x, top + 2 + column["top"] / 3)
            paper.cell(14, 3, str(column["total"]), align="C")
            paper.set_xy(x, top + 47)
            paper.cell(14, 3, column["name"], align="C")
        paper.set_xy(paper.l_margin, top + 53)


def _register(paper: _Paper, cover: Cover, own: Mapping[str, Any]) -> None:
    names = ("ref", "deliverable", "period", "due", "outcome")
    _row(paper, [own["columns"][name] for name in names], "B", _QUIET)
    for row in cover.rows:
        cells = [row[name] for name in names]
        cells[-1] = f"{own['signs'][row['tone']]} {cells[-1]}"
        if _row(paper, cells, "", _TONES[row["tone"]]):
            continue


def _row(paper: _Paper, cells: list[str], style: str, last: tuple[int, int, int]) -> bool:
    paper.set_font("DejaVu", style, 7.5)
    parts = [paper.lines_of(width - 2, text) for width, text in zip(_WIDTHS, cells, strict=True)]
    height = 3.8 * max(map(len, parts)) + 1.2
    if paper.y + height > paper.page_break_trigger:
        paper.add_page()
        paper.set_font("DejaVu", style, 7.5)
    top, x = paper.y, paper.l_margin
    paper.set_draw_color(*_LINE)
    paper.line(x, top, x + sum(_WIDTHS), top)
    for width, lines, colour in zip(_WIDTHS, parts, (_INK, _INK, _INK, _INK, last), strict=True):
        paper.set_text_color(*colour)
        for number, text in enumerate(lines):
            paper.set_xy(x, top + 0.6 + 3.8 * number)
            paper.cell(width - 2, 3.8, text)
        x += width
    paper.set_xy(paper.l_margin, top + height)
    return True


def _entry(paper: _Paper, line: EntryLine) -> None:
    if paper.y > paper.page_break_trigger - 14:
        paper.add_page()
    paper.set_draw_color(*_LINE)
    paper.line(paper.l_margin, paper.y, paper.l_margin + 180, paper.y)
    paper.ln(0.8)
    paper.say(f"{line.when} · {line.who} · {line.ref}", 7, "", _QUIET, 0)
    paper.say(line.what, 8.5, "B", after=0)
    for label, text in (*line.texts, *((label, path or text) for label, text, path in line.places)):
        paper.pair(label, text, 7.5)
    paper.ln(0.8)


def _sheet(paper: _Paper, sheet: OccurrenceSheet, own: Mapping[str, Any]) -> None:
    if paper.y > paper.page_break_trigger - 70:
        paper.add_page()
    _heading(paper, sheet.title)
    paper.say(f"{own['signs'][sheet.tone]} {sheet.outcome}", 9, "B", _TONES[sheet.tone])
    for label, text in sheet.facts:
        paper.pair(label, text)
    paper.ln(1)
    paper.say(
        own["sections"]["history"].format(number=len(sheet.lines)) if sheet.lines else own["sections"]["none"], 9, "B"
    )
    for line in sheet.lines:
        _entry(paper, line)
