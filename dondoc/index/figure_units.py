"""Figures by unit: which unit a row names, and a month's totals where only its units give them.

A row with a unit is that unit's share of the same counts. A total that no row gives is the sum of the shares, and only
where every unit of the month gives the count: a share that is missing is not zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from dondoc.foundation.names import one_spelling
from dondoc.index.definitions import LONGEST_HEADING, FigureError, Metrics, folded_heading
from dondoc.index.figure import Figure
from dondoc.office.office import Office
from dondoc.office.wording import clean

_BETWEEN = re.compile(r"[/,;]")


def unit_named(text: str, metrics: Metrics, office: Office | None) -> str:
    """The id of the office's unit of that name, else the name as written; "" for a row of the whole.

    Raises FigureError for a group of units, for a unit of measure, and for a name that is none.
    """
    name = clean(text)
    if not name or folded_heading(name) in {folded_heading(total) for total in metrics.whole}:
        return ""
    if not folded_heading(name) and not _measure(name, metrics):
        raise FigureError("unit_bad", text=name)
    if len(name) > LONGEST_HEADING:
        raise FigureError("unit_long", text=name, limit=str(LONGEST_HEADING))
    found = (office.find(name) or office.find_body(name)) if office else None
    if office and found in {group.id for group in office.groups}:
        raise FigureError("unit_group", text=name)
    if found is None and _measure(name, metrics):
        raise FigureError("unit_measure", text=name)
    return found or name


def spelt_alike(rows: Iterable[Figure]) -> list[Figure]:
    """The rows, each unit under one spelling: "Sở TT&TT" is the "Sở Thông tin và Truyền thông" of another row."""
    found = list(rows)
    spelling = one_spelling(row.unit for row in found if row.unit)
    return [replace(row, unit=spelling[row.unit]) if row.unit else row for row in found]


def _measure(name: str, metrics: Metrics) -> bool:
    """Whether that is what is counted ("hồ sơ", "hồ sơ/tháng", "%"), and so no body that counts."""
    measures = {folded_heading(measure) or measure for measure in metrics.measures}
    parts = [part.strip(" .()") for part in _BETWEEN.split(name)]
    return all((folded_heading(part) or part) in measures for part in parts if part)


def with_sums(rows: Iterable[Figure]) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
    """(totals, shares) of one month's rows; sums that stand among them are made anew. A unit has one spelling."""
    found = spelt_alike(row for row in rows if not row.summed)
    shares = tuple(row for row in found if row.unit)
    names = {row.unit for row in shares}
    totals = [row for row in found if not row.unit]
    given = {row.code for row in totals}
    for code in dict.fromkeys(row.code for row in shares if row.code not in given):
        parts = [row for row in shares if row.code == code]
        totals.append(_summed(parts, len(parts) == len(names)))
    return tuple(totals), shares


def _summed(parts: list[Figure], every_unit: bool) -> Figure:
    return replace(
        parts[0],
        unit="",
        summed=True,
        numerator=added([part.numerator for part in parts]) if every_unit else None,
        denominator=added([part.denominator for part in parts]) if every_unit else None,
        score=None,
        closed_on=max(part.closed_on for part in parts),
        version=max(part.version for part in parts),
    )


def added(counts: Iterable[int | None]) -> int | None:
    """The sum; None where one is missing."""
    found = list(counts)
    known = [count for count in found if count is not None]
    return sum(known) if len(known) == len(found) else None
