"""Workbooks in the strict form of Open XML ("Strict Open XML Spreadsheet"), renamed to the usual form openpyxl reads.

The two forms differ in the names of their XML namespaces (ISO/IEC 29500-1 and -4, annex A); dates are written as text,
which openpyxl reads.
"""

from __future__ import annotations

import io
import re
import zipfile

_STRICT = b"http://purl.oclc.org/ooxml/"
_NAME = re.compile(rb"http://purl\.oclc\.org/ooxml/([A-Za-z]+)/([A-Za-z/]+)")
_USUAL = b"http://schemas.openxmlformats.org/"


def usual_form(content: bytes) -> bytes:
    """The workbook with the namespaces of the usual form; the same bytes where it has them already.

    Call it after the size was bounded: it reads every part. Raises what zipfile raises for a broken archive.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {part.filename: archive.read(part) for part in archive.infolist()}
    if not any(_STRICT in part for name, part in parts.items() if _is_xml(name)):
        return content
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, _NAME.sub(_usual, part) if _is_xml(name) else part)
    return out.getvalue()


def _is_xml(name: str) -> bool:
    return name.endswith((".xml", ".rels"))


def _usual(found: re.Match[bytes]) -> bytes:
    return b"%b%b/2006/%b" % (_USUAL, found[1], _TURNED.get(found[2], found[2]))


# Relationship types whose names themselves differ.
_TURNED = {
    b"relationships/extendedProperties": b"relationships/extended-properties",
    b"relationships/customProperties": b"relationships/custom-properties",
    b"extendedProperties": b"extended-properties",
    b"customProperties": b"custom-properties",
}
