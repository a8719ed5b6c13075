"""The stored ledger re-derived: chain, columns against bytes, register complete, states as the entries say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from dondoc import lifecycle
from dondoc.completeness import Recount, recount
from dondoc.ledger import Break, Head, read_entries
from tasks.store import tables

_COLUMNS = ("seq", "at", "kind", "plan", "occurrence", "actor", "run", "prev", "hash")


def verify_lines(lines: Iterable[bytes], start: Head | None = None) -> tuple[Recount, Break | None]:
    """Verify and recount an export in one pass; the first break in the chain ends it."""
    broken: list[Break] = []

    def whole() -> Iterator[dict[str, Any]]:
        for found in read_entries(lines, start=start):
            if isinstance(found, Break):
                broken.append(found)
                return
            yield found

    recounted = recount(whole())
    return recounted, broken[0] if broken else None


def verify_store(connection: sa.Connection) -> tuple[Recount, Break | None]:
    """Verify the stored ledger, and that its columns and the tables beside it say what its bytes say."""
    differing: list[str] = []
    recounted, broken = verify_lines(_lines(connection, differing))
    recounted.faults.extend(differing)
    if broken is None:
        recounted.faults.extend(_tables_differ(connection, recounted))
    return recounted, broken


def _lines(connection: sa.Connection, differing: list[str]) -> Iterator[bytes]:
    ledger = tables.ledger
    query = sa.select(ledger).order_by(ledger.c.seq)
    for row in connection.execution_options(yield_per=1000).execute(query).mappings():
        line = bytes(row["line"])
        try:
            entry = json.loads(line)
            wrong = [name for name in _COLUMNS if row[name] != entry.get(name)]
        except (ValueError, AttributeError):
            wrong = ["line"]
        if wrong:
            differing.append(f"entry {row['seq']}: the columns {', '.join(wrong)} do not say what its bytes say")
        yield line


def _tables_differ(connection: sa.Connection, recounted: Recount) -> Iterator[str]:
    o = tables.occurrence
    stored = {
        found.id: found for found in connection.execute(sa.select(o.c.id, o.c.status, o.c.state).order_by(o.c.id))
    }
    for missing in sorted(recounted.states.keys() - stored.keys()):
        yield f"{missing} is registered but has no row"
    for key, found in stored.items():
        state = recounted.states.get(key)
        if state is None:
            yield f"{key} has a row but is in no register"
        elif found.status != state.status or lifecycle.from_json(found.state) != state:
            yield f"{key} is stored as {found.status}, but its entries say {state.status} (or differ in detail)"
