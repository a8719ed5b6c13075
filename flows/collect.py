"""Monthly figures: read, checked, recorded and handed in; then the index is published, or held and the lead unit told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.config.run_context import begin
from tasks.index.artifacts import show_index
from tasks.index.figure_feeds import feed
from tasks.index.figures import hand_in
from tasks.index.publishing import publish_index, with_looks
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.run_result import conclude


@flow(retries=0)
def collect(plan: str, item: str, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Collect an item's figures each month, compute the index and publish it."""
    context = begin(plan, item, as_of, dry_run)
    found = hand_in(context, item)
    indexed = publish_index(context, item, found.reading)
    fed = feed(context, item, indexed.standing)
    checked = look_at(context, item)
    state = conclude(
        context, "collect", with_looks(checked, indexed.checked), figures=[*found.lines, *fed], index=indexed.lines
    )
    show_index(context, indexed)
    return state
