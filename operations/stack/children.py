"""Background children: each in a session of its own, logging to var/log, known by a file in var/run.

A child is recognised by a random mark in its environment, not by its process id alone: ids are recycled, and
start times move when the clock is set.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from operations.stack.settings import Port, Stack, StackError

MARK = "DONDOC_CHILD"
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Child:
    """What to run. `ports` it will answer on; `ready` says when it does; `environment` is complete, not added."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ports: tuple[Port, ...] = ()
    ready: Callable[[], bool] | None = None
    ready_seconds: float = 60.0
    folder: Path | None = None


@dataclass(frozen=True)
class Running:
    """A child that runs now: its process, session leader of all it has started."""

    name: str
    process: psutil.Process
    ports: Mapping[str, int] = field(default_factory=dict)


def find(stack: Stack, name: str) -> Running | None:
    """The running child called `name`, or None: a dead one, or a stranger under its old process id."""
    try:
        record = json.loads(_file(stack, name).read_text(encoding="utf-8"))
        process = psutil.Process(int(record["pid"]))
        ours = process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == record["mark"]
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return Running(name, process, record.get("ports", {})) if ours else None


def running(stack: Stack) -> list[Running]:
    """Every running child that has a file in var/run, by name."""
    names = sorted(path.stem for path in stack.run_directory.glob("*.json"))
    return [child for child in (find(stack, name) for name in names) if child]


def start(stack: Stack, child: Child) -> bool:
    """Start the child unless it runs, and wait until it is ready; true if this call started it.

    Raises StackError when it ends early or is not ready in time; it is stopped then.
    """
    present = find(stack, child.name)
    if present:
        _refuse_moved_ports(present, child)
        return False
    mark = f"{child.name}-{secrets.token_hex(8)}"
    pid = _spawn(stack, child, mark)
    ports = {port.name: port.number for port in child.ports}
    _write(_file(stack, child.name), {"pid": pid, "mark": mark, "ports": ports, "command": child.command})
    try:
        _wait_until_ready(stack, child, psutil.Process(pid))
        _wait_until_marked(stack, child)
    except BaseException:
        stop(stack, child.name)
        raise
    return True


def stop(stack: Stack, name: str) -> bool:
    """Ask the child to end, kill its whole session if it does not within 20 s; true if it was running."""
    child = find(stack, name)
    if child:
        _end(child)
    _file(stack, name).unlink(missing_ok=True)
    return child is not None


def _end(child: Running) -> None:
    with suppress(psutil.NoSuchProcess):
        child.process.terminate()
        with suppress(psutil.TimeoutExpired):
            child.process.wait(_STOP_SECONDS)
    # The session's id is the child's id and stays taken while any grandchild lives: none is left behind.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, signal.SIGKILL)
    with suppress(psutil.Error):
        child.process.wait(_STOP_SECONDS)


def _spawn(stack: Stack, child: Child, mark: str) -> int:
    with stack.log_file(child.name).open("ab") as log:
        process = subprocess.Popen(
            child.command,
            env={**child.environment, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=child.folder,
        )
    # It shall outlive us; without this, Popen complains at garbage collection that it still runs.
    process.returncode = 0
    return process.pid


def _wait_until_ready(stack: Stack, child: Child, process: psutil.Process) -> None:
    deadline = time.monotonic() + child.ready_seconds
    log = stack.log_file(child.name)
    while True:
        if not _alive(process):
            raise StackError(f"{child.name} ended while starting: the last lines of {log} say why")
        if child.ready is None or child.ready():
            return
        if time.monotonic() > deadline:
            raise StackError(
                f"{child.name} (process {process.pid}) is not ready after {child.ready_seconds:.0f} s: see {log}"
            )
        time.sleep(_POLL_SECONDS)


def _wait_until_marked(stack: Stack, child: Child) -> None:
    deadline = time.monotonic() + 1
    while not find(stack, child.name) and time.monotonic() < deadline:
        time.sleep(0.001)


def _alive(process: psutil.Process) -> bool:
    # Not by the mark: for a moment after exec the kernel shows no environment.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _refuse_moved_ports(present: Running, child: Child) -> None:
    for port in child.ports:
        used = present.ports.get(port.name, port.number)
        if used != port.number:
            raise StackError(
                f"{child.name} already runs on port {used}, not {port.number}: "
                f"`dondoc down` first, or undo the change of {port.variable}"
            )


def _file(stack: Stack, name: str) -> Path:
    return stack.run_directory / f"{name}.json"


def _write(path: Path, record: Mapping[str, object]) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(record), encoding="utf-8")
    draft.replace(path)
