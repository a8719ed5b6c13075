"""Undoing how a part's octets were written for the way: base64, quoted-printable, uuencode. Nothing here raises."""

from __future__ import annotations

import binascii
import re

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_ONLY_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]*")
_PADDING = re.compile(rb"=+")
_UU_BEGIN = re.compile(rb"(?m)^begin [0-7]{3,4} ([^\r\n]{1,250})\r?$")
_UU_END = re.compile(rb"(?m)^end[ \t]*\r?$")
_MOST_UU = 20
_MOST_PADDED = 30_000  # some programs pad every line


def octets(body: bytes, encoding: str) -> bytes:
    """`body` without its transfer encoding; one that is not known leaves it as it came."""
    if encoding == "base64":
        return _base64(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        found = uuencoded(body)[0]
        return found[0][1] if found else body
    return body


def uuencoded(body: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The (name, octets) of the uuencoded files in a text, and the text without them."""
    found: list[tuple[bytes, bytes]] = []
    left: list[bytes] = []
    at = 0
    while len(found) < _MOST_UU and (begin := _UU_BEGIN.search(body, at)):
        end = _UU_END.search(body, begin.end())
        if end is None:
            break
        content = _uu(body[begin.end() : end.start()])
        left.append(body[at : begin.start()] if content else body[at : end.end()])
        if content:
            found.append((begin[1].strip(), content))
        at = end.end()
    return found, b"".join((*left, body[at:]))


def _base64(body: bytes) -> bytes:
    pieces = []
    for number, told in enumerate(_PADDING.split(body, _MOST_PADDED)):
        if number and not _ONLY_BASE64.fullmatch(told):  # a gateway's footer, and no further padded piece
            break
        kept = _NOT_BASE64.sub(b"", told)
        kept = kept[: len(kept) - (len(kept) % 4 == 1)]
        pieces.append(binascii.a2b_base64(kept + b"=" * (-len(kept) % 4)))
    return b"".join(pieces)


def _uu(body: bytes) -> bytes:
    """The octets of uuencoded lines; a line of another form says that this is no such file."""
    pieces = []
    for line in body.split(b"\n"):
        bare = line.rstrip(b"\r")
        if not bare.strip() or bare[:1] in b"` ":
            continue
        size = (bare[0] - 32) & 63
        try:
            pieces.append(binascii.a2b_uu(bare))
        except binascii.Error:
            try:  # a line longer than its count says: some encoders pad it
                pieces.append(binascii.a2b_uu(bare[: 1 + (size * 4 + 5) // 3]))
            except binascii.Error:
                return b""
    return b"".join(pieces)
