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

import sqlalchemy as sa

from dondoc.obligations.lifecycle import State
from dondoc.obligations.outcomes import tally
from dondoc.obligations.timing import Occurrence
from dondoc.office.rules import House
from dondoc.office.wording import unmarked
from dondoc.plan.plan import Item, Obligation, Plan
from portal.office.status_marks import RANK, TONE, Mark, Tone, mark_of
from portal.shell.page_context import Desk
from tasks.store import tables
from tasks.store.occurrences import Row, rows
from tasks.store.plans import adopted, adopted_ids


@dataclass(frozen=True, slots=True)
class Line:
    """One occurrence as the board shows it. `quarter` is that of its present due date, 0 without one."""

    occurrence: Occurrence
    state: State
    item: Item
    obligation: Obligation
    mark: Mark
    units: tuple[str, ...]
    quarter: int
    text: str

    @property
    def tone(self) -> Tone:
        """Its traffic light."""
        return TONE[self.mark]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A plan at one ledger entry, on one day. `outcomes` are the figures of `dondoc status`."""

    plan: Plan
    plans: tuple[str, ...]
    seq: int
    at: datetime
    today: date
    lines: tuple[Line, ...]
    outcomes: dict[str, int]


class Snapshots:
    """The latest snapshot of each plan."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: dict[str, tuple[House, Snapshot, dict[str, Line]]] = {}  # the lines in the register's order
        self._lock = threading.Lock()

    def of(self, wanted: str) -> Snapshot | None:
        """The plan of that id, or the latest adopted one; None while none is adopted."""
        house, now = self._desk.house, self._desk.now()
        with self._desk.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            found = _head(connection)
            if found is None:
                return None
            seq, written = found
            plans = tuple(adopted_ids(connection))
            if not plans:
                return None
            chosen = wanted if wanted in plans else plans[-1]
            with self._lock:
                kept = self._kept.get(chosen)
            if kept and kept[0] is house and (kept[1].seq, kept[1].today) == (seq, now.date()):
                return kept[1]
            plan = adopted(connection, chosen)
            # What a later snapshot of another visitor says is no part of ours.
            alike = kept and (kept[0], kept[1].plan, kept[1].today) == (house, plan, now.date()) and kept[1].seq <= seq
            known, after = (kept[2], kept[1].seq) if kept and alike else ({}, 0)
            lines = _read(connection, house, plan, now.date(), known, after)
        at = datetime.fromisoformat(written).astimezone(house.policy.zone)
        outcomes = tally((line.state for line in lines.values()), now.date())
        made = Snapshot(plan, plans, seq, at, now.date(), tuple(sorted(lines.values(), key=_order)), outcomes)
        with self._lock:
            self._kept[chosen] = (house, made, lines)
        return made


def _read(
    connection: sa.Connection, house: House, plan: Plan, today: date, known: dict[str, Line], after: int
) -> dict[str, Line]:
    """The lines of a plan, those of `known` that no entry later than `after` changed as they are."""
    changed = rows(connection, plan.id, after=after)
    if known and any(row.occurrence.id not in known for row in changed):  # a new one has its place in the register
        known, changed = {}, rows(connection, plan.id)
    return known | {row.occurrence.id: _line(house, row, today) for row in changed}


@lru_cache(maxsize=4096)  # a duty's words are the same in every period, and nothing else costs a board so much
def folded(text: str) -> str:
    """`text` as it is searched: without marks and case, so that "ke hoach" finds "Kế hoạch"."""
    return " ".join(unmarked(text).split())


def _head(connection: sa.Connection) -> tuple[int, str] | None:
    ledger = tables.ledger
    row = connection.execute(sa.select(ledger.c.seq, ledger.c.at).order_by(ledger.c.seq.desc()).limit(1)).first()
    return (row.seq, row.at) if row else None


def _line(house: House, row: Row, today: date) -> Line:
    item, obligation = row.item, row.obligation
    due = row.state.due
    words = folded(f"{item.ref} {item.title} {obligation.deliverable}")
    own = folded(row.state.document) if row.state.document else ""
    return Line(
        row.occurrence,
        row.state,
        item,
        obligation,
        mark_of(row.state, today, house.calendar),
        house.office.members(obligation.lead),
        (due.month + 2) // 3 if due else 0,
        f"{words} {own} {row.occurrence.id.casefold()}",
    )


def _order(line: Line) -> tuple[int, date]:
    return RANK[line.mark], line.state.due or date.max
