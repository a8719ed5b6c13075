"""One reading of a plan for every output: as it stands now, at the end of a day, at a moment, or at a ledger entry.

Now is read from the kept states, which are written with their entries; anything earlier is folded again from the
ledger, under the version of the plan that was in force. Every output of one day names the same entry: the last one of
the whole ledger by then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from dondoc.foundation.errors import DondocError
from dondoc.ledger.ledger import Head, timestamp
from dondoc.obligations.snapshot import Snapshot, Tracked
from dondoc.obligations.state import ENDS, to_day
from dondoc.obligations.timing import owed_obligation
from dondoc.office.rules import Rules
from dondoc.plan.plan import Plan
from dondoc.reports.scorecard import Trace
from dondoc.verification.completeness import Recount
from tasks.store import tables
from tasks.store.occurrences import tracked_rows
from tasks.store.plans import adopted, version_of_plan

Upto = date | datetime | int | None


class SnapshotError(DondocError):
    """A moment at which there is nothing to show."""


@dataclass(frozen=True, slots=True)
class Traces:
    """The entries about each occurrence, and the entry that put each into the register."""

    entries: Mapping[str, tuple[Trace, ...]]
    registered: Mapping[str, int]
    upto: int


def snapshot(engine: sa.Engine, rules: Rules, plan_id: str, now: datetime, upto: Upto = None) -> Snapshot:
    """The plan now, at the end of the office's day `upto`, at that moment, or as entry `upto` left it.

    Raises AdoptionError for a plan that is not adopted, SnapshotError for one that was not yet.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        return read_snapshot(connection, rules, plan_id, now, upto)


def read_snapshot(
    connection: sa.Connection, rules: Rules, plan_id: str, now: datetime, upto: Upto = None, known: Snapshot | None = None
) -> Snapshot:  # fmt: skip
    """The same inside the caller's transaction, which must be of one moment (REPEATABLE READ).

    `known`: an earlier snapshot of now; occurrences that no entry has changed since are taken from it as they are.
    """
    plan = adopted(connection, plan_id)
    if upto is not None:
        return _then(connection, rules, plan_id, upto)
    head, at = _last(connection, sa.true())
    moment = now.astimezone(rules.policy.zone)
    return Snapshot(plan, head, at.astimezone(moment.tzinfo), moment, _tracked(connection, plan_id, known, plan, head))


def entry_of(connection: sa.Connection, rules: Rules, day: date) -> int:
    """The last entry of the whole ledger by the end of the office's `day`; 0 where there is none."""
    return _last(connection, tables.ledger.c.at <= timestamp(_moment(rules, day)))[0].seq


def traces(
    connection: sa.Connection, rules: Rules, found: Snapshot, known: Traces | None = None
) -> Traces:  # fmt: skip
    """The entries up to a snapshot, from the ledger's columns alone; those after `known` are added to it."""
    ledger, zone = tables.ledger, rules.policy.zone
    after = known.upto if known and known.upto <= found.head.seq else 0
    query = (
        sa.select(ledger.c.seq, ledger.c.kind, ledger.c.at, ledger.c.occurrence)
        .where(ledger.c.plan == found.plan.id, ledger.c.seq > after, ledger.c.seq <= found.head.seq)
        .order_by(ledger.c.seq)
    )
    until = timestamp(max(found.moment, found.at))
    entries = dict(known.entries) if known and after else {}
    registered = dict(known.registered) if known and after else {}
    registering = []
    for seq, kind, at, occurrence in connection.execute(query):
        if kind in ("plan.adopted", "plan.amended"):
            registering.append(seq)
        if occurrence and at <= until:
            trace = Trace(seq, kind, datetime.fromisoformat(at).astimezone(zone).date())
            entries[occurrence] = (*entries.get(occurrence, ()), trace)
    for seq, line in connection.execute(sa.select(ledger.c.seq, ledger.c.line).where(ledger.c.seq.in_(registering)).order_by(ledger.c.seq)):  # fmt: skip
        for row in json.loads(bytes(line))["body"]["register"]:
            registered.setdefault(row["id"], seq)
    return Traces(entries, registered, found.head.seq)


def _tracked(
    connection: sa.Connection, plan_id: str, known: Snapshot | None, plan: Plan, head: Head
) -> tuple[Tracked, ...]:
    if known is None or known.plan is not plan or known.head.seq > head.seq:
        return tuple(tracked_rows(connection, plan_id))
    changed = {row.occurrence.id: row for row in tracked_rows(connection, plan_id, after=known.head.seq)}
    if changed.keys() - {each.occurrence.id for each in known.tracked}:  # a new one has its place in the register
        return tuple(tracked_rows(connection, plan_id))
    return tuple(changed.get(each.occurrence.id, each) for each in known.tracked)


def _moment(rules: Rules, upto: date | datetime) -> datetime:
    """The moment itself, or the end of that day, in the office's zone."""
    if isinstance(upto, datetime):
        return upto.astimezone(rules.policy.zone)
    return datetime.combine(upto, time(23, 59, 59, 999000), rules.policy.zone)


def _then(connection: sa.Connection, rules: Rules, plan_id: str, upto: date | datetime | int) -> Snapshot:
    ledger, zone = tables.ledger, rules.policy.zone
    if isinstance(upto, int):
        head, at = _last(connection, ledger.c.seq <= upto)
        moment, until = at.astimezone(zone), ledger.c.seq <= upto
    else:
        moment = _moment(rules, upto)
        until = ledger.c.at <= timestamp(moment)
        head, at = _last(connection, until)
    folded = _Folded()
    folded.take(_entries(connection, plan_id, until))
    if plan_id not in folded.recount.plans:
        raise SnapshotError(f"{plan_id} was not adopted by {moment:%d/%m/%Y %H:%M}; give a later moment")
    if len(folded.recount.found):
        code = folded.recount.found.kept[0].code
        raise SnapshotError(f"the ledger cannot be folded ({code}); run: dondoc ledger verify")
    plan = version_of_plan(connection, plan_id, folded.recount.plans[plan_id].digest)
    tracked = [
        folded.tracked(connection, rules, row)
        for row in tracked_rows(connection, plan_id)
        if row.occurrence.id in folded.under
    ]
    return Snapshot(plan, head, at.astimezone(zone), moment, tuple(tracked))


class _Folded:
    """States as the entries leave them, and the version and register row that each occurrence stands under."""

    def __init__(self) -> None:
        self.recount = Recount()
        self.under: dict[str, tuple[str, dict[str, Any]]] = {}

    def take(self, entries: Iterable[dict[str, Any]]) -> None:
        """What has ended keeps the version it ended under, as the register's table does."""
        for entry in entries:
            if entry["kind"] in ("plan.adopted", "plan.amended"):
                states, body = self.recount.states, entry["body"]
                for row in body["register"]:
                    if row["id"] not in states or states[row["id"]].status not in ENDS:
                        self.under[row["id"]] = (body["digest"], row)
            elif entry["kind"] == "event.recorded":  # a repeating one adds occurrences under the version in force
                digest = self.recount.plans[entry["plan"]].digest
                self.under |= {row["id"]: (digest, row) for row in entry["body"].get("register", ())}
            self.recount.take(entry)

    def tracked(self, connection: sa.Connection, rules: Rules, row: Tracked) -> Tracked:
        known = row.occurrence
        digest, registered = self.under[known.id]
        due = to_day(registered["due"])
        occurrence = replace(
            known,
            opens=to_day(registered["opens"]),
            due=due,
            act_by=rules.calendar.on_or_before(due) if due else None,
            event=registered["event"],
            needs=tuple(registered.get("needs", known.needs)),
            before_adoption=registered["before_adoption"],
        )
        item = version_of_plan(connection, known.plan, digest).item(known.item)
        return Tracked(occurrence, self.recount.states[known.id], item, owed_obligation(item, known))


def _last(connection: sa.Connection, which: sa.ColumnElement[bool]) -> tuple[Head, datetime]:
    ledger = tables.ledger
    query = sa.select(ledger.c.seq, ledger.c.hash, ledger.c.at).where(which).order_by(ledger.c.seq.desc()).limit(1)
    found = connection.execute(query).first()
    return (
        (Head(found.seq, found.hash), datetime.fromisoformat(found.at))
        if found
        else (Head(), datetime.min.replace(tzinfo=UTC))
    )


def _entries(connection: sa.Connection, plan: str, until: sa.ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    ledger = tables.ledger
    query = sa.select(ledger.c.line).where(ledger.c.plan == plan, until).order_by(ledger.c.seq)
    with connection.execute(query, execution_options={"yield_per": 1000}) as found:
        for line in found.scalars():
            yield json.loads(bytes(line))
