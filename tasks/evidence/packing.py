"""A pack from start to end: gather, lay out, archive; and the ledger entry that says one was made.

The pack ends with the ledger's head as it was; the entry about it comes after that. Asked for again up to the same
entry, with the same configuration and the same answers of Prefect, it is the same file to the byte.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dondoc.foundation.canonical import canonical
from dondoc.ledger.ledger import SYSTEM, Draft, Head
from dondoc.office.rules import Rules
from dondoc.office.wording import Wording
from dondoc.verification.evidence import Selection
from tasks.config.loading import language_folder, read_words, words
from tasks.config.settings import Settings
from tasks.evidence.archive import Archive, write_archive
from tasks.evidence.gathering import Laid, Surveyed, lay, survey
from tasks.evidence.pages import write_index, write_sheet
from tasks.evidence.prefectruns import PrefectRuns, write_runs
from tasks.evidence.printed import write_printed
from tasks.evidence.sheets import PackReport
from tasks.store.chain import append, appending
from tasks.store.copied import copied_runs

VERSION = 1
_COPIED = ("kiem-tra.py", "DOC-TRUOC.txt")


@dataclass(frozen=True, slots=True)
class Packed:
    """A finished pack: its file, the ledger entry it ends with, and what it holds and lacks."""

    selection: Selection
    archive: Archive
    head: Head
    occurrences: int
    entries: int
    runs: PrefectRuns
    lost: int


def own_words(config: Path) -> dict[str, Any]:
    """evidence/words.yaml of the office's language."""
    found: dict[str, Any] = read_words(config, "evidence/words.yaml").value
    return found


def pack(
    engine: sa.Engine, settings: Settings, rules: Rules, selection: Selection, out: Path, upto: int | None = None
) -> Packed:
    """Write the pack of a selection to `out`, as the ledger stood at entry `upto` (now). Raises PackError.

    Prefect is asked first and never holds it up for long; the database is read in one snapshot.
    """
    with (
        tempfile.TemporaryDirectory(prefix="dondoc-pack-") as scratch,
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
    ):
        folder = Path(scratch)
        found = survey(connection, rules, selection, upto)
        laid = lay(connection, found, settings.var / "files", folder)
        runs = write_runs(settings, laid.runs, folder / "prefect", copied_runs(connection))
        _about(found, laid, runs, folder)
        _report(connection, settings, found, laid, runs, folder)
        for name in _COPIED:
            shutil.copyfile(language_folder(settings.config) / "evidence" / name, folder / name)
        archive = write_archive(folder, out, found.at, laid.original)
    return Packed(selection, archive, found.head, len(found.occurrences), laid.entries, runs, len(laid.lost))


def record_pack(engine: sa.Engine, made: Packed, now: datetime, actor: str) -> Head:
    """The entry that says this pack was made: what was asked for, where it ends, its SHA-256."""
    body = {
        "selection": made.selection.to_json(),
        "head": {"seq": made.head.seq, "hash": made.head.hash},
        "sha256": made.archive.sha256,
        "size": made.archive.size,
        "occurrences": made.occurrences,
        "entries": made.entries,
    }
    with appending(engine) as connection:
        (entry,) = append(connection, now, [Draft("evidence.packed", SYSTEM, None, actor, body)])
    return entry.head


def _about(found: Surveyed, laid: Laid, runs: PrefectRuns, folder: Path) -> None:
    at = found.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = {
        "version": VERSION,
        "selection": found.selection.to_json(),
        "parties": list(found.parties),
        "head": {"seq": found.head.seq, "hash": found.head.hash, "at": at},
        "occurrences": len(found.occurrences),
        "entries": laid.entries,
        "prefect": {"reached": runs.reached, "found": runs.found, "missing": runs.missing},
        "lost": list(laid.lost),
    }
    (folder / "goi.json").write_bytes(canonical(body) + b"\n")


def _report(
    connection: sa.Connection, settings: Settings, found: Surveyed, laid: Laid, runs: PrefectRuns, folder: Path
) -> None:  # fmt: skip
    own = own_words(settings.config)
    wording = Wording(words(settings.config), found.rules.office, found.rules.calendar, found.today, portal=True)
    report = PackReport(connection, found, laid, runs, wording, own)
    cover = report.cover()
    write_index(settings.config, folder, cover, own)
    for sheet in report.sheets():
        write_sheet(settings.config, folder, sheet, cover.head, own)
    write_printed(folder / "bao-cao.pdf", cover, report.sheets(), own, found.at)
