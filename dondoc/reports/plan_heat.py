"""A plan's year as a map of unit × month: how many duties fall due there, and how many of them are late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from dondoc.office.office import Office
from dondoc.reports.pictures import Cell, HeatMap


def heat_map(
    duties: Iterable[tuple[date | None, Iterable[str], bool]],
    year: int,
    today: date,
    office: Office,
    words: Mapping[str, str],
) -> HeatMap:
    """Of (due date, lead units, late?) by lead unit and month of `year`; a duty of several units counts for each."""
    found: Counter[tuple[str, int]] = Counter()
    late: Counter[tuple[str, int]] = Counter()
    for due, units, is_late in duties:
        if due is None or due.year != year:
            continue
        keys = [(unit, due.month) for unit in units]
        found.update(keys)
        if is_late:
            late.update(keys)
    units_shown = [unit for unit in office.units if any(found[unit.id, month] for month in range(1, 13))]
    return HeatMap(
        title=words["heat"].format(year=year, day=f"{today:%d/%m/%Y}"),
        rows=tuple(unit.short or unit.name for unit in units_shown),
        columns=tuple(words["month"].format(number=number) for number in range(1, 13)),
        cells=tuple(
            tuple(Cell(found[unit.id, month], late[unit.id, month]) for month in range(1, 13)) for unit in units_shown
        ),
        scale_name=words["heat_scale"],
    )
