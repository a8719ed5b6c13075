"""A mail's bytes → its tree of parts, in time that grows with the mail's size alone, whatever was put into it.

The standard parser asks every open boundary at every line and nests one generator in another, so a small mail can cost
minutes or the stack. Here each level is cut once: headers, depth and number of parts are bounded, what lies deeper or
comes later stays uncut inside its part. The result is the standard library's Message; the payload of
a part is its octets as they came, each one character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message

from dondoc.inbox.transfer import octets

DEEPEST = 12
MOST_MIME_PARTS = 300
_MOST_HEADERS = 400
_LONGEST_HEADERS = 128 * 1024
_LONGEST_FIELD = 64 * 1024
_LONGEST_PARAMETERS = 8 * 1024
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*")
_TYPE = re.compile(r"\s*([\w.+-]{1,80})\s*/\s*([\w.+-]{1,127})")
_BOUNDARY = re.compile(r""";\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.){1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
_DELIMITER_ENDS = re.compile(rb"(--)?[ \t]*(?:\r\n|\n|\r|\Z)")
_MAILS = frozenset({"message/rfc822", "message/global"})
_GROUPS = frozenset({"message/delivery-status", "message/global-delivery-status"})


def parse_mail(content: bytes) -> Message:
    """The tree of a mail. Takes any bytes, raises nothing, and is not deeper than 12 levels or wider than 300 parts."""
    return _part(content.lstrip(), 0, [MOST_MIME_PARTS])


def parse_headers(content: bytes) -> Message:
    """The headers of a mail or part alone."""
    return _headers(content.lstrip())[0]


def body_of(content: bytes) -> bytes:
    """What follows the headers of a mail, as it came."""
    return _headers(content.lstrip())[1]


def walk(message: Message) -> Iterator[Message]:
    """A part and all it holds, in their order. The tree is bounded, so this is."""
    stack = [message]
    while stack:
        part = stack.pop()
        yield part
        stack += reversed(child_parts(part))


def child_parts(part: Message) -> list[Message]:
    """The parts that a part holds."""
    held = part.get_payload() if part.is_multipart() else None
    return [child for child in held if isinstance(child, Message)] if isinstance(held, list) else []


def media_type_of(part: Message) -> str:
    """The media type a part says it has, in lower case; text/plain where it says none that can be read."""
    found = _TYPE.match(_first(part, "content-type"))
    return f"{found[1]}/{found[2]}".lower() if found else "text/plain"


def transfer_encoding_of(part: Message) -> str:
    """The transfer encoding of a part in lower case, without the comments, quotes and blanks that some programs add."""
    told = re.sub(r"\([^()]*\)", " ", _first(part, "content-transfer-encoding"))
    found = re.search(r"[\w-]+", told)
    return found[0].lower() if found else ""


def _first(part: Message, name: str) -> str:
    return next((str(value) for key, value in part.raw_items() if key.lower() == name), "")


def _part(content: bytes, depth: int, left: list[int], kind: str = "") -> Message:
    part, body = _headers(content)
    if kind and "content-type" not in part:
        part["Content-Type"] = kind
    kind = media_type_of(part)
    cuts: list[bytes] | None = None
    if depth < DEEPEST and left[0] > 0:
        if kind.startswith("multipart/") and (boundary := _boundary(part)):
            cuts = _cut(body, boundary, left[0])
        elif kind in _MAILS:
            cuts = [octets(body, transfer_encoding_of(part))]
    if cuts:
        left[0] -= len(cuts)
        held = "message/rfc822" if kind == "multipart/digest" else ""
        part.set_payload([_part(cut, depth + 1, left, held) for cut in cuts])
    elif kind in _GROUPS:
        part.set_payload(list(_groups(body)))
    else:
        part.set_payload(body.decode("latin-1"))
    return part


def _headers(content: bytes) -> tuple[Message, bytes]:
    """The fields before the first empty line, and what follows; a line that is neither a field nor its
    continuation ends them, as one left out the empty line."""
    part, at, last = Message(), 0, ""
    fields: list[tuple[str, list[str], int]] = []
    end = min(len(content), _LONGEST_HEADERS)
    while at < end:
        match = _LINE.match(content, at)
        if match is None or match.end() == at:
            break
        line = match[0]
        bare = line.rstrip(b"\r\n")
        if not bare:
            at = match.end()
            break
        if bare[:1] in b" \t":
            if last and sum(len(piece) for piece in fields[-1][1][-1:]) < _LONGEST_FIELD:
                _longer(fields, bare)
        elif field := _FIELD.match(bare):
            last = field[1].decode("latin-1")
            if len(fields) < _MOST_HEADERS:
                fields.append((last, [], 0))
                _longer(fields, bare[field.end() :])
        elif at == 0 and (bare.startswith(b"From ") or bare.startswith(b">From ")):
            pass  # an mbox's own line
        else:
            break
        at = match.end()
    for name, pieces, _ in fields:
        part[name] = "\n".join(pieces)
    return part, content[at:]


def _longer(fields: list[tuple[str, list[str], int]], octets: bytes) -> None:
    name, pieces, size = fields[-1]
    most = _LONGEST_PARAMETERS if name.lower().startswith("content-") else _LONGEST_FIELD
    if size < most:
        pieces.append(octets[: most - size].decode("ascii", "surrogateescape"))
        fields[-1] = (name, pieces, size + len(octets) + 1)


def _boundary(part: Message) -> bytes:
    found = _BOUNDARY.search(_first(part, "content-type").replace("\n", " "))
    if not found:
        return b""
    text = re.sub(r"\\(.)", r"\1", found[1]) if found[1] else found[2]
    return text.rstrip().encode("ascii", "surrogateescape")


def _cut(body: bytes, boundary: bytes, most: int) -> list[bytes]:
    """The parts between the lines of a boundary; the last one may lack its end."""
    mark, found = b"--" + boundary, list[bytes]()
    start, at = -1, body.find(mark)
    while len(found) < most:
        line = _DELIMITER_ENDS.match(body, at + len(mark)) if at >= 0 else None
        if at >= 0 and (line is None or (at > 0 and body[at - 1] not in b"\r\n")):
            at = body.find(mark, at + 1)
            continue
        if start >= 0:
            found.append(_without_break(body[start:at]) if at >= start else body[start:] if at < 0 else b"")
        if line is None or line[1]:
            break
        start = line.end()
        at = body.find(mark, start)
    return found


def _without_break(part: bytes) -> bytes:
    """A part without the line break that belongs to the delimiter behind it (RFC 2046, 5.1.1)."""
    return part[:-2] if part.endswith(b"\r\n") else part[:-1] if part.endswith((b"\n", b"\r")) else part


def _groups(body: bytes) -> Iterator[Message]:
    """The groups of fields of a delivery report (RFC 3464, 2.1), each as a message without a body."""
    lines = body[:_LONGEST_HEADERS].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for block in re.split(rb"\n[ \t]*\n", lines)[:200]:
        if block.strip():
            yield _headers(block.strip(b"\n") + b"\n\n")[0]


def groups_of(body: bytes) -> list[Message]:
    """The groups of fields in a delivery report that is no part of its own: a gateway copied it into the text."""
    return list(_groups(body))
