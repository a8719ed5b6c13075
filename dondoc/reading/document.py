"""A plan document as it was printed: lines and tables in their order, each with its place."""

from __future__ import annotations

from dataclasses import dataclass

from dondoc.foundation.errors import RefusedError


class ReadingError(RefusedError):
    """A document that cannot be read; its message says why and what to give instead."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: page and line (from 1), or the cell of a table; what a format lacks is None."""

    page: int | None = None
    line: int | None = None
    cell: str | None = None


def cell_name(table: int, row: int, column: int) -> str:
    """A cell of a table as spreadsheets call it, all counted from 1: the second column of row 3 of table 1 is "1!B3"."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{table}!{letters}{row}"


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line or paragraph of running text. `whole`: it is a paragraph, not a piece of one that a margin broke."""

    text: str
    place: Place
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `covered`: part of a merged cell that begins above (`down`) or to the left; its text is that cell's."""

    text: str
    place: Place
    down: bool = False
    across: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one table, all of one width. `continues`: it stands at the top of a page, so a row may be torn."""

    rows: tuple[tuple[Cell, ...], ...]
    continues: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds, in order."""

    name: str
    blocks: tuple[TextLine | Table, ...]
