"""Plan → inspect strictly before 30/11 → report → remedy: each opens when the one before it is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.config.run_context import begin
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.run_result import conclude
from tasks.reports.progress import chain_of_steps


@flow(retries=0)
def inspection(plan: str, item: str, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Follow the chain of plan, inspection, report and remedy."""
    context = begin(plan, item, as_of, dry_run)
    checked = look_at(context, item)
    return conclude(context, "inspection", checked, chain_of_steps=chain_of_steps(context, item))
