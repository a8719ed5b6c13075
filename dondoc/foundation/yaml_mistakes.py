"""What is wrong with text that YAML cannot read, in words for whoever typed it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_PAIR = re.compile(r"^(\s*(?:- )?[\w-]+:) +(.*\S)\s*$")
_SMART = "“”‘’«»"


def explained(text: str, marks: Sequence[int], problem: str) -> tuple[int, str]:
    """The line (from 1) of the fault that the parser found at the first of `marks`, and one sentence about it.

    The cause may stand above: on the line before, or where the parser began (the other marks). The sentence says what
    to write instead.
    """
    lines = text.splitlines()
    near = dict.fromkeys((marks[0], marks[0] - 1, *marks[1:]))
    found = ((line, _cause(lines[line - 1])) for line in near if 0 < line <= len(lines))
    line, cause = next(((line, cause) for line, cause in found if cause), (marks[0], ""))
    if not cause and re.search(r"did not find expected (key|'-' indicator)|<block end>|mapping values", problem):
        cause = "the line is not indented like its neighbours; begin it in the same column as the line above it"
    return line, cause or f"not valid YAML: {problem}; correct this line"


def _cause(typed: str) -> str:
    """What is wrong with that line by itself; empty where nothing shows."""
    if "\t" in typed[: len(typed) - len(typed.lstrip())]:
        return "the line begins with a tab; indent with spaces instead"
    if "\u00a0" in typed:
        return "the line holds a non-breaking space (it comes from Word or a web page); type a plain space instead"
    pair = _PAIR.match(typed)
    plain = pair is not None and not pair[2].startswith(('"', "'", "[", "{", "|", ">"))
    if pair and plain and (re.search(r":(\s|$)|\s#", pair[2]) or pair[2][0] in "&*!%@`"):
        return f"the text holds a sign that YAML reads; put it in quotes: {pair[1].lstrip()} {_quoted(pair[2])}"
    if "\t" in typed:
        return "the line holds a tab; type spaces instead"
    if not plain and (typed.count('"') % 2 or typed.count("'") % 2):
        return "a quotation mark is opened and not closed on this line; close it"
    if not plain and any(typed.count(a) != typed.count(b) for a, b in ("[]", "{}")):
        return "a bracket is opened and not closed on this line; close it"
    if any(sign in typed for sign in _SMART):
        return 'the line holds curly quotes (from Word); type straight ones: "…"'
    return ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
