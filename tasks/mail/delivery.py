"""The morning's post: queued notices become one mail a recipient, and every reply of the server is recorded.

Mailboxes are served in an order: units, their heads, other roles, the tracker. What one mailbox refuses goes to one
that has not had its mail yet, so that a refusal does not give anybody a second mail that morning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dondoc.mail.mail import Address
from dondoc.mail.mime import build
from dondoc.mail.notices import Letterhead, Notice, message_id, party_name, render, still_true
from dondoc.mail.reply_addresses import Addressed, ReplyTo, answerable
from dondoc.obligations.notice_table import NOTICES
from dondoc.obligations.snapshot import Tracked
from dondoc.office.office import Office
from tasks.config.loading import mail_templates, words
from tasks.config.run_context import Morning
from tasks.documents.enclosing import enclosures
from tasks.mail.links import link_of, reply_addresses
from tasks.mail.pictures import pictures_of
from tasks.smtp.sender import Accepted, Outgoing, Permanent, Result, Temporary, backoff, post
from tasks.store import delivered, outbox
from tasks.store.chain import head
from tasks.store.occurrences import rows_of
from tasks.store.outbox import Built, Queued
from tasks.store.plans import adopted, served

# With the back-off of `post.backoff` about five days (RFC 5321, 4.5.4.1): what waits longer counts as refused.
MOST_ATTEMPTS = 36

_ANSWERED = re.compile(r"\d{3} ")  # the server's own words; a lost connection has none
_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass
class Posted:
    """What a delivery did: mails accepted, to be tried later, refused; and whether another run was delivering."""

    sent: int = 0
    waiting: int = 0
    refused: int = 0
    elsewhere: bool = False
    replies: dict[str, str] = field(default_factory=dict)


def deliver(morning: Morning, *, kept_only: bool = False, once: bool = False) -> Posted:
    """Write and send what is queued, in every plan that this run serves. One run delivers at a time; another finds nothing to do.

    `kept_only` sends only what is written already: a later try on the same morning writes no second mail to anybody.
    `once` writes to no mailbox that has had notices today: of several plans' sweeps the first has written for all.

    Written mails are kept before the first attempt, and each reply is recorded before the next mail is sent:
    killed anywhere, the next run goes on with the same bytes.
    """
    posted = Posted()
    with outbox.postman(morning.engine) as alone:
        if not alone:
            posted.elsewhere = True
            return posted
        with morning.engine.connect() as connection:
            plans = served(connection, morning.plan, morning.now, told=morning.told)
        there = _send(morning, plans, posted)  # what an earlier run kept
        had = outbox.served_on(morning.engine, morning.today) if once else set()
        # Each round empties one kind of mailbox; a refused notice comes back at its next address, of which each party
        # has few. Nobody there: the rest stays queued and becomes one mail, instead of one a morning of the outage.
        while there and not kept_only and write_mails(morning, plans, had):
            there = _send(morning, plans, posted)
    return posted


def write_mails(morning: Morning, plans: Sequence[str], had: Collection[str] = ()) -> bool:
    """Turn the notices that wait for the next kind of mailbox into kept mails, one an address; False when none was.

    What is no longer true is withheld. Addresses that `had` their mail are passed over.
    """
    waiting = outbox.queued(morning.engine, plans)
    if not waiting:
        return False
    with morning.engine.connect() as connection:
        known = {plan: adopted(connection, plan) for plan in plans}
        registered = rows_of(connection, (queued.occurrence for queued in waiting))
        letterhead = Letterhead(
            office=morning.house.office,
            sender=morning.settings.sender,
            domain=morning.settings.mail_domain,
            plan_titles={plan.id: plan.title for plan in known.values()},
            link=link_of(morning, known),
            head=head(connection),
            policy=morning.house.policy,
            calendar=morning.house.calendar,
            reply=reply_addresses(morning.settings.reply_to),
        )
    desks = _by_address(morning, waiting, registered)
    desks = {address: group for address, group in desks.items() if address.address.lower() not in had}
    turn = _turns(morning.house.office)
    now_served = min((turn[address.address.lower()] for address in desks), default=0)
    for address, group in desks.items():
        if turn[address.address.lower()] == now_served:
            _write_mail(morning, letterhead, address, group, registered)
    return bool(desks)


def _turns(office: Office) -> dict[str, int]:
    """Address → its place in the order: the place of the highest party it serves."""
    known = [(unit.email, 0) for unit in office.units]
    known += [(unit.head_email, 1) for unit in office.units if unit.head_email]
    known += [(role.email, 3 if role.id == "tracker" else 2) for role in office.roles if role.email]
    turns: dict[str, int] = {}
    for address, turn in known:
        turns[address.lower()] = max(turn, turns.get(address.lower(), 0))
    return turns


def _by_address(
    morning: Morning, waiting: Sequence[Queued], registered: Mapping[str, Tracked]
) -> dict[Address, list[Queued]]:
    """Who gets what: one mail an address, whatever hats it wears. What is not to go is withheld here."""
    desks: dict[str, tuple[Address, list[Queued]]] = {}
    for queued in waiting:
        addresses = routes(morning, queued.recipient)
        reason = _reason_to_withhold(morning, registered[queued.occurrence], queued, addresses)
        if reason:
            outbox.withhold(
                morning.engine, queued, reason, morning.now, morning.run, morning.house.policy.zone
            )  # fmt: skip
            continue
        address = addresses[queued.route]
        desks.setdefault(address.address.lower(), (address, []))[1].append(queued)
    return dict(desks.values())


def _reason_to_withhold(morning: Morning, row: Tracked, queued: Queued, addresses: Sequence[Address]) -> str | None:
    if queued.route >= len(addresses):
        return "no_address"
    if not still_true(queued.kind, row.state, morning.today):
        return "no_longer_true"
    if NOTICES[queued.kind].asks and not _still_theirs(morning.house.office, row, queued.recipient):
        return "no_longer_true"
    return None


def _still_theirs(office: Office, row: Tracked, recipient: str) -> bool:
    """Whether a unit still leads or coordinates the duty: the plan may have been amended since the notice was queued."""
    scope, _, unit = recipient.partition(":")
    named = office.members((*row.obligation.lead, *row.obligation.coordinating))
    return scope == "role" or unit in named


def _write_mail(
    morning: Morning,
    letterhead: Letterhead,
    address: Address,
    group: Sequence[Queued],
    registered: Mapping[str, Tracked],
) -> None:
    going = [_notice(morning.house.office, registered[queued.occurrence], queued) for queued in group]
    files = enclosures(morning, going)
    reply_to = morning.settings.reply_to
    own = f"{message_id(going, letterhead.domain)} {address.address}"  # the mail's id in the outbox
    mail = render(
        going,
        address,
        morning.now.astimezone(morning.house.policy.zone),
        letterhead,
        mail_templates(morning.settings.config),
        words(morning.settings.config),
        reply_to.address(reply_to.of_mail(own)) if reply_to else None,
        files,
        pictures_of(group, morning.settings.mail_domain),
    )
    if reply_to:
        mail = replace(mail, loop=reply_to.base)
    addresses = _addresses(reply_to, own, going) if reply_to else ()
    built = Built(mail.message_id, mail.to.address, mail.subject, build(mail), addresses)
    keys = [notice.key for notice in going]
    outbox.keep(morning.engine, going[0].occurrence.plan, keys, built, morning.now, morning.today)


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


def _send(morning: Morning, plans: Sequence[str], posted: Posted) -> bool:
    """Offer every mail that is due and record each reply; False when the server was not there for any of them."""
    due = outbox.ready(morning.engine, plans, morning.now)
    if not due:
        return True
    attempts = {mail.id: mail.attempts for mail in due}
    zone = morning.house.policy.zone
    answered = 0

    def record(mail_id: str, result: Result) -> None:
        nonlocal answered
        reply = _UNREADABLE.sub("?", result.reply)  # a server may say anything; a database takes no NUL
        posted.replies[mail_id] = reply
        answered += bool(_ANSWERED.match(reply)) or not isinstance(result, Temporary)
        if isinstance(result, Accepted):
            delivered.sent(morning.engine, mail_id, reply, morning.now, morning.run, zone)
            posted.sent += 1
        elif isinstance(result, Permanent) or attempts[mail_id] + 1 >= MOST_ATTEMPTS:
            delivered.failed(
                morning.engine, mail_id, reply, morning.now, morning.run, zone,
                lambda recipient: len(routes(morning, recipient)),
            )  # fmt: skip
            posted.refused += 1
        else:
            wait = backoff(attempts[mail_id] + 1)
            outbox.postponed(morning.engine, mail_id, reply, morning.now, wait)
            posted.waiting += 1

    reply_to = morning.settings.reply_to

    def bounces_to(mail_id: str) -> str | None:
        return reply_to.address(reply_to.of_bounces(mail_id)) if reply_to else None

    outgoing = (Outgoing(mail.id, mail.address, mail.content, bounces_to(mail.id)) for mail in due)
    post(morning.settings.smtp, morning.settings.sender.address, outgoing, record)
    return answered > 0


def routes(morning: Morning, recipient: str) -> tuple[Address, ...]:
    """The addresses of a mail party, in the order they are tried.

    A unit's mailbox, then its head's; a head's, then the unit's; a role's own. A unit that has ended is served by its successor. Each address once; a party that
    office.yaml no longer knows has none.
    """
    office = morning.house.office
    kind, _, name = recipient.partition(":")
    shown = party_name(recipient, office, words(morning.settings.config))
    if kind == "role":
        role = office.role(name)
        addresses = [role.email if role else None]
    else:
        unit = office.holding(name, morning.today)
        both = [unit.email, unit.head_email] if unit else []
        addresses = both if kind == "unit" else both[::-1]
    once: dict[str, str] = {}
    for address in addresses:
        if address:
            once.setdefault(address.lower(), address)
    return tuple(Address(address, shown) for address in once.values())
