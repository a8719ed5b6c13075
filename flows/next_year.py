"""December's plan for the year after: the duty is followed like any other, and a draft is laid beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.config.run_context import begin
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.run_result import conclude
from tasks.plan.drafting import draft_next_year


@flow(retries=0)
def next_year(plan: str, item: str, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Follow the making of next year's plan and keep a draft of it ready."""
    context = begin(plan, item, as_of, dry_run)
    checked = look_at(context, item)
    return conclude(context, "next_year", checked, draft=draft_next_year(context))
