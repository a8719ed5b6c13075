"""The outbox: queued notices become one mail a recipient, and each delivery's outcome becomes evidence.

A notice is queued → mailed (its mail's bytes are kept) → sent or failed. A refused mail, or one that comes back
later, puts its notices back in the queue for the recipient's next address; when there is none left the tracker is
told. `zone` is the office's: it says on which day an outcome falls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dondoc.inbox.parts import file_digests
from dondoc.ledger.ledger import Draft
from dondoc.mail.reply_addresses import Addressed
from tasks.store import tables
from tasks.store.chain import append, appending
from tasks.store.delivered import record_notices

_POSTMAN = 720240003


@dataclass(frozen=True, slots=True)
class Queued:
    """One notice waiting in the outbox."""

    key: str
    occurrence: str
    checkpoint: str
    kind: str
    recipient: str
    body: dict[str, Any]
    route: int


@dataclass(frozen=True, slots=True)
class Ready:
    """One mail whose bytes are kept and which is due to be sent."""

    id: str
    message_id: str
    plan: str
    address: str
    content: bytes
    sha256: str
    attempts: int
    morning: date


@dataclass(frozen=True, slots=True)
class Built:
    """A mail just written: what `keep_mail` stores."""

    message_id: str
    address: str
    subject: str
    content: bytes
    addresses: tuple[Addressed, ...] = ()  # what it can be answered at, and where its bounces come back
    time: int = 1  # written anew where an earlier time's bytes were damaged

    @property
    def id(self) -> str:
        """The mail's id in the outbox."""
        return mail_id(self.message_id, self.address, self.time)


def mail_id(message_id: str, address: str, time: int = 1) -> str:
    """The id of a mail in the outbox, written for the first or a later time."""
    return f"{message_id} {address}" + (f" {time}" if time > 1 else "")


@contextmanager
def postman(engine: sa.Engine) -> Iterator[bool]:
    """True when this run alone delivers mail now; False when another one does. A killed run frees the place."""
    with engine.connect() as connection:
        alone = bool(connection.scalar(sa.text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _POSTMAN}))
        connection.commit()
        try:
            yield alone
        finally:
            if alone:
                connection.execute(sa.text("SELECT pg_advisory_unlock(:lock)"), {"lock": _POSTMAN})
                connection.commit()


def queued(engine: sa.Engine, plans: Sequence[str]) -> list[Queued]:
    """The notices of those plans that wait, in the order they were queued."""
    n = tables.notice
    query = (
        sa.select(n.c.key, n.c.occurrence, n.c.checkpoint, n.c.kind, n.c.recipient, n.c.body, n.c.route)
        .where(n.c.plan.in_(plans), n.c.status == "queued")
        .order_by(n.c.seq, n.c.key)
    )
    with engine.connect() as connection:
        return [Queued(**found) for found in connection.execute(query).mappings()]


def served_on(engine: sa.Engine, morning: date) -> set[str]:
    """The addresses (lower case) that notices were written to on that day."""
    m, n = tables.mail, tables.notice
    query = sa.select(m.c.address).where(m.c.morning == morning, sa.exists().where(n.c.mail == m.c.id))
    with engine.connect() as connection:
        return {address.lower() for address in connection.scalars(query)}


def keep_mail(engine: sa.Engine, plan: str, notices: Sequence[str], built: Built, now: datetime, context: date) -> None:
    """Store a mail with its bytes and tie its notices to it. `plan`: that of its gravest notice.

    The very same mail, refused before and now owed again (its address came back into office.yaml), is offered again
    with the bytes it has.
    """
    n = tables.notice
    with engine.begin() as connection:
        taken = connection.execute(
            n.update().where(n.c.key.in_(notices), n.c.status == "queued").values(status="mailed", mail=built.id)
        )
        if taken.rowcount != len(notices):  # another run took some of them first
            connection.rollback()
            return
        offer(connection, plan, built, now, context)


def offer(connection: sa.Connection, plan: str, built: Built, now: datetime, morning: date) -> None:
    """Keep a mail and what its signed addresses stand for, to be sent from `now` on."""
    made = insert(tables.mail).values(
        id=built.id,
        message_id=built.message_id,
        plan=plan,
        address=built.address,
        morning=morning,
        subject=built.subject,
        content=built.content,
        sha256=hashlib.sha256(built.content).hexdigest(),
        status="ready",
        next_attempt=now,
    )
    again = {"status": "ready", "next_attempt": now, "kept": False}
    connection.execute(made.on_conflict_do_update(index_elements=["id"], set_=again))
    if own := [{"sha256": digest} for digest in sorted(file_digests(built.content))]:
        connection.execute(insert(tables.mailed_file).values(own).on_conflict_do_nothing())
    rows = [
        {
            "code": found.code.text,
            "purpose": found.code.purpose,
            "plan": found.occurrence.partition("/")[0] if found.occurrence else plan,
            "occurrence": found.occurrence,
            "party": found.party,
            "mail": None if found.occurrence else built.id,
        }
        for found in built.addresses
    ]
    if rows:
        connection.execute(insert(tables.address).values(rows).on_conflict_do_nothing())


def withhold(engine: sa.Engine, notice: Queued, reason: str, now: datetime, run: str | None, zone: tzinfo) -> None:
    """A queued notice that is no longer true is not sent, and that is recorded."""
    n = tables.notice
    with appending(engine) as connection:
        left = n.update().where(n.c.key == notice.key, n.c.status == "queued").values(status="withheld")
        if connection.execute(left).rowcount == 0:
            return
        body = {"checkpoints": [notice.checkpoint], "recipient": notice.recipient, "reason": reason}
        record_notices(connection, now, notice.occurrence, [("notice.withheld", body)], run, zone)


def ready(engine: sa.Engine, plans: Sequence[str], now: datetime) -> list[Ready]:
    """Mails of those plans due to be sent at `now`, oldest first."""
    m = tables.mail
    query = (
        sa.select(m.c.id, m.c.message_id, m.c.plan, m.c.address, m.c.content, m.c.sha256, m.c.attempts, m.c.morning)
        .where(m.c.plan.in_(plans), m.c.status == "ready", m.c.next_attempt <= now)
        .order_by(m.c.next_attempt, m.c.id)
    )
    with engine.connect() as connection:
        return [Ready(**found) for found in connection.execute(query).mappings()]


def put_aside(engine: sa.Engine, mail: Ready, found: str, now: datetime, run: str | None) -> None:
    """A kept mail whose bytes have changed does not leave: that is recorded, and its notices wait to be written anew."""
    m, n = tables.mail, tables.notice
    with appending(engine) as connection:
        aside = m.update().where(m.c.id == mail.id, m.c.status == "ready").values(status="damaged")
        if connection.execute(aside).rowcount == 0:
            return
        connection.execute(n.update().where(n.c.mail == mail.id).values(status="queued", mail=None))
        body = {"finding": "mail_damaged", "message_id": mail.message_id, "address": mail.address,
                "sha256": mail.sha256, "found": found}  # fmt: skip
        append(connection, now, [Draft("audit.finding", mail.plan, None, "dondoc", body, run)])


def times_damaged(engine: sa.Engine, message_id: str, address: str) -> int:
    """How often that mail was put aside: what was written stays as it is, for who looks into it."""
    m = tables.mail
    query = sa.select(sa.func.count()).where(
        m.c.id.startswith(mail_id(message_id, address), autoescape=True), m.c.status == "damaged"
    )
    with engine.connect() as connection:
        return connection.scalar(query) or 0


def taken_since(engine: sa.Engine, morning: date, stays: bool) -> bool:
    """Whether a mail of that morning or a later one has left; where all mail `stays`, whether one was kept."""
    m = tables.mail
    taken = (m.c.status == "sent", m.c.morning >= morning)
    query = sa.select(sa.exists().where(*taken, sa.true() if stays else ~m.c.kept))
    with engine.connect() as connection:
        return bool(connection.scalar(query))


def next_attempt(engine: sa.Engine) -> datetime | None:
    """When the first of the kept mails of any plan is to be tried again; None when none waits."""
    m = tables.mail
    query = sa.select(m.c.next_attempt).where(m.c.status == "ready").order_by(m.c.next_attempt).limit(1)
    with engine.connect() as connection:
        return connection.scalar(query)


def postponed(engine: sa.Engine, mail_id: str, reply: str, now: datetime, wait: timedelta) -> None:
    """The server could not take it now: it stays as it is and is tried again after `wait`."""
    m = tables.mail
    with engine.begin() as connection:
        connection.execute(
            m.update()
            .where(m.c.id == mail_id, m.c.status == "ready")
            .values(attempts=m.c.attempts + 1, next_attempt=now + wait, reply=reply)
        )
