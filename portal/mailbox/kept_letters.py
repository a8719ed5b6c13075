"""The index of kept mails: every `.eml` once, its headers read once.

A drawer (one recipient's folder of one morning) is read again only when its modification time changed, a file's
headers only when the file is new; looking for changes costs one `stat` a drawer. A mail is known to the portal by
a hash of its path, looked up here: no page ever turns what a visitor sent into a path.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from portal.mailbox.eml import seen_headers
from tasks.mailbox.kept_files import COPIES, times_received

_SETTLED = 1_000_000_000  # nanoseconds after which a folder's modification time is sure to show the next change


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """One kept mail as the list shows it. `received` is when its file was written, in nanoseconds."""

    id: str
    path: Path
    day: date
    to: str
    sequence: int
    subject: str
    time: str
    copied: bool
    received: int

    @property
    def copies(self) -> int:
        """How often it was received."""
        return times_received(self.path) if self.copied else 1


class Letters:
    """All kept mails of a folder, newest morning first. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drawers: dict[str, tuple[int, list[KeptLetter]]] = {}
        self._lock = threading.Lock()
        self._all: list[KeptLetter] = []
        self._by_id: dict[str, KeptLetter] = {}

    def all(self) -> list[KeptLetter]:
        """Every letter, the newest morning first, and within it what arrived last."""
        with self._lock:
            self._refresh()
            return self._all

    def get(self, letter_id: str) -> KeptLetter | None:
        """The letter of that id, if it is there."""
        with self._lock:
            if letter_id not in self._by_id:
                self._refresh()
            return self._by_id.get(letter_id)

    def _refresh(self) -> None:
        drawers: dict[str, tuple[int, list[KeptLetter]]] = {}
        for path, day in _drawer_paths(self._folder):
            try:
                changed = os.stat(path).st_mtime_ns
            except FileNotFoundError:
                continue
            known = self._drawers.get(path)
            if known is None or known[0] != changed:
                settled = time.time_ns() - changed > _SETTLED
                known = (changed if settled else -1, _letters(Path(path), day, known[1] if known else ()))
            drawers[path] = known
        if drawers == self._drawers:
            return
        self._drawers = drawers
        everything = [letter for _, letters in drawers.values() for letter in letters]
        everything.sort(key=lambda letter: (-letter.day.toordinal(), -letter.received, letter.to, -letter.sequence))
        self._all = everything
        self._by_id = {letter.id: letter for letter in everything}


def by_day(letters: Iterable[KeptLetter]) -> dict[date, int]:
    """How many mails each morning, newest first."""
    return dict(sorted(Counter(letter.day for letter in letters).items(), reverse=True))


def by_recipient(letters: Iterable[KeptLetter]) -> dict[str, int]:
    """How many mails each recipient got, by address."""
    return dict(sorted(Counter(letter.to for letter in letters).items()))


def _drawer_paths(folder: Path) -> Iterable[tuple[str, date]]:
    if not folder.is_dir():
        return
    for morning in filter(os.DirEntry.is_dir, os.scandir(folder)):
        try:
            day = date.fromisoformat(morning.name)
        except ValueError:
            continue
        for drawer in os.scandir(morning.path):
            if drawer.is_dir(follow_symlinks=False):
                yield drawer.path, day


def _letters(drawer: Path, day: date, known: Iterable[KeptLetter]) -> list[KeptLetter]:
    read = {(letter.path.name, letter.copied): letter for letter in known}
    names = {entry.name for entry in os.scandir(drawer) if entry.is_file(follow_symlinks=False)}
    letters = []
    for name in sorted(names):
        if name.endswith(".eml"):
            copied = name + COPIES in names
            letters.append(read.get((name, copied)) or _letter(drawer / name, day, copied))
    return letters


def _letter(path: Path, day: date, copied: bool) -> KeptLetter:
    with path.open("rb") as file:
        seen = seen_headers(file.read(16_384))
    prefix = path.name.split("-", 1)[0]
    return KeptLetter(
        id=sha256("/".join(path.parts[-3:]).encode("utf-8", "surrogateescape")).hexdigest()[:20],
        path=path,
        day=day,
        to=path.parent.name,  # the envelope's recipient; a To header may say anything
        sequence=int(prefix) if prefix.isdecimal() else 0,
        subject=seen.subject,
        time=seen.date.strftime("%H:%M") if seen.date else "",
        copied=copied,
        received=os.stat(path).st_mtime_ns,
    )
