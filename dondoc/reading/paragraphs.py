"""Lines → paragraphs: what a margin broke is joined again, and each paragraph knows the mark it begins with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dondoc.office.wording import clean
from dondoc.reading.document import Place, TextLine
from dondoc.reading.headings import label_of

# Marks in the order they nest; what stands deeper has the greater rank.
PART, ROMAN, NUMBER, LETTER, BULLET, PLUS, NOT_NUMBERED = 0, 2, 3, 7, 8, 9, 10

_MARKS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (PART, re.compile(r"(?:phần|chương|điều|mục)\s+(?:thứ\s+)?(?P<number>[IVXLC]+|\d{1,2}|nhất|hai|ba|bốn|năm)\b\s*[.:)–-]?\s*", re.I)),
    (PART, re.compile(r"(?P<number>phụ lục(?:\s+(?:[IVX]+|\d{1,2}))?)\b\s*[.:)–-]?\s*", re.I)),
    (1, re.compile(r"(?P<number>[A-HK])\s?[.)/]\s+")),
    (ROMAN, re.compile(r"(?P<number>[IVX]{1,5})\s?(?:[.)/]\s*|[–-]\s+)(?=\S)")),
    (NUMBER, re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){1,3})\s?[.):]?\s+(?=\D)")),
    (NUMBER, re.compile(r"(?P<number>\d{1,2})\s?[.)/](?!\d)\s*(?=\D)")),
    (LETTER, re.compile(r"\(?(?P<number>[a-zđ]\d?)\s?[)]\s*|(?P<dotted>[a-zđ])\.\s+")),
    (BULLET, re.compile(r"[-–—•●▪■◦*]+\s*(?=\S)")),
    (PLUS, re.compile(r"\+\s*(?=\S)")),
)  # fmt: skip
_ENDED = re.compile(r"[.;:!?]\s*$|\./\.\s*$")
_WORDY = re.compile(r"^(?:phần|chương|mục|điều)\b", re.I)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph: its whole text, the rank and number of its mark, the text after the mark, and its place."""

    text: str
    rank: int
    number: str
    body: str
    place: Place

    @property
    def heading(self) -> bool:
        """Whether it looks like a heading: short, and no sentence."""
        return len(self.body) <= 130 and not re.search(r"[.;]\s*$", self.body)

    @property
    def capitals(self) -> bool:
        """Whether it is printed in capitals."""
        letters = [c for c in self.body if c.isalpha()]
        return len(letters) > 5 and sum(c.isupper() for c in letters) > len(letters) * 0.9


def joined(pieces: Iterable[str]) -> str:
    """Pieces of one text that a margin broke; a hyphen that joins a document's symbol stays without a space."""
    text = ""
    for piece in pieces:
        piece = clean(piece)
        if not piece:
            continue
        glued = re.search(r"[^\s-]-$", text) and re.match(r"[A-ZĐ]", piece)
        text = text + piece if glued else f"{text} {piece}" if text else piece
    return text


def unwrapped(lines: Iterable[str]) -> str:
    """The lines of a cell as its paragraphs: only a line with a mark of its own begins another."""
    made: list[list[str]] = []
    for line in lines:
        begins = re.match(r"\s*(?:[-+•*]\s|\(?[a-zđ]\)\s|\d{1,2}[.)]\s)", line)
        if made and not begins:
            made[-1].append(line)
        else:
            made.append([line])
    return "\n".join(joined(pieces) for pieces in made)


def paragraph(text: str, place: Place) -> Paragraph:
    """A text as a paragraph with its mark."""
    text = clean(text)
    for rank, pattern in _MARKS:
        match = pattern.match(text)
        if match is None or (
            rank == PART and _WORDY.match(text) and not text[match.end() :].strip() and len(text) > 40
        ):
            continue
        groups = match.groupdict()
        number = groups.get("number") or groups.get("dotted") or ""
        if rank == ROMAN and re.match(r"[IVX]\.\s?[A-ZĐ]\w*\.", text):  # initials of a name
            continue
        depth = rank + number.count(".") if rank == NUMBER else rank
        return Paragraph(text, depth, number, text[match.end() :].strip(), place)
    return Paragraph(text, NOT_NUMBERED, "", text, place)


def paragraphs(lines: Sequence[TextLine]) -> Iterator[Paragraph]:
    """The paragraphs of running text."""
    widths = sorted(len(clean(line.text)) for line in lines if not line.whole)
    width = widths[int(len(widths) * 0.9)] if widths else 0
    current: list[TextLine] = []
    for line in lines:
        if not clean(line.text):
            continue
        if current and not _continues(current[-1], line, width):
            yield _whole(current)
            current = []
        current.append(line)
    if current:
        yield _whole(current)


def _whole(lines: Sequence[TextLine]) -> Paragraph:
    return paragraph(joined(line.text for line in lines), lines[0].place)


def _continues(before: TextLine, line: TextLine, width: int) -> bool:
    """Whether a line goes on with the one before: its first word did not fit there, or it begins in the middle."""
    here, there = clean(line.text), clean(before.text)
    if paragraph(here, line.place).rank != NOT_NUMBERED or label_of(here):
        return False
    begins = here[0].islower() or here[0] in "(,;)" or (here[0].isdigit() and not line.whole)
    if there.isupper() and not here.isupper() and len(there) > 5:
        return False
    if begins:
        full = not line.whole and not before.whole and len(there) > width * 0.6 and here[0].islower()
        return full or not re.search(r"[.;]$|\./\.$", there) or here[0] in ",;)"
    if before.whole or line.whole:
        return False
    if label_of(f"{there} {here}") and ":" not in there and len(there) < 60:
        return True
    if _ENDED.search(there) and not re.search(r"\b\d{1,2}\.$", there):
        fits = len(there) + 1 + len(here.split(" ")[0]) <= width * 0.93
    else:
        fits = len(there) <= width * 0.7 and not there.endswith("-")
    return not fits and not (here.isupper() and len(here) > 12)
