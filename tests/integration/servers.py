"""One real PostgreSQL a session, started only when a test asks for it, and where a stack of a test's own lives."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from operations.stack import postgres as embedded
from operations.stack import services
from operations.stack.databases import DatabaseUrls, ensure_databases
from operations.stack.settings import LOOPBACK, Stack

Answer = TypeVar("Answer")


def free_port() -> int:
    """A TCP port nobody uses now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        number: int = probe.getsockname()[1]
        return number


def new_stack(root: Path) -> Stack:
    """A stack of its own below `root`, on free ports."""
    return Stack(root, *(free_port() for _ in range(5)))


def eventually(question: Callable[[], Answer], seconds: float = 180) -> Answer:
    """The first true answer; fails the test when there is none in a time that a loaded machine needs too."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The session's stack, nothing started yet; whatever was started is stopped at the end."""
    # Not pytest's own folder: root's PostgreSQL account may not look into that.
    root = Path(tempfile.mkdtemp(prefix="dondoc-test-"))
    session_stack = new_stack(root / "var")
    session_stack.create_directories()
    try:
        yield session_stack
    finally:
        services.down(session_stack)
        shutil.rmtree(root)


@pytest.fixture(scope="session")
def postgres(stack: Stack) -> DatabaseUrls:
    """A real PostgreSQL with dondoc's roles and empty databases (about a second)."""
    embedded.start_postgres(stack)
    return ensure_databases(stack)
