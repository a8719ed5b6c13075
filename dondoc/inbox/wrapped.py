"""Files inside other wrappings than MIME: the signed content of S/MIME, and Outlook's winmail.dat. Nothing here raises.

Signed data (RFC 5652, 5) needs no key to be read; whether the signature is good is not asked here, the bytes are kept.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from dondoc.inbox.charsets import text_of_octets

_SIGNED = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
_OBJECT, _OCTETS, _SEQUENCE, _EXPLICIT, _CONSTRUCTED = 0x06, 0x04, 0x30, 0xA0, 0x24
_DEEPEST = 10

_TNEF = 0x223E9F78
_RENDERING, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_LONG_NAME, _BINARY = 0x3707, 0x3701
_MOST_FILES = 50
_VARIABLE = frozenset({0x1E, 0x1F, 0x102, 0x0D})
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x0A: 4, 0x0B: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x14: 8, 0x40: 8, 0x48: 16}


def signed_content(cms: bytes) -> bytes | None:
    """The content that CMS signed data carry within; None for what is encrypted, carries none, or is no CMS."""
    try:
        outer = list(_elements(cms, *_body(cms, 0)[1:3], _DEEPEST))
        if outer[0][0] != _OBJECT or cms[outer[0][1] : outer[0][2]] != _SIGNED or outer[1][0] != _EXPLICIT:
            return None
        signed = list(_elements(cms, *_body(cms, outer[1][1])[1:3], _DEEPEST))
        inner = list(_elements(cms, *next(e for e in signed if e[0] == _SEQUENCE)[1:3], _DEEPEST))
        return b"".join(_octet_strings(cms, inner[1][1], inner[1][2], _DEEPEST)) or None
    except (IndexError, StopIteration, ValueError):
        return None


def _octet_strings(data: bytes, start: int, end: int, depth: int) -> Iterator[bytes]:
    """The octets of a string, whole or in pieces (BER)."""
    for tag, begin, stop in _elements(data, start, end, depth):
        if tag == _OCTETS:
            yield data[begin:stop]
        elif tag == _CONSTRUCTED and depth:
            yield from _octet_strings(data, begin, stop, depth - 1)


def _elements(data: bytes, start: int, end: int, depth: int) -> Iterator[tuple[int, int, int]]:
    """(tag, start, end) of the elements between two places. Raises ValueError for what is none."""
    at = start
    while at < end and data[at : at + 2] != b"\0\0":
        tag, begin, stop, at = _body(data, at, depth)
        if stop > end:
            raise ValueError("an element longer than what holds it")
        yield tag, begin, stop


def _body(data: bytes, at: int, depth: int = _DEEPEST) -> tuple[int, int, int, int]:
    """Tag, start and end of an element's content, and where the next one begins. Raises ValueError, IndexError."""
    tag, length, begin = data[at], data[at + 1], at + 2
    if length == 0x80:  # its end is marked by two zeros
        if not depth:
            raise ValueError("nested too deeply")
        stop = begin
        while data[stop : stop + 2] != b"\0\0":
            stop = _body(data, stop, depth - 1)[3]
        return tag, begin, stop, stop + 2
    if length > 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[begin : begin + size], "big")
        begin += size
    if begin + length > len(data):
        raise ValueError("cut off")
    return tag, begin, begin + length, begin + length


def tnef_files(content: bytes) -> list[tuple[str, bytes]]:
    """The (name, octets) of the files in a winmail.dat (MS-OXTNEF); none for what is no such file or holds none."""
    found: list[tuple[str, bytes]] = []
    if len(content) < 6 or struct.unpack_from("<I", content)[0] != _TNEF:
        return found
    name, octets = "", b""
    at = 6
    while at + 9 <= len(content) and len(found) < _MOST_FILES:
        attribute, length = struct.unpack_from("<II", content, at + 1)
        value = content[at + 9 : at + 9 + length]
        at += 9 + length + 2
        if attribute == _RENDERING:
            found += [(name, octets)] if octets else []
            name, octets = "", b""
        elif attribute == _TITLE:
            name = name or text_of_octets(value.rstrip(b"\0"), "cp1258")
        elif attribute == _DATA:
            octets = value
        elif attribute == _PROPERTIES:
            properties = _mapi(value)
            name = properties.get(_LONG_NAME, b"").decode("utf-8", "replace").rstrip("\0") or name
            octets = octets or properties.get(_BINARY, b"")
    return found + ([(name, octets)] if octets else [])


def _mapi(data: bytes) -> dict[int, bytes]:
    """The text and binary properties of an attachment by their number, texts as UTF-8."""
    found: dict[int, bytes] = {}
    try:
        count, at = struct.unpack_from("<I", data)[0], 4
        for _ in range(min(count, 500)):
            kind, number = struct.unpack_from("<HH", data, at)
            at += 4
            if number >= 0x8000:  # named: an identifier, then a number or a text
                named = struct.unpack_from("<I", data, at + 16)[0]
                size = 4 + struct.unpack_from("<I", data, at + 20)[0] if named else 4
                at += 20 + size + (-size % 4)
            many = bool(kind & 0x1000)
            kind &= 0x0FFF
            if kind not in _VARIABLE:
                values = struct.unpack_from("<I", data, at)[0] if many else 1
                at += (4 if many else 0) + values * _FIXED[kind]
                continue
            values = struct.unpack_from("<I", data, at)[0]
            at += 4
            for _value in range(min(values, 500)):
                size = struct.unpack_from("<I", data, at)[0]
                value = data[at + 4 : at + 4 + size]
                at += 4 + size + (-size % 4)
                text = value.decode("utf-16-le", "replace") if kind == 0x1F else text_of_octets(value, "cp1258")
                found.setdefault(number, value if kind in (0x102, 0x0D) else text.encode("utf-8", "replace"))
    except (struct.error, KeyError):
        pass
    return found
