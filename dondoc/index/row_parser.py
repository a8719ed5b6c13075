"""Rows of a figures file: the headings are found by name in any order, and each row below becomes a figure.

A row with any fault gives no figure, so nothing doubtful is counted; all its faults are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import TypeVar

from dondoc.foundation.errors import Fault
from dondoc.index import cell_parser as cells
from dondoc.index.definitions import FigureColumn, FigureError, Metrics, folded_heading
from dondoc.index.figure import Figure, Rejected, label
from dondoc.index.figure_units import unit_named
from dondoc.index.form_rows import holds_no_figure
from dondoc.office.office import Office

NumberedRow = tuple[int, Sequence[str]]  # its 1-based line, and its cells as text
T = TypeVar("T")

_HEADINGS_WITHIN = 10  # titles may stand above the headings
_HEADINGS_LEAST = 2  # fewer known headings in a row are no headings
_WIDEST = 64  # columns looked at for headings


def heading_width(rows: Iterable[NumberedRow], metrics: Metrics) -> int:
    """How many columns the headings among the first rows name; 0 if there are none."""
    return len(set(headings(rows, metrics)[1].values()))


def figure_rows(rows: Sequence[NumberedRow], metrics: Metrics) -> list[NumberedRow]:
    """The rows below the headings that should hold a figure: without empty ones and the form's own (form_rows)."""
    head, known = headings(rows, metrics)
    if head is None:
        return []
    at = {column: place for place, column in known.items()}
    below = [row for row in rows if row[0] > head[0] and _filled(row[1])]
    return [
        row for number, row in enumerate(below) if not holds_no_figure(row[1], at, metrics, first=number == 0)
    ]  # fmt: skip


def read_rows(
    file: str, rows: Sequence[NumberedRow], year: int, metrics: Metrics, sheet: str = "", office: Office | None = None
) -> list[Figure | Rejected]:
    """Every row below the headings, as a figure or rejected with its faults. Rows that hold none are passed over.

    `office` tells by which names its units go.
    """
    place = label(file, sheet)
    row, known = headings(rows, metrics)
    if row is None:
        columns = ", ".join(column for column, names in metrics.columns.items() if names.required)
        error = FigureError("no_header", columns=columns)
        return [Rejected(None, None, (Fault(place, 1, metrics.say(error)),))]
    errors = _heading_errors(row[1], known, metrics)
    if errors:
        return [Rejected(None, None, tuple(Fault(place, row[0], metrics.say(error)) for error in errors))]
    reader = _RowReader(file, sheet, {column: i for i, column in known.items()}, len(row[1]), year, metrics, office)
    return [reader.read(line, raw) for line, raw in figure_rows(rows, metrics)]


class _RowReader:
    """Reads rows of one sheet whose headings are known."""

    def __init__(
        self, file: str, sheet: str, at: Mapping[FigureColumn, int], width: int, year: int, metrics: Metrics,
        office: Office | None,
    ) -> None:  # fmt: skip
        self._file, self._sheet, self._at, self._width = file, sheet, at, width
        self._year, self._metrics, self._office = year, metrics, office

    def read(self, line: int, raw: Sequence[str]) -> Figure | Rejected:
        """The figure of one row, or every fault of it."""
        metrics, errors = self._metrics, list[FigureError]()

        def attempt(check: Callable[[], T]) -> T | None:
            try:
                return check()
            except FigureError as error:
                errors.append(error)
                return None

        def cell(column: FigureColumn, parse: Callable[[str], T]) -> T | None:
            i = self._at.get(column, len(raw))
            text = raw[i].strip() if i < len(raw) else ""
            name = metrics.columns[column].name
            return attempt(lambda: parse(cells.without_formula(name, text)))

        extra = next((text for text in raw[self._width :] if text.strip()), None)
        if extra is not None:
            errors.append(FigureError("too_many_cells", text=extra))
        month = cell("thang", lambda text: cells.month(text, self._year))
        metric = cell("ma", lambda text: cells.metric(text, metrics))
        cell("ten", str)
        unit = cell("don_vi", lambda text: unit_named(text, metrics, self._office))
        numerator = cell("tu_so", lambda text: cells.whole_number(metrics.columns["tu_so"].name, text))
        denominator = cell("mau_so", lambda text: cells.whole_number(metrics.columns["mau_so"].name, text))
        score = cell("diem", cells.score)
        closed_on = cell("ngay_chot", cells.day)
        version = cell("lan", cells.row_version)
        if numerator is not None and denominator is not None and numerator > denominator:
            errors.append(FigureError("exceeds", numerator=str(numerator), denominator=str(denominator)))
        if score is not None and metric is not None:
            attempt(lambda: cells.check_score(score, metric))
        if closed_on is not None and month is not None:
            attempt(lambda: cells.check_day(closed_on, month, metrics.limits.closing_days))
        if errors or month is None or metric is None or closed_on is None:
            place = label(self._file, self._sheet)
            faults = tuple(Fault(place, line, metrics.say(error)) for error in errors)
            return Rejected(month, metric.code if metric else None, faults)
        sheet = self._sheet
        version = version or 1
        return Figure(
            month, metric.code, numerator, denominator, score, closed_on, self._file, line, sheet, version, unit or ""
        )


def _filled(raw: Sequence[str]) -> bool:
    return any(text.strip() for text in raw)


def headings(rows: Iterable[NumberedRow], metrics: Metrics) -> tuple[NumberedRow | None, dict[int, FigureColumn]]:
    """The row that names the most columns among the first filled ones, and the column at each place."""
    names = metrics.headings()
    best: tuple[NumberedRow | None, dict[int, FigureColumn]] = (None, {})
    for row in islice((row for row in rows if _filled(row[1])), _HEADINGS_WITHIN):
        known = {
            i: names[folded_heading(text)] for i, text in enumerate(row[1][:_WIDEST]) if folded_heading(text) in names
        }
        if len(known) > max(len(best[1]), _HEADINGS_LEAST - 1):
            best = (row, known)
    return best


def _heading_errors(raw: Sequence[str], known: Mapping[int, FigureColumn], metrics: Metrics) -> list[FigureError]:
    found = list(known.values())
    errors = [FigureError("header_twice", column=column) for column in metrics.columns if found.count(column) > 1]
    absent = {text: column for text, column in metrics.headings().items() if column not in found}
    for i, text in enumerate(raw[:_WIDEST]):
        near = get_close_matches(folded_heading(text), list(absent), n=1, cutoff=0.75) if i not in known else []
        if near:
            errors.append(FigureError("header_misspelt", text=text, column=absent[near[0]]))
    told = {error.values["column"] for error in errors}
    for column, names in metrics.columns.items():
        if names.required and column not in found and column not in told:
            errors.append(FigureError("header_missing", column=column))
    return errors
