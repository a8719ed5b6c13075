"""The parts of a mail: its texts, its files wherever they lie (also inside forwarded mails), and what no one can read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

from dondoc.inbox.headers import file_name, octets_as_text, raw_header
from dondoc.inbox.own_words import shown_pictures

MOST_PARTS = 300
_DEEPEST = 12
# What travels with a mail without being handed in: signatures, cards, calendars (ours among them), notes of delivery.
_NOT_HANDED_IN = frozenset({
    "text/calendar", "application/ics", "text/vcard", "text/x-vcard", "application/pgp-signature",
    "application/pkcs7-signature", "application/x-pkcs7-signature", "message/delivery-status",
    "message/disposition-notification", "text/rfc822-headers",
})  # fmt: skip
_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file that came with a mail. `name` is safe to keep."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(slots=True)
class Parts:
    """What a mail holds. `unread` names the parts that no mail program but the sender's can open."""

    texts: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    sealed: bool = False


def parts_of(message: Message) -> Parts:
    """The parts of a mail; texts of forwarded mails are not the sender's and are left out, their files count."""
    found, pictures = Parts(), list[tuple[str, Attachment]]()
    for part, forwarded in _leaves(message, False, 0):
        kind = part.get_content_type()
        if kind in _SEALED:
            found.sealed = True
        elif kind in _TNEF or file_name(part, 0).lower() == "winmail.dat":
            found.unread.append("winmail.dat")
        elif kind in ("text/plain", "text/html") and not _is_file(part):
            if not forwarded:
                (found.texts if kind == "text/plain" else found.pages).append(text_of(part))
        elif kind not in _NOT_HANDED_IN:
            _collect(part, found, pictures)
    decoration = shown_pictures(found.pages)
    found.files += [attachment for content_id, attachment in pictures if content_id not in decoration]
    return found


def text_of(part: Message) -> str:
    """The text of a part in whatever charset it really is."""
    charset = part.get_content_charset() or "utf-8"
    return octets_as_text(octets_of(part), charset).replace("\r\n", "\n")


def octets_of(part: Message) -> bytes:
    """The octets of a part, its transfer encoding undone."""
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError, TypeError):
        content = None
    return content if isinstance(content, bytes) else b""


def _leaves(part: Message, forwarded: bool, depth: int) -> Iterator[tuple[Message, bool]]:
    """Every part that holds no others, and whether it lies inside a forwarded mail."""
    stack = [(part, forwarded, depth)]
    seen = 0
    while stack and seen < MOST_PARTS:
        current, inside, deep = stack.pop()
        seen += 1
        kind = current.get_content_type()
        held = current.get_payload() if current.is_multipart() else None
        if kind in _SEALED or not isinstance(held, list) or deep >= _DEEPEST:
            yield current, inside
            continue
        inner = [child for child in held if isinstance(child, Message)]
        stack += [(child, inside or kind == "message/rfc822", deep + 1) for child in reversed(inner)]


def _is_file(part: Message) -> bool:
    disposition = raw_header(part, "content-disposition").lower()
    return disposition.startswith("attachment") or "filename" in disposition


def _collect(part: Message, found: Parts, pictures: list[tuple[str, Attachment]]) -> None:
    content = octets_of(part)
    if not content and not _is_file(part):
        return
    kind = part.get_content_type()
    attachment = Attachment(file_name(part, len(found.files) + len(pictures) + 1), kind, content)
    content_id = raw_header(part, "content-id").strip("<> ")
    if kind.startswith("image/") and content_id:
        pictures.append((content_id, attachment))
    else:
        found.files.append(attachment)
