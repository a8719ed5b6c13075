"""A file's bytes → the document it holds, by its kind. Raises ReadingError for what cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from dondoc.reading.document import Document, ReadingError, Table, TextLine

KINDS = (".docx", ".pdf", ".xlsx", ".txt", ".md")

_INSTEAD = {
    ".doc": "an old Word file; save it as .docx",
    ".xls": "an old Excel file; save it as .xlsx",
    ".odt": "an OpenDocument file; save it as .docx",
    ".rtf": "an RTF file; save it as .docx",
    ".yaml": "a plan file already; check it with: dondoc plan check",
    ".yml": "a plan file already; check it with: dondoc plan check",
}


def read_document(name: str, content: bytes) -> Document:
    """The document in `content`, a file called `name`."""
    suffix = PurePath(name).suffix.lower()
    reader = _readers().get(suffix)
    if reader is None:
        said = _INSTEAD.get(suffix, f"no plan document; give one of {', '.join(KINDS)}")
        raise ReadingError(f"{name} is {said}")
    if not content.strip():
        raise ReadingError(f"{name} is empty; give the plan document")
    blocks = tuple(reader(name, content))
    if not any(isinstance(block, Table) or block.text.strip() for block in blocks):
        raise ReadingError(f"{name} holds no text; give a document whose text can be selected and copied")
    return Document(name, blocks)


def _readers() -> dict[str, Callable[[str, bytes], list[TextLine | Table]]]:
    from tasks.reading.pdf_pages import read_pdf
    from tasks.reading.plain_text import read_text
    from tasks.reading.word_document import read_docx
    from tasks.reading.workbook_sheets import read_xlsx

    return {".docx": read_docx, ".pdf": read_pdf, ".xlsx": read_xlsx, ".txt": read_text, ".md": read_text}
