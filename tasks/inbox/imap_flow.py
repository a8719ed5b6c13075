"""The steps of the flow that reads the mailbox of answers, and the name of its run."""

from __future__ import annotations

from collections import Counter
from typing import Any

from prefect import task
from prefect.client.schemas.objects import State
from prefect.states import Completed

from dondoc.ledger.ledger import SYSTEM
from tasks.config.loading import words
from tasks.config.run_context import RunContext, task_name
from tasks.config.settings import SettingsError
from tasks.inbox.imap_mailbox import look_in
from tasks.inbox.receiving import largest
from tasks.store.runs import record_run


@task(task_run_name=task_name("read_mailbox"), persist_result=False)
def read_mailbox(context: RunContext) -> Counter[str]:
    """Take what the mailbox holds. Raises SettingsError where none is set up, ImapError where it cannot be read."""
    imap = context.settings.imap
    if imap is None:
        raise SettingsError("no mailbox is set up: give imap_host in [reply] of config/dondoc.toml")
    return look_in(context, imap, largest(context.settings))


def conclude_receiving(context: RunContext, taken: Counter[str]) -> State[Any]:
    """Record the run where something came, and say in its state what it was taken for."""
    states, names = words(context.settings.config)["states"], words(context.settings.config)["received"]
    new = Counter({outcome: count for outcome, count in taken.items() if outcome != "again"})
    told = "; ".join(f"{names.get(outcome, outcome)}: {count}" for outcome, count in sorted(new.items()))
    if new:
        record_run(context.engine, SYSTEM, "receive_mail", (), context.now, context.run, received=dict(new))
    return Completed(name=states["mail_received" if new else "no_mail_came"], message=told)
