"""A secret kept in a file: made once, whoever comes first, and readable by its owner only."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The secret in the file `path` (0600), made by `make` on first use and the same ever after."""
    with suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8").strip()
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(make() + "\n", encoding="utf-8")
    # A hard link fails where the name exists: of two first starts at once, both read the winner's secret.
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
    return path.read_text(encoding="utf-8").strip()
