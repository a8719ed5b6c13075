"""Reading what stands in a mail's headers, however a mail program wrote it. Nothing here raises.

Headers are read as they came, not through the standard library's strict parser, which rejects what offices really
send: raw UTF-8 in a file name, RFC 2047 words inside quotes, words cut in the middle of a letter.
"""

from __future__ import annotations

import re
import unicodedata
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from urllib.parse import quote, unquote_to_bytes

from dondoc.files.uploads import clean_name

_FOLD = re.compile(r"[\r\n]+[ \t]*")
_PARAMETER = re.compile(r""";\s*([\w-]+)(\*\d{1,4})?(\*)?\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)""")
_EXTENSIONS = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/tiff": "tiff",
}


def raw_header(part: Message, name: str) -> str:
    """The first header of that name as text: unfolded, raw octets as UTF-8 or else as Vietnamese Windows text."""
    value = next((str(value) for key, value in part.raw_items() if key.lower() == name.lower()), "")
    return _FOLD.sub(" ", octets_as_text(value.encode("utf-8", "surrogateescape"))).strip()


def header(part: Message, name: str) -> str:
    """The first header of that name, its encoded words decoded, in NFC on one line."""
    return plain(unworded(raw_header(part, name)))


def octets_as_text(octets: bytes, charset: str = "utf-8") -> str:
    """`octets` in `charset`, else UTF-8, else Windows-1258; what no table knows becomes a question mark sign."""
    for table in (charset, "utf-8", "cp1258"):
        try:
            # Some tables (unicode_escape) give half characters, which no UTF-8 can carry.
            return octets.decode(table).encode("utf-8", "replace").decode()
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return octets.decode("utf-8", "replace")


def unworded(text: str) -> str:
    """`text` with its RFC 2047 words decoded; neighbours of one charset first joined, as some cut inside a letter."""
    if "=?" not in text:
        return text
    try:
        found = decode_header(text)
    except (HeaderParseError, ValueError, LookupError):
        return text
    return "".join(
        octets_as_text(octets, charset or "utf-8") if isinstance(octets, bytes) else octets for octets, charset in found
    )


def plain(text: str) -> str:
    """One line in NFC, without controls and half characters."""
    whole = text.encode("utf-8", "replace").decode()
    kept = "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else " " for c in whole)
    return " ".join(unicodedata.normalize("NFC", kept).split())


def addresses(part: Message, *names: str) -> list[str]:
    """The addresses in all headers of these names, in lower case."""
    wanted = {name.lower() for name in names}
    values = [
        _FOLD.sub(" ", octets_as_text(str(value).encode("utf-8", "surrogateescape")))
        for key, value in part.raw_items()
        if key.lower() in wanted
    ]
    try:
        found = [address for _, address in getaddresses(values)]
    except (ValueError, IndexError, TypeError):
        found = []
    return list(dict.fromkeys(plain(address).lower() for address in found if "@" in address))


def file_name(part: Message, number: int) -> str:
    """The name of an attachment, safe to keep; one without a name or an ending is called by its media type."""
    given = _parameter(part, "content-disposition", "filename") or _parameter(part, "content-type", "name")
    name = clean_name(plain(unworded(given))) if given else f"tep-{number}"
    ending = _EXTENSIONS.get(part.get_content_type())
    if ending and not re.search(r"\.[A-Za-z0-9]{1,5}\Z", name):
        name = clean_name(f"{name}.{ending}")
    return name


def _parameter(part: Message, name: str, parameter: str) -> str:
    """A parameter of a header, RFC 2231's pieces joined before they are decoded: some programs cut inside a letter."""
    plain_value, pieces = "", dict[int, tuple[str, bool]]()
    for key, number, extended, value in _PARAMETER.findall(raw_header(part, name)):
        if key.lower() != parameter:
            continue
        text = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value.strip()
        if number or extended:
            pieces.setdefault(int(number[1:5] or 0), (text, bool(extended)))
        else:
            plain_value = plain_value or text
    if not pieces:
        return plain_value
    charset = "utf-8"
    first, extended_first = pieces[min(pieces)]
    if extended_first and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
        pieces[min(pieces)] = (first, True)
    joined = "".join(text if coded else quote(text) for _, (text, coded) in sorted(pieces.items()))
    return octets_as_text(unquote_to_bytes(joined), charset or "utf-8")
