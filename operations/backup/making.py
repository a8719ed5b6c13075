"""`dondoc backup`: one archive of a running installation, whole or not there."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from dondoc.foundation.errors import DondocError
from operations.backup.archive import Manifest, Writing, belongs, sha256_of, writing
from operations.backup.dumping import HeldMoment, dump, one_moment
from operations.stack.databases import database_urls
from operations.stack.settings import Stack
from tasks.config.settings import Settings
from tasks.store.files import sync

_PART = ".dondoc-part"


class BackupError(DondocError):
    """A backup that cannot be written."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished archive."""

    path: Path
    size: int
    sha256: str
    manifest: Manifest


def back_up(
    stack: Stack,
    settings: Settings,
    destination: Path,
    now: datetime,
    *,
    with_prefect: bool = True,
    with_secrets: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> Made:
    """Write the archive (0600) to `destination`, or under a name of its own into that folder; nothing is overwritten.

    The files follow the databases: every file that an entry of the snapshot names is stored by then. Raises BackupError,
    DumpError; psycopg.OperationalError where the database does not answer.
    """
    target = _target(destination, now)
    if target.resolve().is_relative_to(stack.root):
        raise BackupError(f"{destination} lies in {stack.root} itself; give a place outside, best on another machine")
    urls = database_urls(stack)
    with _workplace(target) as work:
        with one_moment(urls, with_prefect=with_prefect) as moment:
            on_step("dumping dondoc's database")
            dump(urls.owner, moment.ours, work / "dondoc.dump")
            if moment.prefect:
                on_step("dumping Prefect's database")
                dump(urls.prefect, moment.prefect, work / "prefect.dump")
        on_step("writing the archive")
        draft = work / "archive"
        manifest = _write(draft, work, stack, settings, moment, now, with_secrets=with_secrets)
        if target.exists():
            raise BackupError(f"{target} exists; give another name, nothing was overwritten")
        digest = sha256_of(draft)
        size = draft.stat().st_size
        draft.rename(target)
        sync(target.parent)
    return Made(target, size, digest, manifest)


def _target(destination: Path, now: datetime) -> Path:
    if destination.is_dir():
        return destination / f"dondoc-{now:%Y%m%d-%H%M%S}.tar"
    if destination.exists():
        raise BackupError(f"{destination} exists; give another name or a folder, nothing was overwritten")
    if not destination.parent.is_dir():
        raise BackupError(f"the folder {destination.parent} is missing; create it or mount it first")
    return destination


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """A folder beside the target for what is not finished; those of killed backups are cleared away."""
    for left in target.parent.glob(f"*{_PART}"):
        with _locked(left) as ours:
            if ours:
                shutil.rmtree(left)
    work = target.with_name(target.name + _PART)
    try:
        work.mkdir(mode=0o700)
    except FileExistsError:
        raise BackupError(f"another backup writes {target}; wait for it to finish") from None
    with _locked(work):
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(opened)


def _write(
    draft: Path, work: Path, stack: Stack, settings: Settings, moment: HeldMoment, now: datetime, *, with_secrets: bool
) -> Manifest:
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with writing(file) as archive:
            for name, path in _sources(work, stack, settings):
                if belongs(name, with_secrets):
                    archive.add(name, path)
            manifest = _manifest(archive, moment, now, with_secrets)
            archive.seal(manifest)
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _manifest(archive: Writing, moment: HeldMoment, now: datetime, with_secrets: bool) -> Manifest:
    return Manifest(
        made_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        dondoc=version("dondoc"),
        revision=moment.revision,
        ledger_seq=moment.head.seq,
        ledger_hash=moment.head.hash,
        prefect=version("prefect") if moment.prefect else None,
        secrets=with_secrets,
        members=tuple(archive.members),
    )


def _sources(work: Path, stack: Stack, settings: Settings) -> Iterator[tuple[str, Path]]:
    """(name in the archive, file) of everything, in a fixed order."""
    for name in ("dondoc", "prefect"):
        yield f"databases/{name}.dump", work / f"{name}.dump"
    for top in sorted(stack.root.iterdir()):
        # Not the database's files: there are many of them, and none belongs into it.
        if top != stack.data_directory:
            yield from ((f"var/{name}", path) for name, path in _files(top, stack.root))
    yield from ((f"config/{name}", path) for name, path in _files(settings.config, settings.config))
    for number, folder in enumerate(settings.witness.folders):
        yield from _outside(stack, f"witness/{number}", settings.var / folder)
    yield from _outside(stack, "figures", settings.figures)


def _outside(stack: Stack, tree: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """A folder that is not below var: kept for reading, never restored to where it was."""
    if not folder.resolve().is_relative_to(stack.root):
        yield from ((f"{tree}/{name}", path) for name, path in _files(folder, folder))


def _files(top: Path, root: Path) -> Iterator[tuple[str, Path]]:
    found = [top] if top.is_file() else sorted(top.rglob("*"))
    for path in found:
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(root).as_posix(), path
