"""Decision → rendered mail: one digest per recipient and morning, as text, HTML and calendar.

Pure: templates and words are passed in, the clock is an argument. What a person reads stands in the language folder:
`mail/<kind>/message.j2` says in one place what happened and what is asked (blocks `happened` and `asked`,
plain sentences that both the text and the HTML show), `mail/digest/` sets them as subject, text and HTML,
`words.yaml` has headings and labels.

A mail is read in a minute: with a portal, where each duty has its page, what presses most is told whole as long as there
is room in `MOST_WORDS`, every other duty is one line of a table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

import jinja2

from dondoc.calendar.working_days import Calendar
from dondoc.mail import calendar_parts as ics
from dondoc.mail.duties import LetterContext, hashed
from dondoc.mail.duty import Duty, due_now
from dondoc.mail.mail import Address, Attachment, Mail, Picture
from dondoc.mail.notice import Letterhead, Notice
from dondoc.obligations.notice_table import NOTICE_KINDS, NOTICE_RANK, still_true
from dondoc.office.wording import Wording, clean, party_name, sentence, short_day, shortened, wrapped

__all__ = [
    "NOTICE_KINDS", "Letterhead", "Notice", "environment", "message_id", "party_name", "render", "still_true", "thread_id",
]  # fmt: skip

THREADS = 10
MOST_WORDS = 400  # of a mail, about; the frame around the duties takes FRAME, a duty in a table LINE_WORDS
FRAME, LINE_WORDS = 90, 14
LONG_TABLE = 12  # lines


@dataclass(frozen=True, slots=True)
class NoticeGroup:
    """The duties of one kind and role, under one heading: `duties` told whole, then `listed` in a line each.

    `asked`: what is asked of all of them alike, said once; else None.
    """

    heading: str
    tone: str
    duties: tuple[Duty, ...]
    listed: tuple[Duty, ...]
    asked: str | None

    @property
    def number(self) -> int:
        """How many duties stand under the heading."""
        return len(self.duties) + len(self.listed)

    @property
    def long(self) -> bool:
        """Whether its table is so long that a line says the least."""
        return len(self.listed) > LONG_TABLE


def environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    """The templates' environment over mail/: strict, HTML escaped. Make it once: it keeps what it compiled."""
    made = jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith("html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(wrap=wrapped, shorten=shortened)
    made.globals["sentence"] = sentence
    return made


def render(
    notices: Sequence[Notice],
    to: Address,
    now: datetime,
    letterhead: Letterhead,
    environment: jinja2.Environment,
    words: Mapping[str, Any],
    reply_to: str | None = None,
    attachments: Sequence[Attachment] = (),
    pictures: Mapping[str, Picture] | None = None,
) -> Mail:
    """The one mail that tells `to` of all `notices` (at least one), in whatever order they come, at `now` (aware).

    An answer to the mail itself goes to its one owed duty; to `reply_to` where it has none or several.
    It says which `attachments` it carries. `pictures`: notice key → what its duty shows.
    """
    if not notices:
        raise ValueError("a mail needs at least one notice; skip recipients to whom nothing is owed")
    today = now.astimezone(letterhead.policy.zone).date()
    ordered = sorted(notices, key=lambda notice: _order(notice, today, letterhead.calendar))
    wording = Wording(words, letterhead.office, letterhead.calendar, today, portal=letterhead.link is not None)
    several = len({notice.occurrence.plan for notice in ordered}) > 1
    context = LetterContext(letterhead, environment, wording, pictures or {}, several)
    duties = tuple(context.duty(number, notice) for number, notice in enumerate(ordered, start=1))
    own = {duty.reply for duty in duties if duty.reply}
    ahead = {n.occurrence.id: context.deadline(n, duty) for n, duty in zip(ordered, duties, strict=True)}
    deadlines = [deadline for deadline in ahead.values() if deadline]
    facts = {"dated": bool(deadlines), "answers": len(own), "enclosed": [found.name for found in attachments]}
    shown = _shown(context, ordered, duties, to, facts)
    return Mail(
        message_id=message_id(ordered, letterhead.domain),
        sender=letterhead.sender,
        to=to,
        subject=shown["subject"],
        date=now,
        text=environment.get_template("digest/text.j2").render(shown),
        html=environment.get_template("digest/html.j2").render(shown),
        calendar=ics.calendar_text(deadlines, now, letterhead.sender) if deadlines else None,
        references=tuple(thread_id(occurrence, letterhead.domain) for occurrence in list(ahead)[:THREADS]),
        reply_to=own.pop() if len(own) == 1 else reply_to,
        attachments=tuple(attachments),
        pictures=tuple(dict.fromkeys(duty.picture for duty in duties if duty.picture)),
    )


def message_id(notices: Iterable[Notice], domain: str) -> str:
    """The Message-ID of these notices, whatever their order, angle brackets included."""
    told = sorted({notice.recipient for notice in notices})
    keys = sorted(notice.key for notice in notices)
    return f"<{hashed(chr(10).join((*told, *keys)))}@{domain}>"


def thread_id(occurrence: str, domain: str) -> str:
    """The id that all mail about one occurrence refers to, so that mail programs show it as one thread."""
    return f"<occ.{hashed(occurrence)}@{domain}>"


def _shown(
    context: LetterContext, notices: Sequence[Notice], duties: tuple[Duty, ...], to: Address, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What the templates of the frame show: first its sentences, then the subject, made of the same facts."""
    letterhead, wording = context.letterhead, context.wording
    tracker = any(notice.recipient == "role:tracker" for notice in notices)
    counts = _counts(notices, wording.words)
    whole = _told_whole(duties) if letterhead.link and len(duties) > 1 else set(duties)
    shown: dict[str, Any] = {
        "to": clean(to.name) or clean(to.address),
        "office": clean(letterhead.office.office),
        "today": wording.today,
        "single": duties[0] if len(duties) == 1 else None,
        "first": duties[0],
        "others": len(duties) - 1,
        "counts": [f"{number} {noun}" for noun, number in counts],
        "plans": wording.several("roles", _plans(notices, letterhead.plan_titles)),
        "contact": wording.contact("operator" if tracker else "tracker"),
        "head": letterhead.head if tracker or any(notice.kind == "report" for notice in notices) else None,
        **facts,
        "day": wording.day,
        "short": short_day,
    }
    shown["frame"] = context.said("digest/message.j2", shown)
    shown["groups"] = tuple(_groups(duties, whole, wording))
    shown["columns"] = wording.words["columns"]
    shown["subject"] = clean(context.environment.get_template("digest/subject.j2").render(shown))
    return shown


def _order(notice: Notice, today: date, calendar: Calendar) -> tuple[int, bool, date, str, str]:
    rank = NOTICE_RANK["last-call"] if due_now(notice, today, calendar) else NOTICE_RANK[notice.kind]
    return rank, notice.coordinating, notice.due or date.max, notice.occurrence.id, notice.key


def _told_whole(duties: Sequence[Duty]) -> set[Duty]:
    """The duties told whole: the first where it presses, then as many as there is room for; what is only coordinated never."""
    room = MOST_WORDS - FRAME - LINE_WORDS * len(duties)
    whole: set[Duty] = set()
    for duty in duties:
        presses, length = not whole and duty.tone in ("late", "soon"), duty.words
        if duty.sums_up or (not duty.coordinating and (presses or room >= length)):
            whole.add(duty)
            room -= length
    return whole


def _groups(duties: Iterable[Duty], whole: Collection[Duty], wording: Wording) -> Iterator[NoticeGroup]:
    for (heading, _), found in groupby(duties, key=lambda duty: (duty.heading, duty.coordinating)):
        alike = tuple(found)
        told = tuple(duty for duty in alike if duty in whole)
        listed = tuple(duty for duty in alike if duty not in whole)
        asked = {duty.asked for duty in alike}
        once = asked.pop() if len(asked) == 1 and (listed or len(told) > 1) else None
        if listed and not told and not once:
            once = wording.words["listed"]
        yield NoticeGroup(heading, alike[0].tone, told, listed, once)


def _counts(notices: Iterable[Notice], words: Mapping[str, Any]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for notice in notices:
        noun = words["kinds"][notice.kind]["count"]
        counts[noun] = counts.get(noun, 0) + 1
    return list(counts.items())


def _plans(notices: Iterable[Notice], titles: Mapping[str, str]) -> list[str]:
    return [clean(titles.get(plan, plan)) for plan in sorted({notice.occurrence.plan for notice in notices})]
