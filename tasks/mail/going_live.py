"""The end of a trial: one entry, and what was kept from those who still owe something is owed to them again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from dondoc.ledger.ledger import SYSTEM, Draft
from dondoc.obligations.lifecycle import OWED
from tasks.store import tables
from tasks.store.chain import append, appending
from tasks.store.delivered import record_notices


def live_since(connection: sa.Connection) -> datetime | None:
    """When the trial ended, from its entry; None where no entry says so."""
    entry = tables.ledger
    query = sa.select(entry.c.at).where(entry.c.kind == "trial.ended").order_by(entry.c.seq).limit(1)
    found = connection.scalar(query)
    return datetime.fromisoformat(found) if found else None


def end_trial(engine: sa.Engine, now: datetime, actor: str, zone: Any, **facts: Any) -> int | None:
    """End the trial, once: how many kept notices are owed again; None where it had ended before. One transaction.

    Of what stayed in the local mailbox each recipient gets the latest about every duty that is still owed, with the
    next morning's mail; whether it is still true is asked then, as of every notice.
    """
    with appending(engine) as connection:
        if live_since(connection) is not None:
            return None
        again = _kept_from(connection)
        body = {**facts, "owed_again": len(again)}
        append(connection, now, [Draft("trial.ended", SYSTEM, None, actor, body)])
        for notice in again:
            told = {
                "kind": notice.kind,
                "checkpoint": notice.checkpoint,
                "recipient": notice.recipient,
                "reason": "trial",
            }
            record_notices(connection, now, notice.occurrence, [("notice.requeued", told)], None, zone)
            n = tables.notice
            connection.execute(n.update().where(n.c.key == notice.key).values(status="queued", mail=None))
    return len(again)


def _kept_from(connection: sa.Connection) -> list[Any]:
    n, m, o = tables.notice, tables.mail, tables.occurrence
    query = (
        sa.select(n.c.key, n.c.occurrence, n.c.checkpoint, n.c.kind, n.c.recipient)
        .ext(distinct_on(n.c.occurrence, n.c.recipient))
        .join(m, m.c.id == n.c.mail)
        .join(o, o.c.id == n.c.occurrence)
        .where(n.c.status == "sent", m.c.kept, o.c.status.in_([status.value for status in OWED]))
        .order_by(n.c.occurrence, n.c.recipient, n.c.seq.desc())
    )
    return list(connection.execute(query))
