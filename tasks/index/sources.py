"""The folder into which the lead unit drops the monthly figures, read whole.

Whatever lies there, reading it raises nothing and changes nothing: a bad file or row becomes a fault with its place,
and the rest is read. Each file's bytes are taken once: what is hashed is what is read.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path

from dondoc.foundation.errors import Fault
from dondoc.index.definitions import FigureError, Metrics, printable, read_metrics
from dondoc.index.figure import Figure, Rejected, SourceFile
from dondoc.index.figures import Reading, gather
from dondoc.index.row_parser import read_rows
from dondoc.office.office import Office
from tasks.config.loading import read_words, read_yaml, shipped
from tasks.spreadsheets.reading import MEDIA_TYPES, tables

INDEX = "indexes/qd766"  # of the configuration folder: the figures and rules of the index of QĐ 766/QĐ-TTg


def metrics(config: Path) -> Metrics:
    """The metrics of the index and what is said about them. Raises ConfigurationError with every fault."""
    file = read_yaml(shipped(config, INDEX) / "figures.yaml", config.parent)
    return read_metrics(file.with_keys_of(read_words(config, "figures.yaml")))


def read_figures(
    folder: Path,
    year: int,
    metrics: Metrics,
    on: date | None = None,
    kept: Callable[[bytes], object] | None = None,
    office: Office | None = None,
) -> Reading:
    """The figures of `year` in `folder`, which holds that year's files only. Never raises for what it finds there.

    Corrections closed after the day `on` are not seen yet. `kept` is given the bytes of each file as they were read.
    `office` tells by which names its units go.
    """
    try:
        paths = _paths(folder, metrics)
    except FigureError as error:
        return gather(year, metrics, [], [], [Fault(printable(str(folder)), 1, metrics.say(error))])
    rows: list[Figure | Rejected] = []
    files: list[SourceFile] = []
    faults: list[Fault] = []
    for path in paths:
        name, suffix = printable(path.name), path.suffix.lower()
        try:
            if suffix not in MEDIA_TYPES:
                raise FigureError("unsupported", suffix=suffix or path.name)
            content = _content(path, metrics.limits.file_bytes)
            files.append(SourceFile(name, len(content), hashlib.sha256(content).hexdigest(), MEDIA_TYPES[suffix]))
            if kept:
                kept(content)
            for sheet, table in tables(suffix, content, metrics):
                rows.extend(read_rows(name, table, year, metrics, printable(sheet), office))
        except FigureError as error:
            faults.append(Fault(name, error.line, metrics.say(error)))
    return gather(year, metrics, rows, files, faults, on)


def _paths(folder: Path, metrics: Metrics) -> list[Path]:
    """The regular files of the folder that may be figures, by name."""
    try:
        paths = sorted(path for path in folder.iterdir() if not _ignored(path, metrics))
    except FileNotFoundError:
        raise FigureError("no_folder", folder=str(folder)) from None
    except OSError:
        raise FigureError("folder_unreadable", folder=str(folder)) from None
    if len(paths) > metrics.limits.files:
        raise FigureError("too_many_files", count=str(len(paths)), limit=str(metrics.limits.files))
    return paths


def _ignored(path: Path, metrics: Metrics) -> bool:
    """Links, folders, hidden files, and what editors, systems and downloads leave behind."""
    if path.name.startswith((".", "~$")) or path.name.lower().endswith(metrics.ignored):
        return True
    try:
        return not stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return True


def _content(path: Path, limit: int) -> bytes:
    """The file's bytes. Raises FigureError when it is too big, cannot be read, or changes meanwhile."""
    try:
        # Neither a link nor a pipe put in its place since the folder was listed.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            before = os.fstat(file.fileno())
            if before.st_size > limit:
                raise FigureError("file_too_big", size=str(before.st_size), limit=str(limit))
            content = file.read(limit + 1)
            after = os.fstat(file.fileno())
    except OSError:
        raise FigureError("file_unreadable") from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(content) != after.st_size:
        raise FigureError("still_written")
    return content
