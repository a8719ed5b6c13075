"""A document's values → the bytes of a .docx: head, body, signature, recipients, appendix. The same values, the same bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import TypeVar

from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.shared import Mm, Pt
from docx.table import _Cell as Cell

from dondoc.documents.form_settings import DocumentSettings, Issuer, Signature
from dondoc.documents.marked_text import Document, DocumentError, Text, TextRun, text_words
from dondoc.office.office import Office
from tasks.documents import form, pieces

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEFT_OF_HEAD = 0.41  # of the text's width: the nation's name at 13 pt needs 98 mm
_MOTTO_EM = 12.32  # the width of the Tiêu ngữ in Times New Roman bold, in its own size
_LETTER_EM = 0.68  # the mean width of a bold capital
_SIGNING_ROOM = 62  # points between the title and the name


def document_bytes(
    document: Document, settings: DocumentSettings, office: Office, moment: datetime, pictures: Mapping[str, bytes]
) -> bytes:
    """The .docx. `moment` (aware) dates it inside and gives the year left in its head; `pictures` by name, as PNG.

    Raises DocumentError for an issuer or a signature that documents.yaml does not know.
    """
    issuer = _known(settings.issuers, document.issuer, "issuer")
    signatures = [_known(settings.signatures, name, "signature") for name in document.signature]
    docx = form.blank(settings)
    width = form.text_width(docx.sections[0])
    _head(docx, document, issuer, settings, moment, width)
    _opening(docx, document, settings, width)
    pieces.blocks(docx, document.body, settings, width, pictures, holds=True)
    _end(docx, document, signatures, office, settings, width)
    if document.appendix:
        _appendix(docx, document, issuer, settings, moment, pictures)
    _properties(docx, document, office, moment)
    return _packed(docx)


_Found = TypeVar("_Found")


def _known(known: Mapping[str, _Found], name: str, what: str) -> _Found:
    if name not in known:
        raise DocumentError(f"documents.yaml has no {what} {name!r}; use one of {', '.join(known)}")
    return known[name]


def _head(
    docx: Docx, document: Document, issuer: Issuer, settings: DocumentSettings, moment: datetime, width: int
) -> None:
    """Who issues on the left, the nation and the motto on the right; below them the number and the place and date."""
    words, motto = settings.words, settings.type.motto
    small = motto - 1
    left = int(width * _LEFT_OF_HEAD)
    table = pieces.unruled_table(docx, (left, width - left), rows=2)
    body, nation = table.rows[0].cells
    for text in issuer.parent:
        pieces.form_line(body, text, small)
    for text in issuer.body:
        pieces.form_line(body, text, small, bold=True)
    pieces.rule(body, int(len(issuer.body[-1]) * _LETTER_EM * small * 12700 * 0.42), left)
    pieces.form_line(nation, words.nation, small, bold=True)
    pieces.form_line(nation, words.motto, motto, bold=True)
    pieces.rule(nation, int(_MOTTO_EM * motto * 12700), width - left)
    number, dated = table.rows[1].cells
    pieces.form_line(number, words.number.format(symbol=document.symbol), 13, before=6)
    if document.regarding:
        about = pieces.form_line(number, words.regarding.format(about=""), small, before=6)
        pieces.write_text(about, document.regarding, size=small)
        about.paragraph_format.left_indent = about.paragraph_format.right_indent = Mm(2)
    if not document.undated:
        pieces.form_line(
            dated, words.dated.format(place=settings.place, year=moment.year), motto, italic=True, before=6
        )


def _opening(docx: Docx, document: Document, settings: DocumentSettings, width: int) -> None:
    """The document's name and what it is about, or to whom a letter is written."""
    size = settings.type.body
    if document.name:
        name = docx.add_paragraph()
        name.alignment, name.paragraph_format.space_before = ALIGN.CENTER, Pt(18)
        run = name.add_run(document.name)
        run.bold, run.font.size = True, Pt(size)
        if document.summary:
            about = pieces.write_text(docx.add_paragraph(), document.summary, size=size)
            about.alignment = ALIGN.CENTER
            for run in about.runs:
                run.bold = True
        shown = text_words(document.summary) or document.name
        pieces.rule(docx, int(min(width * 0.5, len(shown) * 0.5 * size * 12700) * 0.42), width)
    if document.to:
        _addressees(docx, document.to, settings)
    docx.add_paragraph().paragraph_format.line_spacing = Pt(6)


def _addressees(docx: Docx, to: tuple[Text, ...], settings: DocumentSettings) -> None:
    """One addressee stands beside "Kính gửi:", several stand in a list under it."""
    single = len(to) == 1
    first = docx.add_paragraph()
    first.paragraph_format.space_before = Pt(18)
    first.paragraph_format.left_indent = Mm(25)
    first.add_run(settings.words.to + (" " if single else ""))
    if single:
        first.alignment = ALIGN.CENTER
        first.paragraph_format.left_indent = Mm(0)
        pieces.write_text(first, to[0])
        return
    for number, text in enumerate(to, start=1):
        paragraph = docx.add_paragraph()
        paragraph.paragraph_format.left_indent, paragraph.paragraph_format.first_line_indent = Mm(52), Mm(-3)
        pieces.write_text(paragraph, (TextRun("- "), *text, TextRun("." if number == len(to) else ";")))


def _end(
    docx: Docx, document: Document, signatures: list[Signature], office: Office, settings: DocumentSettings, width: int
) -> None:
    """Recipients on the left, the signature on the right; two signatures stand side by side above the recipients."""
    half = width // 2
    if len(signatures) > 1:
        both = pieces.unruled_table(docx, [width // len(signatures)] * len(signatures))
        pieces.uncut(both.rows[0])
        for cell, signature in zip(both.rows[0].cells, signatures, strict=True):
            _signature(cell, signature, office, settings)
    table = pieces.unruled_table(docx, (half, width - half))
    pieces.uncut(table.rows[0])
    left, right = table.rows[0].cells
    pieces.form_line(left, settings.words.receivers, 12, bold=True, italic=True, align=ALIGN.LEFT, before=12)
    for text in document.receivers:
        paragraph = left.add_paragraph()
        paragraph.paragraph_format.left_indent, paragraph.paragraph_format.first_line_indent = Mm(2), Mm(-2)
        pieces.write_text(paragraph, text, size=11)
    if len(signatures) == 1:
        _signature(right, signatures[0], office, settings)


def _signature(cell: Cell, signature: Signature, office: Office, settings: DocumentSettings) -> None:
    size, role = settings.type.body, office.role(signature.role)
    title = signature.title or ((role.title.upper(),) if role else ())
    for number, text in enumerate((*signature.authority, *title)):
        pieces.form_line(cell, text, size, bold=True, before=0 if number else 12)
    pieces.form_line(cell, role.person if role else "", size, bold=True, before=_SIGNING_ROOM)


def _appendix(
    docx: Docx,
    document: Document,
    issuer: Issuer,
    settings: DocumentSettings,
    moment: datetime,
    pictures: Mapping[str, bytes],
) -> None:
    words, size = settings.words, settings.type.body
    section = form.appendix(docx, settings)
    width = form.text_width(section)
    name = document.name.capitalize() or words.letter
    said = words.appended.format(name=name, symbol=document.symbol, year=moment.year, issuer=issuer.full)
    for text, bold, italic in (
        (words.appendix, True, False), (document.appendix_name.upper(), True, False), (said, False, True),
    ):  # fmt: skip
        paragraph = docx.add_paragraph()
        paragraph.alignment = ALIGN.CENTER
        run = paragraph.add_run(text)
        run.bold, run.italic, run.font.size = bold, italic, Pt(size)
    pieces.rule(docx, width // 5, width)
    docx.add_paragraph().paragraph_format.line_spacing = Pt(6)
    pieces.blocks(docx, document.appendix, settings, width, pictures, holds=False)


def _properties(docx: Docx, document: Document, office: Office, moment: datetime) -> None:
    """From the run's clock, never the machine's: the same document is the same file."""
    stamp = moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    core = docx.core_properties
    core.author = core.last_modified_by = office.office[:255]
    core.created = core.modified = stamp
    core.title = (f"{document.name} {text_words(document.summary)}".strip() or text_words(document.regarding))[:255]
    core.comments = core.keywords = core.subject = core.category = ""
    core.language, core.revision = form.LANGUAGE, 1


def _packed(docx: Docx) -> bytes:
    """The package with its parts in one order and without the time it was written."""
    made, packed = BytesIO(), BytesIO()
    docx.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            new.writestr(entry, old.read(name))
    return packed.getvalue()
