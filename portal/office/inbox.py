"""The inbox: what waits for a decision in every adopted plan, and the mails to be looked at, narrowed by its address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from portal.office.boards import BoardLine
from tasks.store.received import KeptMail

InboxKind = Literal["review", "extension", "difficulty", "letter"]
INBOX_KINDS: tuple[InboxKind, ...] = get_args(InboxKind)
FIRST = 10  # of each kind, while no kind is chosen
WAITING_A_PAGE = 40


@dataclass(frozen=True, slots=True)
class InboxLetter:
    """A mail that counts as no result, with the line of the occurrence it is about, if it is about one."""

    mail: KeptMail
    line: BoardLine | None


@dataclass(frozen=True, slots=True)
class InboxChoice:
    """What the address asks for. `own` shows only the reviewer's own units' work."""

    kind: InboxKind | None = None
    unit: str = ""
    own: bool = False
    page: int = 1

    def address(self, **changes: object) -> str:
        """The inbox's address with this choice and these changes; a change of filter begins at page 1."""
        wanted = {"kind": self.kind, "unit": self.unit, "own": "1" if self.own else "", **changes}
        query = urlencode({key: value for key, value in wanted.items() if value not in (None, "")})
        return f"/viec?{query}" if query else "/viec"


def read_inbox_choice(query: Mapping[str, str], units: Iterable[str]) -> InboxChoice:
    """The choice of a query string; anything unknown counts as not said."""
    page, unit = query.get("page", ""), query.get("unit", "")
    return InboxChoice(
        next((kind for kind in INBOX_KINDS if kind == query.get("kind")), None),
        unit if unit in units else "",
        query.get("own") == "1",
        int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,
    )


def inbox_page(
    lines: Iterable[BoardLine], mails: Iterable[KeptMail], asked: InboxChoice, own_units: frozenset[str]
) -> dict[str, Any]:
    """What the page shows: of each kind its number and the lines of this page, the longest waiting first.

    Of the mails, the newest first; a unit's are those about its own duties.
    """
    every = list(lines)
    fitting = [line for line in every if _fits(line, asked, own_units)]
    of = {line.occurrence.id: line for line in every}
    letters = [InboxLetter(mail, of.get(mail.occurrence or "")) for mail in mails]
    reviews = sorted((line for line in fitting if line.mark == "review"), key=_waits_since)
    waiting: dict[InboxKind, Sequence[BoardLine | InboxLetter]] = {
        "review": reviews,
        "extension": [line for line in fitting if line.state.extension_asked and not line.state.ended_on],
        "difficulty": [line for line in fitting if line.state.difficulty and not line.state.ended_on],
        "letter": [
            letter
            for letter in letters
            if not (asked.unit or asked.own) or (letter.line and _fits(letter.line, asked, own_units))
        ],
    }
    most = len(waiting[asked.kind]) if asked.kind else 0
    last = max(1, -(-most // WAITING_A_PAGE))
    page = min(max(asked.page, 1), last)
    shown = {
        kind: found[(page - 1) * WAITING_A_PAGE : page * WAITING_A_PAGE] if kind == asked.kind else found[:FIRST]
        for kind, found in waiting.items()
        if asked.kind in (None, kind)
    }
    return {
        "asked": asked,
        "shown": shown,
        "counts": {kind: len(found) for kind, found in waiting.items()},
        "page": page,
        "last": last,
        "own": {line.occurrence.id for line in fitting if own_units.intersection(line.units)},
    }


def _fits(line: BoardLine, asked: InboxChoice, own_units: frozenset[str]) -> bool:
    return (not asked.unit or asked.unit in line.units) and (not asked.own or not own_units.isdisjoint(line.units))


def _waits_since(line: BoardLine) -> str:
    return line.state.submitted_on.isoformat() if line.state.submitted_on else ""
