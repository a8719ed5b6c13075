"""The installation's own morning, once a day and whatever plans there are: what no sweep looks after, and the check of everything."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from dondoc.ledger.ledger import SYSTEM, Break, Head
from tasks.config.loading import words
from tasks.config.run_context import Morning
from tasks.mail.delivery import deliver
from tasks.mail.sending import Posted
from tasks.obligations.run_result import publish, render_artifact
from tasks.runs.sweep import chain_words, close_plans, follow_up_missed, look_around
from tasks.store.chain import appending, export
from tasks.store.files import remove, unnamed
from tasks.store.plans import served
from tasks.store.received import digests
from tasks.store.runs import record_run, swept_on
from tasks.store.settle import Looked


def sweep_what_is_left(morning: Morning) -> tuple[list[Looked], Posted, list[str]]:
    """What was done for plans that nobody sweeps: looked at, mailed, closed.

    On a working day on which no plan has had a sweep: past a plan's closing none is scheduled, and as long as
    something of it is owed to anybody – a review, a mail, its end – that is seen to here. Else a sweep has done it.
    """
    working = morning.house.calendar.is_working(morning.today)
    with morning.engine.connect() as connection:
        plans = served(connection, SYSTEM, morning.now, told=morning.told)
        swept = any(swept_on(connection, plan, morning.now) for plan in plans)
    if morning.dry_run or swept or not working:
        return [], Posted(), []
    unreadable: dict[str, str] = {}
    looked = look_around(morning, unreadable)
    for plan in plans:
        follow_up_missed(replace(morning, plan=plan))
    posted = deliver(morning, once=True)
    posted.unreadable.update(unreadable)
    return looked, posted, close_plans(morning)


def sweep_files(morning: Morning) -> int:
    """Take away stored files whose act was refused: named by no entry and no mail, older than a day; how many."""
    folder, before = morning.settings.var / "files", (morning.now - timedelta(days=1)).timestamp()
    if morning.dry_run or not folder.exists():
        return 0
    with appending(morning.engine) as connection:  # no entry that names one can come while we look
        found = unnamed(folder, itertools.chain(export(connection), digests(connection)), before)
        return sum(remove(folder, place, before) for place in found)


def conclude_daily(
    morning: Morning,
    looked: Sequence[Looked],
    posted: Posted,
    ended: Sequence[str],
    chain: Head | Break,
    awaited: Sequence[str],
) -> State[Any]:
    """Record the day's check and say in its state what it was: a broken chain fails it, and so does mail that cannot leave."""
    vocabulary = words(morning.settings.config)
    counted = {"mails_sent": posted.sent, "mails_waiting": posted.waiting, "mails_refused": posted.refused}
    facts: dict[str, Any] = {
        "chain": chain_words(chain, vocabulary),
        **{name: count for name, count in counted.items() if count},
        **({"mail_fault": posted.fault} if posted.fault else {}),
        **({"closed": ", ".join(ended)} if ended else {}),
        **({"awaited": ", ".join(awaited)} if awaited else {}),
    }
    head = None
    if not morning.dry_run and isinstance(chain, Head):
        head = record_run(morning.engine, SYSTEM, "daily_check", looked, morning.now, morning.run, **facts)
    states = vocabulary["states"]
    prefix = f"{vocabulary['run_names']['rehearsal']} " if morning.dry_run else ""
    title = f"{prefix}{morning.now:%Y-%m-%d} · {states['checked'].lower()}"
    publish(morning, "daily-check", title, render_artifact(morning, looked, head, facts))
    if isinstance(chain, Break):
        return Failed(name=states["chain_broken"], message=facts["chain"])
    if posted.fault:
        return Failed(message=posted.fault)
    return Completed(name=states["checked"], message=facts["chain"])
