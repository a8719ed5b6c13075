"""Both databases at one moment, through pg_dump and pg_restore: the embedded server's own, or those on the path."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg

from dondoc.foundation.errors import DondocError
from dondoc.ledger.ledger import Head
from operations.stack.databases import DatabaseUrls
from operations.stack.postgres import tool

_DUMP = ("--format=custom", "--no-owner", "--no-privileges", "--no-comments", "--lock-wait-timeout=60000")
_RESTORE = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")


class DumpError(DondocError):
    """A database that could not be dumped or restored."""


@dataclass(frozen=True, slots=True)
class HeldMoment:
    """One moment of both databases, held open: PostgreSQL's names of the snapshots, and the ledger's head in it."""

    ours: str
    prefect: str | None
    head: Head
    revision: str


@contextmanager
def one_moment(urls: DatabaseUrls, *, with_prefect: bool) -> Iterator[HeldMoment]:
    """A moment at which nobody appends to the ledger: what a run has recorded and what Prefect knows of it agree.

    Writers wait only while the snapshots are taken. Raises psycopg.OperationalError where a server does not answer.
    """
    from tasks.store.chain import appending, head
    from tasks.store.connect import engine

    store = engine(urls.owner)
    with ExitStack() as stack:
        stack.callback(store.dispose)
        with appending(store) as connection:
            ours, revision = _held(stack, urls.owner, "SELECT version_num FROM alembic_version")
            prefect = _held(stack, urls.prefect)[0] if with_prefect else None
            moment = HeldMoment(ours, prefect, head(connection), revision)
        yield moment


def _held(stack: ExitStack, url: str, question: str = "SELECT ''") -> tuple[str, str]:
    """A snapshot that lives as long as `stack`, and the answer to a question asked in it."""
    connection = stack.enter_context(psycopg.connect(url, connect_timeout=10))
    stack.callback(connection.rollback)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
    (answer,) = connection.execute(question).fetchone() or ("",)
    return snapshot, answer


def dump(url: str, snapshot: str, target: Path) -> None:
    """The database of `url` at that snapshot, in pg_dump's custom format. Raises DumpError."""
    _run("pg_dump", url, *_DUMP, f"--snapshot={snapshot}", f"--file={target}")


def load(url: str, source: Path) -> None:
    """A dump into an empty database, all of it or nothing. Raises DumpError."""
    _run("pg_restore", url, *_RESTORE, str(source))


def _run(name: str, url: str, *options: str) -> None:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    # The password in the environment: a command line is everybody's to read.
    public = urlunsplit(parts._replace(netloc=f"{parts.username}@{place}"))
    environment = {**os.environ, "PGPASSWORD": unquote(parts.password or "")}
    done = subprocess.run(
        [tool(name), f"--dbname={public}", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"ended with {done.returncode}"]
        raise DumpError(
            f"{name} failed: {said[0].removeprefix(f'{name}: ')}; nothing was kept, correct that and try again"
        )
