"""The witness files in folders: written after the day's check, adoptions and answers; compared with the ledger's end.

Needs no Prefect.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dondoc.ledger.findings import Finding
from dondoc.ledger.ledger import Head
from dondoc.ledger.saved_text import added_encoding, saved_text
from dondoc.ledger.witness import read_witness, witness_line
from tasks.config.loading import words
from tasks.config.settings import Settings
from tasks.store import tables
from tasks.store.chain import head

WITNESS_FILE = "doi-chung.txt"
FOLDER_PATIENCE = 30.0  # seconds; a mounted folder of a dead machine may never answer


def beyond_the_end(connection: sa.Connection, settings: Settings) -> Iterator[Finding]:
    """Lines of the local witnesses that lie beyond the ledger's end, or of another ledger."""
    end, ledger = head(connection), tables.ledger
    for place in settings.witness.folders:
        try:
            text = saved_text((settings.var / place / WITNESS_FILE).read_bytes())
        except (OSError, UnicodeDecodeError):
            continue  # the daily check says so
        witness = read_witness(f"{place}/{WITNESS_FILE}", text.splitlines())
        query = sa.select(ledger.c.seq, ledger.c.hash).where(ledger.c.seq.in_(list(witness.lines)))
        for row in connection.execute(query.order_by(ledger.c.seq)):
            yield from witness.look(Head(row.seq, row.hash))
        yield from (one for one in witness.end(end) if one.code == "witness_cut")


def note_head(engine: sa.Engine, settings: Settings, now: datetime, plan: str) -> None:
    """Add the ledger's present head to each folder's witness: after an adoption, an amendment, an answer.

    A witness that disagrees, or cannot be written, is left to the daily check, which says so.
    """
    with engine.connect() as connection:
        at = head(connection)
        disagreeing = any(True for _ in beyond_the_end(connection, settings))
    if disagreeing:
        return
    title = words(settings.config)["witness_title"]
    for place in settings.witness.folders:
        file = settings.var / place / WITNESS_FILE
        with suppress(OSError, UnicodeDecodeError):
            text = within(lambda file=file: witness_text(file))  # type: ignore[misc]
            if at.seq not in read_witness(place, text.splitlines()).lines:
                within(lambda file=file, text=text: append_line(file, text, witness_line(at, now, plan), title))  # type: ignore[misc]


def witness_text(file: Path) -> str:
    """A witness's text; empty where there is none yet."""
    try:
        return saved_text(file.read_bytes())
    except FileNotFoundError:
        return ""


def append_line(file: Path, before: str, line: str, title: str) -> None:
    """Add a line to a witness whose text was `before`, for good once this returns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    start = "" if before.endswith("\n") else "\n" if before else f"# {title}\n"
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(opened, f"{start}{line}\n".encode(added_encoding(_start(file))))
        os.fsync(opened)
    finally:
        os.close(opened)


def _start(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(3)


def within(act: Callable[[], Any]) -> Any:
    """What `act` returns; OSError when it takes longer than FOLDER_PATIENCE. It is left behind then: nothing can end it."""
    results: list[Any] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(act())
        except BaseException as error:  # handed over to the caller, whatever it is
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(FOLDER_PATIENCE)
    if thread.is_alive():
        raise OSError(f"no answer within {FOLDER_PATIENCE:.0f} seconds")
    if failures:
        raise failures[0]
    return results[0]
