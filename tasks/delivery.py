"""The morning's post: queued notices become one mail a recipient, and every reply of the server is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dondoc.mail import Address
from dondoc.mime import build
from dondoc.notices import Letterhead, Notice, party_name, render, still_true
from dondoc.office import Office
from dondoc.plan import Plan
from tasks.house import mail_templates, words
from tasks.morning import Morning
from tasks.post import Accepted, Outgoing, Permanent, Result, backoff, post
from tasks.store import outbox
from tasks.store.chain import head
from tasks.store.occurrences import Row, rows
from tasks.store.outbox import Built, Queued
from tasks.store.plans import adopted

# A refused mail goes by the next address in the same sweep: three rounds are more than any party has addresses.
_ROUNDS = 4


@dataclass
class Posted:
    """What a delivery did: mails accepted, to be tried later, refused; and whether another run was delivering."""

    sent: int = 0
    waiting: int = 0
    refused: int = 0
    elsewhere: bool = False
    replies: dict[str, str] = field(default_factory=dict)


def deliver(morning: Morning) -> Posted:
    """Write and send what is queued. One run delivers at a time; another finds nothing to do.

    Written mails are kept before the first attempt, and each reply is recorded before the next mail is sent:
    killed anywhere, the next run goes on with the same bytes.
    """
    posted = Posted()
    with outbox.postman(morning.engine) as alone:
        if not alone:
            posted.elsewhere = True
            return posted
        for _ in range(_ROUNDS):
            write_mails(morning)
            due = outbox.ready(morning.engine, morning.plan, morning.now)
            if not due:
                break
            _send(morning, due, posted)
    return posted


def write_mails(morning: Morning) -> None:
    """Turn queued notices into kept mails: one for each recipient and route; withhold what is no longer true."""
    waiting = outbox.queued(morning.engine, morning.plan)
    if not waiting:
        return
    with morning.engine.connect() as connection:
        plan = adopted(connection, morning.plan)
        registered = {row.occurrence.id: row for row in rows(connection, morning.plan)}
        letterhead = Letterhead(
            office=morning.house.office,
            sender=morning.settings.sender,
            domain=morning.settings.mail_domain,
            plan_titles={plan.id: plan.title},
            base_url=morning.settings.base_url,
            head=head(connection),
            policy=morning.house.policy,
            calendar=morning.house.calendar,
        )
    desks = _by_address(morning, waiting, registered)
    for address, group in desks.items():
        _write_mail(morning, letterhead, plan, address, group, registered)


def _by_address(
    morning: Morning, waiting: Sequence[Queued], registered: Mapping[str, Row]
) -> dict[Address, list[Queued]]:
    """Who gets what: one mail an address, whatever hats it wears. What is not to go is withheld here."""
    desks: dict[str, tuple[Address, list[Queued]]] = {}
    for queued in waiting:
        addresses = routes(morning, queued.recipient)
        reason = _reason_to_withhold(morning, registered[queued.occurrence], queued, addresses)
        if reason:
            outbox.withhold(morning.engine, queued, reason, morning.now, morning.run)
            continue
        address = addresses[queued.route]
        desks.setdefault(address.address.lower(), (address, []))[1].append(queued)
    return dict(desks.values())


def _reason_to_withhold(morning: Morning, row: Row, queued: Queued, addresses: Sequence[Address]) -> str | None:
    if queued.route >= len(addresses):
        return "no_address"
    if not still_true(queued.kind, row.state, morning.now.date()):  # type: ignore[arg-type]
        return "no_longer_true"
    return None


def _write_mail(
    morning: Morning,
    letterhead: Letterhead,
    plan: Plan,
    address: Address,
    group: Sequence[Queued],
    registered: Mapping[str, Row],
) -> None:
    going = [_notice(morning.house.office, plan, registered[queued.occurrence], queued) for queued in group]
    mail = render(
        going,
        address,
        morning.now,
        letterhead,
        mail_templates(morning.settings.config),
        words(morning.settings.config),
    )
    built = Built(mail.message_id, mail.to.address, mail.subject, build(mail))
    keys = [notice.key for notice in going]
    outbox.keep(morning.engine, morning.plan, keys, built, morning.now, morning.now.date())


def _notice(office: Office, plan: Plan, row: Row, queued: Queued) -> Notice:
    item = plan.item(row.occurrence.item)
    obligation = next(o for o in item.obligations if o.id == row.occurrence.obligation)
    lead = {f"unit:{unit}" for unit in office.members(obligation.lead)}
    return Notice(
        key=queued.key,
        kind=queued.kind,  # type: ignore[arg-type]
        checkpoint=queued.checkpoint,
        recipient=queued.recipient,
        occurrence=row.occurrence,
        item=item,
        obligation=obligation,
        state=row.state,
        coordinating=queued.recipient.startswith("unit:") and queued.recipient not in lead,
        body=queued.body,
    )


def _send(morning: Morning, due: Sequence[outbox.Ready], posted: Posted) -> None:
    attempts = {mail.id: mail.attempts for mail in due}

    def record(mail_id: str, result: Result) -> None:
        posted.replies[mail_id] = result.reply
        if isinstance(result, Accepted):
            outbox.sent(morning.engine, mail_id, result.reply, morning.now, morning.run)
            posted.sent += 1
        elif isinstance(result, Permanent):
            outbox.failed(
                morning.engine, mail_id, result.reply, morning.now, morning.run,
                lambda recipient: len(routes(morning, recipient)),
            )  # fmt: skip
            posted.refused += 1
        else:
            wait = backoff(attempts[mail_id] + 1)
            outbox.postponed(morning.engine, mail_id, result.reply, morning.now, wait)
            posted.waiting += 1

    outgoing = (Outgoing(mail.id, mail.address, mail.content) for mail in due)
    post(morning.settings.smtp, morning.settings.sender.address, outgoing, record)


def routes(morning: Morning, recipient: str) -> tuple[Address, ...]:
    """The addresses of a mail party, in the order they are tried.

    A unit's mailbox, then its head's; a head's, then the unit's; a role's own.
    """
    office = morning.house.office
    kind, _, name = recipient.partition(":")
    shown = party_name(recipient, office, words(morning.settings.config))
    if kind == "role":
        role = office.role(name)
        addresses = [role.email if role else None]
    else:
        unit = office.unit(name)
        addresses = [unit.email, unit.head_email] if kind == "unit" else [unit.head_email, unit.email]
    return tuple(Address(address, shown) for address in addresses if address)
