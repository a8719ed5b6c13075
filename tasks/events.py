"""Outside events, recorded from a run's form or the command line."""

from __future__ import annotations

from datetime import date
from typing import Any

from dondoc.acts import ActError
from tasks.morning import Morning
from tasks.store.plans import adopted
from tasks.store.settle import check_event, record_event


def note_event(
    morning: Morning, event: str | None, happened_on: date | None, document: str | None, actor: str = "operator"
) -> dict[str, Any]:
    """Record `event` when one is named; {} otherwise. Raises ActError when its day or document is missing or impossible."""
    if not event:
        return {}
    if happened_on is None or not (document or "").strip():
        raise ActError("an event needs the day it happened and the document it rests on; give both")
    if happened_on > morning.today:
        raise ActError(f"the event is dated {happened_on:%d/%m/%Y}, after today; record it when it has happened")
    if morning.dry_run:
        with morning.engine.connect() as connection:
            check_event(adopted(connection, morning.plan), event)
        return {"event": event}
    record_event(morning.engine, morning.plan, event, happened_on, str(document), morning.now, actor, morning.run)
    return {"event": event}
