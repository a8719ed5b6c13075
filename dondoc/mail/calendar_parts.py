"""Deadlines as iCalendar text (RFC 5545, METHOD:PUBLISH): one all-day event each, with alarms on the mornings that count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from dondoc.mail.mail import Address

PRODUCT = "-//dondoc//dondoc//VI"
OCTETS = 75

_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Deadline:
    """One duty's due date. `uid` never changes; `sequence` grows when the date moves; `act_by` is a working day."""

    uid: str
    day: date
    act_by: date
    look_at: time
    sequence: int
    summary: str
    description: str
    url: str | None = None


def calendar_text(deadlines: Iterable[Deadline], now: datetime, organizer: Address) -> str:
    """The calendar of these deadlines, lines ending in CRLF and folded at 75 octets."""
    stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    for deadline in deadlines:
        lines += _event(deadline, stamp, organizer)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in folded_line(line))


def escape(text: str) -> str:
    """`text` as an iCalendar TEXT value; control characters except line breaks are dropped."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n")).translate(_ESCAPES)


def folded_line(line: str) -> Iterator[str]:
    """`line` in pieces of at most 75 octets, never inside a character; all but the first begin with a space."""
    rest = line.encode()
    first, room = True, OCTETS
    while len(rest) > room:
        cut = room
        while rest[cut] & 0xC0 == 0x80:  # in the middle of a character
            cut -= 1
        yield ("" if first else " ") + rest[:cut].decode()
        rest, first, room = rest[cut:], False, OCTETS - 1
    yield ("" if first else " ") + rest.decode()


def _event(deadline: Deadline, stamp: str, organizer: Address) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{deadline.uid}"
    yield f"DTSTAMP:{stamp}"
    yield f"SEQUENCE:{deadline.sequence}"
    yield f"DTSTART;VALUE=DATE:{deadline.day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{deadline.day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{escape(deadline.summary)}"
    yield f"DESCRIPTION:{escape(deadline.description)}"
    yield _organizer(organizer)
    if deadline.url:
        yield f"URL:{_UNSEEN.sub('', deadline.url)}"
    yield "TRANSP:TRANSPARENT"
    for days_before in (3, 0):
        yield from _alarm(deadline, days_before)
    yield "END:VEVENT"


def _organizer(organizer: Address) -> str:
    # A quoted parameter has no escape for a quotation mark, and no line break can stand in it.
    name = " ".join(_UNSEEN.sub("", organizer.name.replace('"', "'")).split())
    address = "".join(_UNSEEN.sub("", organizer.address).split())
    return f'ORGANIZER;CN="{name}":mailto:{address}' if name else f"ORGANIZER:mailto:{address}"


def _alarm(deadline: Deadline, days_before: int) -> Iterator[str]:
    """An alarm at the office's hour, so many calendar days before the last working day, relative to the event's start."""
    at = deadline.look_at.hour * 60 + deadline.look_at.minute
    minutes = at - ((deadline.day - deadline.act_by).days + days_before) * 24 * 60
    yield "BEGIN:VALARM"
    yield "ACTION:DISPLAY"
    yield f"DESCRIPTION:{escape(deadline.summary)}"
    yield f"TRIGGER:{'-' if minutes < 0 else ''}PT{abs(minutes)}M"
    yield "END:VALARM"
