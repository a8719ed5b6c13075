"""The mail that came in, as the store knows it: what an address stands for, what was read already, what was answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dondoc.mail.reply_addresses import Addressed, Code, ReplyTo
from tasks.store import tables


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """A signed address that is ours: its plan, and the duty and party, or the mail, it stands for."""

    code: Code
    plan: str
    occurrence: str | None
    party: str | None
    mail: str | None


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail of ours and how far it came."""

    id: str
    plan: str
    status: str


def known(connection: sa.Connection, reply_to: ReplyTo, address: str) -> KnownAddress | None:
    """What an address stands for; None for one that is not ours, or signed with another secret."""
    code = reply_to.read(address)
    if code is None:
        return None
    a = tables.address
    query = sa.select(a.c.plan, a.c.occurrence, a.c.party, a.c.mail).where(
        a.c.code == code.text, a.c.purpose == code.purpose
    )
    found = connection.execute(query).first()
    if found is None or not reply_to.signed(Addressed(code, found.occurrence, found.party), found.mail):
        return None
    return KnownAddress(code, *found)


def is_read(connection: sa.Connection, key: str) -> bool:
    """Whether a mail was read already (asked inside `appending`, where nobody else reads one)."""
    i = tables.inbox
    return connection.scalar(sa.select(i.c.key).where(i.c.key == key)) is not None


def note_mail(connection: sa.Connection, key: str, **row: Any) -> None:
    """Note that a mail was read."""
    connection.execute(tables.inbox.insert(), {"key": key, "answered": False, "seq": None, **row})


def was_answered(connection: sa.Connection, code: str, sender: str, day: date, outcome: str) -> bool:
    """Whether that sender was told that outcome of what came to that address on that day."""
    i = tables.inbox
    query = sa.select(i.c.key).where(
        i.c.code == code, i.c.sender == sender, i.c.received_on == day, i.c.outcome == outcome, i.c.answered.is_(True)
    )
    return connection.scalar(query.limit(1)) is not None


def notices_in(connection: sa.Connection, mail: str) -> list[tuple[str, str]]:
    """(occurrence, recipient) of the notices that a mail of ours carried, in its order."""
    n = tables.notice
    query = sa.select(n.c.occurrence, n.c.recipient).where(n.c.mail == mail).order_by(n.c.seq, n.c.key)
    return [(found.occurrence, found.recipient) for found in connection.execute(query)]


def answered_mail(connection: sa.Connection, message_ids: Sequence[str]) -> tuple[str, str] | None:
    """(plan, id) of the mail of ours that a letter says it answers, the nearest of them; None where there is none."""
    m = tables.mail
    query = sa.select(m.c.message_id, m.c.plan, m.c.id).where(m.c.message_id.in_(message_ids))
    found = {row.message_id: (row.plan, row.id) for row in connection.execute(query)}
    return next((found[message_id] for message_id in message_ids if message_id in found), None)


def is_own(connection: sa.Connection, message_id: str) -> bool:
    """Whether the outbox holds a mail of that Message-ID: then it is ours, whatever it looks like."""
    m = tables.mail
    return connection.scalar(sa.select(m.c.id).where(m.c.message_id == message_id).limit(1)) is not None


def own_mails(connection: sa.Connection, message_ids: Iterable[str]) -> frozenset[str]:
    """Those of the Message-IDs that the outbox holds."""
    m = tables.mail
    query = sa.select(m.c.message_id).where(m.c.message_id.in_(set(message_ids)))
    return frozenset(connection.scalars(query))


def own_files(connection: sa.Connection, digests: Iterable[str]) -> frozenset[str]:
    """Those of the SHA-256 that files have which we mailed."""
    f = tables.mailed_file
    return frozenset(connection.scalars(sa.select(f.c.sha256).where(f.c.sha256.in_(set(digests)))))


def failed_attempt(connection: sa.Connection, digest: str, day: date) -> int:
    """Count that reading a mail failed; how often it has."""
    a = tables.inbox_attempt
    made = insert(a).values(sha256=digest, attempts=1, first_on=day)
    counted = made.on_conflict_do_update(index_elements=["sha256"], set_={"attempts": a.c.attempts + 1})
    return int(connection.scalar(counted.returning(a.c.attempts)) or 1)


def reported_mail(
    connection: sa.Connection, mail: str | None, message_id: str, recipients: Sequence[str]
) -> SentMail | None:
    """The mail of ours that a delivery report is about: by its own address, else by Message-ID and recipient together."""
    m = tables.mail
    query = sa.select(m.c.id, m.c.plan, m.c.status)
    if mail is not None:
        query = query.where(m.c.id == mail)
    else:
        query = query.where(m.c.message_id == message_id, sa.func.lower(m.c.address).in_(recipients))
    found = connection.execute(query.limit(1)).first()
    return SentMail(*found) if found else None
