"""Mail that came in and counts as nothing yet, for a person to look at: which, why, and what was seen already."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

import sqlalchemy as sa

from dondoc.inbox.weighing import Why
from tasks.store.tables import inbox, ledger, notice

STRAY = "stray"  # a person's mail to no address of ours


@dataclass(frozen=True, slots=True)
class KeptMail:
    """One kept mail. `entry` is its ledger entry, `plan` and `occurrence` what it is about; a stray mail has none.

    `known`: whether the sender's address is one of office.yaml's; `refused` are (name, fault) of files not taken.
    """

    key: str
    sha256: str
    received_on: date
    sender: str
    outcome: str
    entry: int | None = None
    plan: str | None = None
    occurrence: str | None = None
    subject: str = ""
    known: bool = False
    refused: tuple[tuple[str, str], ...] = ()


def waiting(connection: sa.Connection) -> list[KeptMail]:
    """The mails nobody has looked at yet, the newest first."""
    found = list(
        connection.execute(
            _kept()
            .where(
                sa.or_(sa.and_(inbox.c.outcome.in_(get_args(Why)), inbox.c.seq.is_not(None)), inbox.c.outcome == STRAY)
            )
            .order_by(inbox.c.received_on.desc(), inbox.c.seq.desc().nulls_last(), inbox.c.key)
        )
    )
    seen = _seen(connection, {row.occurrence for row in found if row.occurrence})
    told = _told(connection) if any(row.outcome == "auto" for row in found) else set()
    return [
        _read(row)
        for row in found
        if row.key not in seen and (row.outcome != "auto" or f"letter-{row.key[:16]}" in told)
    ]


def kept(connection: sa.Connection, key: str) -> KeptMail | None:
    """The kept mail of that key; None where there is none that a person is to look at."""
    row = connection.execute(_kept().where(inbox.c.key == key)).first()
    if row is None or (row.outcome != STRAY and (row.outcome not in get_args(Why) or row.seq is None)):
        return None
    return _read(row)


def is_seen(connection: sa.Connection, mail: KeptMail) -> bool:
    """Whether somebody has looked at it."""
    return mail.key in _seen(connection, {mail.occurrence} if mail.occurrence else set())


def digests(connection: sa.Connection) -> list[bytes]:
    """The SHA-256 of every mail that came in: also those that an earlier version recorded without a ledger entry."""
    return [digest.encode() for digest in connection.scalars(sa.select(inbox.c.sha256))]


def _kept() -> sa.Select[Any]:
    return sa.select(
        *(inbox.c.key, inbox.c.sha256, inbox.c.received_on, inbox.c.sender, inbox.c.outcome, inbox.c.seq),
        *(ledger.c.plan, ledger.c.occurrence, ledger.c.line),
    ).outerjoin(ledger, inbox.c.seq == ledger.c.seq)


def _read(row: Any) -> KeptMail:
    body = json.loads(bytes(row.line))["body"] if row.line is not None else {}
    return KeptMail(
        row.key, row.sha256, row.received_on, row.sender, row.outcome, row.seq, row.plan, row.occurrence,
        body.get("subject", ""), bool(body.get("known")), tuple(_refused(one) for one in body.get("refused", ())),
    )  # fmt: skip


def _refused(one: Any) -> tuple[str, str]:
    """Name and fault; entries of earlier versions say the name alone."""
    return (one["name"], one["fault"]) if isinstance(one, dict) else (str(one), "")


def _seen(connection: sa.Connection, occurrences: set[str]) -> set[str]:
    """The keys of seen mails about those occurrences or about none. The index on `occurrence` serves both."""
    query = sa.select(ledger.c.line).where(
        ledger.c.kind == "mail.seen", sa.or_(ledger.c.occurrence.in_(occurrences), ledger.c.occurrence.is_(None))
    )
    return {json.loads(bytes(line))["body"]["key"] for line in connection.scalars(query)}


def _told(connection: sa.Connection) -> set[str]:
    """The letters the tracker was told of: a machine's answer only where it carried files."""
    return set(connection.scalars(sa.select(notice.c.checkpoint).where(notice.c.kind == "letter")))
