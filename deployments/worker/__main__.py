"""`python -m deployments.worker`: run the warm worker until SIGTERM or SIGINT. Reads PREFECT_API_URL and _AUTH_STRING."""

from __future__ import annotations

import signal

import anyio
from prefect.settings import PREFECT_WORKER_ENABLE_CANCELLATION, PREFECT_WORKER_QUERY_SECONDS, temporary_settings

from deployments.worker.warm import WarmWorker, ensure_work_pool
from dondoc.schedule.own_flows import ENTRYPOINTS

# `dondoc down` kills after 20 s.
_DRAIN_SECONDS = 5.0


async def _serve(entrypoints: frozenset[str]) -> None:
    worker = WarmWorker(entrypoints=entrypoints)
    async with anyio.create_task_group() as group:
        group.start_soon(_stop_on_signal, worker, group.cancel_scope)
        await worker.start()
        group.cancel_scope.cancel()


async def _stop_on_signal(worker: WarmWorker, scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            await worker.drain(_DRAIN_SECONDS)
            scope.cancel()
            return


def main(entrypoints: frozenset[str] = ENTRYPOINTS) -> None:
    """Create the work pool if needed and serve it, running the flows of `entrypoints` and no others."""
    ensure_work_pool()
    # WarmWorker cancels by itself; Prefect's observer would only see runs that have not started.
    with temporary_settings({PREFECT_WORKER_QUERY_SECONDS: 1.0, PREFECT_WORKER_ENABLE_CANCELLATION: False}):
        anyio.run(_serve, entrypoints)


if __name__ == "__main__":
    main()
