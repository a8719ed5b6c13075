"""What an auditor asks for and is shown: a selection read from the address, occurrences, entries, the last check."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from dondoc.calendar.typed_days import typed_day
from dondoc.ledger.ledger import Break, Head, verify_export
from dondoc.verification.evidence import Selection, Survey
from dondoc.verification.report import report_lines
from portal.shell.page_context import PageContext
from tasks.evidence.gathering import leads_by_version
from tasks.store import tables
from tasks.store.audit import reading_one_moment, verify_store
from tasks.store.chain import export, head

SELECTION_FIELDS = ("plan", "item", "unit", "document", "from", "to")


@dataclass(frozen=True, slots=True)
class AskedSelection:
    """The address's selection; `unread` are the days in it that say nothing."""

    selection: Selection
    unread: tuple[str, ...]
    page: int

    def address(self, **changes: object) -> str:
        """The address of this search with these changes."""
        said = self.selection.to_json()
        wanted = {
            **{name: said.get({"from": "first", "to": "last"}.get(name, name)) for name in SELECTION_FIELDS},
            **changes,
        }
        query = urlencode({key: value for key, value in wanted.items() if value})
        return f"/chung-cu?{query}" if query else "/chung-cu"


def read_selection(query: Mapping[str, str]) -> AskedSelection:
    """The selection of a query string or form. A day may be 2024-03-31 or 31/03/2024."""
    text = {name: _word(query.get(name, "")) for name in SELECTION_FIELDS}
    days = {name: _day(text[name]) for name in ("from", "to")}
    unread = tuple(text[name] for name, day in days.items() if text[name] and day is None)
    page = query.get("page", "")
    return AskedSelection(
        Selection(text["plan"], text["item"], text["unit"], text["document"], days["from"], days["to"]),
        unread,
        int(page) if page.isascii() and page.isdecimal() and 0 < len(page) < 7 else 1,
    )


def _word(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "").strip()[:100]


def _day(text: str) -> date | None:
    try:
        return typed_day(text)
    except ValueError:
        return None


class Surveys:
    """The registers as the ledger tells them, kept and read on: a page costs the entries written since the last one."""

    def __init__(self, context: PageContext) -> None:
        self._desk = context
        self._survey, self._seq = Survey(), 0
        self._lock = threading.Lock()

    def chosen(self, connection: sa.Connection, selection: Selection) -> list[str]:
        """The occurrences a selection means, as a pack of it would hold them."""
        with self._lock:
            for line in export(connection, self._seq):
                entry = json.loads(line)
                self._survey.take(entry)
                self._seq = entry["seq"]
            return self._survey.chosen(selection, leads_by_version(connection, self._desk.rules))


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """One ledger entry: its fields, its canonical line, and whether that line holds by itself."""

    entry: dict[str, Any]
    line: str
    holds: bool
    last: int


def shown_entry(connection: sa.Connection, seq: int) -> ShownEntry | None:
    """The entry of that number; None where there is none."""
    ledger = tables.ledger
    line = connection.scalar(sa.select(ledger.c.line).where(ledger.c.seq == seq))
    if line is None:
        return None
    entry = json.loads(bytes(line))
    before = connection.scalar(sa.select(ledger.c.hash).where(ledger.c.seq == seq - 1)) if seq > 1 else None
    start = Head(seq - 1, before) if before else Head()
    holds = not isinstance(verify_export([bytes(line)], start=start), Break)
    return ShownEntry(entry, bytes(line).decode("utf-8", "replace"), holds, head(connection).seq)


@dataclass(frozen=True, slots=True)
class CheckedPack:
    """What a whole check came to, at which entry, when."""

    head: Head
    lines: tuple[str, ...]
    whole: bool
    at: datetime


class Checks:
    """The last whole check: made again only when the ledger went on, and never twice at once."""

    def __init__(self, context: PageContext) -> None:
        self._desk = context
        self._last: CheckedPack | None = None
        self._lock = threading.Lock()

    def now(self) -> CheckedPack:
        """The check of the ledger as it stands: chain, register, files and the tables beside it."""
        with self._lock, reading_one_moment(self._desk.engine) as connection:
            if self._last is None or self._last.head != head(connection):
                at = self._desk.now()
                shelf = self._desk.installation.var / "files"
                recounted, broken = verify_store(connection, shelf=shelf)
                lines = tuple(report_lines(recounted, broken, None, self._desk.words))
                whole = broken is None and not len(recounted.found)
                self._last = CheckedPack(head(connection), lines, whole, at)
            return self._last
