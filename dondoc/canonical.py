"""Canonical JSON after RFC 8785, for the values a ledger may hold: no floats, integers up to 2^53 − 1."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from dondoc.errors import LedgerError

_LARGEST = 2**53 - 1  # RFC 8785 takes numbers as IEEE 754 doubles: larger integers would not survive
_encode_string = json.JSONEncoder(ensure_ascii=False).encode


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of `value`. Raises LedgerError for floats, large integers, lone surrogates, other types."""
    parts: list[str] = []
    try:
        _write(value, parts.append)
        return "".join(parts).encode("utf-8")
    except RecursionError:
        raise LedgerError("a value is nested too deeply to be recorded; flatten it") from None
    except UnicodeEncodeError:
        raise LedgerError("a text holds half a surrogate pair and cannot be recorded; correct the text") from None


def digest(value: Any) -> str:
    """Hex SHA-256 of the canonical bytes of `value`."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _write(value: Any, out: Any) -> None:
    # bool before int: True is an int to Python and `true` to JSON.
    if value is None:
        out("null")
    elif value is True:
        out("true")
    elif value is False:
        out("false")
    elif isinstance(value, str):
        out(_encode_string(value))
    elif isinstance(value, int):
        if abs(value) > _LARGEST:
            raise LedgerError(f"the integer {value} is too large to record; write it as text")
        out(str(int(value)))
    elif isinstance(value, dict):
        _write_object(value, out)
    elif isinstance(value, list | tuple):
        _write_array(value, out)
    else:
        raise LedgerError(
            f"{type(value).__name__} cannot be recorded; use text, integer, boolean, null, list or object"
        )


def _write_object(value: dict[Any, Any], out: Any) -> None:
    if not all(isinstance(key, str) for key in value):
        raise LedgerError("the keys of a recorded object must be text")
    out("{")
    # Sorted by UTF-16 code units, which differs from code points beyond U+FFFF (RFC 8785, 3.2.3).
    for i, key in enumerate(sorted(value, key=lambda k: k.encode("utf-16-be", "surrogatepass"))):
        out("," if i else "")
        out(_encode_string(key))
        out(":")
        _write(value[key], out)
    out("}")


def _write_array(value: list[Any] | tuple[Any, ...], out: Any) -> None:
    out("[")
    for i, child in enumerate(value):
        out("," if i else "")
        _write(child, out)
    out("]")
