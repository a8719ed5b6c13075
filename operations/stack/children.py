"""Background children: each in a session of its own, logging to var/log, known by a file in var/run.

A child is recognised by a random mark in its environment, not by its process id alone: ids are recycled, and
start times move when the clock is set. The mark is noted before the child is spawned and names the installation, so that
whoever was started and not noted is found, and ended, whatever was killed in between.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import psutil

from operations.stack.account import PRIVATE
from operations.stack.private import opener
from operations.stack.settings import CHILD_MARK, Port, Stack, StackError

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
    ready_seconds: float = 180.0  # a loaded machine of two cores took 67 s to import the portal
    folder: Path | None = None


@dataclass(frozen=True)
class Running:
    """A child that runs now: its process, session leader of all it has started."""

    name: str
    process: psutil.Process
    ports: Mapping[str, int] = field(default_factory=dict)


def find_child(stack: Stack, name: str) -> Running | None:
    """The running child called `name`, or None: a dead one, or a stranger under its old process id."""
    try:
        record = json.loads(_file(stack, name).read_text(encoding="utf-8"))
        mark, ports, pid = str(record["mark"]), record.get("ports", {}), record.get("pid")
        process = psutil.Process(int(pid)) if pid else _unnoted(mark)
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return Running(name, process, ports) if process and child_mark(process) == mark else None


def _unnoted(mark: str) -> psutil.Process | None:
    """The leader among the processes of that mark: its starter was killed before it could note the process id."""
    return next((one for one in _marked(lambda found: found == mark) if os.getsid(one.pid) == one.pid), None)


def child_mark(process: psutil.Process) -> str | None:
    """The mark of a living process of ours, or of one that it has started; None for anybody else's."""
    try:
        return process.environ().get(CHILD_MARK) if process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, OSError):
        return None


def _marked(wanted: Callable[[str], bool]) -> list[psutil.Process]:
    return [one for one in psutil.process_iter() if (mark := child_mark(one)) is not None and wanted(mark)]


def end_strays(stack: Stack, names: Collection[str] | None = None) -> int:
    """Kill what bears a mark of this installation (of the children `names`) and is no running child nor one of its own; how many.

    Never ourselves nor those who started us.
    """
    kept = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    known = {mark for child in running(stack) if (mark := child_mark(child.process))}

    def stray(mark: str) -> bool:
        name, _, place = mark.partition("@")
        mine = names is None or name.rpartition("-")[0] in names
        return place == str(stack.root) and mine and mark not in known

    strays = [one for one in _marked(stray) if one.pid not in kept]
    for one in strays:
        with suppress(psutil.Error):
            one.kill()
    psutil.wait_procs(strays, timeout=_STOP_SECONDS)
    return len(strays)


def running(stack: Stack) -> list[Running]:
    """Every running child that has a file in var/run, by name."""
    names = sorted(path.stem for path in stack.run_directory.glob("*.json"))
    return [child for child in (find_child(stack, name) for name in names) if child]


def start_child(stack: Stack, child: Child) -> bool:
    """Start the child unless it runs, and wait until it is ready; true if this call started it.

    Raises StackError when it ends early or is not ready in time; it is stopped then.
    """
    present = find_child(stack, child.name)
    if present:
        _refuse_moved_ports(present, child)
        return False
    try:
        pid = launch(stack, child)
        _wait_until_ready(stack, child, psutil.Process(pid))
        _wait_until_marked(stack, child)
    except BaseException:
        stop_child(stack, child.name)
        raise
    return True


def launch(stack: Stack, child: Child) -> int:
    """Start a child that does not run, without waiting for it; its process id. What was left of an earlier one is ended."""
    end_strays(stack, {child.name})
    mark = f"{child.name}-{secrets.token_hex(8)}@{stack.root}"
    ports = {port.name: port.number for port in child.ports}
    record = {"pid": None, "mark": mark, "ports": ports, "command": child.command}
    _write(_file(stack, child.name), record)
    pid = _spawn(stack, child, mark)
    _write(_file(stack, child.name), {**record, "pid": pid})
    return pid


def become(stack: Stack, child: Child) -> NoReturn:
    """Turn this process into the child: for a supervisor that wants it in the foreground. Raises StackError where it runs already."""
    present = find_child(stack, child.name)
    if present and present.process.pid != os.getpid():
        raise StackError(f"{child.name} runs already (process {present.process.pid}): dondoc down first")
    end_strays(stack, {child.name})
    mark = f"{child.name}-{secrets.token_hex(8)}@{stack.root}"
    ports = {port.name: port.number for port in child.ports}
    record = {"pid": os.getpid(), "mark": mark, "ports": ports, "command": child.command}
    _write(_file(stack, child.name), record)
    os.umask(PRIVATE)
    if child.folder:
        os.chdir(child.folder)
    os.execve(child.command[0], child.command, {**child.environment, CHILD_MARK: mark})


def stop_child(stack: Stack, name: str) -> bool:
    """Ask the child to end, kill its whole session if it does not within 20 s; true if it was running."""
    child = find_child(stack, name)
    if child:
        _end(child)
    _file(stack, name).unlink(missing_ok=True)
    return bool(end_strays(stack, {name})) or child is not None


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
    with open(stack.log_file(child.name), "ab", opener=opener) as log:
        process = subprocess.Popen(
            child.command,
            env={**child.environment, CHILD_MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=PRIVATE,
            cwd=child.folder,
        )
    # It shall outlive us; without this, Popen complains at garbage collection that it still runs. Whoever starts many
    # buries them: `bury`.
    process.returncode = 0
    return process.pid


def bury() -> None:
    """Take leave of those of our children that have ended: nobody else can."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


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
    while not find_child(stack, child.name) and time.monotonic() < deadline:
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
    with open(draft, "w", encoding="utf-8", opener=opener) as file:
        file.write(json.dumps(record))
    draft.replace(path)
