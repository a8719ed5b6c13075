"""Files that units hand in, stored by their content: var/files/ab/<sha256>, once each, never half."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dondoc.findings import Finding


def keep(folder: Path, content: bytes) -> str:
    """Store `content` under its SHA-256, on the disk before this returns; the SHA-256 in hex."""
    digest = hashlib.sha256(content).hexdigest()
    shelf = folder / digest[:2]
    place = shelf / digest
    if place.exists():
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
    _sync(shelf)
    return digest


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def wrong_files(folder: Path, entry: Mapping[str, Any]) -> Iterator[Finding]:
    """The files an entry names that are not below `folder` as it says: gone, of another size, of other content."""
    for file in entry["body"].get("files", ()):
        sha256, about = file["sha256"], {"name": file["name"], "occurrence": entry["occurrence"]}
        place = folder / sha256[:2] / sha256
        try:
            with place.open("rb") as content:
                found = hashlib.file_digest(content, "sha256").hexdigest()
                size = content.tell()
        except OSError:
            yield Finding("file_missing", sha256, about, entry["seq"])
            continue
        if found != sha256 or size != file["size"]:
            yield Finding("file_changed", sha256, about, entry["seq"])
