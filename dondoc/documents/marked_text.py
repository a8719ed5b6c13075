"""A template's rendered text → what a document holds, as values. The markup is explained beside the templates (documents/README.md).

A value put into a template never becomes markup: `shielded` (the templates' `finalize`) puts a sign before it and
in place of the marks in it, which reading takes away again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from dondoc.foundation.errors import DondocError
from dondoc.office.wording import clean

Style = Literal["part", "clause", "centred", "basis", "item", "note", "text"]
Align = Literal["l", "c", "r"]
SECTIONS = (
    "issuer", "symbol", "name", "summary", "regarding", "undated", "to", "body", "signature", "receivers",
    "appendix-name", "appendix",
)  # fmt: skip

_MARKS: dict[str, Style] = {"# ": "part", "## ": "clause", "^ ": "centred", "> ": "basis", "~ ": "note"}
_START = "\ue000"
_SHIELDS = str.maketrans({"|": "\ue001", "[": "\ue002", "]": "\ue003", "_": "\ue004"})
_UNSHIELDED = str.maketrans({"\ue000": "", "\ue001": "|", "\ue002": "[", "\ue003": "]", "\ue004": "_"})
_NOT_XML = re.compile("[\ue000-\ue004\ufffe\uffff]")
_BLANK = re.compile(r"\[[^\]]*\]|_{4,}")
_COLUMN = re.compile(r"(\d+(?:\.\d+)?)([lcr])")


class DocumentError(DondocError):
    """A document that cannot be written: its template, its item or its period. The message says what to correct."""


@dataclass(frozen=True, slots=True)
class TextRun:
    """A piece of text. `blank`: left in brackets for whoever completes the document; `dots`: a dotted line to write on."""

    text: str
    blank: bool = False
    dots: bool = False


Text = tuple[TextRun, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of a style; an `item` begins with its own dash or plus, as Vietnamese documents print it."""

    style: Style
    text: Text


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A table's column: its share of the width, in centimetres of an upright page, and how it is set."""

    width: float
    align: Align


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first row is its heading, repeated on each page."""

    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Text, ...], ...]


@dataclass(frozen=True, slots=True)
class PicturePlace:
    """Where a picture goes, if one of that name is given."""

    name: str


Block = Paragraph | Table | PicturePlace


@dataclass(frozen=True, slots=True)
class Document:
    """Everything a document says. `issuer` and the `signature`s are keys of documents.yaml."""

    issuer: str
    symbol: str
    name: str
    summary: Text
    regarding: Text
    undated: bool
    to: tuple[Text, ...]
    body: tuple[Block, ...]
    signature: tuple[str, ...]
    receivers: tuple[Text, ...]
    appendix_name: str
    appendix: tuple[Block, ...]


def shielded(value: object) -> str:
    """A value as it goes into a template: one line, storable in XML, and none of it markup. Not for None."""
    if value is None:
        raise DocumentError("a template prints a value that is not there; put {% if … %} around it")
    return _START + _NOT_XML.sub("", clean(str(value))).translate(_SHIELDS)


def read_document(text: str) -> Document:
    """The document of a rendered template. Raises DocumentError with the line that is wrong."""
    found = _sections(text)
    for name in ("issuer", "symbol", "body", "signature", "receivers"):
        if not any(line.strip() for line in found.get(name, ())):
            raise DocumentError(f"the template has no section '%% {name}'; add it")
    return Document(
        issuer=_joined(found, "issuer"),
        symbol=_joined(found, "symbol"),
        name=_joined(found, "name"),
        summary=_text(" ".join(found.get("summary", ()))),
        regarding=_text(" ".join(found.get("regarding", ()))),
        undated="undated" in found,
        to=_lines(found, "to"),
        body=tuple(_blocks(found["body"])),
        signature=tuple(text_words(line) for line in _lines(found, "signature")),
        receivers=_lines(found, "receivers"),
        appendix_name=_joined(found, "appendix-name"),
        appendix=tuple(_blocks(found.get("appendix", ()))),
    )


def text_words(text: Text) -> str:
    """The words of a text."""
    return "".join(run.text for run in text)


def words_of(document: Document) -> Iterator[str]:
    """Every line of words of a document, in order, for reading and comparing."""
    yield from (document.name, text_words(document.summary), text_words(document.regarding))
    yield from (text_words(line) for line in document.to)
    for block in (*document.body, *document.appendix):
        match block:
            case Paragraph(text=text):
                yield text_words(text)
            case Table(rows=rows):
                yield from (" | ".join(text_words(cell) for cell in row) for row in rows)
    yield from (text_words(line) for line in document.receivers)


def _sections(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.split("\n"):
        if line.startswith("%% "):
            name = line[3:].strip()
            if name not in SECTIONS:
                raise DocumentError(f"'%% {name}' is no section of a document; use one of {', '.join(SECTIONS)}")
            found[name] = []
        elif name:
            found[name].append(line)
        elif line.strip():
            raise DocumentError(f"{line.strip()[:60]!r} stands before the first '%% section' of the template")
    return found


def _joined(found: dict[str, list[str]], name: str) -> str:
    return text_words(_text(" ".join(found.get(name, ()))))


def _lines(found: dict[str, list[str]], name: str) -> tuple[Text, ...]:
    return tuple(_text(line) for line in found.get(name, ()) if line.strip())


def _blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Paragraphs are separated by empty lines or begin with a mark; a table's rows follow its column line."""
    held: list[str] = []
    columns: tuple[TableColumn, ...] = ()
    rows: list[tuple[Text, ...]] = []
    for line in (*lines, ""):
        row = line.startswith("|")
        if held and (row or not line.strip() or _marked(line)):
            yield _paragraph(" ".join(held))
            held = []
        if rows and (not row or line.startswith("|=")):
            yield Table(columns, tuple(rows))
            rows = []
        if line.startswith("|="):
            columns = _columns(line)
        elif row:
            rows.append(_row(line, columns))
        elif line.startswith("!! "):
            yield PicturePlace(line[3:].strip())
        elif line.strip():
            held.append(line.strip())


def _marked(line: str) -> bool:
    return line.startswith((*_MARKS, "- ", "+ ", "!! "))


def _paragraph(line: str) -> Paragraph:
    for mark, style in _MARKS.items():
        if line.startswith(mark):
            return Paragraph(style, _text(line.removeprefix(mark)))
    return Paragraph("item" if line.startswith(("- ", "+ ")) else "text", _text(line))


def _columns(line: str) -> tuple[TableColumn, ...]:
    found = []
    for word in line.removeprefix("|=").split():
        match = _COLUMN.fullmatch(word)
        if match is None or float(match[1]) <= 0:
            raise DocumentError(f"{word!r} is no column; write its width in cm and l, c or r, e.g. |= 1.2c 6l 3c")
        align = next(known for known in get_args(Align) if known == match[2])
        found.append(TableColumn(float(match[1]), align))
    return tuple(found)


def _row(line: str, columns: tuple[TableColumn, ...]) -> tuple[Text, ...]:
    cells = line.strip().removeprefix("|").removesuffix("|").split("|")
    if len(cells) != len(columns):
        raise DocumentError(f"a table row has {len(cells)} cells where {len(columns)} columns were set: {line[:60]!r}")
    return tuple(_text(cell) for cell in cells)


def _text(line: str) -> Text:
    runs, at, line = [], 0, " ".join(line.split())
    for match in _BLANK.finditer(line):
        runs += [TextRun(_unshielded(line[at : match.start()])), _left_open(match[0])]
        at = match.end()
    runs.append(TextRun(_unshielded(line[at:])))
    return tuple(run for run in runs if run.text)


def _left_open(found: str) -> TextRun:
    return TextRun("…", dots=True) if found.startswith("_") else TextRun(_unshielded(found), blank=True)


def _unshielded(text: str) -> str:
    return text.translate(_UNSHIELDED)
