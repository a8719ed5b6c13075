"""What an installation keeps is its own account's: nothing below var/ can be read, written or passed by anybody else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from operations.stack.account import PRIVATE


def opener(path: str, flags: int) -> int:
    """For `open`: a file that is made is its own account's, whatever umask its maker has."""
    return os.open(path, flags, 0o600)


def open_to_others(root: Path) -> Iterator[Path]:
    """Every file and folder of `root`, itself included, that its group or anybody else can read, write or pass."""
    for path in (root, *_below(root)):
        try:
            about = path.lstat()
        except FileNotFoundError:
            continue  # gone meanwhile
        if not stat.S_ISLNK(about.st_mode) and about.st_mode & PRIVATE:
            yield path


def make_private(root: Path) -> int:
    """Take from everybody else what they could do there; how many files and folders that concerned.

    Raises PermissionError for what is another account's.
    """
    found = list(open_to_others(root))
    for path in found:
        path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~PRIVATE)
    return len(found)


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            yield Path(folder, name)
