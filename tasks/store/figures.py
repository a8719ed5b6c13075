"""The versions of the monthly figures: recorded once each, with their ledger entry; never changed, never removed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dondoc.index.figure import Figure, SourceFile
from dondoc.index.figure_versions import Version, figures_digest, is_new, read_version, recorded_body
from dondoc.ledger.ledger import Draft
from tasks.store.chain import appending, forward
from tasks.store.occurrences import tracked_row, write_entries
from tasks.store.tables import figures as table
from tasks.store.tables import ledger


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Somebody answered for doubtful figures as they are."""

    version: int
    by: str
    reason: str


def versions(connection: sa.Connection, plan: str, month: str | None = None) -> list[Version]:
    """Every version of a plan's figures, or of one month's, by month and version."""
    query = sa.select(table).where(table.c.plan == plan).order_by(table.c.month, table.c.version)
    if month is not None:
        query = query.where(table.c.month == month)
    return [read_version(found.occurrence, found.seq, found.body) for found in connection.execute(query)]


def latest(connection: sa.Connection, plan: str) -> dict[str, Version]:
    """month → its latest version."""
    return {version.month: version for version in versions(connection, plan)}


def record_figures(
    engine: sa.Engine,
    occurrence: str,
    month: str,
    given: Sequence[Figure],
    files: Iterable[SourceFile],
    source: str,
    now: datetime,
    actor: str,
    run: str | None = None,
    reason: str | None = None,
) -> Version | None:
    """Record `given` as the month's next version; None when that source says nothing new."""
    with appending(engine) as connection:
        current = tracked_row(connection, occurrence)
        plan = current.occurrence.plan
        known = versions(connection, plan, month)
        if not is_new(known, figures_digest(given), source):
            return None
        before = known[-1] if known else None
        body = recorded_body(month, given, files, source, before, reason)
        at = forward(connection, now, [plan])
        (entry,) = write_entries(
            connection, at, current, [Draft("figures.recorded", plan, occurrence, actor, body, run)], current.state
        )
        made = {"plan": plan, "month": month, "version": body["version"], "occurrence": occurrence}
        connection.execute(table.insert(), {**made, "seq": entry.head.seq, "sha256": body["sha256"], "body": body})
    return read_version(occurrence, entry.head.seq, body)


def confirm(
    engine: sa.Engine, version: Version, now: datetime, actor: str, by: str, reason: str, run: str | None = None
) -> int:
    """Record that a doubtful version is right as it is; the entry's number."""
    with appending(engine) as connection:
        plan = version.occurrence.partition("/")[0]
        body = {"month": version.month, "version": version.version, "seq": version.seq, "by": by, "reason": reason}
        at = forward(connection, now, [plan])
        current = tracked_row(connection, version.occurrence)
        draft = Draft("figures.confirmed", plan, version.occurrence, actor, body, run)
        (entry,) = write_entries(connection, at, current, [draft], current.state)
    return entry.head.seq


def confirmations(connection: sa.Connection, plan: str) -> dict[tuple[str, int], Confirmation]:
    """(month, version) → the latest confirmation of it."""
    return {
        (body["month"], body["version"]): Confirmation(body["version"], body["by"], body["reason"])
        for body in _bodies(connection, plan, "figures.confirmed")
    }


def _bodies(connection: sa.Connection, plan: str, kind: str) -> list[dict[str, Any]]:
    query = sa.select(ledger.c.line).where(ledger.c.plan == plan, ledger.c.kind == kind).order_by(ledger.c.seq)
    return [json.loads(bytes(line))["body"] for line in connection.scalars(query)]
