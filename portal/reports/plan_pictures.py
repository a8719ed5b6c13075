"""The plan's year as pictures, from the board's snapshot: a bar a period for every item, and duties by unit and month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date

from dondoc.obligations.outcomes import LATE, outcome
from dondoc.office.office import Office
from dondoc.office.wording import shortened
from dondoc.reports.pictures import HeatMap, Timeline, TimelineSpan, Tone
from dondoc.reports.plan_heat import heat_map
from portal.office.boards import Board

_LABEL = 58


def timeline_of(board: Board, words: Mapping[str, str], legend: Mapping[Tone, str]) -> Timeline:
    """Every item with its dated periods, in the plan's order."""
    spans: dict[str, list[TimelineSpan]] = defaultdict(list)
    for line in board.lines:
        due = line.state.due
        if due is not None:
            opens = line.state.opens or line.occurrence.opens or due
            spans[line.item.id].append(TimelineSpan(min(opens, due), due, line.tone))
    rows = tuple(
        (
            shortened(f"{item.ref} · {item.title}", _LABEL),
            tuple(sorted(spans[item.id], key=lambda span: (span.first, span.last))),
        )
        for item in board.plan.items
    )
    return Timeline(
        title=words["timeline"].format(year=board.plan.year),
        year=board.plan.year,
        rows=rows,
        today=board.today if board.today.year == board.plan.year else None,
        today_name=words["today"].format(day=f"{board.today:%d/%m/%Y}"),
        legend=legend,
        months=tuple(words["month"].format(number=number) for number in range(1, 13)),
    )


def heat_map_of(board: Board, office: Office, words: Mapping[str, str]) -> HeatMap:
    """Duties due in each month of the plan's year by lead unit; a duty of several units counts for each."""
    duties = [(line.state.due, line.units, outcome(line.state, board.today) in LATE) for line in board.lines]
    return heat_map(duties, board.plan.year, board.today, office, words)


def counted(timeline: Timeline) -> list[tuple[str, dict[Tone, int], date | None]]:
    """The timeline as a table: (item, spans by tone, last due date)."""
    return [
        (label, dict(Counter(span.tone for span in spans)), max((span.last for span in spans), default=None))
        for label, spans in timeline.rows
    ]
