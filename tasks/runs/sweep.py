"""The steps of a plan's sweep after its own look: the other plans, mail, closing, the ledger's check, what the run shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
from prefect import task
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Completed, Failed, Scheduled

from dondoc.ledger.findings import why_broken
from dondoc.ledger.ledger import Break, Head
from tasks.config.loading import words
from tasks.config.run_context import RunContext, log, task_name
from tasks.mail.delivery import deliver
from tasks.mail.sending import DeliveryResult
from tasks.obligations.act_followup import follow_missed
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.run_result import publish, render_artifact
from tasks.reports.progress import closing_account
from tasks.store.outbox import next_attempt
from tasks.store.plans import closed, served
from tasks.store.runs import close_if_ended, record_run, swept_on, verify_chain
from tasks.store.settle import Checked


def look_around(context: RunContext, unreadable: dict[str, str]) -> list[Checked]:
    """Look at the other plans too that no sweep has looked at today: the mail that goes now is everybody's.

    So each mailbox has one mail a morning over all plans, and a plan past its closing is looked at until it is closed.
    A damaged row is named in `unreadable`.
    """
    if context.dry_run:
        return []
    with context.engine.connect() as connection:
        others = [
            plan
            for plan in served(connection, context.plan, context.now, told=context.told)
            if plan != context.plan and not closed(connection, plan) and not swept_on(connection, plan, context.now)
        ]
    checked = [found for plan in others for found in look_at(replace(context, plan=plan), unreadable=unreadable)]
    return [found for found in checked if found.entries]


@task(task_run_name=task_name("send_mail"), persist_result=False)
def send_mail(context: RunContext, kept_only: bool = False) -> DeliveryResult:
    """Deliver the outbox of all plans; a rehearsal delivers nothing.

    The plan's first sweep of a day writes to no mailbox that another plan's sweep has written to; one asked for
    again, by hand, writes what has come up since.
    """
    if context.dry_run:
        return DeliveryResult()
    with context.engine.connect() as connection:
        again = swept_on(connection, context.plan, context.now)
    return deliver(context, kept_only=kept_only, once=not again)


def try_again_later(context: RunContext, posted: DeliveryResult) -> datetime | None:
    """Where mails wait for their server, schedule a run that tries them again when they are due; when that is.

    A run that was told its time (a replay, a rehearsal) calls no other: that one would know only the real clock.
    """
    prefect_run = FlowRunContext.get()
    if not posted.waiting or context.told or prefect_run is None or prefect_run.flow_run is None:
        return None
    when, deployment = next_attempt(context.engine), prefect_run.flow_run.deployment_id
    if when is None or deployment is None:
        return None
    client: Any = prefect_run.client
    client.create_flow_run_from_deployment(
        deployment,
        parameters={"plan": context.plan, "retry_only": True},
        state=Scheduled(scheduled_time=when),
        idempotency_key=f"{context.plan}:try-again:{when.isoformat()}",
    )
    return when


def follow_up_missed(context: RunContext) -> int:
    """Ask for the runs that acts of this plan are still owed; how many."""
    # A sweep that was told its time asks for no other run: that one would know only the real clock.
    if context.dry_run or context.told:
        return 0
    try:
        return follow_missed(context.engine, context.settings, context.plan, context.today.isoformat())
    except httpx.HTTPError as error:
        log("acts wait for their runs: %s", error)
        return 0


def close_plans(context: RunContext) -> list[str]:
    """Close every plan whose occurrences have all ended, this one and those that nobody sweeps any more; which ones."""
    if context.dry_run:
        return []
    with context.engine.connect() as connection:
        looked_after = served(connection, context.plan, context.now, told=context.told)
        open_ones = [plan for plan in looked_after if not closed(connection, plan)]
    return [
        plan
        for plan in open_ones
        if close_if_ended(context.engine, plan, context.now, context.run, closing_account(replace(context, plan=plan)))
    ]


@task(task_run_name=task_name("check_ledger"), persist_result=False)
def check_ledger(context: RunContext) -> Head | Break:
    """Re-derive the whole chain from its canonical bytes."""
    return verify_chain(context.engine)


def conclude_sweep(
    context: RunContext,
    checked: Sequence[Checked],
    posted: DeliveryResult,
    ended: Sequence[str],
    chain: Head | Break,
    *,
    retry_only: bool,
) -> State[Any]:
    """Record the sweep and say in its state's name what it was.

    A broken chain fails it, and so do mail that cannot leave and a row that cannot be read, technically: the operator
    is called, once a morning.
    """
    vocabulary = words(context.settings.config)
    caught_up = [found for found in checked if found.entries]
    facts: dict[str, Any] = {
        "caught_up": len(caught_up),
        "mails_sent": posted.sent,
        "mails_waiting": posted.waiting,
        "mails_refused": posted.refused,
        "chain": chain_words(chain, vocabulary),
    }
    if retry_only:
        facts["retry_only"] = "…"
    if posted.fault:
        facts["mail_fault"] = posted.fault
    if ended:
        facts["closed"] = ", ".join(ended)
    again = try_again_later(context, posted)
    if again:
        facts["mails_again_at"] = f"{again.astimezone(context.rules.policy.zone):%H:%M %d/%m/%Y}"
    followed = follow_up_missed(context)
    if followed:
        facts["followed"] = followed
    if posted.elsewhere:
        facts["delivering_elsewhere"] = "…"
    head = None
    if not context.dry_run and isinstance(chain, Head):
        head = record_run(context.engine, context.plan, "sweep", caught_up, context.now, context.run, **facts)
    publish(context, "sweep", _title(context, facts, vocabulary), render_artifact(context, caught_up, head, facts))
    states = vocabulary["states"]
    if isinstance(chain, Break):
        return Failed(name=states["chain_broken"], message=facts["chain"])
    if posted.fault and retry_only:  # the morning's own run has said it under the name that calls the operator
        return Failed(name=states["mail_waits"], message=posted.fault)
    if posted.fault:
        return Failed(message=posted.fault)
    return Completed(name=states["posted"] if posted.sent else states["swept"], message=facts["chain"])


def _title(context: RunContext, facts: dict[str, Any], vocabulary: dict[str, Any]) -> str:
    short = vocabulary["run_names"]
    parts = [
        f"{short[name]}: {facts[key]}"
        for name, key in (("mails", "mails_sent"), ("caught_up", "caught_up"))
        if facts[key]
    ]
    prefix = f"{short['rehearsal']} " if context.dry_run else ""
    return f"{prefix}{context.now:%Y-%m-%d} · {', '.join(parts) or short['nothing']}"


def chain_words(chain: Head | Break, vocabulary: dict[str, Any]) -> str:
    """Whether the whole ledger holds, in words."""
    found = vocabulary["chain"]
    if isinstance(chain, Break):
        return str(found["broken"].format(seq=chain.seq or f"≈{chain.line}", reason=why_broken(chain, vocabulary)))
    return str(found["whole"].format(seq=chain.seq))
