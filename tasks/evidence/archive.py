"""A folder as one ZIP whose bytes depend on its content and one moment alone, with a manifest of every member."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PACK_MANIFEST = "MANIFEST.jsonl"
_CHUNK = 1 << 20
_MODE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Archive:
    """A finished ZIP."""

    path: Path
    sha256: str
    size: int


def write_archive(folder: Path, out: Path, moment: datetime, original: Mapping[str, str]) -> Archive:
    """Everything below `folder` into `out`, whole or not at all; `original` are members' own names.

    Members are sorted, dated `moment` (UTC) and compressed alike; files are read a megabyte at a time.
    """
    members = sorted(str(path.relative_to(folder).as_posix()) for path in folder.rglob("*") if path.is_file())
    with (folder / PACK_MANIFEST).open("wb") as manifest:
        for line in _manifest(folder, members, original):
            manifest.write(line)
    draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for member in (PACK_MANIFEST, *members):
                _add(archive, folder / member, member, moment)
        sha256, size = _hashed(draft)
        os.replace(draft, out)
    finally:
        draft.unlink(missing_ok=True)
    return Archive(out, sha256, size)


def _manifest(folder: Path, members: list[str], original: Mapping[str, str]) -> Iterator[bytes]:
    for member in members:
        sha256, size = _hashed(folder / member)
        line: dict[str, Any] = {"path": member, "sha256": sha256, "size": size}
        if member in original:
            line["name"] = original[member]
        yield json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _add(archive: zipfile.ZipFile, path: Path, member: str, moment: datetime) -> None:
    entry = zipfile.ZipInfo(member, moment.astimezone(UTC).timetuple()[:6])
    entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, _MODE
    entry.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(entry, "w") as target:
        while chunk := source.read(_CHUNK):
            target.write(chunk)


def _hashed(path: Path) -> tuple[str, int]:
    hashing, size = hashlib.sha256(), 0
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            hashing.update(chunk)
            size += len(chunk)
    return hashing.hexdigest(), size
