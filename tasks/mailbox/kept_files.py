"""The folder the local mailbox keeps: `YYYY-MM-DD/<recipient>/<seq>-<message id>.eml`, nothing ever half-written.

Rules:
- The day is the mail's own Date in the office's zone, so that a replayed year lies under its own mornings.
- A mail is written under `.partial/` and renamed; kill -9 leaves at most a file there, removed at the next start.
- The same Message-ID to the same recipient is kept once; each further copy adds a line to `<name>.copies`.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from dondoc.inbox.headers import raw_header
from dondoc.inbox.mime_tree import parse_headers

_LONGEST_DATE = 200
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
COPIES = ".copies"
_PARTIAL = ".partial"
_KEPT = re.compile(r"(\d+)-(.+)\.eml")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.@_+=-]{0,119}")


def dated(content: bytes) -> tuple[str, datetime | None]:
    """Message-ID ("" if there is none) and Date, in the office's zone, of a raw message."""
    headers = parse_headers(content)
    return raw_header(headers, "message-id"), moment(raw_header(headers, "date"))


def moment(header: str) -> datetime | None:
    """A Date header in the office's zone; None where it is no date."""
    try:
        written = parsedate_to_datetime(header[:_LONGEST_DATE])
        return (written if written.tzinfo else written.replace(tzinfo=UTC)).astimezone(ZONE)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


class Maildir:
    """The kept mails of one folder. One process writes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        partial = folder / _PARTIAL
        partial.mkdir(parents=True, exist_ok=True)
        for leftover in partial.iterdir():
            leftover.unlink()
        self._kept: dict[tuple[str, str], Path] = {}
        self._last: dict[Path, int] = {}
        for path in folder.glob("*/*/*.eml"):
            if match := _KEPT.fullmatch(path.name):
                self._kept[path.parent.name, match[2]] = path
                self._last[path.parent] = max(self._last.get(path.parent, 0), int(match[1]))

    def keep(self, recipient: str, content: bytes, received: datetime) -> tuple[Path, int]:
        """Store one mail for one recipient. Returns its path under the folder and the number of its copies."""
        message_id, written = dated(content)
        box = safe_name(recipient.lower())
        name = safe_name(message_id.strip("<>") or f"no-id-{sha256(content).hexdigest()[:16]}")
        if (kept := self._kept.get((box, name))) and kept.exists():
            return kept.relative_to(self._folder), self._count_copy(kept, received)
        drawer = self._folder / f"{written or received.astimezone(ZONE):%Y-%m-%d}" / box
        drawer.mkdir(parents=True, exist_ok=True)
        sequence = self._last.get(drawer, 0) + 1
        path = drawer / f"{sequence:04d}-{name}.eml"
        # No fsync: a killed process loses nothing the kernel holds, and this mailbox is for looking, not for keeping.
        unfinished = self._folder / _PARTIAL / str(os.getpid())
        unfinished.write_bytes(content)
        unfinished.replace(path)
        self._kept[box, name] = path
        self._last[drawer] = sequence
        return path.relative_to(self._folder), 1

    def _count_copy(self, kept: Path, received: datetime) -> int:
        copies = kept.with_name(kept.name + COPIES)
        with copies.open("ab") as lines:
            lines.write(f"{received.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode())
        return times_received(kept)


def times_received(kept: Path) -> int:
    """How often a kept mail was received, the first time included."""
    try:
        return 1 + kept.with_name(kept.name + COPIES).read_bytes().count(b"\n")
    except FileNotFoundError:
        return 1


def safe_name(text: str) -> str:
    """`text` as one path component: itself where harmless, else escaped or cut, and then told apart by a hash."""
    if _NAME.fullmatch(text):
        return text
    return f"{quote(text, safe='@+=')[:100]}-{sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"
