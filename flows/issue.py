"""Issue a document within its month, quarter or by its date."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.config.run_context import begin
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.run_result import conclude


@flow(retries=0)
def issue(plan: str, item: str, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Follow the issuing of an item's documents."""
    context = begin(plan, item, as_of, dry_run)
    checked = look_at(context, item)
    return conclude(context, "issue", checked)
