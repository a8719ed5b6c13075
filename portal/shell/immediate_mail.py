"""Mails that go at once, not with the morning's post: somebody waits for them at a screen."""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dondoc.mail.mail import Address, Mail
from dondoc.mail.mime import build
from dondoc.office.rules import Rules
from tasks.config.loading import mail_templates
from tasks.config.settings import Settings
from tasks.mail.ways import post_now
from tasks.smtp.client import Accepted, Outgoing, Result

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImmediateMail:
    """A mail that was offered to the server, and what it answered."""

    message_id: str
    address: str
    sha256: str
    reply: str
    taken: bool


def send_now(
    settings: Settings, engine: sa.Engine | None, rules: Rules, to: Address, template: str, now: datetime, **facts: Any
) -> ImmediateMail:
    """Mail the templates of mail/`template` to `to`. A refusal is logged without what the mail says."""
    environment = mail_templates(settings.config)
    at = now.astimezone(rules.policy.zone)
    known = {"office": rules.office.office, "title": to.name, "at": at, **facts}
    mail = Mail(
        message_id=f"<{template}.{secrets.token_hex(16)}@{settings.mail_domain}>",
        sender=settings.sender,
        to=to,
        subject=" ".join(environment.get_template(f"{template}/subject.j2").render(known).split()),
        date=at,
        text=environment.get_template(f"{template}/text.j2").render(known),
        html=environment.get_template(f"{template}/html.j2").render(known),
    )
    content = build(mail)
    results: list[Result] = []
    outgoing = [Outgoing(mail.message_id, to.address, content)]
    post_now(settings, engine, outgoing, lambda _id, result: results.append(result), now)
    taken = bool(results) and isinstance(results[0], Accepted)
    reply = results[0].reply if results else ""
    if not taken:
        _log.warning("a %s mail was not taken: %s", template, reply or "no answer")
    return ImmediateMail(mail.message_id, to.address, hashlib.sha256(content).hexdigest(), reply, taken)
