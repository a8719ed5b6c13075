"""`dondoc restore`: an archive back into an empty place. Nothing that exists is ever overwritten.

Everything is built beside its place, verified there, and takes its place by one rename: killed at any moment, there is
either nothing or all of it. With a database server of its own (DONDOC_DATABASE_URL) the databases get their names in one
transaction just before that; a call that was killed between the two is finished by the next.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from dondoc.foundation.errors import DondocError
from dondoc.ledger.ledger import Break
from dondoc.verification.completeness import Recount
from operations.backup import swapping
from operations.backup.archive import Manifest, check_archive, unpack
from operations.backup.dumping import load
from operations.stack import postgres
from operations.stack.databases import DatabaseUrls, database_urls, ensure_databases
from operations.stack.private import make_private
from operations.stack.settings import LOOPBACK, Stack

KEPT = "restored"  # of var: the manifest, and of then, for reading: configuration, witnesses and figures outside var
_READY = ".restored-databases"


class RestoreError(DondocError):
    """A restore that may not or cannot be done; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A finished restore: of what, and what `ledger verify` says of it."""

    manifest: Manifest
    recounted: Recount
    broken: Break | None


def restore(archive: Path, stack: Stack, on_step: Callable[[str], None] = lambda _: None, sha256: str = "") -> Restored:
    """Bring the archive back as the installation of `stack`, whose var and databases must be empty.

    `sha256` is what `backup` said of the archive; where it is given, no other is taken.

    Raises ArchiveError (damaged), RestoreError and OccupiedError (not empty, newer), DumpError, StackError.
    """
    on_step("checking the archive")
    manifest = check_archive(archive, sha256)
    _refuse_newer(manifest)
    _refuse_occupied(stack)
    with _workplace(stack) as place:
        here = replace(stack, root=place, postgres_port=_free_port()) if stack.embedded else replace(stack, root=place)
        finished = _finished_before(here, manifest)
        if finished:
            found = finished
        else:
            _refuse_filled(stack)
            found = _build(archive, manifest, here, on_step)
        _take_place(place, stack.root)
    return Restored(manifest, *found)


def _build(
    archive: Path, manifest: Manifest, here: Stack, on_step: Callable[[str], None]
) -> tuple[Recount, Break | None]:
    _clear(here)
    dumps = here.root / ".databases"
    try:
        on_step("unpacking")
        _refuse_unknown_passwords(manifest, here)
        unpack(archive, manifest, lambda name: _place(here.root, dumps, name))
        here.create_directories()
        make_private(here.root)
        if here.embedded:
            on_step("starting PostgreSQL")
            postgres.start_postgres(here)
        return _fill(manifest, here, dumps, on_step)
    except BaseException:
        if here.embedded:
            postgres.stop_postgres(here)
        if not (here.root / _READY).exists():  # else the databases may have their names: the next call looks
            _clear(here)
        raise
    finally:
        if here.embedded:
            postgres.stop_postgres(here)


def _clear(here: Stack) -> None:
    """Empty the workplace. With a server of its own it keeps the passwords that an earlier call has given to roles there."""
    for left in here.root.iterdir():
        if left == here.secrets_directory and not here.embedded:
            continue
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _refuse_unknown_passwords(manifest: Manifest, here: Stack) -> None:
    if manifest.secrets:
        shutil.rmtree(here.secrets_directory, ignore_errors=True)
    elif not here.embedded and not here.secrets_directory.exists() and swapping.roles_there(here.database_url or ""):
        raise RestoreError(
            "this server has dondoc's roles already and the archive holds no passwords of theirs; take a backup "
            "with --with-secrets, or use a server without them; nothing was changed"
        )


def _fill(manifest: Manifest, here: Stack, dumps: Path, on_step: Callable[[str], None]) -> tuple[Recount, Break | None]:
    from tasks.store.connect import migrate

    urls = ensure_databases(here)
    filling = swapping.make_empty(urls)
    try:
        on_step("restoring the databases")
        load(filling.owner, dumps / "dondoc.dump")
        if manifest.prefect:
            load(filling.prefect, dumps / "prefect.dump")
        migrate(filling.owner)  # also grants: privileges are not in the archive
        on_step("verifying the ledger")
        found = _verify(filling, here.root)
        if found[1] is None and (found[0].head.seq, found[0].head.hash) != (manifest.ledger_seq, manifest.ledger_hash):
            raise RestoreError("the restored ledger does not end where the archive says; nothing was put in place")
    except BaseException:
        swapping.drop_left(urls.admin)
        raise
    shutil.rmtree(dumps)
    (here.root / _READY).write_text(manifest.ledger_hash, encoding="utf-8")
    os.sync()
    try:
        swapping.give_names(urls.admin)
    except DondocError:
        (here.root / _READY).unlink()
        swapping.drop_left(urls.admin)
        raise
    ensure_databases(here)
    return found


def _verify(urls: DatabaseUrls, root: Path) -> tuple[Recount, Break | None]:
    from tasks.store.audit import reading_one_moment, verify_store
    from tasks.store.connect import engine

    store = engine(urls.app)
    try:
        with reading_one_moment(store) as connection:
            return verify_store(connection, shelf=root / "files")
    finally:
        store.dispose()


def _place(root: Path, dumps: Path, name: str) -> Path:
    tree, _, rest = name.partition("/")
    match tree:
        case "var":
            return root / rest
        case "databases":
            return dumps / rest
        case _:
            return root / KEPT / name


def _refuse_newer(manifest: Manifest) -> None:
    from tasks.store.connect import known_revisions

    if manifest.revision not in known_revisions():
        raise RestoreError(
            f"the archive is of a newer dondoc ({manifest.dondoc}, tables {manifest.revision}); "
            "restore it with that one, nothing was changed"
        )
    ours = version("prefect")
    if manifest.prefect and _numbers(manifest.prefect) > _numbers(ours):
        raise RestoreError(
            f"the archive's Prefect is {manifest.prefect}, this is {ours}; restore it with that one, nothing was changed"
        )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _refuse_occupied(stack: Stack) -> None:
    if stack.root.exists() and (not stack.root.is_dir() or any(stack.root.iterdir())):
        raise RestoreError(
            f"{stack.root} is not empty; restore beside it with --into OTHER, or stop it (dondoc down) and move it away; "
            "nothing was changed"
        )


def _refuse_filled(stack: Stack) -> None:
    # Not by database_urls: that would make passwords, and so a var.
    occupied = swapping.filled(stack.database_url) if stack.database_url else []
    if occupied:
        raise RestoreError(
            f"the database {occupied[0]} is not empty; rename it away (ALTER DATABASE … RENAME TO …) or give another "
            "server in DONDOC_DATABASE_URL; nothing was changed"
        )


def _finished_before(here: Stack, manifest: Manifest) -> tuple[Recount, Break | None] | None:
    """What an earlier call has restored that gave the databases their names and was killed before the last rename."""
    ready = here.root / _READY
    if here.embedded or not ready.exists() or ready.read_text(encoding="utf-8") != manifest.ledger_hash:
        return None
    urls = database_urls(here)
    if "dondoc" not in swapping.filled(urls.admin):
        return None
    ensure_databases(here)
    swapping.drop_left(urls.admin, swapping.EMPTY)
    found = _verify(urls, here.root)
    return found if found[0].head.hash == manifest.ledger_hash else None


@contextmanager
def _workplace(stack: Stack) -> Iterator[Path]:
    """A folder beside var that nothing mistakes for one; what a killed call left in it is stopped."""
    place = stack.root.with_name(f".{stack.root.name}.restoring")
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = place.with_name(f"{place.name}.lock")
    with lock.open("w") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RestoreError(f"another restore into {stack.root} runs; wait for it to finish") from None
        if stack.embedded:
            postgres.stop_postgres(replace(stack, root=place))
        place.mkdir(mode=0o700, exist_ok=True)
        try:
            yield place
        finally:
            with suppress(OSError):
                place.rmdir()  # only where nothing is left in it
            lock.unlink(missing_ok=True)


def _take_place(place: Path, root: Path) -> None:
    shutil.rmtree(place / "run", ignore_errors=True)
    os.sync()
    try:
        place.rename(root)
        (root / _READY).unlink(missing_ok=True)
    except OSError as error:
        raise RestoreError(
            f"{place} is whole but cannot become {root} ({error.strerror}); move it there by hand, or use --into"
        ) from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
