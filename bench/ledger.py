"""The ledger: appending against the bare driver inserting the same rows, verifying against SHA-256 and JSON alone.

The bare side writes rows made beforehand into a table of the same columns and indexes, over one open connection.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import psycopg
import sqlalchemy as sa

from bench.installation import installation
from bench.pairs import medians
from dondoc.ledger.ledger import Break, Draft, Head, Linked, link, verify_export
from tasks.store.chain import append, appending
from tasks.store.connect import engine

ENTRIES = 50_000
NOW = datetime(2024, 3, 22, 1, tzinfo=UTC)
PLAN = "cchc-2024"
TRANSACTIONS = 100
BARE_INSERT = f"INSERT INTO bare VALUES ({', '.join(['%s'] * 10)})"


def run() -> list[tuple[str, float]]:
    """(label, ratio) rows."""
    return [*_appending(), *_verifying()]


def draft(number: int) -> Draft:
    """An entry of ordinary size: about 700 bytes."""
    return Draft(
        "notice.queued",
        PLAN,
        f"{PLAN}/van-ban-mot-cua/quyet-dinh-sua-doi-1179/2024-{number}",
        "dondoc",
        {
            "checkpoint": "remind-15",
            "kind": "remind",
            "recipients": ["unit:ttphvkstthc", "role:tracker"],
            "about": {"due": "2024-06-30", "act_by": "2024-06-28", "days": 15, "lý do": "sửa Quyết định số 1179"},
        },
        "6f2d7f3e-7d5c-4f0e-9f0a-2b6a3c1d9e8f",
    )


def chain() -> Iterator[Linked]:
    """Linked entries without end, from an empty ledger."""
    head, number = Head(), 0
    while True:
        entry = link(head, NOW, draft(number))
        yield entry
        head, number = entry.head, number + 1


def _appending() -> list[tuple[str, float]]:
    with installation() as (_, urls):
        with psycopg.connect(urls.owner, autocommit=True) as owner:
            owner.execute("CREATE TABLE bare (LIKE ledger INCLUDING ALL)")
            owner.execute("GRANT INSERT ON bare TO dondoc_app")
        store = engine(urls.app)
        try:
            with psycopg.connect(urls.app) as driver:
                rows = (_row(entry) for entry in chain())
                return [_append_ratio(store, driver, rows, size) for size in (1, 50)]
        finally:
            store.dispose()


def _append_ratio(
    store: sa.Engine, driver: psycopg.Connection, rows: Iterator[tuple[object, ...]], size: int
) -> tuple[str, float]:
    transactions = TRANSACTIONS if size == 1 else TRANSACTIONS // 5
    drafts = [draft(number) for number in range(size)]

    def ours() -> None:
        for _ in range(transactions):
            with appending(store) as connection:
                append(connection, NOW, drafts)

    prepared: list[list[tuple[object, ...]]] = []

    def bare() -> None:
        for batch in prepared:
            with driver.transaction(), driver.cursor() as cursor:
                cursor.executemany(BARE_INSERT, batch)

    def prepare() -> None:
        prepared[:] = [list(islice(rows, size)) for _ in range(transactions)]

    ours_taken, _, bare_taken = medians((ours, prepare, bare), rounds=9)
    entries = "1 entry" if size == 1 else f"{size} entries"
    return f"append {entries} a transaction / the bare driver, same rows", ours_taken / bare_taken


def _row(entry: Linked) -> tuple[object, ...]:
    made = entry.draft
    return (
        entry.head.seq,
        entry.at,
        made.kind,
        made.plan,
        made.occurrence,
        made.actor,
        made.run,
        entry.prev,
        entry.head.hash,
        entry.line,
    )


def _verifying() -> list[tuple[str, float]]:
    lines = [entry.line for entry in islice(chain(), ENTRIES)]

    def ours() -> None:
        if isinstance(verify_export(lines), Break):
            raise RuntimeError("the benchmark's own chain does not verify")

    def hash_alone() -> None:
        for line in lines:
            hashlib.sha256(line).hexdigest()

    def read_alone() -> None:
        for line in lines:
            json.loads(line)

    def stripped() -> None:
        """What no verifier in Python can leave out: read, write again, hash."""
        for line in lines:
            again = json.dumps(json.loads(line), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            hashlib.sha256(again.encode()).hexdigest()

    taken = medians((ours, hash_alone, read_alone, stripped))
    names = ("SHA-256 alone", "json.loads alone", "json.loads + json.dumps + SHA-256, nothing compared")
    return [(f"verify {ENTRIES} / {name}", taken[0] / other) for name, other in zip(names, taken[1:], strict=True)]
