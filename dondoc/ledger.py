"""The ledger: hash-chained entries in RFC 8785 canonical JSON, one a line when exported.

`hash` is the SHA-256 of the entry without `hash`; `prev` is the hash before it, 64 zeros for the first. A
chain shows any edit, removal or reordering inside it; a cut tail or a full rewrite only a witness shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dondoc.canonical import canonical
from dondoc.errors import LedgerError

GENESIS = "0" * 64
SYSTEM = "dondoc"  # what belongs to no plan is recorded under the system's own name
FIELDS = frozenset({"seq", "at", "kind", "plan", "occurrence", "actor", "run", "body", "prev", "hash"})
_BEFORE_HASH = sorted(field for field in FIELDS if field < "hash")
_AFTER_HASH = sorted(field for field in FIELDS if field > "hash")
_decode = json.JSONDecoder().decode

KINDS = frozenset(
    [
        "plan.adopted",
        "plan.amended",
        "plan.closed",
        "calendar.amended",
        "occurrence.opened",
        "occurrence.acknowledged",
        "occurrence.submitted",
        "occurrence.returned",
        "occurrence.accepted",
        "occurrence.extension_requested",
        "occurrence.extended",
        "occurrence.extension_refused",
        "occurrence.waived",
        "occurrence.amended",
        "occurrence.superseded",
        "occurrence.missed",
        "occurrence.difficulty_raised",
        "occurrence.difficulty_answered",
        "event.recorded",
        "delegation.recorded",
        "delegation.revoked",
        "file.downloaded",
        "evidence.packed",
        "notice.queued",
        "notice.withheld",
        "notice.sent",
        "notice.failed",
        "notice.bounced",
        "escalation.raised",
        "escalation.skipped",
        "run.recorded",
        "witness.published",
        "audit.finding",
        "figures.rejected",
    ]
)


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry not yet linked: what happened, to which occurrence, by whom. `body` holds no floats."""

    kind: str
    plan: str
    occurrence: str | None
    actor: str
    body: dict[str, Any]
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands: its last sequence number and hash."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Linked:
    """An entry in its place: the chain's head after it, the hash before it, its time, and its canonical bytes."""

    head: Head
    prev: str
    at: str
    draft: Draft
    line: bytes


def timestamp(moment: datetime) -> str:
    """UTC, RFC 3339 with milliseconds and Z. Raises LedgerError for a time without a zone."""
    if moment.tzinfo is None:
        raise LedgerError("a recorded time needs its time zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def link(head: Head, at: datetime, draft: Draft) -> Linked:
    """The entry after `head`. Raises LedgerError for an unknown kind or a body that has no canonical form."""
    if draft.kind not in KINDS:
        raise LedgerError(f"unknown entry kind {draft.kind!r}; known kinds stand in dondoc.ledger.KINDS")
    moment = timestamp(at)
    before, after = _around_hash(
        {"actor": draft.actor, "at": moment, "body": draft.body},
        {
            "kind": draft.kind,
            "occurrence": draft.occurrence,
            "plan": draft.plan,
            "prev": head.hash,
            "run": draft.run,
            "seq": head.seq + 1,
        },
    )
    own = hashlib.sha256(before + after).hexdigest()
    return Linked(Head(head.seq + 1, own), head.hash, moment, draft, _with_hash(before, own, after))


def _around_hash(first: dict[str, Any], last: dict[str, Any]) -> tuple[bytes, bytes]:
    """The canonical entry without `hash`, in two parts: what sorts before it and what sorts after it."""
    return canonical(first)[:-1] + b",", canonical(last)[1:]


def _with_hash(before: bytes, own: str, after: bytes) -> bytes:
    return b'%b"hash":"%b",%b' % (before, own.encode("ascii"), after)


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold."""

    line: int
    seq: int | None
    reason: str


def read_entries(lines: Iterable[bytes], *, start: Head | None = None) -> Iterator[dict[str, Any] | Break]:
    """Each entry of an export as it verifies, one line at a time; a Break ends it. Memory is one line's.

    `start` verifies a slice that continues a known head.
    """
    head = start or Head()
    for number, line in enumerate(lines, start=1):
        found = _read(line.rstrip(b"\n"), head, number)
        yield found
        if isinstance(found, Break):
            return
        head = Head(found["seq"], found["hash"])


def verify(lines: Iterable[bytes], *, start: Head | None = None) -> Head | Break:
    """The head of an export whose every entry holds, or the first Break."""
    head = start or Head()
    for found in read_entries(lines, start=start):
        if isinstance(found, Break):
            return found
        head = Head(found["seq"], found["hash"])
    return head


def _read(line: bytes, head: Head, number: int) -> dict[str, Any] | Break:
    try:
        entry = _decode(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return Break(number, None, "the line is not JSON in UTF-8")
    if not isinstance(entry, dict) or entry.keys() != FIELDS:
        return Break(number, None, "the entry does not have exactly the fields of DESIGN §5")
    seq = entry["seq"] if type(entry["seq"]) is int else None  # true is an int to Python, not to JSON
    if seq != head.seq + 1:
        return Break(number, seq, f"entry {head.seq + 1} was expected here: one was removed, added or moved")
    if entry["prev"] != head.hash:
        return Break(number, seq, "it does not follow the entry before it: one of the two was changed")
    try:
        before, after = _around_hash(
            {name: entry[name] for name in _BEFORE_HASH}, {name: entry[name] for name in _AFTER_HASH}
        )
    except LedgerError as error:
        return Break(number, seq, str(error))
    own = hashlib.sha256(before + after).hexdigest()
    if entry["hash"] != own:
        return Break(number, seq, "its content does not match its hash: it was changed after it was written")
    if _with_hash(before, own, after) != line:
        return Break(number, seq, "its bytes are not in canonical form")
    return entry
