"""The history of one occurrence as its page tells it, and whether a form was answered already."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dondoc.foundation.errors import DondocError
from tasks.store.tables import ledger


@dataclass(frozen=True, slots=True)
class OccurrenceEntry:
    """One ledger entry about an occurrence."""

    seq: int
    at: datetime
    kind: str
    actor: str
    body: dict[str, Any]
    run: str | None = None


class AnsweredError(DondocError):
    """The same answer was recorded after the form was shown: `entry` is that answer."""

    def __init__(self, entry: OccurrenceEntry) -> None:
        super().__init__(f"this was recorded already, as entry {entry.seq}; nothing was changed")
        self.entry = entry


def entries_about(connection: sa.Connection, occurrence: str, after: int = 0) -> list[OccurrenceEntry]:
    """The entries about an occurrence after number `after`, in order."""
    query = (
        sa.select(ledger.c.seq, ledger.c.at, ledger.c.kind, ledger.c.actor, ledger.c.line, ledger.c.run)
        .where(ledger.c.occurrence == occurrence, ledger.c.seq > after)
        .order_by(ledger.c.seq)
    )
    return [
        OccurrenceEntry(e.seq, datetime.fromisoformat(e.at), e.kind, e.actor, json.loads(bytes(e.line))["body"], e.run)
        for e in connection.execute(query)
    ]


def common(connection: sa.Connection, upto: int, plans: Iterable[str]) -> list[OccurrenceEntry]:
    """The entries up to number `upto` about these plans as a whole, the calendar and standing in; runs are not among them."""
    query = (
        sa.select(ledger)
        .where(
            ledger.c.seq <= upto,
            ledger.c.occurrence.is_(None),
            sa.or_(
                sa.and_(ledger.c.plan.in_(set(plans)), ledger.c.kind.regexp_match(r"^(plan|event)\.")),
                ledger.c.kind.regexp_match(r"^(calendar|delegation)\."),
            ),
        )
        .order_by(ledger.c.seq)
    )
    return [
        OccurrenceEntry(e.seq, datetime.fromisoformat(e.at), e.kind, e.actor, json.loads(bytes(e.line))["body"], e.run)
        for e in connection.execute(query)
    ]


def entry(connection: sa.Connection, seq: int) -> tuple[str, str, OccurrenceEntry] | None:
    """The entry of that number about an occurrence, after its plan and occurrence; None where there is none."""
    e = connection.execute(sa.select(ledger).where(ledger.c.seq == seq, ledger.c.occurrence.is_not(None))).first()
    if e is None:
        return None
    body = json.loads(bytes(e.line))["body"]
    return e.plan, e.occurrence, OccurrenceEntry(e.seq, datetime.fromisoformat(e.at), e.kind, e.actor, body, e.run)


def refuse_second(connection: sa.Connection, occurrence: str, after: int, kind: str, actor: str) -> None:
    """Raises AnsweredError where `actor` did the same after entry `after` (inside `appending`)."""
    for entry in entries_about(connection, occurrence, after):
        if (entry.kind, entry.actor) == (kind, actor):
            raise AnsweredError(entry)
