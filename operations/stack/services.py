"""up, down and status of the whole stack; each may be called in any state and as often as one likes.

`up` starts what is missing, in order: PostgreSQL, databases, Prefect, then the caller's children. If one does
not start, what this call started is stopped again.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from operations.stack import children, postgres
from operations.stack.children import Child
from operations.stack.databases import ensure_databases
from operations.stack.ports import refuse_taken
from operations.stack.prefect_server import prefect_server
from operations.stack.private import make_private, opener
from operations.stack.settings import Port, Stack, StackError

KEEPER = "keeper"


@dataclass(frozen=True)
class ServiceStatus:
    """One part of the stack as it is now; `pid` and `ports` are empty when it does not run here."""

    name: str
    running: bool
    pid: int | None = None
    ports: tuple[int, ...] = ()


def up(stack: Stack, extra: Sequence[Child] = (), on_step: Callable[[str], None] = lambda _: None) -> tuple[str, ...]:
    """Start what does not run; returns the names of what this call started (none: everything ran already).

    Raises StackError, one line; then nothing this call started is left running.
    """
    stack.create_directories()
    make_private(stack.root)
    if stack.kept_by_systemd:
        if all(part.running for part in status(stack, [child.name for child in extra])):
            return ()
        raise StackError("systemd keeps the services of this installation: systemctl start dondoc.target")
    with alone(stack):
        wanted = (prefect_server(stack), *extra)
        postgres.refuse_full_disk(stack.root)
        refuse_taken(_ports_needed(stack, wanted))
        started: list[str] = []
        try:
            _start_all(stack, wanted, started, on_step)
        except BaseException:
            _stop_all(stack, reversed(started))
            raise
    return tuple(started)


def down(stack: Stack) -> tuple[str, ...]:
    """Stop what `up` started, the database last; returns the names of what was running.

    Nothing is left: what bears a mark of this installation and was never noted is ended too.
    """
    if not stack.root.is_dir():
        return ()
    stack.run_directory.mkdir(exist_ok=True)
    with alone(stack):
        names = [child.name for child in children.running(stack)]
        # The keeper would start again what is stopped; those who use a server go before it does.
        names.sort(key=lambda name: (name != KEEPER, name == "prefect"))
        if stack.kept_by_systemd and names and KEEPER not in names:
            raise StackError("systemd keeps these services: systemctl stop dondoc.target")
        if stack.embedded and postgres.find_postgres(stack):
            names.append("postgres")
        _stop_all(stack, names)
        if children.end_strays(stack):
            names.append("what was left of an interrupted start")
    return tuple(names)


def status(stack: Stack, extra_names: Sequence[str] = ()) -> tuple[ServiceStatus, ...]:
    """Every known part; changes nothing and asks no server. `extra_names`: children expected beside Prefect."""
    found = {child.name: child for child in children.running(stack)}
    names = dict.fromkeys(("prefect", *extra_names, *found))
    rest = []
    for name in names:
        child = found.get(name)
        rest.append(
            ServiceStatus(name, True, child.process.pid, tuple(child.ports.values()))
            if child
            else ServiceStatus(name, False)
        )
    return (*_database_status(stack), *rest)


def _database_status(stack: Stack) -> tuple[ServiceStatus, ...]:
    if not stack.embedded:
        return ()
    server = postgres.find_postgres(stack)
    if not server:
        return (ServiceStatus("postgres", False),)
    return (ServiceStatus("postgres", True, server.process.pid, (server.port,)),)


def _start_all(stack: Stack, wanted: Sequence[Child], started: list[str], on_step: Callable[[str], None]) -> None:
    if stack.embedded:
        on_step("postgres")
        if postgres.start_postgres(stack):
            started.append("postgres")
    ensure_databases(stack)
    for child in wanted:
        on_step(child.name)
        if children.start_child(stack, child):
            started.append(child.name)


def _stop_all(stack: Stack, names: Iterator[str] | Sequence[str]) -> None:
    for name in names:
        if name == "postgres":
            postgres.stop_postgres(stack)
        else:
            children.stop_child(stack, name)


def _ports_needed(stack: Stack, wanted: Sequence[Child]) -> list[Port]:
    ports = [port for child in wanted if not children.find_child(stack, child.name) for port in child.ports]
    if stack.embedded and not postgres.find_postgres(stack):
        ports.insert(0, stack.port("postgres"))
    return ports


@contextmanager
def alone(stack: Stack) -> Iterator[None]:
    """Hold the installation's lock: nobody else starts or stops it. Raises StackError where somebody holds it."""
    with open(stack.run_directory / "lock", "w", opener=opener) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackError(f"another dondoc is starting or stopping {stack.root}: wait for it to finish") from error
        yield
