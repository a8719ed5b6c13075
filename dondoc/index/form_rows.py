"""Rows of a printed form that hold no figure: numbered columns, repeated headings, totals, groups, notes, signatures.

They are passed over, not faulted. A row that names a metric is none of them, nor is one with both a month and a count:
what may be a figure is read, or refused aloud.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dondoc.foundation.names import name_key
from dondoc.index import cell_parser as cells
from dondoc.index.definitions import FigureColumn, FigureError, Metrics, folded_heading

_NUMBERED = re.compile(r"[(\[]?(?:[0-9]{1,2}|[A-Z\u0110]|[IVX]{1,4})[)\]]?(?:\s*=.*)?")
_COUNT = re.compile(r"\W*[0-9]")
_MOST_SIGNING = 3  # who made it, who checked it, who signs it: a row with more cells is no note
_LEAST_NUMBERED = 3  # numbered columns of a row that is nothing else
_COUNTS: tuple[FigureColumn, ...] = ("tu_so", "mau_so", "diem")


def holds_no_figure(raw: Sequence[str], at: Mapping[FigureColumn, int], metrics: Metrics, *, first: bool) -> bool:
    """Whether a row below the headings is the form's own. `at`: where each column stands. `first`: right below them."""
    filled = [text.strip() for text in raw if text.strip()]
    code = _cell(raw, at, "ma")
    if code and metrics.find(code) is not None:
        return False
    if _repeats_headings(raw, at, metrics):
        return True
    if first and len(filled) >= _LEAST_NUMBERED and all(_NUMBERED.fullmatch(text) for text in filled):
        return True
    month = _is_month(_cell(raw, at, "thang"))
    if _whole(filled[0], metrics) and not (month and code):
        return True
    if month:
        return False
    if _group(code, metrics) or (not code and _group(_cell(raw, at, "ten"), metrics)):
        return True
    counted = any(_COUNT.match(_cell(raw, at, column)) for column in _COUNTS)
    return len(filled) <= _MOST_SIGNING and not counted and not (code and metrics.suggest(code))


def _cell(raw: Sequence[str], at: Mapping[FigureColumn, int], column: FigureColumn) -> str:
    place = at.get(column, len(raw))
    return raw[place].strip() if place < len(raw) else ""


def _repeats_headings(raw: Sequence[str], at: Mapping[FigureColumn, int], metrics: Metrics) -> bool:
    names = metrics.headings()
    return len(at) > 1 and all(names.get(folded_heading(_cell(raw, at, column))) == column for column in at)


def _whole(text: str, metrics: Metrics) -> bool:
    return name_key(text) in {name_key(total) for total in metrics.whole}


def _group(text: str, metrics: Metrics) -> bool:
    """Whether that is a group of metrics, numbered or not: "I. Công khai, minh bạch"."""
    key = name_key(text)
    return bool(key) and any(
        key.endswith(name_key(group.name)) and len(key) - len(name_key(group.name)) <= len("viii")
        for group in metrics.groups.values()
    )


def _is_month(text: str) -> bool:
    """Whether the cell names some month, be it of another year."""
    try:
        cells.month(cells.without_formula("", text), 0)
    except FigureError as error:
        return error.key == "month_outside"
    return True
