"""A copy of a mail without what opens anything: signed links and signed addresses are cut out, and the copy says so.

The bytes as they were sent stay what the ledger's hash is of; a copy names that hash. What remains is enough to read
the mail, and not enough to answer it for somebody else.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import encoders
from email.message import Message
from email.parser import BytesParser
from hashlib import sha256

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
    message, cut, own = BytesParser().parsebytes(content), 0, sha256(content).hexdigest()
    for name, value in message.items():
        changed, found = cut_text(str(value))
        if found:
            message.replace_header(name, changed.replace(_CUT, "..."))
            cut += found
    for part in message.walk():
        cut += _cut_part(part)
    if not cut:
        return Redacted(content, 0, own)
    message[REDACTION_MARK] = f"links={cut}; sha256-as-sent={own}"
    return Redacted(message.as_bytes(), cut, own)


def duties_linked(content: bytes) -> frozenset[str]:
    """The occurrences whose links a mail carries; "" stands for a link that names none that can be read."""
    message = BytesParser().parsebytes(content)
    return frozenset(_occurrence(found["token"]) for text in _texts(message) for found in _LINK.finditer(text))


def _cut_part(part: Message) -> int:
    if part.is_multipart() or part.get_content_maintype() != "text":
        return 0
    text, found = cut_text(_text(part))
    if found:
        del part["Content-Transfer-Encoding"]
        part.set_payload(text.encode("utf-8"))
        part.set_param("charset", "utf-8")
        encoders.encode_base64(part)
    return found


def _texts(message: Message) -> Iterator[str]:
    yield from (str(value) for value in message.values())
    for part in message.walk():
        if not part.is_multipart() and part.get_content_maintype() == "text":
            yield _text(part)


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    octets = payload if isinstance(payload, bytes) else b""
    try:
        text = octets.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        text = octets.decode("utf-8", "replace")
    # A calendar folds its lines (RFC 5545, 3.1), and a link with them.
    return _FOLD.sub("", text) if part.get_content_subtype() == "calendar" else text


def _occurrence(token: str | None) -> str:
    try:
        body = base64.urlsafe_b64decode((token or "") + "=" * (-len(token or "") % 4))[:-_SIGNATURE].decode()
    except (binascii.Error, ValueError):
        return ""
    return body.split("\n")[0] if body.count("\n") >= 2 else ""
