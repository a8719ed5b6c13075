"""An HTML mail as text, without the mail it quotes, in time that grows with the page's length alone.

Mail programs write what no standard knows and senders may write anything; the standard library's parser takes minutes
over 90 kB of `<a`. Nothing is laid out here, so a scan for tags is enough: each is looked at once and is bounded.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_QUOTE_CLASSES = ("gmail_quote", "gmail_signature", "moz-cite-prefix", "moz-signature", "yahoo_quoted", "zmail_extra")
_QUOTE_IDS = frozenset(
    {"divrplyfwdmsg", "appendonsend", "olk_src_body_section", "reply-intro", "mail-editor-reference-message"}
)
# Outlook's line above the mail it answers: a block with nothing but a border on top.
_OUTLOOK_RULE = re.compile(r"border:\s?none;\s?border-top:\s?solid", re.IGNORECASE)
_BLOCKS = frozenset({"p", "div", "br", "tr", "li", "table", "h1", "h2", "h3", "h4", "hr", "ul", "ol"})
_SILENT = frozenset({"head", "title", "blockquote"})
_RAW = frozenset({"style", "script"})  # no tags inside
_VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr", "source"})
_TAG = re.compile(r"(/?)([A-Za-z][\w:-]{0,40})")
_ID = re.compile(r"""(?i)\bid\s?=\s?["']?([\w-]{1,60})""")
_CLASS = re.compile(r"""(?i)\bclass\s?=\s?["']?([^"'>]{1,200})""")
_STYLE = re.compile(r"""(?i)\bstyle\s?=\s?["']?([^"'>]{1,400})""")
_CONTENT_ID = re.compile(r"""(?i)cid:([^"'\s>)]{1,200})""")
_SOURCE = re.compile(r"""(?i)\ssrc\s?=\s?["']?([^"'\s>:]{1,200})["'\s>]""")
_MOST = 400_000  # characters of one page that are looked at
_MOST_MARKS = 15_000
_LONGEST_TAG = 4_000


def html_as_text(page: str) -> str:
    """The text of an HTML page, without the mail it quotes; of one with more than 15,000 tags only the beginning."""
    found = _Page()
    page, at = page[:_MOST], 0
    for _ in range(_MOST_MARKS):
        start = page.find("<", at)
        if start < 0 or found.over:
            break
        found.say(page[at:start])
        at = _after_mark(page, start, found)
    else:
        found.over = True
    if not found.over:
        found.say(page[at:])
    return "".join(found.text)


def shown_pictures(pages: Iterable[str]) -> frozenset[str]:
    """What HTML pages show as pictures, by Content-ID or name: logos of a signature, photographs put into the text."""
    return frozenset(
        found for page in pages for pattern in (_CONTENT_ID, _SOURCE) for found in pattern.findall(page[:_MOST])
    )


def _after_mark(page: str, start: int, found: _Page) -> int:
    """Take what begins with a `<`; where it ends."""
    if page.startswith("<!--", start):
        end = page.find("-->", start)
        found.over = end < 0
        return end + 3
    tag = _TAG.match(page, start + 1)
    end = page.find(">", start, start + _LONGEST_TAG)
    if end < 0 or not (tag or page.startswith(("<!", "<?"), start)):
        found.say("<")
        return start + 1
    if tag is None:
        return end + 1
    name = tag[2].lower()
    if tag[1]:
        found.ends(name)
    else:
        found.begins(name, page[tag.end() : end])
        if name in _RAW:
            close = re.compile(f"</{name}", re.IGNORECASE).search(page, end)
            found.over = close is None
            return close.start() if close else end + 1
    return end + 1


class _Page:
    """Collects text; what lies inside a quoting element, or after a mark that a reply begins, is left out."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.over = False
        self._silent: list[str] = []
        self._open: dict[str, int] = {}

    def begins(self, tag: str, attributes: str) -> None:
        """An element begins."""
        name, classes, style = (pattern.search(attributes) for pattern in (_ID, _CLASS, _STYLE))
        marked = bool(name and name[1].removeprefix("x_").lower() in _QUOTE_IDS)
        if marked or (style and _OUTLOOK_RULE.search(style[1])):
            self.over = True
        quotes = tag in _SILENT or bool(classes and any(told in classes[1] for told in _QUOTE_CLASSES))
        if tag not in _VOID and tag not in _RAW and (self._silent or quotes):
            self._silent.append(tag)
            self._open[tag] = self._open.get(tag, 0) + 1
        elif tag in _BLOCKS:
            self.text.append("\n")

    def ends(self, tag: str) -> None:
        """An element ends, and with it those inside it that nobody ended."""
        if self._open.get(tag):
            while self._silent:
                last = self._silent.pop()
                self._open[last] -= 1
                if last == tag:
                    break
        elif tag in _BLOCKS and not self._silent:
            self.text.append("\n")

    def say(self, text: str) -> None:
        """Text, its entities read; blanks and line breaks of the source are blanks."""
        if text and not self._silent:
            self.text.append(re.sub(r"\s+", " ", html.unescape(text)))
