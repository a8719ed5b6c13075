"""What the index's page shows, from where the index stands: the chosen month, its versions, the year beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from dondoc.index.blockers import gap, points, signed
from dondoc.index.figure_versions import Version, changed_codes
from dondoc.index.scores import Component, MonthIndex, Sum, change, month_before, percent
from dondoc.office.office import Office
from dondoc.reports.pictures import Trend
from portal.shell.page_context import PageContext
from tasks.index.months import IndexMonths, index_months, trend_of
from tasks.index.wording import index_lines, month_words, picture_words
from tasks.store.figures import versions
from tasks.store.plans import adopted, adopted_ids


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A group or the total in one month: points, maximum, change since the month before, the portal's, the difference."""

    name: str
    max: int
    score: str
    change: str
    portal: str
    difference: str


@dataclass(frozen=True, slots=True)
class ComponentMonth:
    """One component in one month, as the table shows it."""

    name: str
    code: str
    counts: str
    ratio: str
    score: str
    max: int
    portal: str
    difference: str
    note: str


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit in one month: its total, the change since the month before, and the groups' points; "" where counts lack."""

    name: str
    score: str
    change: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FiguresVersion:
    """One version of a month's figures. `changed`: the codes that differ from the version before."""

    version: Version
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexView:
    """The page of one plan and month. `months` are (month, words, total or "", held)."""

    plan: str
    plan_title: str
    plans: tuple[str, ...]
    year: int
    month: str
    month_words: str
    months: tuple[tuple[str, str, str, bool], ...]
    lines: tuple[str, ...]
    held: tuple[str, ...]
    total: ScoreRow
    groups: tuple[ScoreRow, ...]
    official: tuple[ScoreRow, ...]
    parts: tuple[tuple[str, tuple[ComponentMonth, ...]], ...]
    units: tuple[UnitRow, ...]
    history: tuple[FiguresVersion, ...]
    year_rows: tuple[tuple[str, tuple[str, ...]], ...]
    target: str
    gap: str
    source: str
    trend: Trend
    alt: str


def index_view(context: PageContext, plan: str, month: str) -> IndexView | None:
    """The page of that plan (else the latest with figures) and month (else the latest); None while no plan has figures."""
    with context.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        stands, chosen, plans = _standing(connection, context, plan)
        if stands is None:
            return None
        told, title = versions(connection, chosen), adopted(connection, chosen).title
    shown = month if month in stands.indexes else max(stands.indexes)
    index = stands.indexes[shown]
    trend = trend_of(stands)
    words = stands.rules.words
    before = stands.before(shown)
    held = tuple(hindrance.said(stands.rules) for hindrance in stands.hindered[shown])
    earlier = {one.key: one for one in (before.total, *before.groups, *before.official)} if before else {}
    history = [version for version in told if version.month == shown]
    return IndexView(
        plan=chosen,
        plan_title=title,
        plans=plans,
        year=stands.year,
        month=shown,
        month_words=month_words(shown, words),
        months=tuple(
            (name, month_words(name, words), points(found.total.score), bool(stands.hindered[name]))
            for name, found in sorted(stands.indexes.items())
        ),
        lines=() if held else tuple(index_lines(stands, shown)),
        held=held,
        total=_row(index.total, earlier),
        groups=tuple(_row(one, earlier) for one in index.groups),
        official=tuple(_row(one, earlier) for one in index.official),
        parts=tuple(
            (group.name, tuple(_part(part) for part in index.components if part.metric.group == code))
            for code, group in stands.metrics.groups.items()
        ),
        units=_units(stands, shown, context.rules.office),
        history=tuple(_told(history)),
        year_rows=_year(trend),
        target=points(stands.target),
        gap=_gap(index, stands.target),
        source=stands.metrics.source,
        trend=trend,
        alt=picture_words(trend, stands.year, stands.rules),
    )


def _standing(
    connection: sa.Connection, context: PageContext, wanted: str
) -> tuple[IndexMonths | None, str, tuple[str, ...]]:
    """The wanted plan's standing, else the latest that has figures; and every plan that has some."""
    found = {}
    for plan in adopted_ids(connection):
        stands = index_months(connection, context.installation.config, plan, adopted(connection, plan).year)
        if stands.indexes:
            found[plan] = stands
    if not found:
        return None, "", ()
    chosen = wanted if wanted in found else list(found)[-1]
    return found[chosen], chosen, tuple(found)


def _row(one: Sum, earlier: Mapping[str, Sum]) -> ScoreRow:
    before = earlier.get(one.key)
    moved = change(one.score, before.score if before else None)
    return ScoreRow(one.name, one.max, points(one.score), _signed(moved), points(one.portal), _signed(one.difference))


def _part(component: Component) -> ComponentMonth:
    metric = component.metric
    counts = "/".join(
        "…" if count is None else f"{count:,}".replace(",", ".")
        for count in (component.numerator, component.denominator)
    )
    ratio = f"{percent(component.ratio)}%".replace(".", ",") if component.ratio is not None else ""
    return ComponentMonth(
        metric.name, metric.code, counts, ratio, points(component.score), metric.max,
        points(component.portal), _signed(component.difference), metric.note,
    )  # fmt: skip


def _units(stands: IndexMonths, month: str, office: Office) -> tuple[UnitRow, ...]:
    earlier = stands.units(month_before(month)) if stands.before(month) else ()
    before = {one.unit: one.index.total.score for one in earlier}
    return tuple(
        UnitRow(
            office.unit_name(one.unit),
            points(one.index.total.score),
            _signed(change(one.index.total.score, before.get(one.unit))),
            tuple(points(group.score) for group in one.index.groups),
        )
        for one in stands.units(month)
    )


def _told(history: list[Version]) -> list[FiguresVersion]:
    before: Version | None = None
    told = []
    for version in history:
        told.append(FiguresVersion(version, tuple(changed_codes(before.given, version.given)) if before else ()))
        before = version
    return told[::-1]


def _year(trend: Trend) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """A row for the total and each group: the twelve months' points, "" where there are none."""
    return tuple(
        (f"{line.name} ({line.most})", tuple(points(value) for value in line.values))
        for line in (trend.total, *trend.groups)
    )


def _gap(index: MonthIndex, target: Decimal | None) -> str:
    return _signed(gap(index.total, target))


def _signed(value: Decimal | None) -> str:
    return "" if value is None else signed(value)
