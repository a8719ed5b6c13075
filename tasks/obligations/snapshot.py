"""A plan as its ledger says it stood at the end of a day: what tables and scorecards are made from, in one reading."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from dondoc.foundation.errors import DondocError
from dondoc.office.rules import House
from dondoc.plan.plan import Plan
from dondoc.reports.progress_table import Tracked
from dondoc.reports.scorecard import Trace
from dondoc.reports.sheet_model import Seen
from dondoc.verification.completeness import recount
from tasks.store import tables
from tasks.store.chain import head
from tasks.store.occurrences import rows
from tasks.store.plans import adopted


class StandingError(DondocError):
    """A day on which there is nothing to show."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan's occurrences with their states and entries, named by the ledger entry they were read up to.

    Item and obligation are those of the version an occurrence stands under now: an amendment made after `as_of` shows.
    `registered`: the entry that put each into the register.
    """

    plan: Plan
    seen: Seen
    tracked: tuple[Tracked, ...]
    traces: Mapping[str, Sequence[Trace]]
    registered: Mapping[str, int]


def standing(engine: sa.Engine, house: House, plan_id: str, today: date, as_of: date | None = None) -> Standing:
    """How the plan stands today, or how it stood at the end of `as_of` (office's days), folded from the ledger alone.

    Raises AdoptionError for a plan that is not adopted, StandingError for one that was not yet on that day.
    """
    zone = house.policy.zone
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        plan = adopted(connection, plan_id)
        stored = rows(connection, plan_id)
        entries = _entries(connection, plan_id)
        last = head(connection)
        newest = connection.scalar(sa.select(tables.ledger.c.at).where(tables.ledger.c.seq == last.seq)) or ""
    days = [datetime.fromisoformat(entry["at"]).astimezone(zone).date() for entry in entries]
    if as_of is not None:
        kept = [(entry, day) for entry, day in zip(entries, days, strict=True) if day <= as_of]
        if not kept:
            raise StandingError(f"{plan_id} was not adopted by {as_of:%d/%m/%Y}; give a later day")
        entries, days = [entry for entry, _ in kept], [day for _, day in kept]
    shown: dict[str, Any] = {"seq": last.seq, "hash": last.hash, "at": newest} if as_of is None else entries[-1]
    states = recount(entries).states
    traces: dict[str, list[Trace]] = defaultdict(list)
    for entry, day in zip(entries, days, strict=True):
        if entry["occurrence"]:
            traces[entry["occurrence"]].append(Trace(entry["seq"], entry["kind"], day))
    at = datetime.fromisoformat(shown["at"]).astimezone(zone)
    return Standing(
        plan,
        Seen(plan.id, plan.title, shown["seq"], shown["hash"], at, as_of or today),
        tuple(
            Tracked(found.occurrence, states[found.occurrence.id], found.item, found.obligation)
            for found in stored
            if found.occurrence.id in states
        ),
        traces,
        _registered(entries),
    )


def _registered(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Occurrence → the adoption or amendment that put it into the register."""
    found: dict[str, int] = {}
    for entry in entries:
        for row in entry["body"].get("register", ()) if entry["kind"] in ("plan.adopted", "plan.amended") else ():
            found.setdefault(row["id"], entry["seq"])
    return found


def _entries(connection: sa.Connection, plan_id: str) -> list[dict[str, Any]]:
    query = sa.select(tables.ledger.c.line).where(tables.ledger.c.plan == plan_id).order_by(tables.ledger.c.seq)
    return [json.loads(bytes(line)) for line in connection.scalars(query)]
