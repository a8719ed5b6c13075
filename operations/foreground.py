"""One child in the foreground, for a supervisor that keeps it: `dondoc service run NAME`."""

from __future__ import annotations

import signal
import sys
import threading

from operations.installation import background_children, foreground_names
from operations.stack import postgres
from operations.stack.children import become as become_child
from operations.stack.prefect_server import prefect_server
from operations.stack.settings import Stack, StackError
from tasks.config.settings import Settings

_LOOK_SECONDS = 1.0


def run_in_foreground(stack: Stack, settings: Settings, name: str) -> None:
    """Be that child until it ends. Raises StackError for a name that is none."""
    stack.create_directories()
    if name == "postgres" and stack.embedded:
        sys.exit(_keep_postgres(stack))
    known = {child.name: child for child in (prefect_server(stack), *background_children(stack, settings))}
    if name not in known:
        raise StackError(f"{name} is none of: {', '.join(foreground_names(stack, settings))}")
    become_child(stack, known[name])


def _keep_postgres(stack: Stack) -> int:
    """PostgreSQL starts itself into the background and as its own account: we wait for its end, or stop it."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    postgres.start_postgres(stack)
    while not stopping.wait(_LOOK_SECONDS):
        if postgres.find_postgres(stack) is None:
            return 1
    postgres.stop_postgres(stack)
    return 0
