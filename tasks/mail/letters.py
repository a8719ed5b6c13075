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
from dondoc.office.rules import Rules
from tasks.config.loading import mail_templates
from tasks.config.run_context import RunContext
from tasks.config.settings import Settings
from tasks.mail.ways import all_ways, post_now
from tasks.smtp.client import Outgoing, Result, Temporary
from tasks.smtp.ways import post_by


class Writer(Protocol):
    """Who writes: a run's surroundings, or the watchdog, which has no run and no database."""

    @property
    def settings(self) -> Settings:
        """What this installation is."""
        ...

    @property
    def rules(self) -> Rules:
        """Whose office it is."""
        ...

    @property
    def now(self) -> datetime:
        """The mail's date."""
        ...


@dataclass(frozen=True, slots=True)
class SentLetter:
    """What was offered to the mail server and what it said."""

    message_id: str
    sha256: str
    result: Result


def write_to(context: Writer, role: str, kind: str, key: str, facts: Mapping[str, Any]) -> SentLetter | None:
    """Mail the templates of mail/<kind> to a role; None where office.yaml gives it no address.

    `key` tells this mail from others of its kind: the same key is the same mail, however often it is sent.
    """
    known = context.rules.office.role(role)
    if known is None or not known.email:
        return None
    digest = hashlib.sha256(f"{kind}|{role}|{key}".encode()).hexdigest()[:32]
    mail_id = f"<{kind}.{digest}@{context.settings.mail_domain}>"
    to = Address(known.email, known.title)
    content = compose(context.settings, context.rules, to, kind, mail_id, context.now, facts)
    results: list[Result] = []
    outgoing = [Outgoing(mail_id, known.email, content)]

    def take(_id: str, result: Result) -> None:
        results.append(result)

    if isinstance(context, RunContext):
        post_now(context.settings, context.engine, outgoing, take, context.now)
    else:  # an alarm goes to its reader whether or not a database can say that a trial is over
        post_by(all_ways(context.settings), context.settings.sender.address, outgoing, take)
    return SentLetter(mail_id, hashlib.sha256(content).hexdigest(), results[0] if results else Temporary("no answer"))


def compose(
    settings: Settings, rules: Rules, to: Address, kind: str, message_id: str, now: datetime, facts: Mapping[str, Any]
) -> bytes:
    """The bytes of a letter in the words of `mail/<kind>`. Raises FileNotFoundError where a template is missing."""
    environment = mail_templates(settings.config)
    shown = {**facts, "to": to.name, "office": rules.office.office, "at": now.astimezone(rules.policy.zone)}

    def rendered(name: str) -> str:
        try:
            return environment.get_template(f"{kind}/{name}").render(shown)
        except jinja2.TemplateNotFound as missing:
            raise FileNotFoundError(f"config/mail/{missing} is missing; restore it from the repository") from None

    return build(
        Mail(
            message_id=message_id,
            sender=settings.sender,
            to=to,
            subject=" ".join(rendered("subject.j2").split()),
            date=now,
            text=rendered("text.j2"),
            html=rendered("html.j2"),
        )
    )
