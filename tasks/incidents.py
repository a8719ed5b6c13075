"""Technical failures: recorded as a finding and mailed to the operator at once, outside the morning's digest."""

from __future__ import annotations

import hashlib
from typing import Any

import jinja2
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from dondoc.ledger import SYSTEM, Draft
from dondoc.mail import Address, Mail
from dondoc.mime import build
from tasks.house import clock, mail_templates, words
from tasks.morning import Morning, begin
from tasks.post import Accepted, Outgoing, Result, post
from tasks.store.chain import append, appending


def tell_operator(run_id: str, run_name: str, state: str, message: str) -> State[Any]:
    """Record the finding and mail it. Failed when the operator could not be told, so that it shows."""
    morning = begin(SYSTEM)
    vocabulary = words(morning.settings.config)
    said = {"run": run_id, "run_name": run_name, "state": state, "message": message[:1000]}
    body = {"finding": "run_incident", **{name: _whole(text) for name, text in said.items()}}
    with appending(morning.engine) as connection:
        append(connection, morning.now, [Draft("audit.finding", SYSTEM, None, "dondoc", body, morning.run)])
    operator = morning.house.office.role("operator")
    if operator is None or not operator.email:
        return Failed(message="office.yaml gives the role operator no address; add one")
    result = _mail(morning, Address(operator.email, operator.title), body)
    if isinstance(result, Accepted):
        return Completed(name=vocabulary["states"]["incident_told"], message=result.reply)
    return Failed(message=f"the operator could not be told: {result.reply if result else 'no answer'}")


def _whole(text: str) -> str:
    """`text` without half characters: an automation passes on what a broken run said, and no UTF-8 can carry those."""
    return text.encode("utf-8", "replace").decode()


def _mail(morning: Morning, to: Address, body: dict[str, str]) -> Result | None:
    environment = mail_templates(morning.settings.config)
    facts = {"incident": body, "at": clock(morning.house.policy, morning.now), "office": morning.house.office.office}

    def rendered(name: str) -> str:
        try:
            return environment.get_template(f"incident/{name}").render(facts)
        except jinja2.TemplateNotFound as missing:
            raise FileNotFoundError(f"config/mail/{missing} is missing; restore it from the repository") from None

    digest = hashlib.sha256(f"incident|{body['run']}|{body['state']}".encode()).hexdigest()[:32]
    mail = Mail(
        message_id=f"<incident.{digest}@{morning.settings.mail_domain}>",
        sender=morning.settings.sender,
        to=to,
        subject=" ".join(rendered("subject.j2").split()),
        date=morning.now,
        text=rendered("text.j2"),
        html=rendered("html.j2"),
    )
    results: list[Result] = []
    outgoing = [Outgoing(mail.message_id, to.address, build(mail))]
    post(
        morning.settings.smtp,
        morning.settings.sender.address,
        outgoing,
        lambda _id, result: results.append(result),
    )
    return results[0] if results else None
