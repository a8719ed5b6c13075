"""Entries against the stored files they name, and the one gap that is nobody's: figures of the first days.

Until 22/11/2026 15:11 the reader of figures named the files it had read and did not keep them. Since figures have entries of
their own a missing file of theirs is a loss; a submission by that reader without such an entry is from before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dondoc.ledger.findings import Finding
from dondoc.verification.run_copy import COPIED
from tasks.store.files import wrong_copies, wrong_files

_READER = "figures"


class ShelfCheck:
    """Reads the entries of one ledger in order; `end` says what was never kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, list[Finding]] = {}
        self._recorded: set[str] = set()

    def take(self, entry: Mapping[str, Any]) -> Iterator[Finding]:
        """What is wrong with the files that this entry names."""
        if entry["kind"] == COPIED:
            yield from wrong_copies(self._folder, entry)
        elif entry["kind"] == "figures.recorded":
            self._recorded.add(entry["occurrence"])
            yield from self._held.pop(entry["occurrence"], ())
        elif entry["kind"] == "occurrence.submitted":
            found = list(wrong_files(self._folder, entry))
            of_old = entry["actor"] == _READER and entry["occurrence"] not in self._recorded
            if of_old and found and all(finding.code == "file_missing" for finding in found):
                self._held.setdefault(entry["occurrence"], []).extend(found)
            else:
                yield from found

    def never_kept(self) -> list[int]:
        """The entries (one for each file) whose files the first version named and did not keep."""
        return sorted(finding.seq or 0 for found in self._held.values() for finding in found)
