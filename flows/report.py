"""Progress for the leaders (seed III.1, III.3): the tracker's periodic duty, and the monthly digest of what is late."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.config.run_context import begin
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.run_result import conclude
from tasks.reports.progress import plan_progress, tell_leaders


@flow(retries=0)
def report(plan: str, item: str, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Follow the reports on the plan's progress to the leaders."""
    context = begin(plan, item, as_of, dry_run)
    checked = look_at(context, item)
    return conclude(context, "report", checked, progress=plan_progress(context))


@flow(retries=0)
def leaders_report(plan: str, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Report to the leaders: only what is late or needs a decision."""
    context = begin(plan, None, as_of, dry_run)
    told = tell_leaders(context)
    return conclude(context, "leaders_report", told, progress=plan_progress(context))
