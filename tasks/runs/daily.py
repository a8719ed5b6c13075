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
from tasks.config.run_context import RunContext
from tasks.mail.delivery import deliver
from tasks.mail.sending import DeliveryResult
from tasks.obligations.run_result import publish, render_artifact
from tasks.runs.sweep import chain_words, close_plans, follow_up_missed, look_around
from tasks.store.chain import appending, export
from tasks.store.files import remove, unnamed
from tasks.store.plans import served
from tasks.store.received import digests
from tasks.store.runs import record_run, swept_on
from tasks.store.settle import Checked


def sweep_what_is_left(context: RunContext) -> tuple[list[Checked], DeliveryResult, list[str]]:
    """What was done for plans that nobody sweeps: looked at, mailed, closed.

    On a working day on which no plan has had a sweep: past a plan's closing none is scheduled, and as long as
    something of it is owed to anybody – a review, a mail, its end – that is seen to here. Else a sweep has done it.
    """
    working = context.rules.calendar.is_working(context.today)
    with context.engine.connect() as connection:
        plans = served(connection, SYSTEM, context.now, told=context.told)
        swept = any(swept_on(connection, plan, context.now) for plan in plans)
    if context.dry_run or swept or not working:
        return [], DeliveryResult(), []
    unreadable: dict[str, str] = {}
    checked = look_around(context, unreadable)
    for plan in plans:
        follow_up_missed(replace(context, plan=plan))
    posted = deliver(context, once=True)
    posted.unreadable.update(unreadable)
    return checked, posted, close_plans(context)


def sweep_files(context: RunContext) -> int:
    """Take away stored files whose act was refused: named by no entry and no mail, older than a day; how many."""
    folder, before = context.settings.var / "files", (context.now - timedelta(days=1)).timestamp()
    if context.dry_run or not folder.exists():
        return 0
    with appending(context.engine) as connection:  # no entry that names one can come while we look
        found = unnamed(folder, itertools.chain(export(connection), digests(connection)), before)
        return sum(remove(folder, place, before) for place in found)


def conclude_daily(
    context: RunContext,
    checked: Sequence[Checked],
    posted: DeliveryResult,
    ended: Sequence[str],
    chain: Head | Break,
    awaited: Sequence[str],
) -> State[Any]:
    """Record the day's check and say in its state what it was: a broken chain fails it, and so does mail that cannot leave."""
    vocabulary = words(context.settings.config)
    counted = {"mails_sent": posted.sent, "mails_waiting": posted.waiting, "mails_refused": posted.refused}
    facts: dict[str, Any] = {
        "chain": chain_words(chain, vocabulary),
        **{name: count for name, count in counted.items() if count},
        **({"mail_fault": posted.fault} if posted.fault else {}),
        **({"closed": ", ".join(ended)} if ended else {}),
        **({"awaited": ", ".join(awaited)} if awaited else {}),
    }
    head = None
    if not context.dry_run and isinstance(chain, Head):
        head = record_run(context.engine, SYSTEM, "daily_check", checked, context.now, context.run, **facts)
    states = vocabulary["states"]
    prefix = f"{vocabulary['run_names']['rehearsal']} " if context.dry_run else ""
    title = f"{prefix}{context.now:%Y-%m-%d} · {states['checked'].lower()}"
    publish(context, "daily-check", title, render_artifact(context, checked, head, facts))
    if isinstance(chain, Break):
        return Failed(name=states["chain_broken"], message=facts["chain"])
    if posted.fault:
        return Failed(message=posted.fault)
    return Completed(name=states["checked"], message=facts["chain"])
