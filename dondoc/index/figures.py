"""Monthly figures (item II.2.c, QĐ 766/QĐ-TTg): what was read of a year, gathered into months, as values.

A month is handed in when every required metric has its row, nothing about the month is faulty, and its closing date
is on or before the day of the look. An empty number means "not available": it is allowed, reported, and never zero;
only a month that is empty throughout is a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from dondoc.foundation.errors import Fault
from dondoc.index.definitions import FigureError, Metrics, folded_heading
from dondoc.index.figure import Figure, Rejected, SourceFile, label
from dondoc.index.figure_units import spelt_alike, with_sums


@dataclass(frozen=True, slots=True)
class Month:
    """A month with at least one figure. `missing`: required codes with no row; `unavailable`: given as empty.

    `figures` are of the whole, `shares` of single units.
    """

    month: str
    figures: tuple[Figure, ...]
    closed_on: date
    missing: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    shares: tuple[Figure, ...] = ()

    @property
    def given(self) -> tuple[Figure, ...]:
        """Everything the month says: of the whole and of single units."""
        return *self.figures, *self.shares

    @property
    def complete(self) -> bool:
        """Every required metric has its row and nothing about the month is faulty."""
        return not self.missing and not self.faults

    def handed_in(self, on: date) -> bool:
        """Complete, and closed on or before that day."""
        return self.complete and self.closed_on <= on


@dataclass(frozen=True, slots=True)
class Reading:
    """A year's figures as found: months by `2024-03`, every fault, every file read."""

    year: int
    months: Mapping[str, Month]
    faults: tuple[Fault, ...]
    files: tuple[SourceFile, ...]

    @property
    def absent(self) -> tuple[str, ...]:
        """The months of the year without a single figure."""
        year = (f"{self.year:04}-{number:02}" for number in range(1, 13))
        return tuple(month for month in year if month not in self.months)

    def handed_in(self, month: str, on: date) -> bool:
        """Whether that month's figures are complete, valid and closed by that day."""
        return month in self.months and self.months[month].handed_in(on)

    def files_of(self, month: str) -> tuple[SourceFile, ...]:
        """The files that month's figures came from."""
        names = {figure.file for figure in self.months[month].given} if month in self.months else set()
        return tuple(file for file in self.files if file.name in names)


def gather(year: int, metrics: Metrics, rows: Iterable[Figure | Rejected], files: Iterable[SourceFile] = (),
           faults: Iterable[Fault] = (), on: date | None = None) -> Reading:  # fmt: skip
    """The year from its rows. Equal duplicates count once; different ones are a fault and neither is kept.

    Of several versions of a figure the highest counts; a correction that is not closed by the day `on` is not there yet.
    """
    given = list(rows)
    alike = iter(spelt_alike(row for row in given if isinstance(row, Figure)))
    given = [next(alike) if isinstance(row, Figure) else row for row in given]
    kept: dict[tuple[str, str, str], Figure] = {}
    doubted: set[tuple[str, str, str]] = set()
    rejected: list[Rejected] = []
    # The highest version first: it is the one that is kept, and lower ones are not compared with it.
    for row in sorted(given, key=lambda row: -row.version if isinstance(row, Figure) else 0):
        if isinstance(row, Rejected):
            rejected.append(row)
            continue
        if row.version > 1 and on is not None and row.closed_on > on:
            continue
        key = (row.month, row.code, folded_heading(row.unit))
        first = kept.setdefault(key, row)
        if first.version == row.version and first.values != row.values:
            error = FigureError("conflict", row.line, month=row.month, code=row.code, place=first.place)
            fault = Fault(label(row.file, row.sheet), row.line, metrics.say(error))
            rejected.append(Rejected(row.month, row.code, (fault,)))
            doubted.add(key)
    sound = [figure for key, figure in kept.items() if key not in doubted]
    months = {name: _month(name, sound, rejected, metrics) for name in sorted({figure.month for figure in sound})}
    every = {*faults, *(fault for row in rejected for fault in row.faults)}
    every |= {fault for month in months.values() for fault in month.faults}
    return Reading(year, months, tuple(sorted(every)), tuple(files))


def _month(name: str, sound: Iterable[Figure], rejected: Iterable[Rejected], metrics: Metrics) -> Month:
    order = {metric.code: i for i, metric in enumerate(metrics.listed)}
    totals, shares = with_sums(figure for figure in sound if figure.month == name)
    figures = sorted(totals, key=lambda figure: order[figure.code])
    every = (*figures, *shares)
    faulty = [row for row in rejected if row.month == name]
    if all(figure.numerator is None and figure.denominator is None for figure in every):
        faulty.append(Rejected(name, None, (_blank(figures[0], metrics),)))
    present = {figure.code for figure in figures} | {row.code for row in faulty}
    needs = {metric.code: metric.needs for metric in metrics.listed if not metric.optional}
    return Month(
        name,
        tuple(figures),
        max(figure.closed_on for figure in every),
        missing=tuple(code for code in metrics.required if code not in present),
        unavailable=tuple(figure.code for figure in figures if _lacks(figure, needs.get(figure.code, ()))),
        faults=tuple(sorted({fault for row in faulty for fault in row.faults})),
        shares=shares,
    )


def _blank(first: Figure, metrics: Metrics) -> Fault:
    error = FigureError("month_blank", first.line, month=first.month)
    return Fault(label(first.file, first.sheet), first.line, metrics.say(error))


def _lacks(figure: Figure, needs: Iterable[str]) -> bool:
    given = {"tu_so": figure.numerator, "mau_so": figure.denominator}
    return any(given[column] is None for column in needs)
