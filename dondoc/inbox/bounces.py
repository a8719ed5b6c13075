"""Reports of failed delivery: RFC 3464 notifications, and the plain texts of servers older than it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

from dondoc.inbox.headers import plain, raw_header
from dondoc.inbox.parts import octets_of, text_of

_QMAIL = re.compile(r"(?m)^<([^<>\s@]+@[^<>\s]+)>:\n((?:[^\n]+\n?)+)")
_QMAIL_GREETING = "this is the qmail-send program"
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_MESSAGE_ID = re.compile(r"(?im)^message-id:\s*(<[^<>\s]{3,250}>)")
_TYPED = re.compile(r"^\s*[\w.-]+\s*;\s*")


@dataclass(frozen=True, slots=True)
class Failure:
    """What became of one recipient: `action` failed, delayed, delivered, relayed or expanded; `status` like 5.1.1."""

    recipient: str
    original_recipient: str
    action: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery report. `original` is the Message-ID of the mail it is about, "" where it does not say."""

    failures: tuple[Failure, ...]
    original: str

    @property
    def failed(self) -> tuple[Failure, ...]:
        """The recipients that the mail did not reach. A delay is not a failure."""
        return tuple(failure for failure in self.failures if failure.action == "failed")


def report_of(message: Message) -> Report | None:
    """The delivery report that a mail is; None where it is none."""
    parts = list(_walk(message))
    found = [
        failure for part in parts if part.get_content_type() == "message/delivery-status" for failure in _read(part)
    ]
    if found:
        return Report(tuple(found), _original(parts))
    text = next((text_of(part) for part in parts if part.get_content_type() == "text/plain"), "")
    if _QMAIL_GREETING in text[:2000].lower():
        return _qmail(text)
    return None


def _walk(message: Message) -> list[Message]:
    found, stack = list[Message](), [message]
    while stack and len(found) < 200:
        part = stack.pop()
        found.append(part)
        held = part.get_payload() if part.is_multipart() else None
        if isinstance(held, list):
            stack += [child for child in reversed(held) if isinstance(child, Message)]
    return found


def _read(part: Message) -> list[Failure]:
    """The per-recipient groups of fields; the parser gives each group as a message of its own, or the text whole."""
    held = part.get_payload()
    groups = [group for group in held if isinstance(group, Message)] if isinstance(held, list) else []
    if not groups or (len(groups) == 1 and not groups[0].keys()):
        blocks = re.split(r"\n\s*\n", (text_of(part) or str(held)).replace("\r\n", "\n"))
        groups = [HeaderParser().parsestr(block.strip()) for block in blocks]
    return [
        Failure(
            recipient=_address(raw_header(group, "final-recipient")),
            original_recipient=_address(raw_header(group, "original-recipient")),
            action=plain(raw_header(group, "action")).lower().split(" ")[0],
            status=_status(raw_header(group, "status")),
            diagnostic=plain(_TYPED.sub("", raw_header(group, "diagnostic-code")))[:500],
        )
        for group in groups
        if group.get("action") is not None
    ]


def _status(text: str) -> str:
    found = _STATUS.search(text)
    return found[1] if found else ""


def _address(field: str) -> str:
    return plain(_TYPED.sub("", field)).strip("<> ").lower()[:320]


def _original(parts: list[Message]) -> str:
    """The Message-ID of the returned mail, whole (message/rfc822) or its headers only (text/rfc822-headers)."""
    for position, part in enumerate(parts):
        kind = part.get_content_type()
        if kind == "text/rfc822-headers" and (found := _MESSAGE_ID.search(text_of(part))):
            return found[1]
        if kind == "message/rfc822" and position + 1 < len(parts):
            inner = plain(raw_header(parts[position + 1], "message-id"))
            if inner:
                return inner
            if found := _MESSAGE_ID.search(octets_of(part).decode("latin-1")):
                return found[1]
    return ""


def _qmail(text: str) -> Report | None:
    told, _, copy = text.partition("--- Below this line is a copy of the message.")
    failures = tuple(
        Failure(address.lower(), "", "failed", _status(why), plain(why)[:500]) for address, why in _QMAIL.findall(told)
    )
    found = _MESSAGE_ID.search(copy)
    return Report(failures, found[1] if found else "") if failures else None
