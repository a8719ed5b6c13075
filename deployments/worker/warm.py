"""WarmWorker: polls the work pool, runs each flow run in a forked child, and reports what becomes of the child.

One child that dies takes only its own run with it, reported Crashed. Cancelling kills the child: flows keep their
promises at any kill (one transaction a decision), so no time is given away to a polite end.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from contextlib import suppress
from datetime import UTC, datetime, time
from multiprocessing.context import ForkServerProcess
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import anyio
import anyio.abc
import httpx
import psutil
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkQueueCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType, WorkerStatus
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.states import Cancelled, Crashed, Scheduled
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from deployments.history import HISTORY_QUEUE
from deployments.worker.again import WORTH_ANOTHER, again_at, died
from deployments.worker.child import run_one
from deployments.worker.foreign import RefusedRunError, own_entrypoint
from deployments.worker.orphans import Fleet, orphans
from dondoc.schedule.own_flows import ENTRYPOINTS, INCIDENTS

WORK_POOL = "dondoc"
LIVE_QUEUE = "default"
_AT_ONCE = 2
_REPORT_SECONDS = 5.0
_HOST = socket.gethostname().replace("/", "-").replace("%", "-")


class WarmResult(BaseWorkerResult):
    """How the child ended; its exit code has already been reported as a state."""


class WarmWorker(BaseWorker[BaseJobConfiguration, BaseVariables, WarmResult]):
    """Runs flow runs in warm children, `limit` at once."""

    type = "dondoc"
    job_configuration = BaseJobConfiguration
    _description = "Runs dondoc's flows in processes that have imported everything once."

    def __init__(
        self,
        work_pool_name: str = WORK_POOL,
        limit: int = _AT_ONCE,
        entrypoints: frozenset[str] = ENTRYPOINTS,
        **settings: Any,
    ) -> None:
        """`settings`: what BaseWorker takes. The name carries host and process id: orphans are told apart by it.

        `entrypoints` is all that is ever loaded."""
        ours: dict[str, Any] = {
            "name": f"{_HOST}-{os.getpid()}",
            "work_queues": [LIVE_QUEUE, INCIDENTS],
            "prefetch_seconds": 0,
        }
        super().__init__(work_pool_name, limit=limit, **(ours | settings))
        self._entrypoints = entrypoints
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["deployments.worker.template"])
        self._children: dict[UUID, ForkServerProcess] = {}
        # What to report of a child that we ended ourselves.
        self._verdicts: dict[UUID, State[Any]] = {}
        self._reporting: set[UUID] = set()
        self._polling = anyio.Lock()
        self._draining = False

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,  # noqa: ARG002  (Prefect's signature; our runs need none)
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> WarmResult:
        """Fork a child for the run, wait for its end, report an end it could not report itself."""
        try:
            entrypoint, flow_name = await self._what_to_run(flow_run)
        except RefusedRunError as error:
            (task_status or anyio.TASK_STATUS_IGNORED).started(0)
            await self._set_state(flow_run.id, Crashed(message=str(error)))
            return WarmResult(identifier="", status_code=1)
        child = self._context.Process(target=run_one, args=(flow_run.id, entrypoint, flow_name))
        await anyio.to_thread.run_sync(child.start)
        self._children[flow_run.id] = child
        pid = child.pid or 0  # asked now: a buried child has none
        if task_status:
            task_status.started(pid)
        try:
            await anyio.wait_readable(child.sentinel)
        finally:
            exit_code = await self._bury(child)
            del self._children[flow_run.id]
        self._reporting.add(flow_run.id)
        try:
            await self._report_end(flow_run.id, exit_code)
            await self._try_again(await self.client.read_flow_run(flow_run.id))
        finally:
            self._reporting.discard(flow_run.id)
        if self._runs_task_group:
            # A place is free: take the next run now, not at the next poll.
            self._runs_task_group.start_soon(self.get_and_submit_flow_runs)
        return WarmResult(identifier=str(pid), status_code=0)

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Take runs that are due. A server that does not answer is waited for, however long."""
        try:
            async with self._polling:
                await self._end_cancelled()
                return [] if self._draining else await super().get_and_submit_flow_runs()
        except httpx.HTTPError as error:
            self._logger.warning("Prefect does not answer (%s); trying again.", error)
            return []

    async def sync_with_backend(self) -> None:
        """Tell the server we live, and report runs whose worker does not."""
        try:
            await super().sync_with_backend()
            await self._report_orphans()
        except httpx.HTTPError as error:
            self._logger.warning("Prefect does not answer (%s); trying again.", error)

    async def drain(self, seconds: float) -> None:
        """Take no more runs, give the present ones `seconds` to end, then end them and report them Crashed."""
        self._draining = True
        with anyio.move_on_after(seconds):
            while self._children or self._reporting or self._submitting_flow_run_ids:
                await anyio.sleep(0.05)
        for flow_run_id in list(self._children):
            self._end(flow_run_id, Crashed(message="The worker was stopped while this ran."))
        with anyio.move_on_after(_REPORT_SECONDS):
            while self._children or self._reporting:
                await anyio.sleep(0.05)

    async def _end_cancelled(self) -> None:
        # Prefect's own observer watches a worker's runs only until they start.
        if not self._children:
            return
        cancelling = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLING]))
        ours = FlowRunFilterId(any_=list(self._children))
        for run in await self.client.read_flow_runs(flow_run_filter=FlowRunFilter(id=ours, state=cancelling)):
            if run.id in self._children:
                self._end(run.id, Cancelled(message="Cancelled: the worker ended the run's process."))

    def _end(self, flow_run_id: UUID, verdict: State[Any]) -> None:
        self._verdicts[flow_run_id] = verdict
        _kill(self._children[flow_run_id])

    async def _what_to_run(self, flow_run: FlowRun) -> tuple[str, str]:
        if flow_run.deployment_id is None:
            raise RefusedRunError("Refused: the run belongs to no deployment of dondoc.")
        deployment = await self.client.read_deployment(flow_run.deployment_id)
        entrypoint = own_entrypoint(deployment, self._entrypoints)
        flow = await self.client.read_flow(deployment.flow_id)
        return entrypoint, flow.name

    async def _bury(self, child: ForkServerProcess) -> int | None:
        _kill(child)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(child.join)
        exit_code = child.exitcode
        child.close()
        return exit_code

    async def _report_end(self, flow_run_id: UUID, exit_code: int | None) -> None:
        verdict = self._verdicts.pop(flow_run_id, None)
        state = (await self.client.read_flow_run(flow_run_id)).state
        if state is None or not (state.is_running() or state.is_pending() or state.is_cancelling()):
            return
        message = f"The run's process ended without a result ({_how(exit_code)}); other runs are not affected."
        await self._set_state(flow_run_id, verdict or _verdict(state, message))

    async def _report_orphans(self) -> None:
        runs = await self._unfinished_runs()
        if not runs:
            return
        fleet = Fleet(
            self.name, {*self._children, *self._reporting, *self._submitting_flow_run_ids}, await self._names_alive()
        )
        reasons = orphans(runs, fleet, datetime.now(UTC))
        for run in runs:
            if run.state and run.id in reasons:
                await self._set_state(run.id, _verdict(run.state, reasons[run.id]))
                await self._try_again(await self.client.read_flow_run(run.id))

    async def _try_again(self, run: FlowRun) -> None:
        if run.deployment_id is None or not died(run):
            return
        deployment = await self.client.read_deployment(run.deployment_id)
        zones = [getattr(entry.schedule, "timezone", None) for entry in deployment.schedules]
        if deployment.entrypoint not in WORTH_ANOTHER or not zones:
            return
        zone, now = ZoneInfo(zones[0] or "UTC"), datetime.now(UTC)
        day = datetime.combine(now.astimezone(zone).date(), time(0), zone)
        filters = {
            "deployment_id": {"any_": [str(run.deployment_id)]},
            "expected_start_time": {"after_": day.isoformat()},
        }
        runs = await self.client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(filters))
        when = again_at(run, max(1, sum(died(one) for one in runs)), now, zone)
        if when:
            await self.client.create_flow_run_from_deployment(
                run.deployment_id,
                parameters=run.parameters,
                state=Scheduled(scheduled_time=when),
                idempotency_key=f"again:{run.id}",
            )
            self._logger.info("%s died and is tried again at %s.", run.name, when.astimezone(zone))

    async def _unfinished_runs(self) -> list[FlowRun]:
        unfinished = FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
        runs = await self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=unfinished)),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[self._work_pool_name])),
        )
        # The replay runs its own in its own process.
        return [run for run in runs if run.work_queue_name != HISTORY_QUEUE]

    async def _names_alive(self) -> set[str]:
        workers = await self.client.read_workers_for_work_pool(self._work_pool_name)
        online = {worker.name for worker in workers if worker.status == WorkerStatus.ONLINE}
        # The server notices a dead worker after a minute; of this host's we know at once.
        return {name for name in online if not _died_here(name)}

    async def _set_state(self, flow_run_id: UUID, state: State[Any]) -> None:
        with suppress(ObjectNotFound):
            await self.client.set_flow_run_state(flow_run_id, state, force=True)


def ensure_work_pool() -> None:
    """Create the work pool with its queues (live, history, incidents) where missing; reads PREFECT_API_URL."""
    with get_client(sync_client=True) as client:
        template = WarmWorker.get_default_base_job_template()
        with suppress(ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type=WarmWorker.type, base_job_template=template))
        # Incidents one at a time, and never behind the work that failed.
        for queue in (
            WorkQueueCreate(name=HISTORY_QUEUE, priority=9),
            WorkQueueCreate(name=INCIDENTS, priority=1, concurrency_limit=1),
        ):
            with suppress(ObjectAlreadyExists, httpx.HTTPStatusError):
                client.request(
                    "POST",
                    "/work_pools/{work_pool_name}/queues",
                    path_params={"work_pool_name": WORK_POOL},
                    json=queue.model_dump(mode="json", exclude_unset=True),
                )


def _kill(child: ForkServerProcess) -> None:
    if child.pid is None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.kill()


def _verdict(state: State[Any], message: str) -> State[Any]:
    """What a run becomes whose process is gone: Cancelled if that was asked for, else Crashed."""
    return Cancelled(message=message) if state.is_cancelling() else Crashed(message=message)


def _died_here(name: str) -> bool:
    host, _, pid = name.rpartition("-")
    if host != _HOST or not pid.isdigit():
        return False
    try:
        # A zombie has no command line, a recycled id another one.
        return "deployments.worker" not in " ".join(psutil.Process(int(pid)).cmdline())
    except psutil.AccessDenied:
        return False
    except psutil.Error:
        return True


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        with suppress(ValueError):
            return f"signal {-exit_code}, {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"
