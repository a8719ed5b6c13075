"""Technical failures: each cause recorded as one finding, all of them mailed to the operator at once, in one mail.

An automation starts this a little after the first failure; what failed meanwhile is told along with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.states import Completed, Failed

from dondoc.ledger.ledger import SYSTEM, Draft
from dondoc.watch.incidents import BrokenRun, Cause, causes
from tasks.audit.prefect_reading import flow_names, read_runs
from tasks.config.loading import words
from tasks.config.run_context import RunContext, begin
from tasks.mail.letters import write_to
from tasks.smtp.sender import Accepted
from tasks.store import tables
from tasks.store.chain import append, appending

_ENDED_WITHIN = timedelta(days=2)
_PENDING_TOO_LONG = timedelta(minutes=10)
MOST_NAMED = 50


def tell_operator(broken: Iterable[BrokenRun] | None = None) -> State[Any]:
    """Record and mail what broke and was not told yet; None: as Prefect shows it now.

    Failed when the operator could not be told, so that it shows; the next incident tells the same again then.
    """
    context = begin(SYSTEM)
    vocabulary = words(context.settings.config)
    found = causes(_broken(context) if broken is None else broken, _told(context))
    if not found:
        return Completed(name=vocabulary["states"]["no_incident"])
    shown = [{**_body(cause), "runs": [_whole(run.name) for run in cause.runs[:MOST_NAMED]]} for cause in found]
    sent = write_to(context, "operator", "incident", "|".join(cause.key for cause in found), {"incidents": shown})
    mailed = sent is not None and isinstance(sent.result, Accepted)
    drafts = [
        Draft("audit.finding", SYSTEM, None, "dondoc", {**_body(cause), "mailed": mailed}, context.run)
        for cause in found
    ]
    with appending(context.engine) as connection:
        append(connection, context.now, drafts)
    if sent is None:
        return Failed(message="office.yaml gives the role operator no address; add one")
    if mailed:
        return Completed(name=vocabulary["states"]["incident_told"], message=sent.result.reply)
    return Failed(message=f"the operator could not be told: {sent.result.reply}")


def _body(cause: Cause) -> dict[str, Any]:
    first = cause.runs[0]
    return {
        "finding": "run_incident",
        "run": _whole(first.id),
        "run_name": _whole(first.name),
        "state": _whole(cause.state),
        "message": _whole(cause.message[:1000]),
        "number": len(cause.runs),
        "runs": [_whole(run.id) for run in cause.runs],
    }


def _told(context: RunContext) -> set[tuple[str, str]]:
    """(run, state) of every incident that the operator was mailed."""
    ledger = tables.ledger
    query = sa.select(ledger.c.line).where(ledger.c.kind == "audit.finding", ledger.c.plan == SYSTEM)
    told: set[tuple[str, str]] = set()
    with context.engine.connect() as connection:
        for line in connection.scalars(query):
            body = json.loads(bytes(line))["body"]
            if body.get("finding") == "run_incident" and body.get("mailed", True):
                told.update((run, body["state"]) for run in body.get("runs", [body["run"]]))
    return told


def _broken(context: RunContext) -> Iterator[BrokenRun]:
    """The runs with our mark that are in a technical state now."""
    prefect_run = FlowRunContext.get()
    client: Any = prefect_run.client if prefect_run else None
    assert isinstance(client, SyncPrefectClient), "incidents are told by a run of Prefect's"
    marked = {"tags": {"all_": [words(context.settings.config)["tags"]["duty"]]}}
    ended = {"end_time": {"after_": (context.now - _ENDED_WITHIN).isoformat()}}
    started = {"expected_start_time": {"before_": (context.now - _PENDING_TOO_LONG).isoformat()}}
    runs = [
        *read_runs(client, {**marked, **ended, "state": {"name": {"any_": ["Failed", "Crashed", "TimedOut"]}}}),
        *read_runs(client, {**marked, "state": {"name": {"any_": ["Late"]}}}),
        *read_runs(client, {**marked, **started, "state": {"name": {"any_": ["Pending"]}}}),
    ]
    flows = flow_names(client, {run.flow_id for run in runs})
    for run in runs:
        yield _as_broken(run, flows[run.flow_id], context)


def _as_broken(run: FlowRun, flow: str, context: RunContext) -> BrokenRun:
    state = run.state
    return BrokenRun(
        str(run.id),
        f"{flow} · {run.name}",
        run.state_name or "",
        (state.message or "") if state else "",
        state.timestamp if state else context.now,
    )


def _whole(text: str) -> str:
    """`text` without half characters: a broken run may say anything, and no UTF-8 can carry those."""
    return text.encode("utf-8", "replace").decode()
