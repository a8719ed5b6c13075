"""Offering kept mails to their servers: every reply is recorded, and one that is about us is held against nobody.

A mail the server took is recorded before the next one is offered. Refusals are judged together at the end of the
delivery (`dondoc.mail.smtp_replies.about_us`): the same words to everybody say nothing of anybody. Killed before that,
the next run offers the same bytes again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dondoc.mail.smtp_replies import MailReply, ReplyVerdict, about_us
from tasks.config.run_context import RunContext
from tasks.mail import servers
from tasks.mail.routes import routes
from tasks.mail.ways import post_now
from tasks.smtp.client import Accepted, Outgoing, Permanent, Result
from tasks.smtp.sender import backoff
from tasks.store import delivered, outbox
from tasks.store.outbox import Ready

# With the back-off of `sender.backoff` about five days (RFC 5321, 4.5.4.1): a mailbox that is busy longer refuses.
MOST_ATTEMPTS = 36

_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass
class DeliveryResult:
    """What a delivery did: mails accepted, to be tried later, refused; and whether another run was delivering.

    `trouble`: the words of a server that did not take our mail, "" while all is well. `damaged`: Message-IDs of kept
    mails that were not the bytes they had been. `unreadable`: notices no mail could be written of, and occurrences that
    could not be read, and why.
    """

    sent: int = 0
    waiting: int = 0
    refused: int = 0
    elsewhere: bool = False
    replies: dict[str, str] = field(default_factory=dict)
    trouble: str = ""
    damaged: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def fault(self) -> str:
        """What somebody must look at, in one line; "" where nothing is wrong."""
        found = [f"mail server: {self.trouble}"] if self.trouble else []
        if self.damaged:
            found.append(f"{len(self.damaged)} kept mails were not the bytes they had been: {self.damaged[0]}")
        if self.unreadable:
            key, why = next(iter(self.unreadable.items()))
            found.append(f"rows that cannot be read ({len(self.unreadable)}): {key}: {why}")
        return "; ".join(found)


def send_ready(context: RunContext, plans: Sequence[str], posted: DeliveryResult) -> bool:
    """Offer every mail that is due and record each reply; False when the server took our mail for nobody."""
    due = {mail.id: mail for mail in outbox.ready(context.engine, plans, context.now)}
    if not due:
        return True
    settings = context.settings
    answers: list[MailReply] = []
    kept = 0

    def take(mail_id: str, result: Result) -> None:
        nonlocal kept
        reply = _UNREADABLE.sub("?", result.reply)  # a server may say anything; a database takes no NUL
        posted.replies[mail_id] = reply
        if isinstance(result, Accepted):
            _record_sent(context, mail_id, result, reply)
            posted.sent += 1
            kept += result.kept
        # In a trial the local mailbox says nothing of the server.
        if settings.mail_stays or not (isinstance(result, Accepted) and result.kept):
            answers.append(MailReply(mail_id, due[mail_id].address, _verdict(result), reply))

    reply_to = settings.reply_to

    def bounces_to(mail_id: str) -> str | None:
        return reply_to.address(reply_to.of_bounces(mail_id)) if reply_to else None

    outgoing = [
        Outgoing(mail.id, mail.address, mail.content, bounces_to(mail.id))
        for mail in due.values()
        if _whole(context, mail, posted)
    ]
    healths = post_now(settings, context.engine, outgoing, take, context.now)
    ours = about_us(answers, _others_taken(context, answers, due))
    for answer in answers:
        if answer.verdict != "taken":
            _record_refused(context, due[answer.key], answer, answer.key in ours, posted)
    told = next((answer.reply for answer in answers if answer.key in ours or answer.verdict == "lost"), "")
    if told and healths and all(health.well for health in healths):
        servers.note_server(context.engine, healths[0].server, False, told, context.now)
    posted.trouble = posted.trouble or told
    return kept > 0 or any(answer.key not in ours and answer.verdict != "lost" for answer in answers)


def _others_taken(context: RunContext, answers: Sequence[MailReply], due: Mapping[str, Ready]) -> bool:
    doubted = [due[answer.key].morning for answer in answers if answer.verdict == "doubtful"]
    return bool(doubted) and outbox.taken_since(context.engine, max(doubted), context.settings.mail_stays)


def _verdict(result: Result) -> ReplyVerdict:
    if isinstance(result, Accepted):
        return "taken"
    return "final" if isinstance(result, Permanent) else result.cause


def _whole(context: RunContext, mail: Ready, posted: DeliveryResult) -> bool:
    """Whether the kept bytes are those that were written; a damaged mail is put aside and its notices written anew."""
    found = hashlib.sha256(mail.content).hexdigest()
    if found == mail.sha256:
        return True
    posted.damaged.append(mail.message_id)
    outbox.put_aside(context.engine, mail, found, context.now, context.run)
    return False


def _record_sent(context: RunContext, mail_id: str, result: Accepted, reply: str) -> None:
    facts: dict[str, object] = {"server": result.by} if result.by else {}
    if result.kept and not context.settings.mail_stays:
        facts["kept"] = True
    delivered.sent(
        context.engine, mail_id, reply, context.now, context.run, context.rules.policy.zone, stayed=result.kept, **facts
    )


def _record_refused(context: RunContext, mail: Ready, answer: MailReply, ours: bool, posted: DeliveryResult) -> None:
    about_recipient = not ours and answer.verdict != "lost"
    worn_out = mail.attempts + 1 >= MOST_ATTEMPTS
    if about_recipient and (answer.verdict == "final" or worn_out):
        delivered.failed(
            context.engine, mail.id, answer.reply, context.now, context.run, context.rules.policy.zone,
            lambda recipient: len(routes(context, recipient)),
        )  # fmt: skip
        posted.refused += 1
        return
    outbox.postponed(context.engine, mail.id, answer.reply, context.now, backoff(mail.attempts + 1))
    posted.waiting += 1
