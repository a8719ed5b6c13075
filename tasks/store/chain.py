"""Appending to the ledger: one lock, one transaction, entries and everything that follows from them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from dondoc.foundation.errors import ClockError, LedgerError
from dondoc.ledger.ledger import GENESIS, Draft, Head, Linked, link
from tasks.store.tables import ledger

_LOCK = 720240002
# Two runs take the clock and then wait for the lock: a little backwards is waiting, more is a wrong clock.
_WAITING = timedelta(minutes=10)


@contextmanager
def appending(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that alone may append. What is read inside it cannot be changed by another writer."""
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield connection


def append(connection: sa.Connection, now: datetime, drafts: Sequence[Draft]) -> list[Linked]:
    """Link and store `drafts` (inside `appending`).

    Entries of one plan never go back in time: a clock a little behind the last entry is taken as that entry's
    time, a clock further back raises ClockError and nothing is written.
    """
    at = forward(connection, now, {draft.plan for draft in drafts})
    after, linked = head(connection), []
    for draft in drafts:
        _check_storable(draft)
        entry = link(after, at, draft)
        linked.append(entry)
        after = entry.head
    if linked:
        connection.execute(ledger.insert(), _rows(linked))
    return linked


def head(connection: sa.Connection) -> Head:
    """Where the chain stands."""
    row = connection.execute(sa.select(ledger.c.seq, ledger.c.hash).order_by(ledger.c.seq.desc()).limit(1)).first()
    return Head(row.seq, row.hash) if row else Head(0, GENESIS)


def export(connection: sa.Connection, after: int = 0) -> Iterator[bytes]:
    """The canonical lines in order, streamed: memory is a batch's, whatever the ledger's length."""
    query = sa.select(ledger.c.line).where(ledger.c.seq > after).order_by(ledger.c.seq)
    # Closed also when the reader stops early: a broken chain leaves no cursor behind.
    with connection.execute(query, execution_options={"yield_per": 1000}) as found:
        for line in found.scalars():
            yield bytes(line)


def forward(connection: sa.Connection, now: datetime, plans: Iterable[str]) -> datetime:
    """The time an entry of `plans` written now gets: `now`, or their last entry's where that is a little later.

    What is decided inside the transaction is decided at this time, so that folding the ledger again comes to the
    same days. Raises ClockError when `now` lies far behind.
    """
    latest = now
    for plan in plans:
        query = sa.select(ledger.c.at).where(ledger.c.plan == plan).order_by(ledger.c.seq.desc()).limit(1)
        last = connection.scalar(query)
        if last is None:
            continue
        moment = datetime.fromisoformat(last).astimezone(UTC)
        if now < moment - _WAITING:
            raise ClockError("clock_behind", now=now, plan=plan, last=moment.astimezone(now.tzinfo))
        latest = max(latest, moment)
    return latest


def _check_storable(draft: Draft) -> None:
    # JSON carries U+0000, a PostgreSQL text does not.
    for text in (draft.plan, draft.occurrence, draft.actor, draft.run):
        if text and "\0" in text:
            raise LedgerError(f"{text!r} holds a NUL character and cannot be recorded; correct the text")


def _rows(linked: Iterable[Linked]) -> list[dict[str, object]]:
    return [
        {
            "seq": entry.head.seq,
            "at": entry.at,
            "kind": entry.draft.kind,
            "plan": entry.draft.plan,
            "occurrence": entry.draft.occurrence,
            "actor": entry.draft.actor,
            "run": entry.draft.run,
            "prev": entry.prev,
            "hash": entry.head.hash,
            "line": entry.line,
        }
        for entry in linked
    ]
