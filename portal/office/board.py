"""The board's choice and figures, from the address and a snapshot: pure, so that every page can be counted again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from dondoc.calendar.typed_days import typed_day
from portal.office.boards import Board, BoardLine, folded
from portal.office.status_marks import MARKS, TONE, TONES, Tone

LINES_A_PAGE = 30  # with its styles, a page of the longest names weighs less than 50 kB
QUARTERS = (1, 2, 3, 4, 0)  # 0: no due date yet
_HEIGHT = 120  # the timeline's tallest column, in its own units


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address asks for; what it may not say is left out."""

    plan: str = ""
    unit: str = ""
    quarter: int | None = None
    state: str = ""
    q: str = ""
    page: int = 1
    day: date | None = None  # as things stood at its end

    def fits(self, line: BoardLine) -> bool:
        """Whether a line is asked for. `state` is a mark or a tone."""
        return (
            (not self.unit or self.unit in line.units)
            and self.quarter in (None, line.quarter)
            and self.state in ("", line.mark, line.tone)
            and (not self.q or all(word in line.text for word in folded(self.q).split()))
        )

    @property
    def narrowed(self) -> bool:
        """Whether any filter is set."""
        return bool(self.unit or self.quarter is not None or self.state or self.q or self.day)

    def address(self, **changes: object) -> str:
        """The board's address with this choice and these changes; a change of filter begins at page 1."""
        wanted: dict[str, object] = {
            "plan": self.plan,
            "unit": self.unit,
            "quarter": self.quarter,
            "state": self.state,
            "q": self.q,
            "ngay": self.day,
            **changes,
        }
        query = urlencode({key: value for key, value in wanted.items() if value not in (None, "")})
        return f"/bang?{query}" if query else "/bang"


def read_choice(query: Mapping[str, str]) -> Choice:
    """The choice of a query string; anything unknown counts as not said."""
    quarter, state, page = query.get("quarter", ""), query.get("state", ""), query.get("page", "")
    return Choice(
        plan=_word(query.get("plan", "")),
        unit=_word(query.get("unit", "")),
        quarter=int(quarter) if quarter in ("0", "1", "2", "3", "4") else None,
        state=state if state in MARKS or state in TONES else "",
        q=_word(query.get("q", "")),
        day=_day(query.get("ngay", "")),
        page=int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,
    )


def _day(text: str) -> date | None:
    try:
        return typed_day(text)
    except ValueError:
        return None


def _word(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "").strip()[:100]


def board(snapshot: Board, choice: Choice) -> dict[str, Any]:
    """What the board's page shows: a page of lines, and the figures of everything chosen."""
    chosen = [line for line in snapshot.lines if choice.fits(line)]
    last = max(1, -(-len(chosen) // LINES_A_PAGE))
    page = min(max(choice.page, 1), last)
    marks = Counter(line.mark for line in chosen)
    return {
        "snapshot": snapshot,
        "choice": choice,
        "lines": chosen[(page - 1) * LINES_A_PAGE : page * LINES_A_PAGE],
        "found": len(chosen),
        "page": page,
        "last": last,
        "marks": [(mark, TONE[mark], marks[mark]) for mark in MARKS if marks[mark]],
        "tones": _tones(chosen),
        "grid": _grid(chosen),
        "quarters": QUARTERS,
        "months": _months(chosen, snapshot.plan.year),
    }


def _tones(lines: Iterable[BoardLine]) -> dict[Tone, int]:
    counts = Counter(line.tone for line in lines)
    return {tone: counts[tone] for tone in TONES}


def _grid(lines: Iterable[BoardLine]) -> dict[str, dict[int, dict[Tone, int]]]:
    """unit → quarter → tone → how many. A duty with several lead units counts for each; "" counts each once."""
    alike = Counter((line.units, line.quarter, line.mark) for line in lines)
    cells: Counter[tuple[str, int, Tone]] = Counter()
    for (leads, quarter, mark), number in alike.items():
        for unit in ("", *leads):
            cells[unit, quarter, TONE[mark]] += number
    units = [*sorted({unit for unit, _, _ in cells} - {""}), ""]
    return {
        unit: {quarter: {t: n for t in TONES if (n := cells[unit, quarter, t])} for quarter in QUARTERS}
        for unit in units
    }


def _months(lines: Iterable[BoardLine], year: int) -> list[dict[str, Any]]:
    """Twelve columns of what is due in each month, the tones stacked; heights share one scale."""
    counts: Counter[tuple[int, Tone]] = Counter(
        (line.state.due.month, line.tone) for line in lines if line.state.due and line.state.due.year == year
    )
    totals = {month: sum(counts[month, tone] for tone in TONES) for month in range(1, 13)}
    tallest = max(totals.values()) or 1
    months = []
    for month, total in totals.items():
        below, pieces = 0.0, []
        for tone in reversed(TONES):
            height = counts[month, tone] * _HEIGHT / tallest
            if height:
                below += height
                pieces.append((tone, round(_HEIGHT - below, 1), round(height, 1)))
        months.append(
            {"month": month, "total": total, "pieces": pieces, "counts": {t: counts[month, t] for t in TONES}}
        )
    return months
