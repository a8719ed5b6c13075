"""Mail that comes in: bytes → what it is. Pure, and nothing that is sent to us raises.

In this order: too large; our own mail come back; a delivery report; an automatic answer; sealed; a reply. Automatic
answers are known by RFC 3834's header, by the headers that mail systems use instead of it, by the null sender, and by
the subjects that inbound.yaml lists. A delivery report is automatic too and is looked for first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from dondoc.inbox.bounces import Report, report_of
from dondoc.inbox.headers import addresses, header, raw_header
from dondoc.inbox.own_words import Manners, own_text
from dondoc.inbox.parts import Attachment, parts_of

_PRECEDENCES = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_MACHINES = frozenset({"x-autoreply", "x-autorespond", "x-auto-response-suppress", "list-id"})
_REPLY_MARK = re.compile(r"^(?:(?:re|fw|fwd|tl|trả lời)\s*:\s*)+", re.IGNORECASE)
_OURS = re.compile(r"<(?:[a-z]+\.)?[0-9a-f]{32}@([^<>\s]+)>")
_IDS = re.compile(r"<[^<>\s\0]{3,250}>")
# Where the address stands that a mail was delivered to, in the order servers are to be believed.
DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To", "To", "Cc", "Resent-To")


@dataclass(frozen=True, slots=True)
class Setting:
    """What a mail is judged by. `base` is the mailbox of our reply addresses, `domain` that of our Message-IDs."""

    base: str
    domain: str
    manners: Manners
    largest: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who a mail is from and to, as its headers say; `message_id` is "" where it has none.

    `answers` are the Message-IDs of the mails it says it answers, the nearest first.
    """

    message_id: str = ""
    sender: str = ""
    subject: str = ""
    recipients: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """A person's answer. `unread` names what came with it and cannot be opened here (winmail.dat)."""

    envelope: Envelope
    text: str
    files: tuple[Attachment, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AutoReply:
    """A machine's answer; `why` is the header that says so. It never counts, whatever it carries."""

    envelope: Envelope
    why: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report."""

    envelope: Envelope
    report: Report


@dataclass(frozen=True, slots=True)
class Loop:
    """Our own mail come back."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Unusable:
    """What cannot be read: `reason` large, encrypted or broken."""

    envelope: Envelope
    reason: str


Incoming = Reply | AutoReply | Bounce | Loop | Unusable


def read_mail(content: bytes, setting: Setting) -> Incoming:
    """What `content` is."""
    if len(content) > setting.largest:
        return Unusable(_envelope(_headers(content)), "large")
    try:
        message = BytesParser(policy=compat32).parsebytes(content)
        return _judge(message, setting)
    except (RecursionError, MemoryError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        # The standard parser raises these on some malformed mails; the mail itself is kept by its bytes.
        return Unusable(_envelope(_headers(content)), "broken")


def read_letter(content: bytes, known: Manners) -> tuple[str, tuple[Attachment, ...]]:
    """What a person looks at in a kept mail, of whatever kind: the sender's own text, and the files."""
    try:
        found = parts_of(BytesParser(policy=compat32).parsebytes(content))
        return own_text(found.texts, found.pages, known), tuple(found.files)
    except (RecursionError, MemoryError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        return "", ()


def _judge(message: Message, setting: Setting) -> Incoming:
    envelope = _envelope(message)
    if _is_ours(message, envelope, setting):
        return Loop(envelope)
    report = report_of(message)
    if report:
        return Bounce(envelope, report)
    found = parts_of(message)
    why = _automatic(message, envelope, setting.manners)
    if why:
        return AutoReply(envelope, why, tuple(file.name for file in found.files))
    if found.sealed:
        return Unusable(envelope, "encrypted")
    text = own_text(found.texts, found.pages, setting.manners)
    return Reply(envelope, text, tuple(found.files), tuple(found.unread))


def _headers(content: bytes) -> Message:
    """The headers of a mail whose body is not looked at."""
    top = re.split(rb"\r?\n\r?\n", content[:100_000], maxsplit=1)[0]
    try:
        return BytesParser(policy=compat32).parsebytes(top, headersonly=True)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        return Message()


def _envelope(message: Message) -> Envelope:
    sender = addresses(message, "From") or addresses(message, "Sender")
    answered, earlier = raw_header(message, "in-reply-to"), raw_header(message, "references")
    return Envelope(
        message_id=raw_header(message, "message-id").replace("\0", "")[:500],
        sender=sender[0][:320] if sender else "",
        subject=header(message, "subject")[:500],
        recipients=tuple(addresses(message, *DELIVERED_TO)),
        answers=tuple(dict.fromkeys(_IDS.findall(f"{answered} {' '.join(reversed(_IDS.findall(earlier)))}")))[:50],
    )


def _is_ours(message: Message, envelope: Envelope, setting: Setting) -> bool:
    loops = [str(value).strip().lower() for key, value in message.raw_items() if key.lower() == "x-loop"]
    ours = _OURS.fullmatch(envelope.message_id)
    return setting.base.lower() in loops or bool(ours and ours[1].lower() == setting.domain.lower())


def _automatic(message: Message, envelope: Envelope, known: Manners) -> str:
    submitted = raw_header(message, "auto-submitted").lower().partition(";")[0].strip()
    if submitted not in ("", "no"):
        return "Auto-Submitted"
    if raw_header(message, "precedence").lower() in _PRECEDENCES:
        return "Precedence"
    named = next((key for key in message if key.lower() in _MACHINES), "")
    if named:
        return named
    if any(key.lower() == "return-path" and str(value).strip() == "<>" for key, value in message.raw_items()):
        return "Return-Path"
    kind = message.get_content_type()
    if kind == "multipart/report":  # a receipt (RFC 8098), an abuse report
        return "Content-Type"
    subject = _REPLY_MARK.sub("", envelope.subject).casefold()
    return "Subject" if any(subject.startswith(start) for start in known.automatic) else ""
