"""A .pdf as lines and tables, ruled or not; a scan is recognised by how little its text layer holds, and refused."""

from __future__ import annotations

import io
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pdfplumber

from dondoc.reading.document import Cell, Place, ReadingError, Table, TextLine, cell_name
from dondoc.reading.headings import label_of
from dondoc.reading.paragraphs import unwrapped
from tasks.reading.pdf_columns import Word, columned, grouped

_PAGES = 400
_FEW, _FEW_OVER_A_PICTURE = 200, 600  # letters a page: a signature's stamp has about 150
_MARKED_SHARE = 0.05  # of Vietnamese letters about a quarter bear a mark
_NEAR = 3.0  # points: what lies so near is one edge, or one line


def read_pdf(name: str, content: bytes) -> list[TextLine | Table]:
    """The lines and tables of a PDF. Raises ReadingError for a scan, a locked or a broken one."""
    try:
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            pages = pdf.pages[:_PAGES]
            letters = [_letters(page) for page in pages]
            _refuse_scan(name, pages, letters)
            return _blocks([_page(page, number) for number, page in enumerate(pages, 1)])
    except ReadingError:
        raise
    except Exception as error:  # a broken file fails anywhere inside the library, in every way there is
        raise ReadingError(
            f"{name} is no readable PDF (broken, or under a password); give the .docx it was made from"
        ) from error


def _letters(page: Any) -> str:
    return "".join(char["text"] for char in page.chars if char["text"].isalpha())


def _refuse_scan(name: str, pages: Sequence[Any], letters: Sequence[str]) -> None:
    total = sum(map(len, letters))
    scanned = sum(
        len(found) < (_FEW_OVER_A_PICTURE if _pictured(page) else _FEW)
        for page, found in zip(pages, letters, strict=True)
    )
    if total < _FEW or (scanned > len(pages) / 2 and total < _FEW_OVER_A_PICTURE * len(pages)):
        raise ReadingError(
            f"{name} is a scan: its text layer holds {total} letters on {len(pages)} page(s), no more than a signature's "
            "stamp; give the .docx, or have the text recognised (OCR) first"
        )
    marked = sum(_is_marked(letter) for found in letters for letter in found)
    if marked < total * _MARKED_SHARE:
        raise ReadingError(
            f"{name} has a text layer without Vietnamese letters ({marked} of {total} bear a mark), so its words cannot be "
            "trusted (an old font, or bad recognition); give the .docx"
        )


def _is_marked(letter: str) -> bool:
    """Whether a letter bears one of the marks of Vietnamese."""
    return letter in ("đ", "Đ") or len(unicodedata.normalize("NFD", letter)) > 1


def _pictured(page: Any) -> bool:
    """Whether a picture covers most of the page."""
    area = float(page.width) * float(page.height)
    return any((im["x1"] - im["x0"]) * (im["bottom"] - im["top"]) > area * 0.5 for im in page.images)


def _page(page: Any, number: int) -> list[tuple[float, TextLine | Table]]:
    """(distance from the top, block) of a page in order."""
    words = [
        Word(found["text"], float(found["x0"]), float(found["x1"]), float(found["top"]), float(found["bottom"]))
        for found in page.extract_words(x_tolerance=2, y_tolerance=3)
    ]
    blocks: list[tuple[float, TextLine | Table]] = []
    inside: set[int] = set()
    for n, table in enumerate(page.find_tables(), 1):
        cells = [cell for cell in table.cells if cell]
        rows = _ruled(cells, words, number, n)
        if len(rows) > 1 and len(rows[0]) > 2:
            left, top, right, bottom = table.bbox
            inside |= {
                i for i, w in enumerate(words) if left - 1 <= w.middle <= right + 1 and top - 1 <= w.level <= bottom + 1
            }
            blocks.append((top, Table(tuple(rows))))
    rest = grouped([word for i, word in enumerate(words) if i not in inside])
    blocks += columned(rest, number, has_table=bool(inside))
    return sorted(blocks, key=lambda block: block[0])


def _ruled(cells: Sequence[tuple[float, ...]], words: Sequence[Word], page: int, n: int) -> list[tuple[Cell, ...]]:
    """The grid that the rules draw; a cell that several slots share begins in the first of them."""
    columns, rows = (
        _edges([c[0] for c in cells] + [c[2] for c in cells]),
        _edges([c[1] for c in cells] + [c[3] for c in cells]),
    )
    texts: dict[tuple[float, ...], str] = {}
    for cell in cells:
        own = [w for w in words if cell[0] - 1 <= w.middle <= cell[2] + 1 and cell[1] - 1 <= w.level <= cell[3] + 1]
        texts[cell] = unwrapped(" ".join(word.text for word in line) for line in grouped(own))
    result = []
    for r, (top, bottom) in enumerate(itertools.pairwise(rows), 1):
        made = []
        for k, (left, right) in enumerate(itertools.pairwise(columns), 1):
            x, y = (left + right) / 2, (top + bottom) / 2
            found = next((c for c in cells if c[0] <= x <= c[2] and c[1] <= y <= c[3]), None)
            place = Place(page=page, cell=cell_name(n, r, k))
            if found is None:
                made.append(Cell("", place))
            else:
                made.append(Cell(texts[found], place, found[1] < top - _NEAR, found[0] < left - _NEAR))
        if any(cell.text.strip() for cell in made):
            result.append(tuple(made))
    return result


def _edges(values: Sequence[float]) -> list[float]:
    result: list[float] = []
    for value in sorted(values):
        if not result or value - result[-1] > _NEAR:
            result.append(value)
    return result


def _blocks(pages: Sequence[Sequence[tuple[float, TextLine | Table]]]) -> list[TextLine | Table]:
    """The pages one after another, without page numbers and what stands at the head or foot of every page."""
    edges = [[b for n, (_, b) in enumerate(page) if n < 2 or n >= len(page) - 2] for page in pages]
    repeated = Counter(key for page in edges for key in {_key(b.text) for b in page if isinstance(b, TextLine)})
    always = {key for key, times in repeated.items() if times > 1 and times >= len(pages) * 0.6}
    result: list[TextLine | Table] = []
    for number, page in enumerate(pages):
        kept = [
            block for _, block in page
            if isinstance(block, Table) or not ((block in edges[number] and _key(block.text) in always and not label_of(block.text)) or re.fullmatch(r"\W*(?:trang )?\d{1,3}(?:/\d{1,3})?\W*", block.text, re.I))
        ]  # fmt: skip
        for n, block in enumerate(kept):
            top = n == 0 and number > 0
            result.append(Table(block.rows, continues=True) if top and isinstance(block, Table) else block)
    return result


def _key(text: str) -> str:
    return re.sub(r"\d+", "#", " ".join(text.casefold().split()))
