"""Which runs of Prefect are copied into the record and which were let go of, as the ledger says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa

from dondoc.ledger.ledger import SYSTEM, Draft
from dondoc.verification.run_copy import COPIED, PRUNED, Copy, copies, pruned
from tasks.store.chain import append, appending
from tasks.store.tables import ledger

A_BATCH = 200


def copied_runs(connection: sa.Connection) -> dict[str, str]:
    """run id → SHA-256 of its copy."""
    return copies(_lines(connection, COPIED))


def pruned_runs(connection: sa.Connection) -> set[str]:
    """The runs that our own step has taken out of Prefect, or was about to."""
    return pruned(_lines(connection, PRUNED))


def _lines(connection: sa.Connection, kind: str) -> Iterator[bytes]:
    query = sa.select(ledger.c.line).where(ledger.c.kind == kind, ledger.c.plan == SYSTEM)
    yield from (bytes(line) for line in connection.scalars(query.order_by(ledger.c.seq)))


def record_copies(engine: sa.Engine, found: Sequence[Copy], now: datetime, run: str | None) -> int:
    """Name the stored copies, A_BATCH an entry; how many were new. What another sweep has named meanwhile is not named again."""
    with appending(engine) as connection:
        known = copied_runs(connection)
        fresh = [copy.entry() for copy in found if copy.run not in known]
        batches = [fresh[start : start + A_BATCH] for start in range(0, len(fresh), A_BATCH)]
        append(connection, now, [Draft(COPIED, SYSTEM, None, "dondoc", {"runs": some}, run) for some in batches])
    return len(fresh)


def record_pruned(engine: sa.Engine, runs: Sequence[str], now: datetime, actor: str) -> None:
    """Say before it is done that these runs are taken out of Prefect: killed in between, the next call goes on."""
    with appending(engine) as connection:
        known = pruned_runs(connection)
        fresh = [run for run in runs if run not in known]
        batches = [fresh[start : start + A_BATCH] for start in range(0, len(fresh), A_BATCH)]
        append(connection, now, [Draft(PRUNED, SYSTEM, None, actor, {"runs": some}) for some in batches])
