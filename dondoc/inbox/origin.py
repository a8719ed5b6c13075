"""When a mail was taken, and whether it came before: from what servers wrote, never from the sender's own Date."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from dondoc.inbox.headers import raw_header
from dondoc.inbox.mime_tree import body_of, parse_headers

_QUEUED = timedelta(days=7)  # longer keeps no mail server a mail that it hands over
_SAME = ("message-id", "from", "subject", "date", "content-type")


def mail_fingerprint(content: bytes) -> str:
    """SHA-256 of what makes two mails one: Message-ID, sender, subject, date and body. What servers add on the way does
    not count, nor how they end lines."""
    headers = parse_headers(content)
    told = "\n".join(raw_header(headers, name) for name in _SAME)
    body = body_of(content).replace(b"\r\n", b"\n").rstrip()
    return hashlib.sha256(told.encode("utf-8", "replace") + b"\0" + body).hexdigest()


def handed_over_at(content: bytes, now: datetime) -> datetime:
    """When the office's own server took a mail that it hands over: it writes the topmost Received (RFC 5321, 4.4).

    `now`, in UTC or a zone, where it wrote none that can be.
    """
    told = raw_header(parse_headers(content), "received").rpartition(";")[2].strip()
    return plausible(_moment(told), now)


def plausible(taken: datetime | None, now: datetime, longest: timedelta = _QUEUED) -> datetime:
    """`taken`, unless it lies after `now` or longer ago than can be; then `now`."""
    return taken if taken is not None and now - longest <= taken <= now else now


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text[:200])
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
