"""The service-quality index of a month (Decision 766/QĐ-TTg): raw counts → ratios, scores, groups, total.

Rules:
- Exact: ratios are fractions, published scores are decimals rounded half up to two places; sums are sums of the
  published scores, so that a printed table adds up.
- Null is not zero: a missing count gives no score, and a group or a total that lacks a score has none.
- Where the formula, or what a denominator of 0 gives, is not known, the portal's own score stands in (`from_portal`);
  a missing count is never replaced so.
- The formulas were read off one province's portal values (confidence medium); they are configuration, not code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from dondoc.index.definitions import Metric, Metrics
from dondoc.index.figure import Figure
from dondoc.index.rules import IndexRules, Reason

_PLACES = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Component:
    """One metric of one month. `lacking`: why it has no score; None where it has one or is only followed."""

    metric: Metric
    numerator: int | None
    denominator: int | None
    ratio: Fraction | None
    score: Decimal | None
    lacking: Reason | None
    portal: Decimal | None
    from_portal: bool = False

    @property
    def difference(self) -> Decimal | None:
        """Our score less the portal's; None where one of them is missing or ours is the portal's."""
        if self.score is None or self.portal is None or self.from_portal:
            return None
        return self.score - self.portal


@dataclass(frozen=True, slots=True)
class Sum:
    """A group or the total: our points and the portal's, None where a score in it is missing."""

    key: str
    name: str
    max: int
    score: Decimal | None
    portal: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """Our points less the portal's; None where one of them is missing."""
        return None if self.score is None or self.portal is None else self.score - self.portal


@dataclass(frozen=True, slots=True)
class MonthIndex:
    """One month's index. `groups` are the portal's six, `official` the Decision's five."""

    month: str
    components: tuple[Component, ...]
    groups: tuple[Sum, ...]
    official: tuple[Sum, ...]
    total: Sum

    @property
    def lacking(self) -> tuple[Component, ...]:
        """The components that hold the total back."""
        return tuple(component for component in self.components if component.lacking)


def index_of(month: str, figures: Iterable[Figure], metrics: Metrics, rules: IndexRules) -> MonthIndex:
    """The index of one month from its figures; a metric without a figure lacks its score."""
    given = {figure.code: figure for figure in figures}
    components = tuple(component_of(metric, given.get(metric.code)) for metric in metrics.listed)
    groups = tuple(
        _sum(code, group.name, group.max, [c for c in components if c.metric.group == code and c.metric.max])
        for code, group in metrics.groups.items()
    )
    by_code = {group.key: group for group in groups}
    official = tuple(
        _sum("+".join(o.groups), o.name, o.max, [by_code[code] for code in o.groups]) for o in rules.official_groups
    )
    most = sum(group.max for group in groups)
    return MonthIndex(month, components, groups, official, _sum("", rules.words.total, most, groups))


def component_of(metric: Metric, figure: Figure | None) -> Component:
    """One metric's ratio and score from its figure."""
    numerator, denominator = (figure.numerator, figure.denominator) if figure else (None, None)
    portal = Decimal(figure.score) if figure and figure.score is not None else None
    ratio = Fraction(numerator, denominator) if numerator is not None and denominator else None
    if metric.formula == "none":
        return Component(metric, numerator, denominator, ratio, None, None, portal)
    found = _lacking_counts(figure, numerator, denominator) or _scored(metric, numerator or 0, denominator or 0)
    if isinstance(found, Decimal):
        return Component(metric, numerator, denominator, ratio, found, None, portal)
    if found in ("den0_unknown", "formula_unknown") and portal is not None:
        return Component(metric, numerator, denominator, ratio, portal.quantize(_PLACES), None, portal, True)
    return Component(metric, numerator, denominator, ratio, None, found, portal)


def _lacking_counts(figure: Figure | None, numerator: int | None, denominator: int | None) -> Reason | None:
    if figure is None:
        return "missing"
    if numerator is None:
        return "no_counts" if denominator is None else "no_numerator"
    if denominator is None:
        return "no_denominator"
    return "exceeds" if numerator > denominator else None


def _scored(metric: Metric, numerator: int, denominator: int) -> Decimal | Reason:
    """The score of whole counts, numerator ≤ denominator, or why there is none."""
    if metric.formula == "zero_only":
        return Decimal("0.00") if numerator == 0 else "formula_unknown"
    if denominator == 0:
        return (
            "den0_unknown" if metric.den0 == "unknown" else rounded(Fraction(metric.max if metric.den0 == "max" else 0))
        )
    full_at = Fraction(metric.full_at)
    return rounded(min(Fraction(metric.max), metric.max * Fraction(numerator, denominator) / full_at))


def rounded(value: Fraction) -> Decimal:
    """`value` (≥ 0) rounded half up to two places, without a float on the way."""
    hundredths = (value * 200 + 1).__floor__() // 2
    return (Decimal(hundredths) / 100).quantize(_PLACES)


def percent(ratio: Fraction) -> Decimal:
    """A ratio as per cent, one place, half up."""
    return (Decimal((ratio * 2000 + 1).__floor__() // 2) / 10).quantize(Decimal("0.1"), ROUND_HALF_UP)


def _sum(key: str, name: str, most: int, parts: Iterable[Component | Sum]) -> Sum:
    found = list(parts)
    return Sum(key, name, most, _added([part.score for part in found]), _added([part.portal for part in found]))


def _added(points: list[Decimal | None]) -> Decimal | None:
    known = [point for point in points if point is not None]
    return sum(known, Decimal("0.00")) if len(known) == len(points) else None


def change(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """Points gained since the month before; None where one of the two is missing."""
    return None if now is None or before is None else now - before


def month_before(month: str) -> str:
    """2024-03 → 2024-02; 2024-01 → 2023-12."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year:04}-{number - 1:02}" if number > 1 else f"{year - 1:04}-12"


def combined(indexes: Iterable[MonthIndex], code: str) -> tuple[int, int] | None:
    """Numerators and denominators of one metric over several months; None where a count is missing."""
    parts = [component for index in indexes for component in index.components if component.metric.code == code]
    counts = [(p.numerator, p.denominator) for p in parts if p.numerator is not None and p.denominator is not None]
    if not parts or len(counts) != len(parts):
        return None
    return sum(n for n, _ in counts), sum(d for _, d in counts)


def trend(indexes: Mapping[str, MonthIndex], year: int) -> tuple[tuple[str, MonthIndex | None], ...]:
    """The twelve months of a year with their index; None for a month without figures."""
    months = (f"{year:04}-{number:02}" for number in range(1, 13))
    return tuple((month, indexes.get(month)) for month in months)
