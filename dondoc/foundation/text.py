"""What people type, as it may stand in an entry."""

from __future__ import annotations

import unicodedata

_UNWRITABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, marks without a sign, line breaks


def written(text: str, *, lines: bool) -> str:
    """NFC, on one line unless `lines`, no control or invisible characters."""
    keep = "\n" if lines else ""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return "".join(c if c in keep or unicodedata.category(c) not in _UNWRITABLE else " " for c in text).strip()
