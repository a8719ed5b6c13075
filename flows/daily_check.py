"""Once a day for the whole installation: what no plan's sweep looks after, then the ledger, Prefect and the witness."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from dondoc.ledger.ledger import SYSTEM
from tasks.audit.auditing import attest
from tasks.config.run_context import begin
from tasks.runs.daily import conclude_daily, sweep_files, sweep_what_is_left
from tasks.runs.new_year import remind_of_new_year
from tasks.runs.sweep import check_ledger


@flow(retries=0)
def daily_check(as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """The daily check: the ledger, Prefect's history and the witness; plans past their closing are looked after."""
    context = begin(SYSTEM, None, as_of, dry_run)
    checked, posted, ended = sweep_what_is_left(context)
    awaited = remind_of_new_year(context)
    sweep_files(context)
    chain = check_ledger(context)
    attest(context)
    return conclude_daily(context, checked, posted, ended, chain, awaited)
