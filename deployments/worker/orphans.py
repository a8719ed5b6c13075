"""Runs that a worker took and nobody runs any more: which they are, decided from facts alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prefect.client.schemas.objects import FlowRun

# Between taking a run (Pending) and labelling it the worker needs a few requests; after this it never will.
UNLABELLED_GRACE = timedelta(seconds=60)
OWNER_LABEL = "prefect.worker.name"


@dataclass(frozen=True)
class Fleet:
    """Who is at work: this worker, the runs it holds, and which other workers' names are alive."""

    name: str
    held: Collection[UUID]
    alive: Collection[str]


def orphans(runs: Collection[FlowRun], fleet: Fleet, now: datetime) -> Mapping[UUID, str]:
    """Flow-run id → the reason to report, for each Pending or Running run that no worker holds."""
    reasons = {run.id: _reason(run, fleet, now) for run in runs}
    return {run_id: reason for run_id, reason in reasons.items() if reason}


def _reason(run: FlowRun, fleet: Fleet, now: datetime) -> str | None:
    if run.id in fleet.held:
        return None
    owner = run.labels.get(OWNER_LABEL)
    if owner is None:
        return "No worker started this run." if _older_than(run, UNLABELLED_GRACE, now) else None
    if owner == fleet.name:
        # Ours and just finished: its last state may be younger than the list we look at.
        return "The worker lost this run." if _older_than(run, UNLABELLED_GRACE, now) else None
    if owner in fleet.alive:
        return None
    return f"Worker {owner} ended while it ran this; what is owed is done by the next sweep."


def _older_than(run: FlowRun, age: timedelta, now: datetime) -> bool:
    return run.state is not None and now - run.state.timestamp > age
