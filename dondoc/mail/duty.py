"""One notice as a mail's templates show it: told whole, or as one line of a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dondoc.calendar.working_days import Calendar
from dondoc.mail.mail import Picture
from dondoc.mail.notice import Notice
from dondoc.obligations.notice_table import NOTICES, NoticeKind, NoticeTone


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One labelled line of a duty."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Duty:
    """One notice as its templates show it.

    `subject` begins a subject ("Sắp đến hạn 31/03"); `name` is its printed reference, period and deliverable, `brief` without
    the period. Of its line in a table: `when` its day, `unit` who leads it where that is not the reader, `aside` what was
    said of it.
    """

    number: int
    kind: NoticeKind
    title: str
    heading: str
    tone: NoticeTone
    subject: str
    name: str
    brief: str
    coordinating: bool
    sums_up: bool
    when: str
    unit: str
    aside: str
    rows: tuple[LabelledRow, ...]
    lines: tuple[str, ...]
    happened: str
    asked: str
    link: str | None
    link_words: str
    reply: str | None = None
    reply_link: str | None = None
    reply_words: str = ""
    picture: Picture | None = None

    @property
    def words(self) -> int:
        """About how many words it takes to tell it whole."""
        lines = (self.title, self.happened, self.asked, *self.lines, *(f"{row.label} {row.value}" for row in self.rows))
        return sum(len(line.split()) for line in lines)


def due_now(notice: Notice, today: date, calendar: Calendar) -> bool:
    """Whether it asks for something whose last working day is today, whatever kind of mail says so."""
    rule, due = NOTICES[notice.kind], notice.due
    return rule.asks and rule.tone != "late" and due is not None and calendar.on_or_before(due) <= today <= due
