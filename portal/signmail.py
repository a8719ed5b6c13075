"""The mail that carries a sign-in link."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime

from dondoc.house import House
from dondoc.mail import Address, Mail
from dondoc.mime import build
from portal.sessions import LINK_LASTS
from tasks.house import mail_templates
from tasks.post import Accepted, Outgoing, Result, post
from tasks.settings import Settings

_log = logging.getLogger(__name__)


def send_link(settings: Settings, house: House, to: Address, link: str, now: datetime) -> bool:
    """Mail `link` to `to`; whether the server took it. A refusal is logged without the link."""
    environment = mail_templates(settings.config)
    facts = {
        "office": house.office.office,
        "title": to.name,
        "link": link,
        "minutes": int(LINK_LASTS.total_seconds() // 60),
        "at": now.astimezone(house.policy.zone),
    }
    mail = Mail(
        message_id=f"<sign-in.{secrets.token_hex(16)}@{settings.mail_domain}>",
        sender=settings.sender,
        to=to,
        subject=" ".join(environment.get_template("sign-in/subject.j2").render(facts).split()),
        date=now.astimezone(house.policy.zone),
        text=environment.get_template("sign-in/text.j2").render(facts),
        html=environment.get_template("sign-in/html.j2").render(facts),
    )
    results: list[Result] = []
    outgoing = [Outgoing(mail.message_id, to.address, build(mail))]
    post(settings.smtp, settings.sender.address, outgoing, lambda _id, result: results.append(result))
    taken = bool(results) and isinstance(results[0], Accepted)
    if not taken:
        _log.warning("a sign-in mail was not taken: %s", results[0].reply if results else "no answer")
    return taken
