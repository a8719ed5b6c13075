"""What a chart shows, as plain values, and the same in words: a picture's text alternative comes from its own numbers.

All texts are the caller's: titles, labels and patterns stand in the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Tone = Literal["red", "amber", "green", "grey"]
TONES: tuple[Tone, ...] = ("red", "amber", "green", "grey")


@dataclass(frozen=True, slots=True)
class TrendLine:
    """One line of a trend: its values by month in points, None where there is none, of at most `most`."""

    name: str
    most: int
    values: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """Points by month: the total, its groups, and the target where one is set."""

    title: str
    unit: str
    parts_title: str
    months: tuple[str, ...]
    total: TrendLine
    groups: tuple[TrendLine, ...]
    target: Decimal | None
    target_name: str


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """One occurrence on a timeline, from opening to its due date, both included."""

    first: date
    last: date
    tone: Tone


@dataclass(frozen=True, slots=True)
class Timeline:
    """A plan's year: a row of spans for each item. `legend` names the tones; `months` are the labels of the axis."""

    title: str
    year: int
    rows: tuple[tuple[str, tuple[TimelineSpan, ...]], ...]
    today: date | None
    today_name: str
    legend: Mapping[Tone, str]
    months: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """How many duties fall there, and how many of them are (or were) late."""

    duties: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Unit × month. `cells[row][column]`; a cell is written as duties, or as `late_mark` with both where some are late."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    scale_name: str
    late_mark: str = "{duties} ({late})"

    def written(self, cell: Cell) -> str:
        """The cell's text; empty where no duty falls."""
        if not cell.duties:
            return ""
        return self.late_mark.format(duties=cell.duties, late=cell.late) if cell.late else str(cell.duties)


def spoken(value: Decimal | None, nothing: str) -> str:
    """82,99, or `nothing`."""
    return nothing if value is None else f"{value:.2f}".replace(".", ",")


def trend_words(trend: Trend, pattern: str, month: str, nothing: str) -> str:
    """The total of every month in words. `pattern` holds {months}; `month` holds {label} and {score}."""
    said = [
        month.format(label=label, score=spoken(value, nothing))
        for label, value in zip(trend.months, trend.total.values, strict=True)
    ]
    return pattern.format(title=trend.title, months="; ".join(said))


def timeline_words(timeline: Timeline, pattern: str, row: str) -> str:
    """How many spans of each tone every row has. `pattern` holds {title} and {rows}; `row` holds {label} and {counts}."""
    said = [row.format(label=label, counts=_counted(spans, timeline.legend)) for label, spans in timeline.rows if spans]
    return pattern.format(title=timeline.title, rows="; ".join(said))


def _counted(spans: Sequence[TimelineSpan], legend: Mapping[Tone, str]) -> str:
    counts = {tone: sum(span.tone == tone for span in spans) for tone in TONES}
    return ", ".join(f"{legend[tone].lower()} {number}" for tone, number in counts.items() if number)


def heat_map_words(heat: HeatMap, pattern: str, row: str) -> str:
    """Every filled cell of every row. `pattern` holds {title} and {rows}; `row` holds {label} and {cells}."""
    said = []
    for label, cells in zip(heat.rows, heat.cells, strict=True):
        filled = [f"{c} {heat.written(cell)}" for c, cell in zip(heat.columns, cells, strict=True) if cell.duties]
        if filled:
            said.append(row.format(label=label, cells=", ".join(filled)))
    return pattern.format(title=heat.title, rows="; ".join(said))
