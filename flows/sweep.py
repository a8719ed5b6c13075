"""The daily safety net: whatever is owed and has no entry yet is done now; the mail goes out; the ledger is checked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.audit.auditing import bear_witness
from tasks.config.run_context import begin
from tasks.obligations.checkpoint_run import look_at
from tasks.runs.sweep import check_ledger, close_plans, conclude_sweep, look_around, send_mail
from tasks.store.settle import Checked


@flow(retries=0)
def sweep(plan: str, retry_only: bool = False, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """The daily sweep: catch up on what is owed, send the morning's mail, verify the ledger."""
    context = begin(plan, None, as_of, dry_run)
    checked: list[Checked] = []
    unreadable: dict[str, str] = {}
    if not retry_only:
        checked = [*look_at(context, unreadable=unreadable), *look_around(context, unreadable)]
    posted = send_mail(context, kept_only=retry_only)
    posted.unreadable.update(unreadable)
    ended = close_plans(context)
    chain = check_ledger(context)
    if context.told:
        bear_witness(context)
    return conclude_sweep(context, checked, posted, ended, chain, retry_only=retry_only)
