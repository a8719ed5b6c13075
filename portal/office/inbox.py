"""The inbox: what waits for a decision in every adopted plan, and the mails to be looked at, narrowed by its address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from portal.office.boards import Line
from tasks.store.received import Kept

Kind = Literal["review", "extension", "difficulty", "letter"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FIRST = 10  # of each kind, while no kind is chosen
PAGE = 40


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that counts as no result, with the line of the occurrence it is about, if it is about one."""

    mail: Kept
    line: Line | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. `own` shows only the reviewer's own units' work."""

    kind: Kind | None = None
    unit: str = ""
    own: bool = False
    page: int = 1

    def address(self, **changes: object) -> str:
        """The inbox's address with this choice and these changes; a change of filter begins at page 1."""
        wanted = {"kind": self.kind, "unit": self.unit, "own": "1" if self.own else "", **changes}
        query = urlencode({key: value for key, value in wanted.items() if value not in (None, "")})
        return f"/viec?{query}" if query else "/viec"


def read_asked(query: Mapping[str, str], units: Iterable[str]) -> Asked:
    """The choice of a query string; anything unknown counts as not said."""
    page, unit = query.get("page", ""), query.get("unit", "")
    return Asked(
        next((kind for kind in KINDS if kind == query.get("kind")), None),
        unit if unit in units else "",
        query.get("own") == "1",
        int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,
    )


def inbox(lines: Iterable[Line], mails: Iterable[Kept], asked: Asked, own_units: frozenset[str]) -> dict[str, Any]:
    """What the page shows: of each kind its number and the lines of this page, the longest waiting first.

    Of the mails, the newest first; a unit's are those about its own duties.
    """
    every = list(lines)
    fitting = [line for line in every if _fits(line, asked, own_units)]
    of = {line.occurrence.id: line for line in every}
    letters = [Letter(mail, of.get(mail.occurrence or "")) for mail in mails]
    reviews = sorted((line for line in fitting if line.mark == "review"), key=_waits_since)
    waiting: dict[Kind, Sequence[Line | Letter]] = {
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
    last = max(1, -(-most // PAGE))
    page = min(max(asked.page, 1), last)
    shown = {
        kind: found[(page - 1) * PAGE : page * PAGE] if kind == asked.kind else found[:FIRST]
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


def _fits(line: Line, asked: Asked, own_units: frozenset[str]) -> bool:
    return (not asked.unit or asked.unit in line.units) and (not asked.own or not own_units.isdisjoint(line.units))


def _waits_since(line: Line) -> str:
    return line.state.submitted_on.isoformat() if line.state.submitted_on else ""
