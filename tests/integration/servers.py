"""One real PostgreSQL a session, started only when a test asks for it, and where a stack of a test's own lives."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from operations.stack import children, services
from operations.stack import postgres as embedded
from operations.stack.children import Child
from operations.stack.databases import DatabaseUrls, ensure_databases
from operations.stack.prefect_server import child_environment, client_environment
from operations.stack.settings import LOOPBACK, Stack

Answer = TypeVar("Answer")
REPOSITORY = Path(__file__).resolve().parents[2]


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


@pytest.fixture(scope="session")
def prefect_stack(stack: Stack, postgres: DatabaseUrls) -> Stack:  # noqa: ARG001  (order)
    """A real Prefect server on that PostgreSQL (about 15 s)."""
    services.up(stack)
    return stack


@pytest.fixture
def prefect_settings(prefect_stack: Stack) -> Iterator[None]:
    """Point Prefect's client in this process to the session's server."""
    from prefect.settings import (
        PREFECT_API_AUTH_STRING,
        PREFECT_API_URL,
        PREFECT_LOGGING_TO_API_ENABLED,
        temporary_settings,
    )

    environment = client_environment(prefect_stack)
    wanted = {
        PREFECT_API_URL: environment["PREFECT_API_URL"],
        PREFECT_API_AUTH_STRING: environment["PREFECT_API_AUTH_STRING"],
        PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with temporary_settings(wanted):
        yield


@pytest.fixture
def worker(prefect_stack: Stack) -> Child:
    """A running warm worker; one that a test before has ended is started anew."""
    command = (sys.executable, "-m", "tests.integration.worker_of_tests")
    child = Child("worker", command, child_environment(prefect_stack), folder=REPOSITORY)
    children.start_child(prefect_stack, child)
    return child
