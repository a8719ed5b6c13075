"""The morning's post: queued notices become one mail a recipient, and every reply of the server is recorded.

Mailboxes are served in an order: units, their heads, other roles, the tracker. What one mailbox refuses goes to one
that has not had its mail yet, so that a refusal does not give anybody a second mail that morning.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from dondoc.mail.mail import Address
from dondoc.mail.mime import build
from dondoc.mail.notices import Letterhead, Notice, message_id, render, still_true
from dondoc.mail.reply_addresses import Addressed, ReplyTo, answerable
from dondoc.obligations.notice_table import NOTICES
from dondoc.obligations.snapshot import Tracked
from dondoc.office.office import Office
from tasks.config.loading import mail_templates, words
from tasks.config.run_context import RunContext
from tasks.documents.enclosing import enclosures
from tasks.mail.links import link_of, reply_addresses
from tasks.mail.pictures import pictures_of
from tasks.mail.readable import readable_rows, writable
from tasks.mail.routes import routes, turns
from tasks.mail.sending import DeliveryResult, send_ready
from tasks.store import outbox
from tasks.store.chain import head
from tasks.store.outbox import Built, Queued
from tasks.store.plans import adopted, served


def deliver(context: RunContext, *, kept_only: bool = False, once: bool = False) -> DeliveryResult:
    """Write and send what is queued, in every plan that this run serves. One run delivers at a time; another finds nothing to do.

    `kept_only` sends only what is written already: a later try on the same morning writes no second mail to anybody.
    `once` writes to no mailbox that has had notices today: of several plans' sweeps the first has written for all.

    Written mails are kept before the first attempt, and each reply is recorded before the next mail is sent:
    killed anywhere, the next run goes on with the same bytes.
    """
    posted = DeliveryResult()
    with outbox.postman(context.engine) as alone:
        if not alone:
            posted.elsewhere = True
            return posted
        with context.engine.connect() as connection:
            plans = served(connection, context.plan, context.now, told=context.told)
        there = send_ready(context, plans, posted)  # what an earlier run kept
        had = outbox.served_on(context.engine, context.today) if once else set()
        # Each round empties one kind of mailbox; a refused notice comes back at its next address, of which each party
        # has few. Nobody there: the rest stays queued and becomes one mail, instead of one a morning of the outage.
        while there and not kept_only and write_mails(context, plans, posted, had):
            there = send_ready(context, plans, posted)
    return posted


def write_mails(context: RunContext, plans: Sequence[str], posted: DeliveryResult, had: Collection[str] = ()) -> bool:
    """Turn the notices that wait for the next kind of mailbox into kept mails, one an address; False when none was.

    What is no longer true is withheld. Addresses that `had` their mail are passed over. A notice that cannot be read,
    or that no mail can be written of, stays where it is and goes into `posted.unreadable`; it stops no other.
    """
    waiting = [found for found in outbox.queued(context.engine, plans) if found.key not in posted.unreadable]
    if not waiting:
        return False
    with context.engine.connect() as connection:
        known = {plan: adopted(connection, plan) for plan in plans}
        registered = readable_rows(connection, waiting, posted.unreadable)
        letterhead = Letterhead(
            office=context.rules.office,
            sender=context.settings.sender,
            domain=context.settings.mail_domain,
            plan_titles={plan.id: plan.title for plan in known.values()},
            link=link_of(context, known),
            head=head(connection),
            policy=context.rules.policy,
            calendar=context.rules.calendar,
            reply=reply_addresses(context.settings.reply_to),
        )
    waiting = [found for found in waiting if found.key not in posted.unreadable]
    desks = _by_address(context, waiting, registered)
    desks = {address: group for address, group in desks.items() if address.address.lower() not in had}
    turn = turns(context.rules.office)
    now_served = min((turn[address.address.lower()] for address in desks), default=0)
    for address, group in desks.items():
        if turn[address.address.lower()] == now_served:
            _keep_mail(context, letterhead, address, group, registered, posted)
    return bool(desks)


def _by_address(
    context: RunContext, waiting: Sequence[Queued], registered: Mapping[str, Tracked]
) -> dict[Address, list[Queued]]:
    """Who gets what: one mail an address, whatever hats it wears. What is not to go is withheld here."""
    desks: dict[str, tuple[Address, list[Queued]]] = {}
    for queued in waiting:
        addresses = routes(context, queued.recipient)
        reason = _reason_to_withhold(context, registered[queued.occurrence], queued, addresses)
        if reason:
            outbox.withhold(
                context.engine, queued, reason, context.now, context.run, context.rules.policy.zone
            )  # fmt: skip
            continue
        address = addresses[queued.route]
        desks.setdefault(address.address.lower(), (address, []))[1].append(queued)
    return dict(desks.values())


def _reason_to_withhold(context: RunContext, row: Tracked, queued: Queued, addresses: Sequence[Address]) -> str | None:
    if queued.route >= len(addresses):
        return "no_address"
    if not still_true(queued.kind, row.state, context.today):
        return "no_longer_true"
    if NOTICES[queued.kind].asks and not _still_theirs(context.rules.office, row, queued.recipient):
        return "no_longer_true"
    return None


def _still_theirs(office: Office, row: Tracked, recipient: str) -> bool:
    """Whether a unit still leads or coordinates the duty: the plan may have been amended since the notice was queued."""
    scope, _, unit = recipient.partition(":")
    named = office.members((*row.obligation.lead, *row.obligation.coordinating))
    return scope == "role" or unit in named


def _keep_mail(
    context: RunContext,
    letterhead: Letterhead,
    address: Address,
    group: Sequence[Queued],
    registered: Mapping[str, Tracked],
    posted: DeliveryResult,
) -> None:
    """Keep the mail of one address; without the notices that spoil it, if there are such."""

    def write(chosen: Sequence[Queued]) -> Built:
        return _write_mail(context, letterhead, address, chosen, registered)

    good = writable(group, write, posted.unreadable)
    if good:
        notices, built = good
        outbox.keep_mail(
            context.engine, registered[group[0].occurrence].occurrence.plan, notices, built, context.now, context.today
        )


def _write_mail(
    context: RunContext,
    letterhead: Letterhead,
    address: Address,
    group: Sequence[Queued],
    registered: Mapping[str, Tracked],
) -> Built:
    going = [_notice(context.rules.office, registered[queued.occurrence], queued) for queued in group]
    files = enclosures(context, going)
    reply_to = context.settings.reply_to
    name = message_id(going, letterhead.domain)
    time = 1 + outbox.times_damaged(context.engine, name, address.address)
    own = outbox.mail_id(name, address.address, time)
    mail = render(
        going,
        address,
        context.now.astimezone(context.rules.policy.zone),
        letterhead,
        mail_templates(context.settings.config),
        words(context.settings.config),
        reply_to.address(reply_to.of_mail(own)) if reply_to else None,
        files,
        pictures_of(group, context.settings.mail_domain),
    )
    if reply_to:
        mail = replace(mail, loop=reply_to.base)
    addresses = _addresses(reply_to, own, going) if reply_to else ()
    return Built(mail.message_id, mail.to.address, mail.subject, build(mail), addresses, time)


def _addresses(reply_to: ReplyTo, mail: str, going: Sequence[Notice]) -> tuple[Addressed, ...]:
    """What the signed addresses of a mail stand for."""
    duties = [(notice.occurrence.id, notice.recipient) for notice in going if answerable(notice)]
    return (
        *(Addressed(reply_to.of_duty(*duty), *duty) for duty in dict.fromkeys(duties)),
        Addressed(reply_to.of_mail(mail)),
        Addressed(reply_to.of_bounces(mail)),
    )


def _notice(office: Office, row: Tracked, queued: Queued) -> Notice:
    lead = {f"unit:{unit}" for unit in office.members(row.obligation.lead)}
    return Notice(
        key=queued.key,
        kind=queued.kind,  # type: ignore[arg-type]
        checkpoint=queued.checkpoint,
        recipient=queued.recipient,
        occurrence=row.occurrence,
        item=row.item,
        obligation=row.obligation,
        state=row.state,
        coordinating=queued.kind != "relieved"
        and queued.recipient.startswith("unit:")
        and queued.recipient not in lead,
        body=queued.body,
    )
