"""Decision → rendered mail: one digest per recipient and morning, as text, HTML and calendar.

Pure: templates and words are passed in, the clock is an argument. What a person reads stands in the language folder:
`mail/<kind>/message.j2` says in one place what happened and what is asked (blocks `happened` and `asked`,
plain sentences that both the text and the HTML show), `mail/digest/` sets them as subject, text and HTML,
`words.yaml` has headings and labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

import jinja2

from dondoc.mail import calendar_parts as ics
from dondoc.mail.duties import Desk, Duty, hashed
from dondoc.mail.mail import Address, Attachment, Mail, Picture
from dondoc.mail.notice import Letterhead, Notice
from dondoc.obligations.notice_table import KINDS, NOTICES, RANK, still_true
from dondoc.office.wording import Wording, clean, party_name, sentence, short, shortened, wrapped

__all__ = [
    "KINDS", "Letterhead", "Notice", "environment", "message_id", "party_name", "render", "still_true", "thread_id",
]  # fmt: skip

THREADS = 10


@dataclass(frozen=True, slots=True)
class Group:
    """The duties of one kind and role, under one heading. `asked`: what is asked of all of them alike, said once; else None."""

    heading: str
    tone: str
    duties: tuple[Duty, ...]
    asked: str | None


def environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    """The templates' environment over mail/: strict, HTML escaped. Make it once: it keeps what it compiled."""
    made = jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith("html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
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
    ordered = sorted(notices, key=_order)
    today = now.astimezone(letterhead.policy.zone).date()
    wording = Wording(words, letterhead.office, letterhead.calendar, today, portal=letterhead.link is not None)
    several = len({notice.occurrence.plan for notice in ordered}) > 1
    desk = Desk(letterhead, environment, wording, pictures or {}, several)
    duties = tuple(desk.duty(number, notice) for number, notice in enumerate(ordered, start=1))
    own = {duty.reply for duty in duties if duty.reply}
    ahead = {n.occurrence.id: desk.deadline(n, duty) for n, duty in zip(ordered, duties, strict=True)}
    deadlines = [deadline for deadline in ahead.values() if deadline]
    facts = {"dated": bool(deadlines), "answers": len(own), "enclosed": [found.name for found in attachments]}
    shown = _shown(desk, ordered, duties, to, facts)
    return Mail(
        message_id=message_id(ordered, letterhead.domain),
        sender=letterhead.sender,
        to=to,
        subject=shown["subject"],
        date=now,
        text=environment.get_template("digest/text.j2").render(shown),
        html=environment.get_template("digest/html.j2").render(shown),
        calendar=ics.calendar(deadlines, now, letterhead.sender) if deadlines else None,
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
    desk: Desk, notices: Sequence[Notice], duties: tuple[Duty, ...], to: Address, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What the templates of the frame show: first its sentences, then the subject, made of the same facts."""
    letterhead, wording = desk.letterhead, desk.wording
    tracker = any(notice.recipient == "role:tracker" for notice in notices)
    counts = _counts(notices, wording.words)
    shown: dict[str, Any] = {
        "to": clean(to.name) or clean(to.address),
        "office": clean(letterhead.office.office),
        "today": wording.today,
        "single": duties[0] if len(duties) == 1 else None,
        "counts": [f"{number} {noun}" for noun, number in counts],
        "others": sum(number for _, number in counts[2:]),
        "plans": wording.several("roles", _plans(notices, letterhead.plan_titles)),
        "contact": wording.contact("operator" if tracker else "tracker"),
        "head": letterhead.head if tracker or any(notice.kind == "report" for notice in notices) else None,
        **facts,
        "day": wording.day,
        "short": short,
    }
    shown["frame"] = desk.said("digest/message.j2", shown)
    shown["groups"] = tuple(_groups(duties, wording))
    shown["subject"] = clean(desk.environment.get_template("digest/subject.j2").render(shown))
    return shown


def _order(notice: Notice) -> tuple[int, bool, date, str, str]:
    return RANK[notice.kind], notice.coordinating, notice.due or date.max, notice.occurrence.id, notice.key


def _groups(duties: Iterable[Duty], wording: Wording) -> Iterator[Group]:
    for (kind, coordinating), found in groupby(duties, key=lambda duty: (duty.kind, duty.coordinating)):
        words, alike = wording.words["kinds"][kind], tuple(found)
        heading = wording.value("coordinating", heading=words["heading"]) if coordinating else words["heading"]
        asked = {duty.asked for duty in alike}
        once = asked.pop() if len(alike) > 1 and len(asked) == 1 else None
        yield Group(heading, NOTICES[kind].tone, alike, once)


def _counts(notices: Iterable[Notice], words: Mapping[str, Any]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for notice in notices:
        noun = words["kinds"][notice.kind]["count"]
        counts[noun] = counts.get(noun, 0) + 1
    return list(counts.items())


def _plans(notices: Iterable[Notice], titles: Mapping[str, str]) -> list[str]:
    return [clean(titles.get(plan, plan)) for plan in sorted({notice.occurrence.plan for notice in notices})]
