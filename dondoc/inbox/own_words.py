"""What the sender wrote: the text of a mail without the mail it quotes, without signature and added lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

_QUOTE_CLASSES = ("gmail_quote", "gmail_signature", "moz-cite-prefix", "moz-signature", "yahoo_quoted", "zmail_extra")
_QUOTE_IDS = ("divRplyFwdMsg", "appendonsend", "OLK_SRC_BODY_SECTION", "reply-intro", "mail-editor-reference-message")
_BLOCKS = frozenset({"p", "div", "br", "tr", "li", "table", "h1", "h2", "h3", "h4", "hr", "ul", "ol"})
_SILENT = frozenset({"style", "script", "head", "title", "blockquote"})
_VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr", "source"})
_LONGEST = 4000
_MOST = 400_000  # characters of one text that are looked at


@dataclass(frozen=True, slots=True)
class Manners:
    """How mail programs mark what is not the sender's, from inbound.yaml."""

    automatic: tuple[str, ...]
    quoted: tuple[re.Pattern[str], ...]
    added: tuple[re.Pattern[str], ...]


def manners(words: Mapping[str, Any]) -> Manners:
    """The manners of a parsed inbound.yaml. Raises re.error for a pattern that is none."""
    return Manners(
        tuple(str(subject).casefold() for subject in words["automatic_subjects"]),
        tuple(re.compile(pattern) for pattern in words["quoted_from"]),
        tuple(re.compile(pattern) for pattern in words["added_by_programs"]),
    )


def own_text(texts: Iterable[str], pages: Iterable[str], known: Manners) -> str:
    """What the sender wrote, from the plain `texts` or, where they say nothing, the HTML `pages`; at most 4000 characters."""
    said = "\n".join(filter(None, (unquoted(text, known) for text in texts)))
    if not said:
        said = "\n".join(filter(None, (unquoted(as_text(page), known) for page in pages)))
    return said[:_LONGEST].strip()


def unquoted(text: str, known: Manners) -> str:
    """`text` up to where the quoted mail begins, without `>` lines, signature and what programs add."""
    lines: list[str] = []
    for line in _lines(text):
        bare = line.strip()
        if line.rstrip() == "--" or any(pattern.fullmatch(bare) for pattern in known.quoted):
            break
        if bare.startswith(">") or any(pattern.fullmatch(bare) for pattern in known.added):
            continue
        lines.append(bare)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _lines(text: str) -> Sequence[str]:
    """Lines in NFC; a quoting line that a program wrapped ("On … \\n … wrote:") is one line again."""
    whole = unicodedata.normalize("NFC", text[:_MOST].encode("utf-8", "replace").decode())
    shown = "".join(c for c in whole if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    shown = re.sub(r"(?m)^((?:On|Vào) [^\n]{5,150})\n([^\n]{0,150}(?:wrote|viết):)[ \t]*$", r"\1 \2", shown)
    return shown.replace("\u00a0", " ").split("\n")


def as_text(page: str) -> str:
    """The text of an HTML page, without the mail it quotes."""
    reader = _Page()
    try:
        reader.feed(page[:_MOST])
        reader.close()
    except (AssertionError, ValueError, RecursionError):  # the parser gives up on some malformed declarations
        pass
    return "".join(reader.found)


def shown_pictures(pages: Iterable[str]) -> frozenset[str]:
    """The Content-IDs that HTML pages show as pictures: logos of a signature, not documents handed in."""
    return frozenset(found for page in pages for found in re.findall(r"""cid:([^"'\s>)]{1,200})""", page[:_MOST]))


class _Page(HTMLParser):
    """Collects text; what lies inside a quoting element, or after a mark that a reply begins, is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent: list[str] = []
        self._over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if (told.get("id") or "").removeprefix("x_") in _QUOTE_IDS:
            self._over = True
        quotes = tag in _SILENT or any(name in (told.get("class") or "") for name in _QUOTE_CLASSES)
        if tag not in _VOID and (self._silent or quotes):
            self._silent.append(tag)
        elif tag in _BLOCKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            while self._silent and self._silent.pop() != tag:
                pass
        elif tag in _BLOCKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent and not self._over:
            self.found.append(re.sub(r"\s+", " ", data))
