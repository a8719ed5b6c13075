"""All-year duties: no deadline is printed, so a progress report is owed at the cadence that policy chose."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.config.run_context import begin
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.run_result import conclude
from tasks.reports.progress import item_progress


@flow(retries=0)
def continuous(plan: str, item: str, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Follow a standing duty and its periodic reports."""
    context = begin(plan, item, as_of, dry_run)
    checked = look_at(context, item)
    return conclude(context, "continuous", checked, progress=item_progress(context, item))
