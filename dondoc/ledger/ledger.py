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

import orjson

from dondoc.foundation.canonical import canonical
from dondoc.foundation.errors import LedgerError

GENESIS = "0" * 64
SYSTEM = "dondoc"  # what belongs to no plan is recorded under the system's own name
ENTRY_FIELDS = frozenset({"seq", "at", "kind", "plan", "occurrence", "actor", "run", "body", "prev", "hash"})
_BEFORE_HASH = sorted(field for field in ENTRY_FIELDS if field < "hash")
_AFTER_HASH = sorted(field for field in ENTRY_FIELDS if field > "hash")
_decode = json.JSONDecoder().decode
# orjson reads and writes RFC 8785 twice as fast as the standard library, save for keys beyond U+FFFF and for floats.
# A line with either, and every line it cannot vouch for, is read the slow way.
_UP_TO_THREE_BYTES = bytes(range(0xF0))
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER

ENTRY_KINDS = frozenset(
    [
        "plan.adopted",
        "plan.amended",
        "plan.closed",
        "plan.awaited",
        "calendar.amended",
        "occurrence.opened",
        "occurrence.acknowledged",
        "occurrence.partly_done",
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
        "trial.ended",
        "delegation.recorded",
        "delegation.revoked",
        "session.ended",
        "file.downloaded",
        "evidence.packed",
        "notice.queued",
        "notice.withheld",
        "notice.sent",
        "notice.failed",
        "notice.bounced",
        "notice.requeued",
        "mail.received",
        "mail.seen",
        "escalation.raised",
        "escalation.skipped",
        "run.recorded",
        "run.copied",
        "run.pruned",
        "witness.published",
        "audit.finding",
        "audit.mailed",
        "figures.rejected",
        "figures.recorded",
        "figures.confirmed",
        "figures.held",
        "figures.published",
        "access.refused",
        "operator.called",
        "operator.answered",
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
    if draft.kind not in ENTRY_KINDS:
        raise LedgerError(f"unknown entry kind {draft.kind!r}; known kinds stand in dondoc.ledger.ledger.ENTRY_KINDS")
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
    """The first place where a chain does not hold. `code` names what is wrong; audit.yaml has the words."""

    line: int
    seq: int | None
    code: str
    expected: int

    @property
    def reason(self) -> str:
        """What is wrong, for developers."""
        return _REASONS[self.code].format(expected=self.expected)


_REASONS = {
    "not_json": "the line is not JSON in UTF-8",
    "fields": "the entry does not have exactly the fields of DESIGN §5",
    "out_of_order": "entry {expected} was expected here: one was removed, added or moved",
    "not_linked": "it does not follow the entry before it: one of the two was changed",
    "no_canonical_form": "it holds what has no canonical form: a float, a large integer, half a character",
    "changed": "its content does not match its hash: it was changed after it was written",
    "not_canonical": "its bytes are not in canonical form",
}


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


def verify_export(lines: Iterable[bytes], *, start: Head | None = None) -> Head | Break:
    """The head of an export whose every entry holds, or the first Break."""
    head = start or Head()
    for found in read_entries(lines, start=start):
        if isinstance(found, Break):
            return found
        head = Head(found["seq"], found["hash"])
    return head


def _read(line: bytes, head: Head, number: int) -> dict[str, Any] | Break:
    entry = _read_fast(line, head)
    return entry if entry is not None else _read_slowly(line, head, number)


def _read_fast(line: bytes, head: Head) -> dict[str, Any] | None:
    """The entry where it is surely right; None wherever that is not certain."""
    if line.translate(None, _UP_TO_THREE_BYTES):
        return None
    try:
        entry = orjson.loads(line)
        if orjson.dumps(entry, option=_CANONICAL) != line or entry.keys() != ENTRY_FIELDS:
            return None
        own, seq = entry["hash"], entry["seq"]
        # Behind the entry's own hash stand only texts and numbers, and no text holds a bare quotation mark: the last
        # such place in the line is the field itself.
        before, found, after = line.rpartition(b'"hash":"%b",' % own.encode())
    except (ValueError, TypeError, AttributeError):
        return None
    sound = found and type(seq) is int and seq == head.seq + 1 and entry["prev"] == head.hash and _no_float(entry)
    return entry if sound and hashlib.sha256(before + after).hexdigest() == own else None


def _no_float(value: dict[str, Any] | list[Any]) -> bool:
    for child in value.values() if isinstance(value, dict) else value:
        kind = type(child)
        if kind is float or ((kind is dict or kind is list) and not _no_float(child)):
            return False
    return True


def _read_slowly(line: bytes, head: Head, number: int) -> dict[str, Any] | Break:
    def broken(code: str, seq: int | None = None) -> Break:
        return Break(number, seq, code, head.seq + 1)

    try:
        entry = _decode(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return broken("not_json")
    if not isinstance(entry, dict) or entry.keys() != ENTRY_FIELDS:
        return broken("fields")
    seq = entry["seq"] if type(entry["seq"]) is int else None  # true is an int to Python, not to JSON
    if seq != head.seq + 1:
        return broken("out_of_order", seq)
    if entry["prev"] != head.hash:
        return broken("not_linked", seq)
    try:
        before, after = _around_hash(
            {name: entry[name] for name in _BEFORE_HASH}, {name: entry[name] for name in _AFTER_HASH}
        )
    except LedgerError:
        return broken("no_canonical_form", seq)
    own = hashlib.sha256(before + after).hexdigest()
    if entry["hash"] != own:
        return broken("changed", seq)
    if _with_hash(before, own, after) != line:
        return broken("not_canonical", seq)
    return entry
