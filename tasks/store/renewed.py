"""The record of a link that was mailed anew, outside the morning's post."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

import sqlalchemy as sa

from dondoc.ledger.ledger import Draft
from dondoc.obligations.lifecycle import advance
from tasks.store.chain import appending, forward
from tasks.store.occurrences import tracked_row, write_entries


def record_new_link(
    engine: sa.Engine, occurrence: str, body: dict[str, Any], now: datetime, zone: tzinfo, *, taken: bool
) -> None:
    """One `notice.sent` about the occurrence, or `notice.failed` where the server did not take the mail."""
    with appending(engine) as connection:
        found = tracked_row(connection, occurrence)
        at = forward(connection, now, [found.occurrence.plan])
        kind, said = ("notice.sent", body) if taken else ("notice.failed", {**body, "final": False})
        draft = Draft(kind, found.occurrence.plan, occurrence, "dondoc", said)
        write_entries(connection, at, found, [draft], advance(found.state, draft, at.astimezone(zone).date()))
