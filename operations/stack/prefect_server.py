"""The Prefect server as a child: on PostgreSQL, with a password, telling nobody outside."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

from operations.stack.children import Child
from operations.stack.databases import database_urls, driver_url
from operations.stack.environment import environment_of, plain_environment
from operations.stack.settings import LOOPBACK, Stack

# A plan's year and the weeks around it, as the ISO duration Prefect insists on (a bare number stops it).
YEAR_AHEAD = "P400D"


def prefect_server(stack: Stack) -> Child:
    """The child to start; ready when its health answers (about 10 s, longer on a new database)."""
    return Child(
        name="prefect",
        command=(sys.executable, "-P", "-m", "operations.stack.serve_prefect"),
        environment=environment_of(
            "prefect", {**plain_environment(os.environ), **_common(stack), **_server_settings(stack)}
        ),
        ports=(stack.port("prefect"),),
        ready=lambda: _answers(f"{stack.prefect_api_url}/health"),
        ready_seconds=180,
        # Where nothing is written that Python or Prefect would read as their own (prefect.toml, .env, a module).
        folder=stack.run_directory,
    )


def client_environment(stack: Stack) -> dict[str, str]:
    """Environment variables (additions only) with which any Prefect client reaches this server, password included."""
    return {
        **_common(stack),
        "PREFECT_API_URL": stack.prefect_api_url,
        "PREFECT_API_AUTH_STRING": stack.prefect_auth_string,
        "PREFECT_UI_URL": stack.front_url,
    }


def child_environment(stack: Stack) -> dict[str, str]:
    """The environment for a child that talks to this server: the machine's plain settings, and how to reach it."""
    return {**plain_environment(os.environ), **client_environment(stack)}


def _server_settings(stack: Stack) -> dict[str, str]:
    services = "PREFECT_SERVER_SERVICES"
    return {
        "PREFECT_SERVER_API_HOST": LOOPBACK,
        "PREFECT_SERVER_API_PORT": str(stack.prefect_port),
        "PREFECT_SERVER_API_AUTH_STRING": stack.prefect_auth_string,
        "PREFECT_API_AUTH_STRING": stack.prefect_auth_string,
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": driver_url(database_urls(stack).prefect, "asyncpg"),
        "PREFECT_SERVER_UI_API_URL": "/api",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # The defaults show three runs ahead and forget events after a week; the year must be visible and stay.
        f"{services}_SCHEDULER_MIN_RUNS": "1",
        f"{services}_SCHEDULER_MAX_RUNS": "400",
        f"{services}_SCHEDULER_MIN_SCHEDULED_TIME": YEAR_AHEAD,
        f"{services}_SCHEDULER_MAX_SCHEDULED_TIME": YEAR_AHEAD,
        f"{services}_SCHEDULER_LOOP_SECONDS": "600",
        # A run that waits for its turn in a full morning is not late: the default of 15 s alarms about every burst.
        f"{services}_LATE_RUNS_AFTER_SECONDS": "600",
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": YEAR_AHEAD,
        # Prefect itself prunes events only; runs go by `dondoc prefect prune`, once they are in the record.
        f"{services}_DB_VACUUM_ENABLED": "events",
        # One message at a time is the default: reading in batches takes a sixth off the cost of every run.
        f"{services}_EVENT_PERSISTER_BATCH_SIZE": "500",
        f"{services}_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
        f"{services}_TRIGGERS_READ_BATCH_SIZE": "50",
        f"{services}_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
    }


def _common(stack: Stack) -> dict[str, str]:
    return {
        "PREFECT_HOME": str(stack.prefect_home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # A client that finds no server must say so, not start one of its own.
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "DO_NOT_TRACK": "1",
        "NO_PROXY": _with_loopback(os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""),
    }


def _with_loopback(no_proxy: str) -> str:
    return ",".join(filter(None, [no_proxy, LOOPBACK, "localhost"]))


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
