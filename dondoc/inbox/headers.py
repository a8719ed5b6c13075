"""Reading what stands in a mail's headers, however a mail program wrote it, in time that grows with their length alone.

Headers are read as they came, not through the standard library's strict parser, which rejects what offices really
send (raw UTF-8 in a file name, RFC 2047 words inside quotes, words cut in the middle of a letter), and not through its
address parser, which needs the stack for every colon. Nothing here raises.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from email.message import Message
from urllib.parse import quote, unquote_to_bytes

from dondoc.files.uploads import clean_name
from dondoc.inbox.charsets import composed, text_of_octets
from dondoc.inbox.mime_tree import media_type_of
from dondoc.inbox.transfer import octets

_FOLD = re.compile(r"[\r\n]+[ \t]*")
_PARAMETER = re.compile(r""";\s*([\w-]{1,60})(\*\d{1,4})?(\*)?\s*=\s*("(?:[^"\\]|\\.){0,2000}"|[^;]*)""")
_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"\s*\Z")
# An address as a mail program writes it; what stands in quotes is a name. Both sides are bounded (RFC 5321, 4.5.3.1).
_QUOTED = re.compile(r'"(?:[^"\\]|\\.){0,100}"(?!@)')
_ADDRESS = re.compile(
    r"""(?<![^\s<>,;:"'(\[])["']?([^\s<>,;:"'()\[\]@\\]{1,120})["']?@([^\s<>,;:"'()\[\]@\\]{1,200})"""
)
_MOST_ADDRESSES = 300
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
    """The first header of that name as text: unfolded, raw octets in whatever table they are."""
    return next(iter(raw_headers(part, name)), "")


def raw_headers(part: Message, *names: str) -> list[str]:
    """Every header of these names as text, in the order they stand."""
    wanted = {name.lower() for name in names}
    return [
        _FOLD.sub(" ", text_of_octets(str(value).encode("utf-8", "surrogateescape"))).strip()
        for key, value in part.raw_items()
        if key.lower() in wanted
    ]


def header(part: Message, name: str) -> str:
    """The first header of that name, its encoded words decoded, in NFC on one line."""
    return header_line(unworded(raw_header(part, name)))


def unworded(text: str) -> str:
    """`text` with its RFC 2047 words decoded; neighbours of one charset first joined, as some cut inside a letter."""
    if "=?" not in text:
        return text
    pieces: list[str | tuple[str, bytes]] = []
    at = 0
    for word in _WORD.finditer(text):
        between = text[at : word.start()]
        told, charset = _octets_of_word(word[2].lower(), word[3]), word[1].lower()
        last = pieces[-1] if pieces else ""
        if isinstance(last, tuple) and _BETWEEN.match(between):
            if last[0] == charset:
                pieces[-1] = (charset, last[1] + told)
            else:
                pieces.append((charset, told))
        else:
            pieces += [between, (charset, told)]
        at = word.end()
    return "".join(
        text_of_octets(piece[1], piece[0]) if isinstance(piece, tuple) else piece for piece in (*pieces, text[at:])
    )


def _octets_of_word(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding == "b":
        return octets(raw, "base64")
    try:
        return binascii.a2b_qp(raw, header=True)
    except ValueError:
        return raw


def header_line(text: str) -> str:
    """One line in NFC, without controls and half characters."""
    whole = text.encode("utf-8", "replace").decode()
    kept = "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else " " for c in whole)
    return " ".join(composed(kept).split())


def addresses(part: Message, *names: str) -> list[str]:
    """The addresses in all headers of these names, in lower case; of a name that looks like one, the real one behind it."""
    found = [address for value in raw_headers(part, *names) for address in addresses_in(value)]
    return list(dict.fromkeys(found))[:_MOST_ADDRESSES]


def addresses_in(value: str) -> list[str]:
    """The addresses in the text of a header, in their order."""
    bare = _QUOTED.sub(" ", value)
    found = []
    for entry in re.split(r"[,;]", bare):
        inside = entry.rpartition("<")[2].partition(">")[0] if "<" in entry else entry
        found += [f"{match[1]}@{match[2].rstrip('.')}" for match in _ADDRESS.finditer(inside)]
    return [header_line(address).lower() for address in found]


def file_name(part: Message, number: int) -> str:
    """The name of an attachment, safe to keep; one without a name or an ending is called by its media type."""
    given = parameter(part, "content-disposition", "filename") or parameter(part, "content-type", "name")
    return safe_file_name(unworded(given), media_type_of(part), number)


def safe_file_name(given: str, media_type: str, number: int) -> str:
    """A name that is safe to keep, for a file that came as `given`."""
    name = clean_name(header_line(given)[:2000]) if given else f"tep-{number}"
    ending = _EXTENSIONS.get(media_type)
    if ending and not re.search(r"\.[A-Za-z0-9]{1,5}\Z", name):
        name = clean_name(f"{name}.{ending}")
    return name


def parameter(part: Message, name: str, parameter: str) -> str:
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
    return text_of_octets(unquote_to_bytes(joined), charset or "utf-8")
