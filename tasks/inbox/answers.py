"""Our answer to a letter: the receipt of a submission, or what is missing and where each duty is answered.

Never to a machine or to nobody; one letter is answered once, and the same about one address of ours is said to one
sender once a day (RFC 3834, 2). Links, which do more than a reply address, go to the addresses of office.yaml only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dondoc.inbox.incoming import AutoReply, Envelope, Loop
from dondoc.inbox.weighing import Weighed
from dondoc.mail.duties import hashed
from dondoc.mail.mail import Address, Mail
from dondoc.mail.mime import MailError, build, checked_address, checked_message_id
from dondoc.mail.reply_addresses import Addressed, mailto
from dondoc.office.wording import Wording, clean, short_day
from dondoc.plan.plan import Plan
from tasks.config.loading import mail_templates, words
from tasks.config.run_context import RunContext
from tasks.inbox.arrived import AnswerableDuty, Arrived
from tasks.mail.links import link_maker
from tasks.store import inbox
from tasks.store.outbox import Built, offer

_NOBODY = re.compile(
    r"mailer-?daemon|mail-?daemon|postmaster|(?:no|not|do-?not|khong)[-_.]?(?:reply|respond|tra-?loi)|noreply\b.*|bounces?|bounce[-+_].*"
    r"|mdaemon|root|nobody|abuse|hostmaster|listserv|majordomo|.*-(?:request|bounces?|owner)|owner-.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TakenSubmission:
    """A submission that is recorded: the number of its entry, when the office's server took it, what was weighed."""

    entry: int
    at: datetime
    weighed: Weighed


def answer(
    connection: sa.Connection,
    context: RunContext,
    arrived: Arrived,
    plan: Plan,
    found: Weighed | TakenSubmission,
    about: AnswerableDuty | None,
    duties: list[AnswerableDuty],
    known: bool,
) -> bool:
    """Put our answer into the outbox, in the caller's transaction; False where none is to be given."""
    envelope, code = arrived.incoming.envelope, arrived.known.code
    if isinstance(arrived.incoming, AutoReply | Loop) or not _is_somebody(context, envelope):
        return False
    outcome = "submitted" if isinstance(found, TakenSubmission) else found.why or ""
    if outcome == "unknown_bounce" or inbox.was_answered(connection, code.text, envelope.sender, arrived.day, outcome):
        return False
    reply_to = context.settings.reply_to
    assert reply_to is not None
    shown = _shown(context, arrived, plan, found, about, duties, known)
    environment = mail_templates(context.settings.config)
    mail = Mail(
        message_id=f"<kept.{hashed(arrived.key)}@{context.settings.mail_domain}>",
        sender=context.settings.sender,
        to=Address(envelope.sender),
        subject=clean(environment.get_template("kept/subject.j2").render(shown)),
        date=context.now,
        text=environment.get_template("kept/text.j2").render(shown),
        html=environment.get_template("kept/html.j2").render(shown),
        references=_references(envelope.message_id),
        reply_to=reply_to.address(code),
        loop=reply_to.base,
        replied=True,
    )
    codes = (
        Addressed(reply_to.of_duty(d.facts.occurrence.id, d.party), d.facts.occurrence.id, d.party) for d in duties
    )
    built = Built(mail.message_id, envelope.sender, mail.subject, build(mail), tuple(codes))
    offer(connection, plan.id, built, context.now, context.today)
    return True


def _is_somebody(context: RunContext, envelope: Envelope) -> bool:
    """Whether a sender can be written to, and is neither ourselves nor a machine."""
    sender = envelope.sender
    try:
        checked_address(sender)
    except MailError:
        return False
    own = {context.settings.sender.address.lower(), context.settings.reply_base.lower()}
    local, _, domain = sender.partition("@")
    if (
        envelope.mail_from == ""
        or _NOBODY.fullmatch(local)
        or _NOBODY.fullmatch((envelope.mail_from or "").partition("@")[0])
    ):
        return False
    return f"{local.partition('+')[0]}@{domain}" not in own


def _references(message_id: str) -> tuple[str, ...]:
    try:
        return (checked_message_id(message_id),)
    except MailError:
        return ()


def _shown(
    context: RunContext,
    arrived: Arrived,
    plan: Plan,
    found: Weighed | TakenSubmission,
    about: AnswerableDuty | None,
    duties: list[AnswerableDuty],
    known: bool,
) -> dict[str, Any]:
    """What the templates of mail/kept show."""
    rules, vocabulary = context.rules, words(context.settings.config)
    wording = Wording(vocabulary, rules.office, rules.calendar, context.today, portal=True)
    whose = [about] if about else duties
    weighed = found.weighed if isinstance(found, TakenSubmission) else found
    status = vocabulary["statuses"][about.facts.state.status.value] if about else ""
    shown: dict[str, Any] = {
        "to": wording.party(whose[0].party) if known and whose else arrived.incoming.envelope.sender,
        "known": known,
        "office": clean(rules.office.office),
        "subject": clean(arrived.incoming.envelope.subject),
        "why": weighed.why,
        "taken": _taken(context, found, about) if isinstance(found, TakenSubmission) and about else None,
        "refused": [
            str(vocabulary["refused_files"][one.fault]).format(name=clean(one.name)) for one in weighed.refused
        ],
        "due": short_day(about.facts.state.due) if about else "",
        "status": status[:1].lower() + status[1:],
        "upload_mb": context.settings.upload_mb,
        "contact": wording.contact("tracker"),
        "duties": [_duty(context, plan, duty, known) for duty in duties],
    }
    template = mail_templates(context.settings.config).get_template("kept/message.j2")
    block_context = template.new_context(shown)
    shown["said"] = {name: clean("".join(block(block_context))) for name, block in template.blocks.items()}
    return shown


def _taken(context: RunContext, taken: TakenSubmission, about: AnswerableDuty) -> dict[str, Any]:
    """What the receipt of a submission shows."""
    act = taken.weighed.act
    assert act is not None
    early = taken.weighed.early
    return {
        "title": clean(about.facts.item.flow_name),
        "files": [clean(name) for name, _, _, _ in act.files],
        "document": clean(act.document or ""),
        "signed": short_day(act.signed) if act.signed else "",
        "mentioned": [clean(number) for number in taken.weighed.mentioned],
        "early": short_day(early) if early else "",
        "at": f"{taken.at.astimezone(context.rules.policy.zone):%H:%M %d/%m/%Y}",
        "entry": taken.entry,
    }


def _duty(context: RunContext, plan: Plan, duty: AnswerableDuty, known: bool) -> dict[str, Any]:
    found, reply_to = duty.facts, context.settings.reply_to
    links = link_maker(context, plan) if known else None
    assert reply_to is not None
    address = reply_to.address(reply_to.of_duty(found.occurrence.id, duty.party))
    title = clean(found.item.heading)
    return {
        "title": title,
        "due": short_day(found.state.due) or "",
        "reply": address,
        "reply_link": mailto(address, f"Re: {title}"),
        "link": links.address(found.occurrence.id, duty.party, found.state.due) if links else "",
    }
