"""Taking old runs out of Prefect: only those whose copy is in the record, is whole, and says what Prefect still shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound

from dondoc.foundation.errors import DondocError
from tasks.audit.prefect_reading import chunks
from tasks.audit.run_copies import copies_of
from tasks.config.settings import Settings
from tasks.store.copied import copied_runs, pruned_runs, record_pruned
from tasks.store.files import LostFileError, fetch

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was (or would be) taken out of Prefect, and what was left there although it is old enough."""

    runs: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()  # the copy is gone or changed
    differing: tuple[str, ...] = ()  # Prefect shows something else than was copied


def prune(
    engine: sa.Engine,
    settings: Settings,
    client: SyncPrefectClient,
    now: datetime,
    actor: str,
    *,
    dry_run: bool,
) -> Pruned:
    """Delete from Prefect the copied runs that ended more than `keep_runs_days` ago; `run.pruned` entries say so first.

    Killed at any moment and called again, it goes on. Raises DondocError where the settings keep all runs.
    """
    days = settings.retention.keep_runs_days
    if not days:
        raise DondocError(
            "the settings keep all of Prefect's runs: set keep_runs_days in [retention] of config/dondoc.toml first; "
            "nothing was deleted"
        )
    done, lost, differing = list[str](), list[str](), list[str]()
    with engine.connect() as connection:
        copied, begun = copied_runs(connection), pruned_runs(connection)
    for some in chunks(list(copied), _AT_ONCE):
        ready: list[tuple[str, bytes]] = []
        for shown in copies_of(client, some, now - timedelta(days=days)):
            try:
                content = fetch(settings.var / "files", copied[shown.run])
            except LostFileError:
                lost.append(shown.run)
                continue
            # One that a killed call has begun with may have lost artifacts already.
            if shown.content == content or shown.run in begun:
                ready.append((shown.run, content))
            else:
                differing.append(shown.run)
        if not dry_run:
            _let_go(engine, client, ready, now, actor)
        done.extend(run for run, _ in ready)
    return Pruned(tuple(done), tuple(lost), tuple(differing))


def _let_go(
    engine: sa.Engine, client: SyncPrefectClient, ready: Sequence[tuple[str, bytes]], now: datetime, actor: str
) -> None:
    record_pruned(engine, [run for run, _ in ready], now, actor)
    for run, content in ready:
        _delete(client, run, content)


def _delete(client: SyncPrefectClient, run: str, content: bytes) -> None:
    """The run's artifacts first: Prefect leaves them behind, and finds them through the run alone."""
    for artifact in json.loads(content)["artifacts"]:
        with suppress(ObjectNotFound):
            client.delete_artifact(UUID(artifact["id"]))
    with suppress(ObjectNotFound):
        client.delete_flow_run(UUID(run))
