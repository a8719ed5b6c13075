"""Witnesses: lines `seq hash at plan` kept outside the database, and the ledger compared with them.

A chain alone cannot show a cut tail or a full rewrite. A line of a witness can: it names an entry that must exist,
with the hash it had then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dondoc.ledger.findings import Finding
from dondoc.ledger.ledger import GENESIS, Head, timestamp

_LINE = re.compile(r"(?P<seq>[0-9]{1,16}) (?P<hash>[0-9A-Fa-f]{64})(?: .*)?")


@dataclass(frozen=True, slots=True)
class WitnessLine:
    """One line of a witness: where the ledger stood, at which line of the file (from 1) that is written, and how."""

    number: int
    head: Head
    text: str


@dataclass
class Witness:
    """A read witness. `unreadable` are the numbers of lines that say nothing: a damaged witness is said, not skipped."""

    name: str
    lines: dict[int, list[WitnessLine]] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def look(self, head: Head) -> Iterator[Finding]:
        """Compare one entry of the ledger, as its chain goes by."""
        for line in self.lines.get(head.seq, ()):
            self.seen.add(line.number)
            if line.head.hash != head.hash:
                yield Finding("witness_rewritten", self.name, _about(line), head.seq)

    def end(self, head: Head) -> Iterator[Finding]:
        """What the witness knows beyond the ledger's end, and what of it could not be read."""
        for line in sorted((line for found in self.lines.values() for line in found), key=lambda line: line.number):
            if line.head.seq > head.seq:
                yield Finding("witness_cut", self.name, {**_about(line), "last": head.seq})
            elif line.number not in self.seen and line.head.hash != GENESIS:
                yield Finding("witness_unseen", self.name, _about(line))
        for number in self.unreadable:
            yield Finding("witness_unreadable", self.name, {"line": number})


def _about(line: WitnessLine) -> dict[str, Any]:
    return {"line": line.number, "known": line.head.seq, "hash": line.head.hash}


def witness_line(head: Head, at: datetime, plan: str) -> str:
    """The line a witness keeps: `seq hash at plan`."""
    return f"{head.seq} {head.hash} {timestamp(at)} {plan}"


def read_witness(name: str, lines: Iterable[str]) -> Witness:
    """A witness file's lines. Empty lines and those that begin with # are comments.

    Marks of a text editor, quotation marks of a mail and other blanks around a line are none of it.
    """
    witness = Witness(name)
    for number, text in enumerate(lines, start=1):
        said = " ".join(text.lstrip("\ufeff> \t\u00a0").split())
        if not said or said.startswith("#"):
            continue
        found = _LINE.fullmatch(said)
        if found is None:
            witness.unreadable.append(number)
            continue
        head = Head(int(found["seq"]), found["hash"].lower())
        witness.lines.setdefault(head.seq, []).append(WitnessLine(number, head, said))
    return witness
