"""Files that units hand in, stored by their content: var/files/ab/<sha256>, once each, never half.

A file is stored before the act that names it is recorded. Where that act is refused, the file is swept away a day later.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from dondoc.foundation.errors import DondocError
from dondoc.ledger.findings import Finding

_DIGEST = re.compile(rb"[0-9a-f]{64}")


def keep_file(folder: Path, content: bytes) -> str:
    """Store `content` under its SHA-256, on the disk before this returns; the SHA-256 in hex."""
    digest = hashlib.sha256(content).hexdigest()
    shelf = folder / digest[:2]
    place = shelf / digest
    if _renewed(folder, place):
        return digest
    shelf.mkdir(parents=True, mode=0o750, exist_ok=True)
    draft = shelf / f".{digest}.{secrets.token_hex(4)}"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    sync(shelf)
    return digest


class LostFileError(DondocError):
    """A stored file that is no longer there ("file_missing") or no longer what was stored ("file_changed")."""

    def __init__(self, finding: Literal["file_missing", "file_changed"], digest: str) -> None:
        super().__init__(f"the stored file {digest} is {finding.partition('_')[2]}; restore it from a backup")
        self.finding = finding


def fetch(folder: Path, digest: str) -> bytes:
    """The content stored under that SHA-256, hashed again. Raises LostFileError."""
    try:
        content = (folder / digest[:2] / digest).read_bytes()
    except OSError:
        raise LostFileError("file_missing", digest) from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise LostFileError("file_changed", digest)
    return content


def unnamed(folder: Path, lines: Iterable[bytes], before: float) -> list[Path]:
    """Files older than `before` (seconds since 1970) that no ledger line names in any way, and drafts left half written."""
    old = {place.name: place for place in folder.glob("??/*") if _older(place, before)}
    if any(not name.startswith(".") for name in old):
        for line in lines:
            for named in _DIGEST.findall(line):
                old.pop(named.decode(), None)
    return sorted(old.values())


def remove(folder: Path, place: Path, before: float) -> bool:
    """Take one such file away; False where it was stored again in the meantime."""
    with _locked(folder, fcntl.LOCK_EX):
        if not _older(place, before):
            return False
        place.unlink()
        return True


def _older(place: Path, before: float) -> bool:
    try:
        return place.stat().st_mtime < before
    except FileNotFoundError:
        return False


def _renewed(folder: Path, place: Path) -> bool:
    """Whether the file is there; it counts as stored just now, so that nobody sweeps it away meanwhile."""
    with _locked(folder, fcntl.LOCK_SH):
        try:
            os.utime(place)
        except FileNotFoundError:
            return False
        return True


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    folder.mkdir(parents=True, mode=0o750, exist_ok=True)
    with (folder / ".lock").open("ab") as lock:
        fcntl.flock(lock, how)
        yield


def sync(folder: Path) -> None:
    """Put what was renamed in a folder on the disk before going on."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def wrong_files(folder: Path, entry: Mapping[str, Any]) -> Iterator[Finding]:
    """The files an entry names that are not below `folder` as it says: gone, of another size, of other content."""
    for file in entry["body"].get("files", ()):
        about = {"name": file["name"], "occurrence": entry["occurrence"]}
        yield from _wrong(folder, file, entry["seq"], ("file_missing", "file_changed"), about)


def wrong_copies(folder: Path, entry: Mapping[str, Any]) -> Iterator[Finding]:
    """The copies of runs that a `run.copied` entry names and that are not below `folder` as it says."""
    for copy in entry["body"]["runs"]:
        yield from _wrong(folder, copy, entry["seq"], ("copy_missing", "copy_changed"), {"run": copy["run"]})


def _wrong(
    folder: Path, file: Mapping[str, Any], seq: int, codes: tuple[str, str], about: Mapping[str, Any]
) -> Iterator[Finding]:
    sha256, (missing, changed) = file["sha256"], codes
    try:
        with (folder / sha256[:2] / sha256).open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
            size = content.tell()
    except OSError:
        yield Finding(missing, sha256, about, seq)
        return
    if found != sha256 or size != file["size"]:
        yield Finding(changed, sha256, about, seq)
