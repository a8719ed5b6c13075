"""One monthly figure as it was read, the file it came from, and a row that gives none: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dondoc.foundation.errors import Fault


def label(file: str, sheet: str = "") -> str:
    """A file, and its sheet where it has several, as faults name it."""
    return f"{file} [{sheet}]" if sheet else file


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read, as evidence names it."""

    name: str
    size: int
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric in one month. None means not available. `score` is the portal's own, as text.

    `version`: from 2 on the row corrects those of lower versions, from its closing date on.
    `unit`: whose share it is, an id of the office's or a name as written; "" for the whole.
    `summed`: no row gives it, it is the sum of the units' shares.
    """

    month: str
    code: str
    numerator: int | None
    denominator: int | None
    score: str | None
    closed_on: date
    file: str
    line: int
    sheet: str = ""
    version: int = 1
    unit: str = ""
    summed: bool = False

    @property
    def values(self) -> tuple[object, ...]:
        """What two rows of the same month and code must agree on."""
        return self.numerator, self.denominator, Decimal(self.score) if self.score else None, self.closed_on

    @property
    def place(self) -> str:
        """file:line, for a message."""
        return f"{label(self.file, self.sheet)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that gives no figure; what it is about, as far as that could be read, and why."""

    month: str | None
    code: str | None
    faults: tuple[Fault, ...]
