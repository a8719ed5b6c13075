"""One mail as plain values: what `notices` writes and `mime` turns into bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox and the name shown with it. Both may hold anything a user typed: `mime` refuses or encodes."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail. `name` is a plain ASCII file name, as `mime` checks."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG shown inside a mail's HTML as `cid:…`. `cid` is without angle brackets; `alt` says the same in words."""

    cid: str
    name: str
    content: bytes
    alt: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one recipient. `date` is aware; `calendar` is an iCalendar text or None.

    `message_id` includes its angle brackets and is the same for the same notices, so that a mail sent again
    after a crash is the same mail. `reply_to` is where answers go, `loop` the mailbox by which we know our own mail
    again, `replied` whether this mail answers one that came in.
    """

    message_id: str
    sender: Address
    to: Address
    subject: str
    date: datetime
    text: str
    html: str
    calendar: str | None = None
    references: tuple[str, ...] = ()
    reply_to: str | None = None
    loop: str | None = None
    replied: bool = False
    attachments: tuple[Attachment, ...] = ()
    pictures: tuple[Picture, ...] = ()
