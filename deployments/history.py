"""Writes runs of the past through the real flow engine, in this process: the replay's way into Prefect's history.

A run recorded here carries its past *scheduled* date (`expected_start_time`, which the UI's Runs page filters by).
Its start and end are when it really ran: Prefect stamps them itself, and nothing here pretends otherwise.
70-130 ms a run, 60 of them CPU of the one server process: a third thread gains nothing, a request fewer does.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import SyncClientContext
from prefect.exceptions import Abort
from prefect.flows import Flow
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Scheduled

from deployments.engine import run_to_end
from tasks.config.loading import words
from tasks.config.settings import settings

# A queue no worker polls: the live worker must not take a past run between its creation and its start.
HISTORY_QUEUE = "history"


@dataclass(frozen=True)
class PastRun:
    """One run to record: which flow under which name and deployment, for which moment, with which parameters."""

    flow: Flow[..., Any]
    flow_name: str
    deployment_id: UUID
    scheduled: datetime
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """One run a deployment and moment, however often the replay is started."""
        return f"history:{self.deployment_id}:{self.scheduled.isoformat()}"


@dataclass(frozen=True)
class RunRecorder:
    """Records past runs over one kept-open client; from `recording()`."""

    client: SyncPrefectClient
    threads: int
    executor: ThreadPoolExecutor

    def record(self, run: PastRun) -> State[Any]:
        """Run the flow now as the run of `run.scheduled` and return its final state.

        A run that an earlier replay finished is not run again; one that it left unfinished is run to its end.
        An exception in the flow is a Failed state, as in any run.
        """
        flow_run = self._find_or_create(run)
        if flow_run.state and flow_run.state.is_final():
            return flow_run.state
        try:
            return run_to_end(run.flow, run.flow_name, flow_run)
        except Abort:
            return self._state_now(flow_run)

    def record_all(self, runs: Sequence[PastRun]) -> list[State[Any]]:
        """Record runs of one moment side by side; returns when all have ended, in the order given."""
        if self.threads == 1 or len(runs) < 2:
            return [self.record(run) for run in runs]
        # Each thread runs in a copy of this context: there the engine finds our open client and our settings.
        futures = [self.executor.submit(contextvars.copy_context().run, self.record, run) for run in runs]
        return [future.result() for future in futures]

    def _find_or_create(self, run: PastRun) -> FlowRun:
        return self.client.create_flow_run_from_deployment(
            run.deployment_id,
            parameters=run.flow.serialize_parameters(dict(run.parameters)),
            # Prefect's late-run service looks for states *named* Scheduled; under another name a past run is never Late.
            state=Scheduled(scheduled_time=run.scheduled, name=words(settings().config)["states"]["awaiting"]),
            name=f"{run.scheduled:%Y-%m-%d}",
            idempotency_key=run.key,
            work_queue_name=HISTORY_QUEUE,
        )

    def _state_now(self, flow_run: FlowRun) -> State[Any]:
        state = self.client.read_flow_run(flow_run.id).state
        assert state is not None
        return state


@contextmanager
def recording(threads: int = 2) -> Iterator[RunRecorder]:
    """Open the client once for all runs recorded inside (each new one would build its own SSL context).

    PREFECT_API_URL and PREFECT_API_AUTH_STRING must be set: `stack.prefect_server.client_environment`.
    """
    # The heartbeat thread's join costs every sync flow a second, and watches for crashes nobody waits for here.
    with (
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
        _quiet_console(),
        SyncClientContext.get_or_create() as context,
        ThreadPoolExecutor(threads, thread_name_prefix="history") as executor,
    ):
        yield RunRecorder(context.client, threads, executor)


@contextmanager
def _quiet_console() -> Iterator[None]:
    console = [handler for handler in _prefect_handlers() if isinstance(handler, PrefectConsoleHandler)]
    levels = [handler.level for handler in console]
    for handler in console:
        handler.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for handler, level in zip(console, levels, strict=True):
            handler.setLevel(level)


def _prefect_handlers() -> list[logging.Handler]:
    names = (None, "prefect", "prefect.flow_runs", "prefect.task_runs")
    return [handler for name in names for handler in logging.getLogger(name).handlers]
