"""Copying Prefect's evidence into the record: states, log, artifacts and parameters of every run that entries name.

Each copy is a stored file; a `run.copied` entry names it. Killed at any moment and run again, it goes on: a copy that is
stored and not named is stored again under the same name, or swept away a day later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, LogFilter
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import ArtifactSort, LogSort

from dondoc.verification.audit import FINAL
from dondoc.verification.run_copy import MOST_LOGS, Copy, copy_of
from tasks.audit.prefect_reading import chunks, flow_names, is_id, pages, read_runs
from tasks.config.run_context import RunContext, log
from tasks.store import tables
from tasks.store.copied import copied_runs, record_copies
from tasks.store.files import keep_file

MOST_A_DAY = 1000
_AT_ONCE = 50
_PAGE = 200


def copy_runs(context: RunContext, client: SyncPrefectClient) -> int:
    """Copy the runs that ended `copy_after_days` ago and are not copied yet, at most MOST_A_DAY; how many."""
    before = context.now - timedelta(days=context.settings.retention.copy_after_days)
    done, shelf = 0, context.settings.var / "files"
    for some in chunks(not_copied(context.engine), _AT_ONCE):
        found = list(copies_of(client, some, before))
        for copy in found:
            keep_file(shelf, copy.content)
        done += record_copies(context.engine, found, context.now, context.run)
        if done >= MOST_A_DAY:
            log("%d runs copied today; the rest follows tomorrow", done)
            break
    return done


def not_copied(engine: sa.Engine) -> list[str]:
    """The runs that entries name and no copy is kept of, oldest first."""
    ledger = tables.ledger
    first = sa.func.min(ledger.c.seq)
    query = sa.select(ledger.c.run).where(ledger.c.run.is_not(None)).group_by(ledger.c.run).order_by(first)
    with engine.connect() as connection:
        known = copied_runs(connection)
        named = connection.scalars(query).all()
    return [run for run in named if run not in known and is_id(run)]


def copies_of(client: SyncPrefectClient, ids: Sequence[str], before: datetime) -> Iterator[Copy]:
    """Copies of those of the runs that Prefect has and that ended before that moment."""
    found = [run for run in read_runs(client, {"id": {"any_": list(ids)}}) if _ended(run, before)]
    if not found:
        return
    flows = flow_names(client, {run.flow_id for run in found})
    artifacts = _artifacts(client, [str(run.id) for run in found])
    for run in found:
        states = [
            {"id": state.id, "type": state.type.value, "name": state.name, "timestamp": state.timestamp,
             "message": state.message}
            for state in client.read_flow_run_states(run.id)
        ]  # fmt: skip
        yield copy_of(_facts(run, flows), states, _logs(client, run.id), artifacts[run.id])


def _ended(run: FlowRun, before: datetime) -> bool:
    final = run.state_type is not None and run.state_type.value in FINAL
    return final and run.end_time is not None and run.end_time <= before


def _facts(run: FlowRun, flows: dict[UUID, str]) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "flow": flows.get(run.flow_id, ""),
        "flow_id": run.flow_id,
        "deployment_id": run.deployment_id,
        "parameters": run.parameters,
        "tags": sorted(run.tags),
        "created": run.created,
        "expected_start_time": run.expected_start_time,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "run_count": run.run_count,
        "state_type": run.state_type.value if run.state_type else None,
        "state_name": run.state_name,
    }


def _logs(client: SyncPrefectClient, run: UUID) -> list[dict[str, Any]]:
    """The run's log from its beginning, one line more than is kept where there is more."""
    chosen = LogFilter.model_validate({"flow_run_id": {"any_": [str(run)]}})
    found = []
    for line in pages(lambda start: client.read_logs(chosen, limit=_PAGE, offset=start, sort=LogSort.TIMESTAMP_ASC)):
        found.append(line)
        if len(found) > MOST_LOGS:
            break
    found.sort(key=lambda line: (line.timestamp, str(line.id)))
    return [
        {"timestamp": line.timestamp, "level": line.level, "name": line.name, "task_run_id": line.task_run_id,
         "message": line.message}
        for line in found
    ]  # fmt: skip


def _artifacts(client: SyncPrefectClient, ids: Iterable[str]) -> dict[UUID, list[dict[str, Any]]]:
    chosen = ArtifactFilter.model_validate({"flow_run_id": {"any_": list(ids)}})
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for one in pages(
        lambda start: client.read_artifacts(
            artifact_filter=chosen, limit=_PAGE, offset=start, sort=ArtifactSort.ID_DESC
        )
    ):
        about = {name: getattr(one, name) for name in ("id", "key", "type", "description", "data", "created")}
        if one.flow_run_id:
            found[one.flow_run_id].append(about)
    return found
