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
FIELDS = frozenset({"seq", "at", "kind", "plan", "occurrence", "actor", "run", "body", "prev", "hash"})

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
        "occurrence.superseded",
        "occurrence.missed",
        "occurrence.difficulty_raised",
        "occurrence.difficulty_answered",
        "event.recorded",
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
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z"


def link(head: Head, at: datetime, draft: Draft) -> Linked:
    """The entry after `head`. Raises LedgerError for an unknown kind or a body that has no canonical form."""
    if draft.kind not in KINDS:
        raise LedgerError(f"unknown entry kind {draft.kind!r}; known kinds stand in dondoc.ledger.KINDS")
    moment = timestamp(at)
    entry = {
        "seq": head.seq + 1,
        "at": moment,
        "kind": draft.kind,
        "plan": draft.plan,
        "occurrence": draft.occurrence,
        "actor": draft.actor,
        "run": draft.run,
        "body": draft.body,
        "prev": head.hash,
    }
    after = Head(head.seq + 1, hashlib.sha256(canonical(entry)).hexdigest())
    return Linked(after, head.hash, moment, draft, canonical({**entry, "hash": after.hash}))


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
        entry = json.loads(line, parse_float=_refuse_float)
    except (ValueError, RecursionError):
        return Break(number, None, "the line is not a JSON object without fractions")
    if not isinstance(entry, dict) or set(entry) != FIELDS:
        return Break(number, None, "the entry does not have exactly the fields of DESIGN §5")
    seq = entry["seq"] if type(entry["seq"]) is int else None  # true is an int to Python, not to JSON
    if seq != head.seq + 1:
        return Break(number, seq, f"entry {head.seq + 1} was expected here: one was removed, added or moved")
    if entry["prev"] != head.hash:
        return Break(number, seq, "it does not follow the entry before it: one of the two was changed")
    try:
        whole = canonical(entry)
        own = entry.pop("hash")
        if hashlib.sha256(canonical(entry)).hexdigest() != own:
            return Break(number, seq, "its content does not match its hash: it was changed after it was written")
    except LedgerError as error:
        return Break(number, seq, str(error))
    entry["hash"] = own
    if whole != line:
        return Break(number, seq, "its bytes are not in canonical form")
    return entry


def _refuse_float(text: str) -> Any:
    raise ValueError(f"fraction {text}")
