"""Canonical JSON after RFC 8785, for the values a ledger may hold: no floats, integers up to 2^53 − 1.

For these values the standard library's encoder writes the bytes of RFC 8785, save for the order of keys beyond
U+FFFF; a check made first refuses everything else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from dondoc.foundation.errors import LedgerError

_LARGEST = 2**53 - 1  # RFC 8785 takes numbers as IEEE 754 doubles: larger integers would not survive
_LAST_UNIT = "\uffff"
# The check ends in RecursionError where a value contains itself: the encoder need not look for that again.
_by_code_point = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode
_as_it_stands = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of `value`. Raises LedgerError for floats, large integers, lone surrogates, other types."""
    try:
        text = _by_code_point(value) if _check(value) else _as_it_stands(_by_utf16_unit(value))
        return text.encode("utf-8")
    except RecursionError:
        raise LedgerError("a value is nested too deeply to be recorded; flatten it") from None
    except UnicodeEncodeError:
        raise LedgerError("a text holds half a surrogate pair and cannot be recorded; correct the text") from None


def digest(value: Any) -> str:
    """Hex SHA-256 of the canonical bytes of `value`."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _check(value: Any) -> bool:
    """Refuse what has no canonical form; true where code points put all keys in RFC 8785's order (3.2.3)."""
    if isinstance(value, dict):
        return _check_keys(value) & _check_all(value.values())
    if isinstance(value, (list, tuple)):
        return _check_all(value)
    if isinstance(value, int):
        if not -_LARGEST <= value <= _LARGEST:
            raise LedgerError(f"the integer {value} is too large to record; write it as text")
    elif value is not None and not isinstance(value, str):
        kind = type(value).__name__
        raise LedgerError(f"{kind} cannot be recorded; use text, integer, boolean, null, list or object")
    return True


def _check_all(values: Iterable[Any]) -> bool:
    ordered = True
    for value in values:
        if type(value) is not str and value is not None and not _check(value):
            ordered = False
    return ordered


def _check_keys(value: dict[Any, Any]) -> bool:
    ordered = True
    for key in value:
        if not isinstance(key, str):
            raise LedgerError("the keys of a recorded object must be text")
        if not key.isascii() and max(key) > _LAST_UNIT:
            ordered = False
    return ordered


def _by_utf16_unit(value: Any) -> Any:
    if isinstance(value, dict):
        # A lone surrogate passes here and is refused when the text is written.
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _by_utf16_unit(value[key]) for key in keys}
    if isinstance(value, list | tuple):
        return [_by_utf16_unit(child) for child in value]
    return value
