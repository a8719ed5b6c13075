"""A duty that an outside event opens: until the event is recorded nothing is owed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.config.run_context import begin
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.events import note_event
from tasks.obligations.run_result import conclude


@flow(retries=0)
def after_event(
    plan: str,
    item: str,
    event: str | None = None,
    happened_on: date | None = None,
    document: str | None = None,
    as_of: datetime | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """Follow an item that an outside event begins; the event may be recorded here too."""
    context = begin(plan, item, as_of, dry_run)
    noted = note_event(context, event, happened_on, document)
    checked = look_at(context, item)
    return conclude(context, "after_event", checked, **noted)
