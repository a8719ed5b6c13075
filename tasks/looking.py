"""The Prefect task at the heart of every run: look at occurrences and do what is owed now."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from prefect import task
from prefect.client.schemas.objects import State, TaskRun

from tasks.morning import Morning
from tasks.store.settle import Looked, look


def database_lost(_task: object, _run: TaskRun, state: State[Any]) -> bool:
    """Only a lost database is worth another try: wrong configuration or a wrong clock stays wrong."""
    try:
        state.result()
    except (sa.exc.OperationalError, sa.exc.InterfaceError):
        return True
    except Exception:
        return False
    return False


@task(
    name="Xem và quyết định",
    retries=3,
    retry_delay_seconds=[1, 5, 15],
    retry_condition_fn=database_lost,
    persist_result=False,
)
def look_at(morning: Morning, item: str | None = None) -> list[Looked]:
    """Gather → decide → apply for one item, or for the whole plan where `item` is None.

    Tried again when the database drops the connection: what was recorded before is found settled.
    """
    return look(
        morning.engine,
        morning.house,
        morning.plan,
        morning.now,
        item=item,
        run=morning.run,
        dry_run=morning.dry_run,
    )
