"""What a unit hands in as a file: what it really is, and a name that is safe to keep and to show.

The extension says what the file claims to be, its first bytes what it is; both must agree. Office files are looked
into without unpacking them: their list of parts, its claimed sizes, and the one part that names their type.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
import zlib
from typing import Literal

from dondoc.foundation.errors import DondocError

UploadFault = Literal["empty", "kind", "content", "macro", "huge", "archive"]

LONGEST_NAME = 150
MOST_ZIP_PARTS = 10_000
MOST_UNPACKED = 500 * 1024 * 1024
_PDF_WITHIN = 1024  # what readers allow before the marker: a mark of Unicode, an empty line, a gateway's header
_PART = b"PK\x01\x02"  # how each part is listed in a zip's directory
_TYPES_PART = "[Content_Types].xml"
_MOST_TYPES = 1024 * 1024

_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN_OFFICE = {
    "docx": ("wordprocessingml.document", f"{_OFFICE}.wordprocessingml.document"),
    "xlsx": ("spreadsheetml.sheet", f"{_OFFICE}.spreadsheetml.sheet"),
    "pptx": ("presentationml.presentation", f"{_OFFICE}.presentationml.presentation"),
}
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PLAIN: dict[str, tuple[tuple[bytes, ...], str]] = {
    "pdf": ((b"%PDF-",), "application/pdf"),
    "doc": ((_COMPOUND,), "application/msword"),
    "xls": ((_COMPOUND,), "application/vnd.ms-excel"),
    "png": ((b"\x89PNG\r\n\x1a\n",), "image/png"),
    "jpg": ((b"\xff\xd8\xff",), "image/jpeg"),
    "jpeg": ((b"\xff\xd8\xff",), "image/jpeg"),
    "tif": ((b"II*\0", b"MM\0*"), "image/tiff"),
    "tiff": ((b"II*\0", b"MM\0*"), "image/tiff"),
}
_ARCHIVES = frozenset({"zip", "rar", "7z", "gz", "tgz", "tar", "bz2", "xz", "arj", "cab", "iso"})
_ARCHIVE_STARTS = (b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
EXTENSIONS = (*_PLAIN, *_OPEN_OFFICE)

_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_NOT_IN_NAMES = re.compile(r'[<>:"|?*]')


class UploadError(DondocError):
    """A file that is not taken; `fault` says why."""

    def __init__(self, fault: UploadFault, name: str) -> None:
        super().__init__(f"the file {name!r} is not taken ({fault}); hand in a PDF, an Office file or a picture")
        self.fault = fault
        self.name = name


def clean_name(name: str) -> str:
    """`name` without path, control and direction marks, in NFC, at most 150 characters, its extension kept."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    name = "".join(c for c in name if unicodedata.category(c) not in _UNSHOWN)
    name = " ".join(_NOT_IN_NAMES.sub("_", name).split()).strip(". ")
    stem, dot, extension = name.rpartition(".")
    if dot and 0 < len(extension) <= 5:
        return f"{stem[: LONGEST_NAME - len(extension) - 1].rstrip('. ')}.{extension}"
    return name[:LONGEST_NAME] or "tep"


def media_type(name: str, content: bytes) -> str:
    """The media type of a file of that (cleaned) name. Raises UploadError where name and content do not agree."""
    if not content:
        raise UploadError("empty", name)
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension in _OPEN_OFFICE:
        return _office_type(name, extension, content)
    if extension not in _PLAIN:
        if extension in _ARCHIVES or content.startswith(_ARCHIVE_STARTS):
            raise UploadError("archive", name)
        raise UploadError("macro" if extension in ("docm", "xlsm", "pptm") else "kind", name)
    starts, found = _PLAIN[extension]
    if not (content.startswith(starts) or (extension == "pdf" and starts[0] in content[:_PDF_WITHIN])):
        raise UploadError("content", name)
    return found


def recognised(name: str, content: bytes) -> tuple[str, str]:
    """Media type of a file that came by mail, and its name with the ending that fits: mail programs and scanners name
    files wrongly, and nobody can be asked. What it is, its content says. Raises UploadError.
    """
    try:
        return media_type(name, content), name
    except UploadError as error:
        if error.fault not in ("content", "kind"):
            raise
        for ending in ("pdf", "png", "jpg", "tiff", *_OPEN_OFFICE):
            fitting = _renamed(name, ending)
            try:
                return media_type(fitting, content), fitting
            except UploadError as other:
                if other.fault in ("macro", "huge"):
                    raise UploadError(other.fault, name) from None
        if content.startswith(_ARCHIVE_STARTS) or content.startswith(b"PK\x03\x04"):
            raise UploadError("archive", name) from None
        raise


def _renamed(name: str, ending: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return clean_name(f"{stem}.{ending}" if dot and extension.lower() in EXTENSIONS else f"{name}.{ending}")


def _office_type(name: str, extension: str, content: bytes) -> str:
    wanted, found = _OPEN_OFFICE[extension]
    if not content.startswith(b"PK\x03\x04"):
        raise UploadError("content", name)
    if content.count(_PART) > MOST_ZIP_PARTS:  # before the list of parts is read into memory
        raise UploadError("huge", name)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise UploadError("huge", name)
            if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
                raise UploadError("macro", name)
            with archive.open(_TYPES_PART) as part:
                types = part.read(_MOST_TYPES)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, RuntimeError, NotImplementedError, zlib.error):
        raise UploadError("content", name) from None
    if b"macroEnabled" in types:
        raise UploadError("macro", name)
    if wanted.encode() not in types:
        raise UploadError("content", name)
    return found


def unused(name: str, used: set[str]) -> str:
    """`name`, numbered where another file of the same answer has it."""
    stem, dot, extension = name.rpartition(".")
    chosen, number = name, 1
    while chosen in used:
        number += 1
        chosen = f"{stem} ({number}){dot}{extension}"
    used.add(chosen)
    return chosen
