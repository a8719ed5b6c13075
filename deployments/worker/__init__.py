"""The warm worker, type "dondoc": flow runs in children forked from a process that has imported everything once.

Prefect finds the type through the entry point group `prefect.collections`. Start it with
`python -m deployments.worker`.
"""

from deployments.worker.warm import WORK_POOL, WarmWorker, ensure_work_pool

__all__ = ["WORK_POOL", "WarmWorker", "ensure_work_pool"]
