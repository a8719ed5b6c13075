"""Reports of failed delivery: RFC 3464 notifications first, then the headers and plain texts of servers without it.

Only the mail itself is a report, never a mail that a person forwards; and only where it says so by its form, or comes
from a mail server (its name, the null sender, a subject that only servers write), is its text searched for one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from typing import Literal

from dondoc.inbox.bounce_texts import failures_in
from dondoc.inbox.headers import addresses, addresses_in, header, header_line, raw_header, raw_headers
from dondoc.inbox.html_text import html_as_text
from dondoc.inbox.mime_tree import child_parts, groups_of, media_type_of, walk
from dondoc.inbox.parts import octets_of, text_of

_STATUS = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
_RFC3463 = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\w.@/:-])([45])[0-5]\d(?=[ :-]\D|$)")
_FIELDS = re.compile(r"(?im)^(?:final|original)-recipient:")
_MESSAGE_ID = re.compile(r"(?im)^message-id:\s{0,4}(<[^<>\s]{3,250}>)")
_TYPED = re.compile(r"^\s*[\w.-]{1,40}\s*;\s*")
_GROUPS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_SERVERS = re.compile(
    r"(?:mailer[-_.]?daemon|mail[-_]?daemon|post[-_]?master|mdaemon|mmdf|uucp|root|smtp|majordomo|mail-?admin"
    r"|mail(?:er|gate|sweeper|marshal)?|bounces?|amavis\w*|post(?:office|-?master)?|notification|noreply|system|content\w*|"
    r"double-bounce|e-?mailer|exchange.*|microsoftexchange\w*|.*(?:daemon|postmaster).*)(?:[+-].*)?@",
    re.IGNORECASE,
)
_SUBJECTS = re.compile(
    r"undeliver|returned (?:mail|to sender|e-?mail)|return(?:ed|ing) (?:e-?mail|message|mail)|delivery (?:status|fail|err|report|problem|unsucc|time)"
    r"|deliver(?:y|ed) (?:has )?(?:failed|delayed)|failure notice|mail (?:delivery|failure|error|system error)|message (?:delivery|undel|you sent)"
    r"|non[- ]?(?:delivery|remis|receipt)|could ?n[o']t be delivered|not delivered|delayed mail|warning: (?:could not|message)|unzustellbar"
    r"|mail could not|user unknown|unknown (?:user|address)|bounced|error (?:sending|in) |unable to deliver|can ?not (?:be )?(?:send|deliver)"
    r"|không (?:thể )?(?:gửi|chuyển|phát) được|thư (?:bị )?trả lại|không gửi được thư|chưa gửi được|trả lại thư",
    re.IGNORECASE,
)

DeliveryAction = Literal["failed", "delayed", "delivered", "relayed", "expanded", ""]


@dataclass(frozen=True, slots=True)
class Failure:
    """What became of one recipient: `action` failed, delayed, delivered, relayed or expanded; `status` like 5.1.1."""

    recipient: str
    original_recipient: str
    action: str
    status: str
    diagnostic: str

    @property
    def permanent(self) -> bool:
        """Whether trying again is of no use: RFC 3463's class 5. Its class 4 that was given up has failed all the same."""
        return self.action == "failed" and not self.status.startswith("4")


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A delivery report. `original` is the Message-ID of the mail it is about, "" where it does not say."""

    failures: tuple[Failure, ...]
    original: str

    @property
    def failed(self) -> tuple[Failure, ...]:
        """The recipients that the mail did not reach. A delay is not a failure."""
        return tuple(failure for failure in self.failures if failure.action == "failed")


def report_of(message: Message, *, from_server: bool = False) -> DeliveryReport | None:
    """The delivery report that a mail is; None where it is none. `from_server`: it came with the null sender."""
    own = _own_parts(message)
    if any(media_type_of(part) == "message/feedback-report" for part in own):
        return None
    found = [failure for part in own if media_type_of(part) in _GROUPS for failure in _read(part)]
    stated = bool(found) or media_type_of(message) == "multipart/report"
    if not (stated or from_server or is_from_server(message)):
        return None
    text = _said(own)
    found = found or _acted_all(groups_of(text.encode("utf-8", "replace"))) if _FIELDS.search(text) else found
    told = [failure for failure in found if "@" in (failure.recipient or failure.original_recipient)]
    # A notice of reading tells no failure, unless the mailbox's own rule sent it to refuse the mail (RFC 5429, 2.1.1).
    receipt = "disposition-notification" in raw_header(message, "content-type").lower()
    if not told and not (receipt and "rejected" not in raw_header(message, "auto-submitted").lower()):
        told = _without_fields(message, own, text, found)
    if not told:
        return None
    return DeliveryReport(tuple(_filled(failure, text) for failure in told), _original(message, own, text))


def is_from_server(message: Message) -> bool:
    """Whether a mail comes from a mail server, by the name of its sender, the null sender or its subject."""
    senders = [address for value in raw_headers(message, "from", "sender") for address in addresses_in(value)]
    if any(_SERVERS.match(address) for address in senders[:3]):
        return True
    named = header_line(raw_header(message, "from")).lower()
    if "mail delivery" in named or "mailer-daemon" in named or "postmaster" in named:
        return True
    if any(value.strip() == "<>" for value in raw_headers(message, "return-path")):
        return True
    if raw_header(message, "x-failed-recipients"):
        return True
    return bool(_SUBJECTS.search(header(message, "subject")))


def _own_parts(message: Message) -> list[Message]:
    """The parts of the mail itself, without what lies in a mail it returns or forwards."""
    found, stack = list[Message](), [message]
    while stack:
        part = stack.pop()
        found.append(part)
        if not media_type_of(part).startswith("message/"):
            stack += reversed(child_parts(part))
    return found


def _read(part: Message) -> list[Failure]:
    """The per-recipient groups of fields of a delivery report."""
    return _acted_all(child_parts(part))


def _acted_all(groups: list[Message]) -> list[Failure]:
    found = []
    for group in groups:
        recipient = _address(raw_header(group, "final-recipient"))
        original = _address(raw_header(group, "original-recipient"))
        action = header_line(raw_header(group, "action")).lower().split(" ")[0].strip("()")
        status, diagnostic = raw_header(group, "status"), raw_header(group, "diagnostic-code")
        if not (recipient or original or action):
            continue
        actual = _address(raw_header(group, "x-actual-recipient"))
        diagnostic = header_line(_TYPED.sub("", diagnostic))[:500]
        found.append(Failure(recipient or actual or original, original, action, _best(status, diagnostic), diagnostic))
    return [_acted(failure) for failure in found]


def _acted(failure: Failure) -> Failure:
    """A failure whose action is none of RFC 3464's: its status tells."""
    if failure.action in ("failed", "delayed", "delivered", "relayed", "expanded"):
        return failure
    action = {"4": "delayed", "2": "delivered"}.get(failure.status[:1], "failed")
    if failure.action.startswith(("fail", "reject", "undeliver", "bounce", "expire")):
        action = "failed"
    return Failure(failure.recipient, failure.original_recipient, action, failure.status, failure.diagnostic)


def _best(status: str, diagnostic: str) -> str:
    """The status that says most: RFC 3463's of the field, unless it only says "other" and the server said more."""
    told, said = _RFC3463.search(status), _STATUS.search(diagnostic)
    if told and not (told[1].endswith(".0.0") and said and said[1][0] == told[1][0]):
        return told[1]
    if said:
        return said[1]
    return told[1] if told else ""


def _address(field: str) -> str:
    found = addresses_in(_TYPED.sub("", field))
    return (found[0] if found else header_line(_TYPED.sub("", field)).strip("<> ").lower())[:320]


def _said(own: list[Message]) -> str:
    """What the report says in words."""
    texts = [text_of(part) for part in own if media_type_of(part) == "text/plain" or _is_uncut(part)]
    said = "\n".join(texts[:3])[:60_000]
    if len(said.strip()) < 20:
        said += "\n".join(html_as_text(text_of(part)) for part in own[:20] if media_type_of(part) == "text/html")[
            :60_000
        ]
    return said.replace("\r", "\n")


def _is_uncut(part: Message) -> bool:
    """Whether a part should hold others, but its boundary was lost on the way."""
    return media_type_of(part).startswith("multipart/") and not part.is_multipart()


def _without_fields(message: Message, own: list[Message], text: str, found: list[Failure]) -> list[Failure]:
    """The failures that a header or the text names, where no field of RFC 3464 does."""
    named = [address for value in raw_headers(message, "x-failed-recipients") for address in addresses_in(value)]
    told = failures_in(text)
    recipients = list(dict.fromkeys(named)) or list(told.recipients)
    if not recipients:  # the returned mail says whom it was for
        returned = [mail for part in own if media_type_of(part) == "message/rfc822" for mail in child_parts(part)]
        recipients = [address for mail in returned[:1] for address in addresses(mail, "to", "cc")][:3]
    if not recipients:
        return []
    action = found[0].action if found else "delayed" if told.delayed and not named else "failed"
    status = found[0].status if found else ""
    return [Failure(recipient[:320], "", action, status, told.why.get(recipient, "")) for recipient in recipients[:50]]


def _filled(failure: Failure, text: str) -> Failure:
    """A failure with its status, from what the server said where no field gives it; 5.0.0 or 4.0.0 where nothing does."""
    if failure.status:
        return failure
    status = "4.0.0" if failure.action == "delayed" else "5.0.0"
    for said in (failure.diagnostic, text):
        found, code = _STATUS.search(said), _REPLY_CODE.search(said)
        if found or code:
            status = found[1] if found else f"{code[1]}.0.0" if code else status
            break
    return Failure(failure.recipient, failure.original_recipient, failure.action, status, failure.diagnostic)


def _original(message: Message, own: list[Message], text: str) -> str:
    """The Message-ID of the returned mail: whole (message/rfc822), its headers only, or copied into the text."""
    for part in own:
        kind = media_type_of(part)
        if kind == "text/rfc822-headers" and (found := _MESSAGE_ID.search(text_of(part))):
            return found[1]
        if kind in ("message/rfc822", "message/global", "message/partial", "message/rfc822-headers"):
            for inner in [*child_parts(part), part]:
                told = header_line(raw_header(inner, "message-id")) if inner is not part else ""
                if told:
                    return told
            if found := _MESSAGE_ID.search(octets_of(part).decode("latin-1")):
                return found[1]
    texts = [text, *(text_of(part) for part in list(walk(message))[1:30] if media_type_of(part).startswith("text/"))]
    for said in texts:
        if found := _MESSAGE_ID.search(said.replace("\r\n", "\n")):
            return found[1]
    return ""
