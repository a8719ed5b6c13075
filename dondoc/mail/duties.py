"""One notice → one duty as the mail shows it: its lines, what happened and what is asked.

What a kind's `body` may hold, as the acts and the outbox record it (all optional; absent facts are left out):
document, signed (ISO day), signer, files, note, reason, until (ISO day), step, and for undelivered recipient
(a mail party), address and reply.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import jinja2

from dondoc.mail.calendar_parts import Deadline
from dondoc.mail.duty import Duty, LabelledRow, due_now
from dondoc.mail.mail import Picture
from dondoc.mail.notice import Letterhead, Notice
from dondoc.mail.reply_addresses import mailto
from dondoc.obligations.decide import is_late
from dondoc.obligations.escalation import told_at
from dondoc.obligations.extension import may_be_asked
from dondoc.obligations.lifecycle import OWED, Status
from dondoc.obligations.notice_table import NOTICES, NoticeKind
from dondoc.obligations.timing import cadence, chosen_by_policy
from dondoc.office.wording import Wording, clean, sentence, short_day, shortened
from dondoc.plan.plan import Obligation


@dataclass(frozen=True, slots=True)
class LetterContext:
    """Where one mail is written: what it shares, its templates, and the words of the day."""

    letterhead: Letterhead
    environment: jinja2.Environment
    wording: Wording
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    several: bool = False  # the mail is about more than one plan: each duty names its own

    def duty(self, number: int, notice: Notice) -> Duty:
        """The duty of a notice, under its number in the mail."""
        words, link = self.wording.words, self.letterhead.link
        said = self.said(f"{notice.kind}/message.j2", self._facts(notice))
        title = clean(notice.item.heading)
        reply = self.letterhead.reply(notice) if self.letterhead.reply else None
        sums_up = NOTICES[notice.kind].sums_up
        shown_as = self._shown_as(notice)
        heading = words["kinds"][shown_as]["heading"]
        return Duty(
            number=number,
            kind=notice.kind,
            title=title,
            heading=self.wording.value("coordinating", heading=heading) if notice.coordinating else heading,
            tone=NOTICES[shown_as].tone,
            subject=self._subject(notice, words["kinds"][shown_as]),
            name=title if sums_up else self._name(notice, period=True),
            brief=title if sums_up else self._name(notice, period=False),
            coordinating=notice.coordinating,
            sums_up=sums_up,
            when="" if sums_up else self.wording.near(notice.due),
            unit="" if notice.audience == "lead" or sums_up else self._leads(notice.obligation),
            aside=self._aside(notice),
            rows=self._rows(notice),
            lines=self._lines(notice),
            happened=said["happened"],
            asked=said["asked"],
            link=link(notice) if link else None,
            link_words=words["links"][self._link_words(notice)],
            reply=reply,
            reply_link=mailto(reply, f"Re: {title}") if reply else None,
            reply_words=words["links"]["reply"],
            picture=self.pictures.get(notice.key),
        )

    def said(self, template: str, facts: dict[str, Any]) -> dict[str, str]:
        """Each block of a template of sentences, on one line."""
        found = self.environment.get_template(template)
        context = found.new_context(facts)
        return {name: clean("".join(block(context))) for name, block in found.blocks.items()}

    def _shown_as(self, notice: Notice) -> NoticeKind:
        """The kind under whose heading it stands: what is due now is a last call, also where it is only now assigned."""
        return "last-call" if due_now(notice, self.wording.today, self.letterhead.calendar) else notice.kind

    def _subject(self, notice: Notice, words: Mapping[str, Any]) -> str:
        """What a subject begins with: what it is about and by when."""
        if notice.due is None or NOTICES[notice.kind].sums_up:
            return str(words["heading"])
        subject = str(words["subject"]).format(
            due=self.wording.near(notice.due), days=(notice.due - self.wording.today).days
        )
        return self.wording.value("coordinating_subject", subject=subject) if notice.coordinating else subject

    def _name(self, notice: Notice, *, period: bool) -> str:
        """II.2.c (tháng 01/2024) Báo cáo kết quả."""
        recurs = notice.obligation.timing.regular or "@" in notice.occurrence.period
        when = f"({self.wording.period(notice.occurrence.period)})" if recurs and period else ""
        named = clean(notice.obligation.deliverable) or clean(notice.item.title)
        return " ".join(part for part in (clean(notice.item.ref), when, sentence(named)) if part)

    def _leads(self, obligation: Obligation) -> str:
        """The units that lead, each by its short name."""
        return ", ".join(clean(self.letterhead.office.unit_name(lead)) for lead in obligation.lead)

    def _aside(self, notice: Notice) -> str:
        """What was said of it, in a few words: the reason, else the document, else the note."""
        reason, note = str(notice.body.get("reason") or ""), str(notice.body.get("note") or "")
        return "" if NOTICES[notice.kind].asks else shortened(clean(reason or self._document(notice) or note), 70)

    def _link_words(self, notice: Notice) -> str:
        """The tracker decides and whoever leads an owed duty answers; the others look."""
        answers = notice.audience == "lead" and notice.state.status in OWED and notice.kind != "relieved"
        return notice.audience if answers or notice.audience == "tracker" else "other"

    def deadline(self, notice: Notice, duty: Duty) -> Deadline | None:
        """The duty's due date for a calendar; None where none lies ahead."""
        due = notice.due
        ended = notice.kind == "relieved" or notice.state.status not in (Status.PLANNED, *OWED)
        if due is None or due < self.wording.today or ended:
            return None
        act_by = self.letterhead.calendar.on_or_before(due)
        # Without the days left: a calendar is read on other days than this one.
        lines = [f"{row.label}: {row.value}" for row in duty.rows if row.key != "due"]
        if act_by < due:
            lines.insert(0, self.wording.value("act_by", day=self.wording.day(act_by)))
        return Deadline(
            uid=f"{hashed(notice.occurrence.id)}@{self.letterhead.domain}",
            day=due,
            act_by=act_by,
            look_at=self.letterhead.policy.look_at,
            sequence=notice.state.revision,
            summary=duty.title,
            description="\n".join(lines),
            url=duty.link,
        )

    def _facts(self, notice: Notice) -> dict[str, Any]:
        """What the sentences of a kind may say."""
        wording, policy, state, due = self.wording, self.letterhead.policy, notice.state, notice.due
        between, today, finished = self.letterhead.calendar.between, wording.today, state.finished_on
        late = due is not None and today > due
        return {
            "who": notice.audience,
            "state": state,
            "body": notice.body,
            "event": notice.occurrence.event,
            "step": notice.step,
            "due": due,
            "today": today,
            "late": late,
            "lead": wording.names(notice.obligation.lead),
            "by": wording.party(str(notice.body["by"]))
            if "by" in notice.body
            else wording.names(notice.obligation.lead),
            "several": len(self.letterhead.office.members(notice.obligation.lead)) > 1,
            "was_lead": wording.names(tuple(notice.body.get("was_lead", ()))),
            "was_due": _day(notice.body.get("was_due")),
            "tracker": wording.contact("tracker"),
            "answer": wording.way("answer", "tracker"),
            "record": wording.way("record", "operator"),
            "operator": wording.contact("operator"),
            "reached": wording.party(str(notice.body.get("recipient", ""))),
            "works_today": self.letterhead.calendar.is_working(today),
            "may_extend": may_be_asked(state, policy, today),
            "extensions": policy.extensions,
            "review_days": policy.review_working_days,
            "waited": between(state.submitted_on, today) if state.submitted_on else 0,
            "finished_late": is_late(state),
            "days_late": between(due, finished) if due and finished else 0,
            "next_step": self._next_step(notice),
            "why_not": wording.words["letters"].get(str(notice.body.get("why", "")), ""),
            "day": wording.day,
            "short": short_day,
        }

    def _next_step(self, notice: Notice) -> dict[str, Any] | None:
        """The next escalation step that tells somebody who does not know yet: its delay, and whom it tells in words."""
        steps, lead = notice.state.escalation, notice.obligation.lead
        done = 0 if notice.kind == "overdue" else notice.step
        if done is None:
            return None
        for number, (delay, _) in enumerate(steps[done:], start=done + 1):
            told = told_at(self.letterhead.office, lead, [roles for _, roles in steps], number)
            if told:
                names = dict.fromkeys(self.wording.reported_to(party) for party in told)
                return {"days": delay, "roles": self.wording.several("roles", list(names))}
        return None

    def _rows(self, notice: Notice) -> tuple[LabelledRow, ...]:
        obligation, state, wording = notice.obligation, notice.state, self.wording
        who, labels = notice.audience, wording.words["rows"]
        alone = who == "lead" and len(obligation.lead) == 1
        moved = state.original_due is not None and state.original_due != notice.due
        plan = self.letterhead.plan_titles.get(notice.occurrence.plan, notice.occurrence.plan) if self.several else ""
        if NOTICES[notice.kind].sums_up:
            return (LabelledRow("plan", labels["plan"], clean(plan)),) if plan else ()
        found = {
            "plan": clean(plan),
            "deliverable": sentence(clean(obligation.deliverable)),
            "due": self._due(notice),
            "original_due": wording.day(state.original_due) if moved else "",
            "period": self._period(notice),
            "phrase": wording.value("phrase", phrase=clean(obligation.phrase)),
            **({} if notice.coordinating or NOTICES[notice.kind].settles else self._reading(obligation)),
            "role": "" if notice.kind == "relieved" else wording.words["recipients"].get(who),
            "lead": "" if alone else wording.names(obligation.lead),
            "contact": wording.names((obligation.contact,)) if obligation.contact else "",
            "coordinating": wording.names(obligation.coordinating) if notice.kind == "assign" and who == "lead" else "",
            **self._cause(notice),
        }
        return tuple(LabelledRow(key, label, found[key]) for key, label in labels.items() if found.get(key))

    def _lines(self, notice: Notice) -> tuple[str, ...]:
        """What a notice lists: sentences as they are; of a report what is late first, then what waits for a decision."""
        found = [str(line) for line in notice.body.get("lines", ())]
        for key in ("late", "asked", "missed"):
            for row in notice.body.get(key, ()):
                facts = {
                    **row,
                    "lead": self.wording.several("parties", row["lead"]),
                    "due": short_day(_day(row.get("due"))),
                }
                status = self.wording.words["statuses"][row["status"]]
                found.append(self.wording.value(f"report_{key}", **{**facts, "status": status}))
        return tuple(clean(line) for line in found)

    def _due(self, notice: Notice) -> str:
        due = notice.due
        if due is None:
            return ""
        if notice.kind == "relieved" or notice.state.status not in (Status.PLANNED, *OWED):
            return self.wording.day(due)
        said = self.wording.due(due)
        chosen = chosen_by_policy(notice.obligation) and notice.state.extensions == 0
        return self.wording.value("due_policy", due=said) if chosen else said

    def _period(self, notice: Notice) -> str:
        """The period of a recurring duty, and that the office chose it where the plan prints none."""
        if not notice.obligation.timing.regular:
            return ""
        period = sentence(self.wording.period(notice.occurrence.period))
        chosen = cadence(notice.obligation, self.letterhead.policy) is not None
        return self.wording.value("period_policy", period=period) if chosen else period

    def _reading(self, obligation: Obligation) -> dict[str, str]:
        reading, by = clean(obligation.reading or ""), clean(obligation.reading_by or "")
        if not by:
            return {"reading_open": reading}
        return {"reading": self.wording.value("reading_by", reading=reading, by=by)}

    def _cause(self, notice: Notice) -> dict[str, str]:
        """The facts of the entry that caused the notice."""
        body, kind = notice.body, notice.kind
        found = {key: clean(str(body.get(key) or "")) for key in ("signer", "note", "reply")}
        if kind == "letter":
            found["letter"] = found.pop("note")
        if kind != "relieved":  # its reason is a word of ours, which the template reads
            found[NOTICES[kind].reason] = clean(str(body.get("reason") or ""))
        found["decision" if NOTICES[kind].shows == "decision" else "document"] = self._document(notice)
        found["files"] = self.wording.several("parties", [clean(str(file["name"])) for file in body.get("files", ())])
        found["sender"] = self._sender(body.get("mail") or {})
        mail = body.get("mail") or {}
        found["refused"] = clean(str(mail.get("refused") or ""))
        found["mentioned"] = clean(str(mail.get("mentioned") or ""))
        found["early"] = (
            self.wording.day(_day(body.get("early") or mail.get("early"))) if kind in ("submitted", "partial") else ""
        )
        if kind == "extension-requested":
            found["until"] = self.wording.day(_day(body.get("until")))
        return found

    def _sender(self, mail: Mapping[str, Any]) -> str:
        """Who handed in by mail, and whether that address is one of the unit's."""
        if not mail.get("from"):
            return ""
        return self.wording.value("sender" if mail.get("known") else "sender_unknown", address=clean(str(mail["from"])))

    def _document(self, notice: Notice) -> str:
        body, state = notice.body, notice.state
        own = "document" in body or NOTICES[notice.kind].shows != "result"
        document = body.get("document") if own else state.document
        signed = _day(body.get("signed")) if own else state.signed_on
        if not document:
            return ""
        key = "document_signed" if signed else "document"
        return self.wording.value(key, document=clean(str(document)), signed=short_day(signed))


def hashed(text: str) -> str:
    """The first 32 hex digits of the SHA-256 of `text`: the same text, the same id, and nothing of it readable."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
