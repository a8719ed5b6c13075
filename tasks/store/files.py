"""Files that units hand in, stored by their content: var/files/ab/<sha256>, once each, never half."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path


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
