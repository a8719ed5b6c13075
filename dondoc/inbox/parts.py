"""The parts of a mail: its texts, its files wherever they lie (also inside forwarded mails), and what no one can read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from typing import Literal

from dondoc.inbox.charsets import text_of_octets
from dondoc.inbox.headers import file_name, parameter, raw_header, safe_file_name
from dondoc.inbox.html_text import shown_pictures
from dondoc.inbox.mime_tree import child_parts, media_type_of, parse_mail, transfer_encoding_of, walk
from dondoc.inbox.pictures import PicturePart, is_decoration
from dondoc.inbox.transfer import octets, uuencoded
from dondoc.inbox.wrapped import signed_content, tnef_files

# What travels with a mail without being handed in: signatures, cards, calendars (ours among them), notes of delivery.
_NOT_HANDED_IN = frozenset({
    "text/calendar", "application/ics", "text/vcard", "text/x-vcard", "application/pgp-signature",
    "application/pkcs7-signature", "application/x-pkcs7-signature", "message/delivery-status",
    "message/global-delivery-status", "message/disposition-notification", "text/rfc822-headers",
    "message/feedback-report",
})  # fmt: skip
_CMS = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_PICTURE_ENDING = re.compile(r"(?i)\.(png|jpe?g|gif|bmp|emz|wmz|heic|tiff?)\Z")
_MOST_FILES = 300
_WRAPPINGS = 2  # a signed mail inside a signed mail

# Why a part is not read: it is sealed with a key, or is Outlook's own wrapping without a file that can be read.
Unreadable = Literal["sealed", "winmail"]


@dataclass(frozen=True, slots=True)
class LetterFile:
    """One file that came with a mail. `name` is safe to keep; `within` is the Message-ID of the forwarded mail it lies in."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    within: str = ""


@dataclass(slots=True)
class Parts:
    """What a mail holds. `unread` are the parts that cannot be opened, each with the reason; `pictures` those in the
    text that are not taken as handed in; `sealed` says that the mail itself is encrypted."""

    texts: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    files: list[LetterFile] = field(default_factory=list)
    unread: list[tuple[str, Unreadable]] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class _Leaf:
    part: Message
    within: Message | None
    alone: bool


def parts_of(message: Message, is_own: Callable[[Message], bool] = lambda _: False) -> Parts:
    """The parts of a mail; texts of forwarded mails are not the sender's and are left out, their files count.

    What lies inside a forwarded mail that `is_own` knows is no one's answer and is left out.
    """
    found, pictures = Parts(), list[tuple[PicturePart, str, LetterFile]]()
    for leaf in _leaves(message, is_own):
        _take(leaf, found, pictures)
    shown = {name.lower() for name in shown_pictures(found.pages)}
    for picture, content_id, attachment in pictures:
        visible = picture.shown or content_id in shown or picture.name.lower() in shown
        judged = PicturePart(
            picture.name, picture.media_type, picture.size, visible, picture.attached, picture.forwarded
        )
        if is_decoration(judged):
            found.pictures.append(attachment.name)
        else:
            found.files.append(attachment)
    return found


def text_of(part: Message) -> str:
    """The text of a part in whatever charset it really is."""
    return text_of_octets(octets_of(part), parameter(part, "content-type", "charset") or "utf-8").replace("\r\n", "\n")


def octets_of(part: Message) -> bytes:
    """The octets of a part, its transfer encoding undone."""
    held = part.get_payload()
    raw = held.encode("latin-1", "replace") if isinstance(held, str) else b""
    return octets(raw, transfer_encoding_of(part))


def file_digests(content: bytes) -> frozenset[str]:
    """The SHA-256 of every file that a mail carries, also inside mails it carries."""
    files = (part for part in walk(parse_mail(content)) if not part.is_multipart() and _is_file(part))
    return frozenset(hashlib.sha256(octets_of(part)).hexdigest() for part in files)


def _leaves(message: Message, is_own: Callable[[Message], bool]) -> list[_Leaf]:
    """Every part that holds no others, with the forwarded mail it lies in; opaquely signed mails are opened."""
    stack: list[tuple[Message, Message | None, bool, int]] = [(message, None, True, 0)]
    found: list[_Leaf] = []
    while stack and len(found) < _MOST_FILES:
        part, within, alone, wrappings = stack.pop()
        kind = media_type_of(part)
        if kind in _CMS and wrappings < _WRAPPINGS and (inner := signed_content(octets_of(part))):
            stack.append((parse_mail(inner), within, alone, wrappings + 1))
            continue
        inner_parts = child_parts(part) if kind != "multipart/encrypted" else []
        if not inner_parts or kind in _NOT_HANDED_IN:
            found.append(_Leaf(part, within, alone))
        elif kind.startswith("message/"):
            stack += [(mail, mail, False, wrappings) for mail in inner_parts if not is_own(mail)]
        else:
            single = alone and len(inner_parts) == 1
            stack += [(child, within, single, wrappings) for child in reversed(inner_parts)]
    return found


def _take(leaf: _Leaf, found: Parts, pictures: list[tuple[PicturePart, str, LetterFile]]) -> None:
    part, kind = leaf.part, media_type_of(leaf.part)
    number = len(found.files) + len(pictures) + 1
    if kind in _CMS or kind == "multipart/encrypted":
        if leaf.alone and leaf.within is None:
            found.sealed = True
        else:
            found.unread.append((file_name(part, number), "sealed"))
    elif kind in _TNEF or file_name(part, 0).lower() == "winmail.dat":
        held = tnef_files(octets_of(part))
        found.unread += [] if held else [("winmail.dat", "winmail")]
        for name, content in held:
            _put(leaf, safe_file_name(name, "", number), "", content, found, pictures)
    elif kind in ("text/plain", "text/html") and not _is_file(part):
        if leaf.within is None:
            _take_text(leaf, kind, found)
    elif kind not in _NOT_HANDED_IN:
        content = octets_of(part)
        if content or _is_file(part):
            _put(leaf, file_name(part, number), kind, content, found, pictures)


def _take_text(leaf: _Leaf, kind: str, found: Parts) -> None:
    if kind == "text/html":
        found.pages.append(text_of(leaf.part))
        return
    files, left = uuencoded(octets_of(leaf.part))
    charset = parameter(leaf.part, "content-type", "charset") or "utf-8"
    found.texts.append(text_of_octets(left, charset).replace("\r\n", "\n"))
    found.files += [
        LetterFile(safe_file_name(text_of_octets(name), "", len(found.files) + n), "", content) for n, (name, content) in enumerate(files, 1)
    ]  # fmt: skip


def _put(
    leaf: _Leaf,
    name: str,
    kind: str,
    content: bytes,
    found: Parts,
    pictures: list[tuple[PicturePart, str, LetterFile]],
) -> None:
    within = raw_header(leaf.within, "message-id")[:500] if leaf.within else ""
    attachment = LetterFile(name, kind, content, within)
    if not (kind.startswith("image/") or (kind in ("", "application/octet-stream") and _PICTURE_ENDING.search(name))):
        found.files.append(attachment)
        return
    content_id = raw_header(leaf.part, "content-id").strip("<> ").lower()
    location = raw_header(leaf.part, "content-location").strip()
    attached = raw_header(leaf.part, "content-disposition").lower().startswith("attachment") or not kind
    # Outlook gives every attachment a Content-ID, also what no page shows.
    shown = bool(location) or (bool(content_id) and not attached)
    pictures.append(
        (PicturePart(name, kind, len(content), shown, attached, leaf.within is not None), content_id, attachment)
    )


def _is_file(part: Message) -> bool:
    disposition = raw_header(part, "content-disposition").lower()
    return disposition.startswith("attachment") or "filename" in disposition
