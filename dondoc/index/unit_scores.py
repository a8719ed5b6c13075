"""The index of each unit that a month's figures name, by the rules of the whole; and shares that disagree with a total."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dondoc.index.blockers import Hindrance
from dondoc.index.definitions import Metrics
from dondoc.index.figure import Figure
from dondoc.index.figure_units import added
from dondoc.index.rules import IndexRules
from dondoc.index.scores import MonthIndex, index_of


@dataclass(frozen=True, slots=True)
class UnitIndex:
    """One unit's index of a month. `unit`: an id of the office's, else a name as written."""

    unit: str
    index: MonthIndex


def scores_by_unit(month: str, shares: Iterable[Figure], metrics: Metrics, rules: IndexRules) -> tuple[UnitIndex, ...]:
    """Each unit's index, the most points first; units without a total, for want of counts, come last."""
    of_unit: dict[str, list[Figure]] = {}
    for share in shares:
        of_unit.setdefault(share.unit, []).append(share)
    found = [UnitIndex(unit, index_of(month, given, metrics, rules)) for unit, given in of_unit.items()]

    def place(one: UnitIndex) -> tuple[bool, object, str]:
        score = one.index.total.score
        return score is None, -score if score is not None else 0, one.unit

    return tuple(sorted(found, key=place))


def unit_doubts(totals: Iterable[Figure], shares: Iterable[Figure], metrics: Metrics) -> tuple[Hindrance, ...]:
    """Given totals that are not the sum of every unit's share, or that are less than the shares that are known."""
    parts: dict[str, list[Figure]] = {}
    units = set()
    for share in shares:
        parts.setdefault(share.code, []).append(share)
        units.add(share.unit)
    return tuple(
        doubt
        for total in totals
        if total.code in parts and not total.summed
        for doubt in _differing(total, parts[total.code], len(units), metrics)
    )


def _differing(total: Figure, parts: list[Figure], units: int, metrics: Metrics) -> Iterator[Hindrance]:
    metric = metrics.find(total.code)
    assert metric is not None
    columns = (
        ("tu_so", total.numerator, [part.numerator for part in parts]),
        ("mau_so", total.denominator, [part.denominator for part in parts]),
    )
    for column, given, counts in columns:
        known = sum(count for count in counts if count is not None)
        whole = len(parts) == units and added(counts) is not None
        if given is not None and (known > given or (whole and known != given)):
            values = {
                "code": metric.code, "name": metric.name, "column": metrics.columns[column].name,  # type: ignore[index]
                "total": str(given), "sum": str(known),
            }  # fmt: skip
            yield Hindrance("units_differ", tuple(values.items()), True)
