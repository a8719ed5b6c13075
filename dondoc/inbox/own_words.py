"""What the sender wrote: the text of a mail without the mail it quotes, without signature and added lines."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dondoc.inbox.charsets import composed
from dondoc.inbox.html_text import html_as_text

_LONGEST = 4000
_MOST = 100_000  # characters of one text that are looked at
_MOST_LINES = 5_000
_MOST_TEXTS = 8
_MOST_WRAPPED = 3
_LONGEST_LINE = 500  # no quoting line is longer


@dataclass(frozen=True, slots=True)
class Manners:
    """How mail programs mark what is not the sender's, from inbound.yaml."""

    automatic: tuple[str, ...]
    marked: tuple[re.Pattern[str], ...]
    quoted: tuple[re.Pattern[str], ...]
    added: tuple[re.Pattern[str], ...]
    wrapped: re.Pattern[str]
    first_header: re.Pattern[str]
    more_headers: re.Pattern[str]


def manners(words: Mapping[str, Any]) -> Manners:
    """The manners of a parsed inbound.yaml. Raises re.error for a pattern that is none."""
    return Manners(
        tuple(str(subject).casefold() for subject in words["automatic_subjects"]),
        tuple(re.compile(pattern) for pattern in words["automatic_marks"]),
        tuple(re.compile(pattern) for pattern in words["quoted_from"]),
        tuple(re.compile(pattern) for pattern in words["added_by_programs"]),
        _one_of(words["quoted_from_wrapped"], r"\b"),
        _one_of(words["quoted_first_header"], r"\s?:"),
        _one_of(words["quoted_more_headers"], r"\s?:"),
    )


def _one_of(words: Iterable[str], then: str) -> re.Pattern[str]:
    return re.compile(rf"(?i)(?:{'|'.join(map(re.escape, words))}){then}")


def own_text(texts: Iterable[str], pages: Iterable[str], known: Manners) -> str:
    """What the sender wrote, from the plain `texts` or, where they say nothing, the HTML `pages`; at most 4000 characters."""
    said = _said(texts, known) or _said((html_as_text(page) for page in pages), known)
    return said[:_LONGEST].strip()


def _said(texts: Iterable[str], known: Manners) -> str:
    return "\n".join(filter(None, (unquoted(text, known) for text in itertools.islice(texts, _MOST_TEXTS))))


def unquoted(text: str, known: Manners) -> str:
    """`text` up to where the quoted mail begins, without `>` lines, signature and what programs add."""
    kept: list[str] = []
    lines = _lines(text)
    for at, line in enumerate(lines):
        bare = line.strip()
        if line.rstrip() == "--" or _begins_quote(lines, at, known):
            break
        if bare.startswith(">") or (len(bare) < _LONGEST_LINE and any(mark.fullmatch(bare) for mark in known.added)):
            continue
        kept.append(bare)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _begins_quote(lines: Sequence[str], at: int, known: Manners) -> bool:
    """Whether the quoted mail begins at a line: by a line that says so, also wrapped ("On … \\n … \\n wrote:"), or by
    the headers that Outlook copies above it, of which not all need an address."""
    bare = lines[at].strip().replace("*", "")
    if not bare or len(bare) >= _LONGEST_LINE or bare.startswith(">"):
        return False
    if any(mark.fullmatch(bare) for mark in known.quoted):
        return True
    for last in range(at + 1, min(at + 1 + _MOST_WRAPPED, len(lines))) if known.wrapped.match(bare) else ():
        whole = " ".join(line.strip() for line in lines[at : last + 1])
        if len(whole) < _LONGEST_LINE and any(mark.fullmatch(whole) for mark in known.quoted):
            return True
    if not known.first_header.match(bare):
        return False
    follow = [line.strip().replace("*", "") for line in lines[at + 1 : at + 12] if line.strip()][:5]
    return sum(bool(known.more_headers.match(line)) for line in follow) >= 2


def _lines(text: str) -> Sequence[str]:
    """Lines in NFC, without what is not shown."""
    whole = composed(text[:_MOST].encode("utf-8", "replace").decode())
    shown = "".join(c for c in whole if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    return shown.replace("\u00a0", " ").split("\n", _MOST_LINES)[:_MOST_LINES]
