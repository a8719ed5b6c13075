"""A sheet of a workbook as plain values: what stands in each cell and how it is shown. `tasks.spreadsheets.writing` writes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from dondoc.obligations.snapshot import Snapshot

Value = str | int | float | date | None
DAY_FORMAT = "dd/mm/yyyy"


@dataclass(frozen=True, slots=True)
class FormattedValue:
    """A value under a number format of its own, e.g. 3 under `"trễ" 0`. `link`: an address the cell leads to."""

    value: Value
    form: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: heading, width in characters, how its cells stand."""

    heading: str
    width: float
    align: Literal["left", "center", "right"] = "left"


@dataclass(frozen=True, slots=True)
class RowHeading:
    """A row over all columns that heads the rows after it."""

    text: str


Cells = tuple[Value | FormattedValue, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: office and title above, `lines` under the title (the snapshot it shows), headings, rows, notes below."""

    name: str
    office: str
    title: str
    lines: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[RowHeading | Cells, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CountedFrom:
    """What figures were counted from: a plan's ledger up to entry `seq`, written `at` (office's zone), as of `today`."""

    plan: str
    title: str
    seq: int
    hash: str
    at: datetime
    today: date

    @classmethod
    def of(cls, found: Snapshot) -> CountedFrom:
        """What a snapshot's tables name."""
        return cls(found.plan.id, found.plan.title, found.head.seq, found.head.hash, found.at, found.day)

    def line(self, pattern: str) -> str:
        """The line that names it, on every table made from it."""
        return pattern.format(
            seq=f"{self.seq:,}".replace(",", "."), hash=self.hash, time=f"{self.at:%H:%M}", day=f"{self.at:%d/%m/%Y}",
            today=f"{self.today:%d/%m/%Y}",
        )  # fmt: skip


def texts(rows: Iterable[RowHeading | Cells]) -> list[list[str]]:
    """Every cell as text, for counting and comparing."""
    return [
        [row.text]
        if isinstance(row, RowHeading)
        else [_text(cell.value if isinstance(cell, FormattedValue) else cell) for cell in row]
        for row in rows
    ]


def _text(value: Value) -> str:
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else "" if value is None else str(value)
