"""The operator records an act or an outside event from Prefect's own run form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.obligations.events import take_event
from tasks.obligations.operator_acts import take_act
from tasks.obligations.operator_forms import EventForm, RecordForm
from tasks.runs.operator_run import attempt, conclude_form


@flow(retries=0)
def record(form: RecordForm, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Record an act on an occurrence, for a unit or the tracker."""
    morning, taken = attempt(take_act, form, as_of, dry_run)
    return conclude_form(morning, "record", form, taken)


@flow(retries=0)
def record_event(form: EventForm, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Record an outside event; the items that wait for it are looked at and opened at once."""
    morning, taken = attempt(take_event, form, as_of, dry_run)
    return conclude_form(morning, "record_event", form, taken)
