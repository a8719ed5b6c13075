"""One entry a run, also when nothing was owed; closing a plan; what the whole looks like now."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dondoc.ledger.ledger import Break, Draft, Head, timestamp, verify_export
from dondoc.obligations.lifecycle import ENDS, advance
from dondoc.obligations.snapshot import Tracked
from tasks.store import tables
from tasks.store.chain import append, appending, export, forward
from tasks.store.occurrences import write_entries
from tasks.store.settle import Checked


def record_run(
    engine: sa.Engine,
    plan: str,
    flow: str,
    checked: Sequence[Checked],
    now: datetime,
    run: str | None,
    occurrence: str | None = None,
    **facts: Any,
) -> Head:
    """The entry that says this run took place, what it looked at and which entries it wrote.

    `occurrence`: the one this run is about, in whose history it stands; None for a run about more.
    """
    body = {
        "flow": flow,
        "looked_at": [{"occurrence": found.occurrence, "verdict": found.verdict.value} for found in checked],
        "entries": [seq for found in checked for seq in found.seqs],
        **facts,
    }
    with appending(engine) as connection:
        (entry,) = append(connection, now, [Draft("run.recorded", plan, occurrence, "dondoc", body, run)])
    return entry.head


def swept_on(connection: sa.Connection, plan: str, now: datetime) -> bool:
    """Whether a sweep of that plan has taken place, to its end, on the day of `now` (in the office's zone)."""
    ledger = tables.ledger
    begins = timestamp(now.replace(hour=0, minute=0, second=0, microsecond=0))
    of_run = ledger.c.kind == "run.recorded"
    query = sa.select(ledger.c.line).where(ledger.c.plan == plan, of_run, ledger.c.at >= begins)
    bodies = (json.loads(bytes(line))["body"] for line in connection.scalars(query))
    return any(body["flow"] == "sweep" and "retry_only" not in body for body in bodies)


def close_if_ended(
    engine: sa.Engine,
    plan: str,
    now: datetime,
    run: str | None,
    account: Callable[[sa.Connection], tuple[Tracked, Draft] | None] = lambda _: None,
) -> bool:
    """Close a plan whose every occurrence has ended; True when it was closed now.

    `account`: the notice that tells of the whole year, queued in the same transaction, with the occurrence it stands at.
    """
    o, p = tables.occurrence, tables.plan
    with appending(engine) as connection:
        open_left = connection.scalar(
            sa.select(sa.func.count())
            .select_from(o)
            .where(o.c.plan == plan, o.c.status.not_in([status.value for status in ENDS]))
        )
        closed = connection.scalar(sa.select(p.c.closed_seq).where(p.c.id == plan))
        if open_left or closed:
            return False
        told = account(connection)
        if told is not None:
            found, draft = told
            at = forward(connection, now, [plan])
            write_entries(connection, at, found, [draft], advance(found.state, draft, at.date()))
        body = {"outcomes": _counts(connection, plan)}
        (entry,) = append(connection, now, [Draft("plan.closed", plan, None, "dondoc", body, run)])
        connection.execute(p.update().where(p.c.id == plan).values(closed_seq=entry.head.seq))
    return True


def _counts(connection: sa.Connection, plan: str) -> dict[str, int]:
    o = tables.occurrence
    query = (
        sa.select(o.c.status, sa.func.count().label("number"))
        .where(o.c.plan == plan)
        .group_by(o.c.status)
        .order_by(o.c.status)
    )
    return {found.status: found.number for found in connection.execute(query)}


def verify_chain(engine: sa.Engine) -> Head | Break:
    """The stored chain, re-derived entry by entry from its canonical bytes."""
    with engine.connect() as connection:
        return verify_export(export(connection))
