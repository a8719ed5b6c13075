"""Each notice owed once: the keys of queued notices and what became of them, nine bytes a notice."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

QUEUED, SENT, FAILED, WITHHELD, BOUNCED = range(5)
# What the outbox may say of a notice whose last entry says that.
STANDS = {
    QUEUED: frozenset({"queued", "mailed"}),
    SENT: frozenset({"sent"}),
    FAILED: frozenset({"failed"}),
    WITHHELD: frozenset({"withheld"}),
    BOUNCED: frozenset({"queued", "mailed", "sent", "failed", "bounced", "withheld"}),
}


def notice_key(occurrence: str, checkpoint: str, recipient: str) -> str:
    """The key under which a notice is owed once."""
    return f"{occurrence}|{checkpoint}|{recipient}"


@dataclass(slots=True)
class _Few:
    """The notices of one occurrence: eight bytes of each key's hash in order, and beside it what became of it."""

    keys: array[int] = field(default_factory=lambda: array("Q"))
    fates: bytearray = field(default_factory=bytearray)

    def place(self, key: str) -> tuple[int, int, bool]:
        short = int.from_bytes(blake2b(key.encode("utf-8"), digest_size=8).digest())
        at = bisect_left(self.keys, short)
        return short, at, at < len(self.keys) and self.keys[at] == short


@dataclass(slots=True)
class Notices:
    """Every notice queued so far, and its fate."""

    number: int = 0
    _of: dict[str, _Few] = field(default_factory=dict)

    def take(self, kind: str, occurrence: str, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """One entry about notices; (code, notice key) of what is wrong with it."""
        if kind == "notice.queued":
            for recipient in body["recipients"]:
                key = notice_key(occurrence, body["checkpoint"], recipient)
                if not self._queue(occurrence, key):
                    yield "notice_twice", key
            return
        fate = _fate(kind, body)
        if fate is None:
            return
        checkpoints = body["checkpoints"] if kind == "notice.withheld" else [body["checkpoint"]]
        for checkpoint in checkpoints:
            key = notice_key(occurrence, checkpoint, body["recipient"])
            if not self._end(occurrence, key, fate):
                yield "notice_unknown", key

    def fate(self, occurrence: str, key: str) -> int | None:
        """What became of a notice; None where it was never queued."""
        few = self._of.get(occurrence)
        if few is None:
            return None
        _, at, there = few.place(key)
        return few.fates[at] if there else None

    def _queue(self, occurrence: str, key: str) -> bool:
        few = self._of.setdefault(occurrence, _Few())
        short, at, there = few.place(key)
        if not there:
            few.keys.insert(at, short)
            few.fates.insert(at, QUEUED)
            self.number += 1
        return not there

    def _end(self, occurrence: str, key: str, fate: int) -> bool:
        few = self._of.get(occurrence)
        if few is None:
            return False
        _, at, there = few.place(key)
        if there:
            few.fates[at] = fate
        return there


def _fate(kind: str, body: dict[str, Any]) -> int | None:
    """What an entry makes of its notice; None where it is about none that was queued."""
    match kind:
        case "notice.sent":
            return SENT
        case "notice.failed":
            return FAILED if body["final"] else QUEUED
        case "notice.bounced":
            return BOUNCED
        case "notice.requeued":
            return QUEUED
        case "notice.withheld" if "recipient" in body:
            return WITHHELD
        case _:
            return None
