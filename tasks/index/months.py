"""Where the index of a plan year stands: every month's latest figures, scored, and what holds each back. Reading only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from dondoc.index.blockers import Hindrance, hindrances
from dondoc.index.definitions import Metrics
from dondoc.index.figure_versions import Version
from dondoc.index.rules import IndexRules, read_rules
from dondoc.index.scores import MonthIndex, index_of, month_before
from dondoc.index.unit_scores import UnitIndex, scores_by_unit, unit_doubts
from dondoc.reports.pictures import Trend, TrendLine
from tasks.config.kept import kept
from tasks.config.loading import language_folder, read_words, read_yaml, shipped
from tasks.index.sources import INDEX, metrics
from tasks.store.figures import Confirmation, confirmations, latest


@dataclass(frozen=True)
class IndexMonths:
    """A plan's months as they stand, by `2024-03`. `hindered`: what holds a month back, confirmed doubts left out."""

    year: int
    metrics: Metrics
    rules: IndexRules
    versions: Mapping[str, Version]
    indexes: Mapping[str, MonthIndex]
    hindered: Mapping[str, tuple[Hindrance, ...]]
    confirmed: Mapping[tuple[str, int], Confirmation]

    @property
    def target(self) -> Decimal | None:
        """The year's target; None where none is set."""
        return self.rules.targets.get(self.year)

    def shown(self, month: str) -> MonthIndex | None:
        """A month's index if nothing holds it back: what may be told."""
        return None if self.hindered.get(month) else self.indexes.get(month)

    def units(self, month: str) -> tuple[UnitIndex, ...]:
        """The index of each unit that the month's figures name."""
        return scores_by_unit(month, self.versions[month].shares, self.metrics, self.rules)

    def before(self, month: str) -> MonthIndex | None:
        """The index of the month before, if it may be told."""
        return self.shown(month_before(month))


def index_rules(config: Path) -> tuple[Metrics, IndexRules]:
    """The metrics and the index's rules, read again only when a file changed. Raises ConfigurationError."""
    folders = (shipped(config, INDEX), language_folder(config))
    files = [folder / name for folder in folders for name in ("figures.yaml", "index.yaml")]
    return kept(("index", config), files, lambda: _read_index(config))


def _read_index(config: Path) -> tuple[Metrics, IndexRules]:
    known = metrics(config)
    rules = read_yaml(shipped(config, INDEX) / "index.yaml", config.parent).with_keys_of(
        read_words(config, "index.yaml")
    )
    return known, read_rules(rules, known)


def index_months(connection: sa.Connection, config: Path, plan: str, year: int) -> IndexMonths:
    """The index of every month of a plan that has recorded figures."""
    known, rules = index_rules(config)
    versions = latest(connection, plan)
    indexes = {month: index_of(month, version.figures, known, rules) for month, version in versions.items()}
    confirmed = confirmations(connection, plan)
    hindered = {}
    for month, index in indexes.items():
        found = (
            *hindrances(index, indexes.get(month_before(month)), rules),
            *unit_doubts(versions[month].figures, versions[month].shares, known),
        )
        answered = (month, versions[month].version) in confirmed
        hindered[month] = tuple(h for h in found if not (answered and h.doubt))
    return IndexMonths(year, known, rules, versions, indexes, hindered, confirmed)


def trend_of(standing: IndexMonths, until: str | None = None) -> Trend:
    """The year's trend: the months nothing holds back, to `until` (a month) where it is given."""
    words = standing.rules.words
    months = [f"{standing.year:04}-{number:02}" for number in range(1, 13)]
    indexes = [standing.shown(month) if until is None or month <= until else None for month in months]
    groups = tuple(
        TrendLine(group.name, group.max, tuple(index.groups[place].score if index else None for index in indexes))
        for place, group in enumerate(standing.metrics.groups.values())
    )
    most = sum(group.max for group in standing.metrics.groups.values())
    return Trend(
        title=words.trend_title.format(year=standing.year),
        unit=words.trend_unit,
        parts_title=words.trend_parts,
        months=tuple(words.trend_month.format(number=number) for number in range(1, 13)),
        total=TrendLine(words.total, most, tuple(index.total.score if index else None for index in indexes)),
        groups=groups,
        target=standing.target,
        target_name=words.target,
    )
