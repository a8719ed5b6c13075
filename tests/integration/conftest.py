"""What the tests of this folder may ask for: real servers, each started only when a test asks for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from installation import (  # noqa: F401  (fixtures)
    databases,
    installation,
    make_installation,
    mortal,
    plain_tasks,
    post_office,
    whole_plan,
)
from letters import office  # noqa: F401  (a fixture)
from servers import postgres, stack  # noqa: F401  (fixtures)

from operations.stack import children, services
from operations.stack.children import Child
from operations.stack.databases import DatabaseUrls
from operations.stack.prefect_server import child_environment, client_environment
from operations.stack.settings import Stack

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def prefect_stack(stack: Stack, postgres: DatabaseUrls) -> Stack:  # noqa: ARG001, F811  (order)
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
    command = (sys.executable, "-m", "deployments.worker")
    child = Child("worker", command, child_environment(prefect_stack), folder=REPOSITORY)
    children.start_child(prefect_stack, child)
    return child
