"""A second verifier, written from DESIGN §5 alone with nothing but Python: ours is judged by agreeing with it.

It shares no line with dondoc. `check` returns None for a ledger that holds, else (line number from 1, why).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

FIELDS = {"seq", "at", "kind", "plan", "occurrence", "actor", "run", "body", "prev", "hash"}
ESCAPES = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}


def text(value: str) -> str:
    """A string as RFC 8785, 3.2.2.2 writes it."""
    return '"' + "".join(ESCAPES.get(ord(c)) or (f"\\u{ord(c):04x}" if ord(c) < 0x20 else c) for c in value) + '"'


def write(value: Any) -> str:
    """RFC 8785: no white space, keys in the order of their UTF-16 units. No floats in a ledger."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) > 2**53 - 1:
            raise ValueError("an integer beyond IEEE 754")
        return str(value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{text(key)}:{write(value[key])}" for key in keys) + "}"
    raise ValueError(f"{type(value).__name__} in a ledger")


def check(lines: Iterable[bytes], witness: dict[int, str] | None = None) -> tuple[int, str] | None:
    """Read a whole export; `witness` is seq → hash as kept elsewhere."""
    left = dict(witness or {})
    seq, before = 0, "0" * 64
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line.decode("utf-8"))
            own = entry.pop("hash")
            bare = write(entry).encode("utf-8")
            whole = write({**entry, "hash": own}).encode("utf-8")
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
            return number, f"unreadable: {error}"
        if {*entry, "hash"} != FIELDS:
            return number, "fields"
        if entry["seq"] is True or entry["seq"] != seq + 1 or entry["prev"] != before:
            return number, "chain"
        if hashlib.sha256(bare).hexdigest() != own or whole != line:
            return number, "content"
        seq, before = entry["seq"], own
        if left.pop(seq, own) != own:
            return number, "witness"
    return (seq + 1, "cut") if left else None
