"""A whole installation for a benchmark: its own folder, free ports, real servers; all of it gone at the end."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operations.stack import postgres, services
from operations.stack.databases import DatabaseUrls, ensure_databases
from operations.stack.settings import LOOPBACK, Stack
from tasks.store.connect import migrate


@contextmanager
def installation() -> Iterator[tuple[Stack, DatabaseUrls]]:
    """A PostgreSQL with dondoc's tables, empty; whatever is started beside it is stopped with it."""
    # Not below the user's folder: root's PostgreSQL account may not look into that.
    root = Path(tempfile.mkdtemp(prefix="dondoc-bench-"))
    prefect, database, portal, mail, front = _free_ports(5)
    stack = Stack(root / "var", prefect, database, portal, mail, front)
    stack.create_directories()
    try:
        postgres.start_postgres(stack)
        urls = ensure_databases(stack)
        migrate(urls.owner)
        yield stack, urls
    finally:
        services.down(stack)
        shutil.rmtree(root, ignore_errors=True)


def _free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
