"""One mail at a time to a role of the office, from the templates of one folder, its reply handed back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import jinja2

from dondoc.mail.mail import Address, Mail
from dondoc.mail.mime import build
from dondoc.office.rules import House
from tasks.config.loading import mail_templates
from tasks.config.settings import Settings
from tasks.smtp.sender import Outgoing, Result, Temporary, post


class Writer(Protocol):
    """Who writes: a run's surroundings, or the watchdog, which has no run and no database."""

    @property
    def settings(self) -> Settings:
        """What this installation is."""
        ...

    @property
    def house(self) -> House:
        """Whose office it is."""
        ...

    @property
    def now(self) -> datetime:
        """The mail's date."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What was offered to the mail server and what it said."""

    message_id: str
    sha256: str
    result: Result


def write_to(morning: Writer, role: str, kind: str, key: str, facts: Mapping[str, Any]) -> Sent | None:
    """Mail the templates of mail/<kind> to a role; None where office.yaml gives it no address.

    `key` tells this mail from others of its kind: the same key is the same mail, however often it is sent.
    """
    known = morning.house.office.role(role)
    if known is None or not known.email:
        return None
    environment, zone = mail_templates(morning.settings.config), morning.house.policy.zone
    shown = {**facts, "to": known.title, "office": morning.house.office.office, "at": morning.now.astimezone(zone)}

    def rendered(name: str) -> str:
        try:
            return environment.get_template(f"{kind}/{name}").render(shown)
        except jinja2.TemplateNotFound as missing:
            raise FileNotFoundError(f"config/mail/{missing} is missing; restore it from the repository") from None

    digest = hashlib.sha256(f"{kind}|{role}|{key}".encode()).hexdigest()[:32]
    mail = Mail(
        message_id=f"<{kind}.{digest}@{morning.settings.mail_domain}>",
        sender=morning.settings.sender,
        to=Address(known.email, known.title),
        subject=" ".join(rendered("subject.j2").split()),
        date=morning.now,
        text=rendered("text.j2"),
        html=rendered("html.j2"),
    )
    content = build(mail)
    results: list[Result] = []
    post(
        morning.settings.smtp,
        morning.settings.sender.address,
        [Outgoing(mail.message_id, known.email, content)],
        lambda _id, result: results.append(result),
    )
    return Sent(mail.message_id, hashlib.sha256(content).hexdigest(), results[0] if results else Temporary("no answer"))
