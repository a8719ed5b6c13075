"""What happens inside one forked child: one flow run, then the end of the process."""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.connection import wait
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.context import SyncClientContext
from prefect.events.worker import EventsWorker
from prefect.exceptions import Abort, Pause
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Crashed

from deployments.engine import run_to_end

_FLUSH_SECONDS = 10.0


def run_one(flow_run_id: UUID, entrypoint: str, flow_name: str) -> None:
    """Run one flow run to its end. Entry point of the forked process."""
    # A group of its own: killing it takes along whatever the flow has started.
    os.setpgid(0, 0)
    _end_with_worker()
    try:
        # The worker watches this process itself; heartbeats would cost a second a run.
        with (
            temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
            SyncClientContext.get_or_create() as context,
        ):
            _run(context.client, flow_run_id, entrypoint, flow_name)
    finally:
        _flush()


def _run(client: SyncPrefectClient, flow_run_id: UUID, entrypoint: str, flow_name: str) -> None:
    try:
        flow: Flow[..., Any] = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    except Exception as error:
        message = f"Flow {entrypoint} cannot be loaded: {type(error).__name__}: {error}"
        client.set_flow_run_state(flow_run_id, Crashed(message=message), force=True)
        return
    flow_run = client.read_flow_run(flow_run_id)
    try:
        run_to_end(flow, flow_name, flow_run)
    except (Abort, Pause):
        return


def _end_with_worker() -> None:
    # Without its worker nobody reports this run, and the next worker reports it crashed: so it must not go on.
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_exit_when_ready, args=(parent.sentinel,), daemon=True).start()


def _exit_when_ready(sentinel: int) -> None:
    wait([sentinel])
    os._exit(70)


def _flush() -> None:
    # A forked child ends without atexit: logs and events still in Prefect's queues must be sent by hand.
    for service in (APILogWorker, EventsWorker):
        service.drain_all(timeout=_FLUSH_SECONDS)
