"""A copy of a mail without what opens anything: signed links and signed addresses are cut out, and the copy says so.

The bytes as they were sent stay what the ledger's hash is of; a copy names that hash. What remains is enough to read
the mail, and not enough to answer it for somebody else. A letter quotes our mail, so that these bytes may be anybody's:
they are read by the mailbox's bounded reader.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import encoders
from email.message import Message
from hashlib import sha256

from dondoc.inbox.charsets import text_of_octets
from dondoc.inbox.headers import parameter
from dondoc.inbox.mime_tree import child_parts, media_type_of, parse_mail, walk
from dondoc.inbox.parts import octets_of

REDACTION_MARK = "X-Dondoc-Redacted"
_CUT = "…"
# An answer's link, a sign-in's, a feed's, a scorecard's; the trial mailbox's token; an address that takes answers.
_LINK = re.compile(r"/(a|vao|lich|diem)/(?P<token>[A-Za-z0-9_.=-]{20,})|(/mail\?token=)[A-Za-z0-9_-]{20,}")
_ADDRESS = re.compile(r"(?P<base>[A-Za-z0-9._-]+)(\+|%2B)[a-z][a-z2-7]{26}(?=@|%40)", re.IGNORECASE)
_FOLD = re.compile(r"\r?\n[ \t]")
_SIGNATURE = 16


@dataclass(frozen=True, slots=True)
class Redacted:
    """The copy, how much was cut out of it, and the SHA-256 of the bytes it was made of."""

    content: bytes
    cut: int
    sha256: str


def cut_text(text: str) -> tuple[str, int]:
    """The text without links and addresses that open something, and how many there were."""
    text, links = _LINK.subn(lambda found: f"{found[3] or f'/{found[1]}/'}{_CUT}", text)
    text, addresses = _ADDRESS.subn(lambda found: f"{found['base']}+{_CUT}", text)
    return text, links + addresses


def redacted(content: bytes) -> Redacted:
    """The copy of a mail; the same bytes where there is nothing to cut."""
    message, cut, own = parse_mail(content), 0, sha256(content).hexdigest()
    parts = list(walk(message))
    for name, value in message.items():
        changed, found = cut_text(str(value))
        if found:
            message.replace_header(name, changed.replace(_CUT, "..."))
            cut += found
    for part in parts:
        cut += _cut_part(part)
    if not cut:
        return Redacted(content, 0, own)
    for part in parts:
        _make_writable(part)
    message[REDACTION_MARK] = f"links={cut}; sha256-as-sent={own}"
    return Redacted(message.as_bytes(), cut, own)


def duties_linked(content: bytes) -> frozenset[str]:
    """The occurrences whose links a mail carries; "" stands for a link that names none that can be read."""
    found = (match for text in _texts(parse_mail(content)) for match in _LINK.finditer(text))
    return frozenset(_occurrence(match["token"]) for match in found)


def _cut_part(part: Message) -> int:
    if _is_unread(part):
        text, found = cut_text(str(part.get_payload()))
        part.set_payload(text.replace(_CUT, "..."))
        return found
    if not _is_text(part):
        return 0
    text, found = cut_text(_text(part))
    if found:
        del part["Content-Transfer-Encoding"]
        part.set_payload(text.encode("utf-8"))
        part.set_param("charset", "utf-8")
        encoders.encode_base64(part)
    return found


def _make_writable(part: Message) -> None:
    """The reader keeps each octet as a character and has undone an attached mail's transfer encoding; a writer wants neither."""
    held = part.get_payload()
    if isinstance(held, str):
        part.set_payload(held.encode("latin-1").decode("ascii", "surrogateescape"))
    elif child_parts(part):
        del part["Content-Transfer-Encoding"]


def _texts(message: Message) -> Iterator[str]:
    yield from (str(value) for value in message.values())
    for part in walk(message):
        if _is_unread(part):
            yield str(part.get_payload())
        elif _is_text(part):
            yield _text(part)


def _is_unread(part: Message) -> bool:
    """Whether it holds parts that the reader left uncut, deeper or more than a mail of people has: they are cut as they stand."""
    return not part.is_multipart() and media_type_of(part).startswith(("multipart/", "message/"))


def _is_text(part: Message) -> bool:
    return not part.is_multipart() and media_type_of(part).startswith("text/")


def _text(part: Message) -> str:
    text = text_of_octets(octets_of(part), parameter(part, "content-type", "charset") or "utf-8")
    # A calendar folds its lines (RFC 5545, 3.1), and a link with them.
    return _FOLD.sub("", text) if media_type_of(part) == "text/calendar" else text


def _occurrence(token: str | None) -> str:
    try:
        body = base64.urlsafe_b64decode((token or "") + "=" * (-len(token or "") % 4))[:-_SIGNATURE].decode()
    except (binascii.Error, ValueError):
        return ""
    return body.split("\n")[0] if body.count("\n") >= 2 else ""
