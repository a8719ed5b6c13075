"""Progress table and scorecard as workbooks, from one snapshot of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dondoc.obligations.snapshot import Snapshot, Tracked
from dondoc.office.policy import Policy, Scoring
from dondoc.office.wording import Wording, clean
from dondoc.plan.plan import Plan
from dondoc.reports.progress_table import progress_table
from dondoc.reports.scorecard import Card, quarter_of
from dondoc.reports.scorecard_sheets import score_sheets
from dondoc.reports.sheet_model import CountedFrom
from tasks.spreadsheets.writing import workbook


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which occurrences, as the board's filters say it. `state` is in words; quarter 0: no due date yet."""

    unit: str = ""
    quarter: int | None = None
    state: str = ""
    q: str = ""


def progress_book(found: Snapshot, wording: Wording, policy: Policy, chosen: Chosen) -> tuple[bytes, int]:
    """The progress table of a unit or quarter (or of all), and how many rows it has."""
    tracked = [
        each
        for each in found.tracked
        if (not chosen.unit or chosen.unit in wording.office.members(each.obligation.lead))
        and chosen.quarter in (None, quarter_of(each.state))
    ]
    return table_book(found.plan, tracked, CountedFrom.of(found), wording, policy, chosen), len(tracked)


def table_book(
    plan: Plan, tracked: Iterable[Tracked], seen: CountedFrom, wording: Wording, policy: Policy, chosen: Chosen
) -> bytes:
    """The progress table of these occurrences; `chosen` says in words how they were chosen."""
    said = tuple(_said(chosen, wording, plan.year))
    sheet = progress_table(plan, tracked, seen, wording, policy, said)
    return workbook([sheet], seen.at, wording.words["tables"]["page"])


def score_book(
    found: Snapshot, cards: Sequence[Card], quarter: int | None, wording: Wording, scoring: Scoring
) -> bytes:
    """The cards and the proofs of their figures."""
    sheets = score_sheets(cards, found.tracked, CountedFrom.of(found), quarter, wording, scoring)
    return workbook(sheets, found.at, wording.words["tables"]["page"])


def _said(chosen: Chosen, wording: Wording, year: int) -> Iterator[str]:
    words = wording.words["tables"]["progress"]["chosen"]
    if chosen.unit:
        yield words["unit"].format(unit=clean(wording.office.name_of(chosen.unit)))
    if chosen.quarter == 0:
        yield words["no_quarter"]
    elif chosen.quarter:
        yield words["quarter"].format(quarter=wording.period(f"{year}-Q{chosen.quarter}"))
    if chosen.state:
        yield words["state"].format(state=chosen.state)
    if chosen.q:
        yield words["q"].format(q=clean(chosen.q))
