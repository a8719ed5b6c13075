"""All occurrences of a plan from one snapshot of the store, named by the ledger entry it ends with.

Nothing about an occurrence changes without a ledger entry in the same transaction, so the same head on the same
day is the same board: it is read once and kept, and a page costs two small queries however large the plan is. After
new entries only the occurrences they changed are read again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from dondoc.foundation.names import unmarked
from dondoc.obligations.lifecycle import State
from dondoc.obligations.outcomes import outcome_counts
from dondoc.obligations.snapshot import Snapshot, Tracked
from dondoc.obligations.timing import Occurrence
from dondoc.office.rules import Rules
from dondoc.plan.plan import Item, Obligation, Plan
from portal.office.status_marks import MARK_RANK, TONE, Mark, Tone, mark_of
from portal.shell.page_context import PageContext
from tasks.obligations.snapshot import read_snapshot
from tasks.store.chain import head
from tasks.store.plan_years import default_plan
from tasks.store.plans import adopted_ids


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One occurrence as the board shows it. `quarter` is that of its present due date, 0 without one."""

    tracked: Tracked
    mark: Mark
    units: tuple[str, ...]
    quarter: int
    text: str

    @property
    def occurrence(self) -> Occurrence:
        """The occurrence."""
        return self.tracked.occurrence

    @property
    def state(self) -> State:
        """Its state."""
        return self.tracked.state

    @property
    def item(self) -> Item:
        """Its item, in the version it stands under."""
        return self.tracked.item

    @property
    def obligation(self) -> Obligation:
        """Its obligation, likewise."""
        return self.tracked.obligation

    @property
    def tone(self) -> Tone:
        """Its traffic light."""
        return TONE[self.mark]


@dataclass(frozen=True, slots=True)
class Board:
    """A plan's snapshot as the board shows it. `plans` are all adopted ones; `outcomes` the figures of `dondoc status`."""

    snapshot: Snapshot
    plans: tuple[str, ...]
    lines: tuple[BoardLine, ...]
    outcomes: dict[str, int]

    @property
    def plan(self) -> Plan:
        """The version in force then."""
        return self.snapshot.plan

    @property
    def seq(self) -> int:
        """The ledger entry it was read at."""
        return self.snapshot.head.seq

    @property
    def at(self) -> datetime:
        """When that entry was written, in the office's zone."""
        return self.snapshot.at

    @property
    def today(self) -> date:
        """The day that everything is judged on."""
        return self.snapshot.day


class Boards:
    """The latest board of each plan; one of an earlier day is made when it is asked for."""

    def __init__(self, context: PageContext) -> None:
        self._desk = context
        self._kept: dict[str, tuple[Rules, Board]] = {}
        self._lock = threading.Lock()

    def of(self, wanted: str, day: date | None = None) -> Board | None:
        """The plan of that id, or the one with open duties, now or at the end of `day`; None while none is adopted.

        Raises SnapshotError for a day before its adoption.
        """
        rules, now = self._desk.rules, self._desk.now()
        with self._desk.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            plans = tuple(adopted_ids(connection))
            if not plans:
                return None
            chosen = wanted if wanted in plans else default_plan(connection, rules, now.date()) or plans[-1]
            if day is not None and day < now.date():
                return _board(rules, read_snapshot(connection, rules, chosen, now, day), plans, {})
            with self._lock:
                kept = self._kept.get(chosen)
            alike = kept[1] if kept and kept[0] is rules and kept[1].today == now.date() else None
            if alike and (alike.seq, alike.plans) == (head(connection).seq, plans):
                return alike
            # What a later board of another visitor says is no part of ours.
            known = alike if alike and alike.seq <= head(connection).seq else None
            found = read_snapshot(connection, rules, chosen, now, known=known.snapshot if known else None)
        made = _board(rules, found, plans, {id(line.tracked): line for line in known.lines} if known else {})
        with self._lock:
            self._kept[chosen] = (rules, made)
        return made


def _board(rules: Rules, found: Snapshot, plans: tuple[str, ...], known: dict[int, BoardLine]) -> Board:
    """`known`: lines of occurrences that have not changed since, by the identity of what they show."""
    lines = [known.get(id(tracked)) or _line(rules, tracked, found.day) for tracked in found.tracked]
    return Board(
        found, plans, tuple(sorted(lines, key=_order)), outcome_counts((line.state for line in lines), found.day)
    )  # fmt: skip


@lru_cache(maxsize=4096)  # a duty's words are the same in every period, and nothing else costs a board so much
def folded(text: str) -> str:
    """`text` as it is searched: without marks and case, so that "ke hoach" finds "Kế hoạch"."""
    return " ".join(unmarked(text).split())


def _line(rules: Rules, tracked: Tracked, today: date) -> BoardLine:
    item, obligation = tracked.item, tracked.obligation
    due = tracked.state.due
    words = folded(f"{item.ref} {item.title} {obligation.deliverable}")
    own = folded(tracked.state.document) if tracked.state.document else ""
    return BoardLine(
        tracked,
        mark_of(tracked.state, today, rules.calendar),
        rules.office.members(obligation.lead),
        (due.month + 2) // 3 if due else 0,
        f"{words} {own} {tracked.occurrence.id.casefold()}",
    )


def _order(line: BoardLine) -> tuple[int, date]:
    return MARK_RANK[line.mark], line.state.due or date.max
