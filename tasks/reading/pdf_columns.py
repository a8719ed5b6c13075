"""Words by their place on a page → lines, and tables that no rule draws: columns are the gaps that run down the page."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dondoc.reading.document import Cell, Place, Table, TextLine, cell_name
from dondoc.reading.headings import field_of_heading
from dondoc.reading.paragraphs import unwrapped

_SAME_LINE = 4.0  # points
_GAP = 6.0  # points between two cells at least
_SPACE = 4.0  # points between two words of a cell at most
_WIDE = 9.0  # points between two headings
_NUMBER = re.compile(r"(?:\d{1,3}|[IVX]{1,5}|[^\W\d_]|\d{1,2}\.\d{1,2})[.)]?")
_ROMAN = re.compile(r"(?:[IVX]{1,5}|[A-H])[.)]?")

Band = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its edges, in points from the left and the top."""

    text: str
    left: float
    right: float
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """Half way across."""
        return (self.left + self.right) / 2

    @property
    def level(self) -> float:
        """Half way down."""
        return (self.top + self.bottom) / 2


WordLine = list[Word]


def grouped(words: Sequence[Word]) -> list[WordLine]:
    """The words as lines from the top, each from the left."""
    lines: list[WordLine] = []
    for word in sorted(words, key=lambda w: (w.level, w.left)):
        if lines and abs(lines[-1][0].level - word.level) <= _SAME_LINE:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [sorted(line, key=lambda w: w.left) for line in lines]


def columned(lines: Sequence[WordLine], page: int, *, has_table: bool) -> list[tuple[float, TextLine | Table]]:
    """(distance from the top, block): a table where a heading line says so, running text else."""
    start = None if has_table else next((n for n in range(len(lines)) if _heads(lines, n)), None)
    bands = _bands(lines[start:]) if start is not None else []
    if start is None or len(bands) < 3:
        return [_line(line, page, n) for n, line in enumerate(lines, 1)]
    body = start + 1
    while body < len(lines) and _still_heads(lines[start : body + 1], bands):
        body += 1
    end = next((n for n in range(body, len(lines)) if _is_text(lines[n], bands)), len(lines))
    rows = [_row([word for line in lines[start:body] for word in line], bands, page, 1)]
    for number, words in enumerate(_rows(lines[body:end], bands), 2):
        rows.append(_row(words, bands, page, number))
    before = [_line(line, page, n) for n, line in enumerate(lines[:start], 1)]
    after = [_line(line, page, n) for n, line in enumerate(lines[end:], end + 1)]
    return [*before, (lines[start][0].top, Table(tuple(rows))), *after]


def _line(line: WordLine, page: int, number: int) -> tuple[float, TextLine]:
    return line[0].top, TextLine(" ".join(word.text for word in line), Place(page=page, line=number), whole=False)


def _pieces(line: Sequence[Word], gap: float) -> list[WordLine]:
    pieces = [[line[0]]]
    for word in line[1:]:
        if word.left - pieces[-1][-1].right > gap:
            pieces.append([word])
        else:
            pieces[-1].append(word)
    return pieces


def _heads(lines: Sequence[WordLine], n: int) -> bool:
    """Whether the heading of a table begins in that line: at least three columns, two of them known."""
    pieces = _pieces(lines[n], _WIDE)
    if len(pieces) < 3:
        return False
    near = [word for line in lines[n : n + 3] for word in line if word.top - lines[n][0].top < 45]
    known = set()
    for piece in pieces:
        left, right = piece[0].left - _GAP, piece[-1].right + _GAP
        text = " ".join(word.text for line in grouped(near) for word in line if left <= word.middle <= right)
        known.add(field_of_heading(text) or field_of_heading(" ".join(word.text for word in piece)))
    return len(known - {None, "number"}) >= 2


def _still_heads(lines: Sequence[WordLine], bands: Sequence[Band]) -> bool:
    """Whether the last of the lines still belongs to the heading above it."""
    last, before = _texts(lines[-1], bands), _texts([w for line in lines[:-1] for w in line], bands)
    if last[0] and _NUMBER.fullmatch(last[0]):
        return False
    changed = [(a, f"{a} {b}") for a, b in zip(before, last, strict=True) if b]
    return all(not field_of_heading(a) or field_of_heading(b) == field_of_heading(a) for a, b in changed) and all(
        len(b) < 40 for _, b in changed
    )


def _bands(lines: Sequence[WordLine]) -> list[Band]:
    """The columns: what is left of the width when the gaps that hardly any line crosses are taken out."""
    right = max(word.right for line in lines for word in line)
    few = max(1, len(lines) // 12)
    inked = [0] * (int(right) + 2)
    for line in lines:
        for piece in _pieces(line, _SPACE):
            for x in range(int(piece[0].left), int(piece[-1].right) + 1):
                inked[x] += 1
    bands: list[Band] = []
    begin: int | None = None
    empty = 0
    for x, count in enumerate([*inked, *[0] * int(_GAP + 1)]):
        if count > few:
            begin, empty = x if begin is None else begin, 0
        elif begin is not None:
            empty += 1
            if empty >= _GAP / 2 + 1:
                bands.append((begin, x - empty + 1))
                begin = None
    return bands


def _is_text(line: WordLine, bands: Sequence[Band]) -> bool:
    """Whether the line runs over the columns as a text does, and is no group's heading."""
    return any(_crosses(piece, bands) for piece in _pieces(line, _SPACE)) and not _ROMAN.fullmatch(line[0].text)


def _crosses(piece: Sequence[Word], bands: Sequence[Band]) -> bool:
    return sum(piece[0].left < right and piece[-1].right > left for left, right in bands) > 1 and len(piece) > 3


def _column(word: Word, bands: Sequence[Band]) -> int:
    return sum(word.middle > (a[1] + b[0]) / 2 for a, b in itertools.pairwise(bands))


def _rows(lines: Sequence[WordLine], bands: Sequence[Band]) -> list[WordLine]:
    """The words of each row. Numbers stand at the top of their rows or half way down: whichever tears fewer sentences."""
    words = [word for line in lines for word in line]
    marks = sorted(w.level for w in words if _column(w, bands) == 0 and _NUMBER.fullmatch(w.text))
    if not marks:
        return [words] if words else []
    height = max(w.bottom - w.top for w in words)
    levels = sorted(line[0].level for line in grouped([w for w in words if _column(w, bands) == 1]))
    pitch = min((b - a for a, b in itertools.pairwise(levels) if b - a > height * 0.8), default=height)
    top = min(w.level for w in words) - pitch / 2
    middle = [top]
    for mark in marks:
        middle.append(2 * mark - middle[-1])
    choices = [[top, *(mark - height / 2 for mark in marks[1:]), float("inf")], [*middle[:-1], float("inf")]]
    split = [
        [[w for w in words if low <= w.level < high] for low, high in itertools.pairwise(edges)] for edges in choices
    ]
    return min(split, key=lambda rows: _torn(rows, bands))


def _torn(rows: Sequence[WordLine], bands: Sequence[Band]) -> int:
    """How many cells begin in the middle of a sentence, or are missing."""
    count = 0
    for row in rows:
        texts = _texts(row, bands)
        count += sum(text[0].islower() or text[0] in ",.;)" for text in texts[1:2] if text) + (not texts[1]) * 2
        count += sum(text[0].islower() for text in texts[2:] if text)
    return count


def _texts(words: Sequence[Word], bands: Sequence[Band]) -> list[str]:
    lines: list[list[str]] = [[] for _ in bands]
    for line in grouped(words):
        found: list[list[str]] = [[] for _ in bands]
        for piece in _pieces(line, _SPACE):
            whole = None if _crosses(piece, bands) else _column(piece[0], bands)
            for word in piece:
                found[_column(word, bands) if whole is None else whole].append(word.text)
        for n, texts in enumerate(found):
            if texts:
                lines[n].append(" ".join(texts))
    return [unwrapped(each) for each in lines]


def _row(words: Sequence[Word], bands: Sequence[Band], page: int, number: int) -> tuple[Cell, ...]:
    places = [Place(page=page, cell=cell_name(1, number, n)) for n in range(1, len(bands) + 1)]
    lines = grouped(words)
    if (
        lines
        and _ROMAN.fullmatch(lines[0][0].text)
        and any(_crosses(p, bands) for line in lines for p in _pieces(line, _SPACE))
    ):
        text = unwrapped(" ".join(w.text for w in line if w is not lines[0][0]) for line in lines)
        return (
            Cell(lines[0][0].text, places[0]),
            *(Cell(text, place, across=n > 0) for n, place in enumerate(places[1:])),
        )
    return tuple(Cell(text, place) for text, place in zip(_texts(words, bands), places, strict=True))
