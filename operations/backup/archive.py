"""The archive: a plain .tar whose last members are `manifest.json` (every other member's size and SHA-256, the ledger's
head, the versions) and `manifest.sha256`. Without them, or where anything differs from them, it is damaged.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from dondoc.foundation.errors import DondocError
from operations.stack.private import opener

ARCHIVE_FORMAT = 1
BACKUP_MANIFEST, SEAL = "manifest.json", "manifest.sha256"
TREES = ("databases", "var", "config", "witness", "figures")
_BLOCK = 1 << 20
_DUMPS = frozenset({"databases/dondoc.dump", "databases/prefect.dump"})
# Of var: what is in the databases, what lives while processes run, Prefect's own settings, and what a restore left for reading.
_LEFT_OUT = frozenset({"pg", "run", "log", "prefect", "restored"})
# Nothing of ours that lies in var is called so, and somebody's program might read it: the interpreter, Prefect, PostgreSQL.
_CODE = frozenset(
    {".py", ".pyc", ".pth", ".so", ".dll", ".dylib", ".toml", ".conf", ".cfg", ".ini", ".env", ".sh", ".service"}
)


def belongs(name: str, secrets: bool) -> bool:
    """Whether a member of that name is one that a backup writes, and a restore takes: the same rule for both.

    Passwords and keys only where the archive says that it holds them (`secrets`).
    """
    parts = PurePosixPath(name).parts
    if len(parts) < 2 or parts[0] not in TREES or str(PurePosixPath(*parts)) != name or not name.isprintable():
        return False
    if any(part.startswith(".") or part == "__pycache__" for part in parts):
        return False
    if parts[0] == "databases":
        return name in _DUMPS
    if parts[0] != "var":
        return True  # for reading only: it becomes nothing that anybody runs
    if parts[1] == "secrets":
        return secrets and len(parts) == 3 and not PurePosixPath(name).suffix
    return (
        parts[1] not in _LEFT_OUT
        and not parts[1].startswith("pg-new-")
        and PurePosixPath(name).suffix.casefold() not in _CODE
    )


class ArchiveError(DondocError):
    """An archive that cannot be read as a whole; nothing was written."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds and of which installation, at the moment `made_at` (UTC, ISO)."""

    made_at: str
    dondoc: str
    revision: str
    ledger_seq: int
    ledger_hash: str
    prefect: str | None  # its version; None where its database was left out
    secrets: bool
    members: tuple[Member, ...]
    format: int = ARCHIVE_FORMAT

    def below(self, tree: str) -> Iterator[Member]:
        """The members of one tree."""
        return (member for member in self.members if member.name.startswith(f"{tree}/"))


class Writing:
    """An archive being written: files are hashed as they go in."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: list[Member] = []

    def add(self, name: str, file: Path) -> None:
        """Add one file as it is now; one that is gone meanwhile is left out."""
        try:
            content = file.open("rb")
        except FileNotFoundError:
            return
        with content:
            about = self._tar.gettarinfo(arcname=name, fileobj=content)
            about.uid = about.gid = 0
            about.uname = about.gname = ""
            hashing = _Hashing(content)
            self._tar.addfile(about, hashing)
        self.members.append(Member(name, about.size, hashing.digest.hexdigest()))

    def seal(self, manifest: Manifest) -> None:
        """The manifest and its own hash, last."""
        text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()
        for name, content in ((BACKUP_MANIFEST, text), (SEAL, hashlib.sha256(text).hexdigest().encode() + b"\n")):
            about = tarfile.TarInfo(name)
            about.size, about.mode = len(content), 0o600
            self._tar.addfile(about, io.BytesIO(content))


class _Hashing:
    """A file that hashes what is read from it."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content, self.digest = content, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._content.read(size)
        self.digest.update(block)
        return block


@contextmanager
def writing(file: IO[bytes]) -> Iterator[Writing]:
    """Write an archive into an open file; it is whole only after `seal` and the end of this."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        yield Writing(tar)


def check_archive(path: Path, sha256: str = "") -> Manifest:
    """Read the whole archive once and compare it with its manifest. Raises ArchiveError; writes nothing.

    `sha256`: what `backup` said of it. The manifest proves that nothing was damaged; only this, that nobody made another.
    """
    if sha256 and sha256_of(path) != sha256.strip().casefold():
        raise ArchiveError(
            f"{path} is another archive than the one of that SHA-256; take the right one, nothing was written"
        )
    found: list[Member] = []
    texts: dict[str, bytes] = {}
    with _reading(path) as members:
        for about, content in members:
            if about.name in (BACKUP_MANIFEST, SEAL):
                texts[about.name] = content.read()
                continue
            digest = hashlib.sha256()
            for block in _blocks(content):
                digest.update(block)
            found.append(Member(about.name, about.size, digest.hexdigest()))
    manifest = _manifest(path, texts)
    if tuple(found) != manifest.members:
        wrong = sorted({member.name for member in {*found} ^ {*manifest.members}})
        raise _damaged(path, f"{len(wrong) or 'some'} member(s) differ from its manifest, the first: {wrong[:1]}")
    foreign = [member.name for member in found if not belongs(member.name, manifest.secrets)]
    if foreign:
        raise _damaged(path, f"{foreign[0]!r} is nothing that a backup writes")
    return manifest


def sha256_of(path: Path) -> str:
    """The SHA-256 of the whole file."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def unpack(path: Path, manifest: Manifest, place: Callable[[str], Path]) -> None:
    """Write each member where `place(name)` says, hashed once more. Raises ArchiveError."""
    known = {member.name: member.sha256 for member in manifest.members}
    with _reading(path) as members:
        for about, content in members:
            if about.name in (BACKUP_MANIFEST, SEAL):
                continue
            target = place(about.name)
            if not belongs(about.name, manifest.secrets):
                raise _damaged(path, f"{about.name} has changed since it was checked")
            target.parent.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            # Whatever mode the archive says: what an installation keeps is its own account's.
            with open(target, "xb", opener=opener) as out:
                for block in _blocks(content):
                    digest.update(block)
                    out.write(block)
            if digest.hexdigest() != known.get(about.name):
                raise _damaged(path, f"{about.name} has changed since it was checked")


@contextmanager
def _reading(path: Path) -> Iterator[Iterator[tuple[tarfile.TarInfo, IO[bytes]]]]:
    """The archive's members in order; whatever tarfile trips over, also while one is read, is an ArchiveError."""
    try:
        with tarfile.open(path, mode="r:") as tar:
            yield _members(path, tar)
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(path, str(error)) from None


def _members(path: Path, tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for about in tar:
        content = tar.extractfile(about) if about.isreg() else None
        if content is None or not (about.name in (BACKUP_MANIFEST, SEAL) or belongs(about.name, True)):
            raise _damaged(path, f"{about.name!r} does not belong into it")
        yield about, content


def _blocks(content: IO[bytes]) -> Iterator[bytes]:
    while block := content.read(_BLOCK):
        yield block


def _manifest(path: Path, texts: dict[str, bytes]) -> Manifest:
    if set(texts) != {BACKUP_MANIFEST, SEAL}:
        raise _damaged(path, "its end is missing")
    if hashlib.sha256(texts[BACKUP_MANIFEST]).hexdigest().encode() + b"\n" != texts[SEAL]:
        raise _damaged(path, "its manifest was changed")
    said: dict[str, Any] = json.loads(texts[BACKUP_MANIFEST])
    if said.get("format") != ARCHIVE_FORMAT:
        raise ArchiveError(f"{path} is of a newer dondoc (format {said.get('format')}); restore it with that one")
    members: Iterable[dict[str, Any]] = said.pop("members")
    return Manifest(**said, members=tuple(Member(**member) for member in members))


def _damaged(path: Path, why: str) -> ArchiveError:
    return ArchiveError(f"{path} is no whole archive of dondoc ({why}); take another copy, nothing was written")
