"""How each mail server dealt with us the last time, and which mailboxes did not take what they were sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from dondoc.obligations.lifecycle import OWED
from tasks.store import tables


@dataclass(frozen=True, slots=True)
class ServerTrouble:
    """A server that does not take our mail since that moment, and its words; or a mailbox that did not take its last."""

    name: str
    since: datetime
    words: str


@dataclass(frozen=True, slots=True)
class OutboxTally:
    """How many mails wait for their server, the morning of the oldest; how many notices of duties that are still owed
    reached nobody; how many kept mails are damaged."""

    waiting: int
    oldest: date | None
    failed: int
    damaged: int


def note_server(engine: sa.Engine, server: str, well: bool, words: str, now: datetime) -> None:
    """Note how the server dealt with us. `since` moves only when that changes."""
    s = tables.mail_server
    made = insert(s).values(server=server, well=well, since=now, words=words)
    moved = sa.case((s.c.well == made.excluded.well, s.c.since), else_=made.excluded.since)
    with engine.begin() as connection:
        connection.execute(
            made.on_conflict_do_update(
                index_elements=["server"],
                set_={"well": made.excluded.well, "words": made.excluded.words, "since": moved},
            )
        )


def server_troubles(connection: sa.Connection, servers: Iterable[str]) -> list[ServerTrouble]:
    """Which of these servers did not take our mail when they were last asked."""
    s = tables.mail_server
    query = sa.select(s.c.server, s.c.since, s.c.words).where(s.c.server.in_(list(servers)), ~s.c.well)
    return [ServerTrouble(*found) for found in connection.execute(query.order_by(s.c.server))]


def dead_mailboxes(connection: sa.Connection, addresses: Iterable[str]) -> list[ServerTrouble]:
    """The addresses whose last mail was refused for good or came back: since which morning, and in whose words."""
    m = tables.mail
    address = sa.func.lower(m.c.address)
    known = sorted({known.lower() for known in addresses})
    latest = (
        sa.select(address.label("address"), m.c.status, m.c.next_attempt, m.c.reply)
        .ext(distinct_on(address))
        .where(address.in_(known), m.c.status.in_(("sent", "failed", "bounced")))
        .order_by(address, m.c.morning.desc(), m.c.next_attempt.desc())
        .subquery()
    )
    query = sa.select(latest.c.address, latest.c.next_attempt, sa.func.coalesce(latest.c.reply, "")).where(
        latest.c.status != "sent"
    )
    return [ServerTrouble(*found) for found in connection.execute(query.order_by(latest.c.address))]


def outbox_tally(connection: sa.Connection) -> OutboxTally:
    """What of the outbox is not where it should be."""
    m, n, o = tables.mail, tables.notice, tables.occurrence
    late = sa.and_(m.c.status == "ready", m.c.attempts > 0)
    mails = sa.select(
        sa.func.count().filter(late),
        sa.func.min(m.c.morning).filter(late),
        sa.func.count().filter(m.c.status == "damaged"),
    )
    lost = sa.select(sa.func.count()).select_from(n.join(o, o.c.id == n.c.occurrence))
    owed = o.c.status.in_([status.value for status in OWED])
    waiting, oldest, damaged = connection.execute(mails).one()
    return OutboxTally(waiting, oldest, connection.scalar(lost.where(n.c.status == "failed", owed)) or 0, damaged)
