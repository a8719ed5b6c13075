"""The stored ledger re-derived: chain, columns against bytes, register complete, files, and the tables beside it.

Streams over server-side cursors: memory is the register's, whatever the ledger's length.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from dondoc.ledger.findings import Finding
from dondoc.ledger.ledger import Break, Head, read_entries
from dondoc.ledger.witness import Witness
from dondoc.verification.completeness import Recount
from tasks.store import tables
from tasks.store.mirrors import Outbox, tables_differ
from tasks.store.shelf_check import ShelfCheck

_COLUMNS = ("seq", "at", "kind", "plan", "occurrence", "actor", "run", "prev", "hash")


@contextmanager
def reading_one_moment(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A reading transaction that sees one moment: what others write meanwhile is no difference."""
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def verify_lines(
    lines: Iterable[bytes],
    *,
    witness: Witness | None = None,
    shelf: Path | None = None,
    outbox: Outbox | None = None,
) -> tuple[Recount, Break | None]:
    """Verify and recount an export in one pass; the first break in the chain ends it.

    `witness` is compared as the chain goes by; files named in entries are looked for below `shelf`.
    """
    recounted, broken = Recount(), None
    files = ShelfCheck(shelf) if shelf else None
    for entry in read_entries(lines):
        if isinstance(entry, Break):
            broken = entry
            break
        recounted.take(entry)
        if witness:
            recounted.found.add(witness.look(Head(entry["seq"], entry["hash"])))
        with suppress(KeyError, TypeError, AttributeError):  # a body that lacks what it must say: `take` has said so
            if outbox:
                recounted.found.add(outbox.take(entry))
            if files:
                recounted.found.add(files.take(entry))
    if files:
        recounted.never_kept.extend(files.never_kept())
    if broken is None:
        recounted.found.add(recounted.end())
    if witness and broken is None:
        recounted.found.add(witness.end(recounted.head))
    return recounted, broken


def verify_store(
    connection: sa.Connection, *, witness: Witness | None = None, shelf: Path | None = None
) -> tuple[Recount, Break | None]:
    """Verify the stored ledger, and that its columns and the tables beside it say what its bytes say.

    Inside `reading_one_moment`, where others may be writing.
    """
    differing: list[Finding] = []
    with Outbox.reading(connection) as outbox:
        recounted, broken = verify_lines(
            _lines(connection, differing), witness=witness, shelf=shelf, outbox=outbox
        )  # fmt: skip
        if broken is None:
            recounted.found.add(outbox.end())
    recounted.found.add(differing)
    if broken is None:
        recounted.found.add(tables_differ(connection, recounted, outbox.mails))
    return recounted, broken


def _lines(connection: sa.Connection, differing: list[Finding]) -> Iterator[bytes]:
    ledger = tables.ledger
    query = sa.select(ledger).order_by(ledger.c.seq)
    with connection.execute(query, execution_options={"yield_per": 1000}) as rows:
        for row in rows.mappings():
            line = bytes(row["line"])
            try:
                entry = json.loads(line)
                wrong = [name for name in _COLUMNS if row[name] != entry.get(name)]
            except (ValueError, AttributeError, RecursionError):
                wrong = []  # the chain breaks here anyway, and says so
            if wrong and len(differing) < 1000:
                differing.append(Finding("columns", ", ".join(wrong), {}, row["seq"]))
            yield line
