"""The steps of the flow that reads the mailbox of answers, and the name of its run."""

from __future__ import annotations

from collections import Counter
from typing import Any

from prefect import task
from prefect.client.schemas.objects import State
from prefect.states import Completed

from dondoc.ledger.ledger import SYSTEM
from tasks.config.loading import words
from tasks.config.run_context import Morning, task_name
from tasks.config.settings import SettingsError
from tasks.inbox.imap_mailbox import look_in
from tasks.inbox.receiving import largest
from tasks.store.runs import record_run


@task(task_run_name=task_name("read_mailbox"), persist_result=False)
def read_mailbox(morning: Morning) -> Counter[str]:
    """Take what the mailbox holds. Raises SettingsError where none is set up, ImapError where it cannot be read."""
    imap = morning.settings.imap
    if imap is None:
        raise SettingsError("no mailbox is set up: give imap_host in [reply] of config/dondoc.toml")
    return look_in(morning, imap, largest(morning.settings))


def conclude_receiving(morning: Morning, taken: Counter[str]) -> State[Any]:
    """Record the run where something came, and say in its state what it was taken for."""
    states, names = words(morning.settings.config)["states"], words(morning.settings.config)["received"]
    new = Counter({outcome: count for outcome, count in taken.items() if outcome != "again"})
    told = "; ".join(f"{names.get(outcome, outcome)}: {count}" for outcome, count in sorted(new.items()))
    if new:
        record_run(morning.engine, SYSTEM, "receive_mail", (), morning.now, morning.run, received=dict(new))
    return Completed(name=states["mail_received" if new else "no_mail_came"], message=told)
