"""A month's index in the office's words: the lines of its mail, the picture and the same picture in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from dondoc.index.blockers import gap, points, signed
from dondoc.index.rules import IndexRules, IndexWords
from dondoc.index.scores import Sum, change, combined, percent
from dondoc.index.unit_scores import UnitIndex
from dondoc.office.office import Office
from dondoc.reports.pictures import Trend, TrendLine, trend_words
from tasks.index.months import IndexMonths

_FEW = 6  # units that a mail names all


def month_words(month: str, words: IndexWords) -> str:
    """2024-03 → tháng 3/2024."""
    return words.month.format(number=int(month[5:]), year=month[:4])


def index_lines(standing: IndexMonths, month: str) -> list[str]:
    """The published month: total and groups with their change, the target, the portal's total, confirmed doubts."""
    index, words = standing.indexes[month], standing.rules.words
    before = standing.before(month)
    earlier: Mapping[str, Sum] = {one.key: one for one in (before.total, *before.groups)} if before else {}
    lines = [_line(one, earlier.get(one.key), words) for one in (index.total, *index.groups)]
    target = standing.target
    away = gap(index.total, target)
    if target is not None and away is not None:
        said = (words.above if away >= 0 else words.below).format(points=points(abs(away)))
        lines.append(words.line_target.format(year=standing.year, target=points(target), gap=said))
    if index.total.difference is not None:
        values = {"portal": points(index.total.portal), "difference": signed(index.total.difference)}
        lines.append(words.line_portal.format(**values))
    answered = standing.confirmed.get((month, standing.versions[month].version))
    if answered:
        lines.append(words.line_doubt.format(by=answered.by, reason=answered.reason))
    return lines


def _line(one: Sum, before: Sum | None, words: IndexWords) -> str:
    values = {"name": one.name, "score": points(one.score) or words.no_score, "max": str(one.max)}
    moved = change(one.score, before.score if before else None)
    return (
        words.line_change.format(**values, change=signed(moved)) if moved is not None else words.line.format(**values)
    )


def unit_lines(units: Sequence[UnitIndex], office: Office, words: IndexWords) -> list[str]:
    """Each unit's total where they are few, else the best and the worst; and whose total lacks counts. None without units."""

    def said(pattern: str, found: Sequence[UnitIndex]) -> list[str]:
        names = (
            words.unit_score.format(name=office.unit_name(one.unit), score=points(one.index.total.score))
            if one.index.total.score is not None
            else office.unit_name(one.unit)
            for one in found
        )
        return [pattern.format(units="; ".join(names))] if found else []

    scored = [one for one in units if one.index.total.score is not None]
    lacking = said(words.units_lacking, [one for one in units if one.index.total.score is None])
    if len(scored) <= _FEW:
        return [*said(words.units, scored), *lacking]
    half = _FEW // 2
    return [*said(words.units_best, scored[:half]), *said(words.units_worst, scored[-half:][::-1]), *lacking]


def ratio_words(standing: IndexMonths, months: list[str], code: str) -> str | None:
    """One metric over several months as a ratio in words; None where a count is missing."""
    metric = standing.metrics.find(code)
    counts = combined([standing.indexes[month] for month in months], code)
    if metric is None or counts is None:
        return None
    numerator, denominator = counts
    share = (
        str(percent(Fraction(numerator, denominator))).replace(".", ",")
        if denominator
        else standing.rules.words.no_change
    )
    return standing.rules.words.ratio.format(
        name=metric.name, numerator=numerator, denominator=denominator, percent=share
    )


def picture_words(trend: Trend, year: int, rules: IndexRules) -> str:
    """The trend's text alternative, from the numbers it shows; months without one are left out."""
    known = [place for place, value in enumerate(trend.total.values) if value is not None]
    shorter = Trend(
        trend.title, trend.unit, trend.parts_title, tuple(str(place + 1) for place in known),
        TrendLine(trend.total.name, trend.total.most, tuple(trend.total.values[place] for place in known)),
        (), trend.target, trend.target_name,
    )  # fmt: skip
    pattern = rules.words.picture.replace("{year}", str(year))
    return trend_words(shorter, pattern, rules.words.picture_month, rules.words.no_score)


def trend_json(trend: Trend) -> dict[str, Any]:
    """A trend as a notice carries it: points as text, so that a mail shows what was true when it was owed."""

    def values(line: TrendLine) -> dict[str, Any]:
        return {"name": line.name, "max": line.most, "values": [None if v is None else str(v) for v in line.values]}

    return {
        "title": trend.title,
        "unit": trend.unit,
        "parts_title": trend.parts_title,
        "months": list(trend.months),
        "total": values(trend.total),
        "groups": [values(line) for line in trend.groups],
        "target": None if trend.target is None else str(trend.target),
        "target_name": trend.target_name,
    }


def read_trend(body: Mapping[str, Any]) -> Trend:
    """The trend of `trend_json`."""

    def line(found: Mapping[str, Any]) -> TrendLine:
        return TrendLine(found["name"], found["max"], tuple(None if v is None else Decimal(v) for v in found["values"]))

    return Trend(
        body["title"], body["unit"], body["parts_title"], tuple(body["months"]), line(body["total"]),
        tuple(line(group) for group in body["groups"]),
        None if body["target"] is None else Decimal(body["target"]), body["target_name"],
    )  # fmt: skip
