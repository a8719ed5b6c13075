"""Mail that comes in, one at a time: kept by its bytes, read, and settled in one transaction; twice is once.

A reply to a duty's own address with a file is a submission; anything else a person sends is kept, told to the tracker,
and politely answered. Nothing that a machine sends counts or is answered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from dondoc.foundation.errors import ClockError, DondocError
from dondoc.inbox.incoming import AutoReply, Bounce, Envelope, Incoming, Loop, Reply, Setting, Unusable, read_mail
from dondoc.inbox.origin import mail_fingerprint, plausible
from dondoc.inbox.own_words import manners
from dondoc.ledger.ledger import SYSTEM
from dondoc.mail.reply_addresses import ReplyTo
from tasks.config.loading import read_words
from tasks.config.run_context import RunContext
from tasks.config.settings import Settings, SettingsError
from tasks.inbox.arrived import NOWHERE, Arrived
from tasks.inbox.bounced import NotDeliveredYetError, noted, settle_bounce
from tasks.inbox.letters import Settled, settle_bounce_address, settle_duty, settle_mail
from tasks.mail.delivery import deliver
from tasks.obligations.act_followup import follow_soon
from tasks.store import files, inbox
from tasks.store.chain import appending
from tasks.store.inbox import KnownAddress

_ATTEMPTS = 3
_LONGEST_UNREAD = timedelta(days=60)  # a mailbox that nobody reads longer is told by its own date no more
_FRAME = 1_000_000  # what a mail's headers and texts may take beside its files


class NotYetError(DondocError):
    """A mail that must be offered again later: it is about one of ours whose own outcome is not recorded yet."""


@dataclass(frozen=True, slots=True)
class Received:
    """What one mail was taken for at one address: submitted, a reason why not, bounced, again …"""

    outcome: str
    plan: str | None = None
    occurrence: str | None = None
    answered: bool = False


def largest(settings: Settings) -> int:
    """The most a mail may carry, in bytes: its files are a third larger on the way (base64)."""
    return settings.upload_mb * 1024 * 1024 * 138 // 100 + _FRAME


def setting(settings: Settings, reply_to: ReplyTo) -> Setting:
    """What mail is judged by here. Raises ConfigurationError when inbound.yaml is missing."""
    words = read_words(settings.config, "inbound.yaml").value
    return Setting(reply_to.base, settings.mail_domain, manners(words), largest(settings))


def is_ours(context: RunContext, address: str) -> bool:
    """Whether mail to that address is for us: a signed address that we gave out."""
    reply_to = context.settings.reply_to
    if reply_to is None or reply_to.read(address) is None:
        return False
    with context.engine.connect() as connection:
        return inbox.known(connection, reply_to, address) is not None


def take_in(
    context: RunContext,
    content: bytes,
    recipients: Sequence[str] = (),
    mail_from: str | None = None,
    at: datetime | None = None,
) -> list[Received]:
    """As `receive`; a mail that fails for its own sake the third time is recorded and shown as it came, so that it keeps
    no other out. Before that, and where nothing can be recorded, it raises: the mail is to be offered again.
    """
    try:
        return receive(context, content, recipients, mail_from, at)
    except (NotYetError, ClockError, SettingsError, sa.exc.OperationalError, sa.exc.InterfaceError, OSError):
        raise
    except Exception:
        digest = files.keep_file(_shelf(context), content)
        with context.engine.begin() as connection:
            attempts = inbox.failed_attempt(connection, digest, context.today)
        if attempts < _ATTEMPTS:
            raise
        return [_parked(context, content, digest, at)]


def receive(
    context: RunContext,
    content: bytes,
    recipients: Sequence[str] = (),
    mail_from: str | None = None,
    at: datetime | None = None,
) -> list[Received]:
    """Take one mail for each of our addresses it came to; `recipients` and `mail_from` are the envelope's, else the
    headers say. `at` is when the office's server took it, else now.

    Raises NotYetError and database errors: the mail is to be offered again then. Our answers are sent before this
    returns; what the server does not take now goes with the next sweep.
    """
    reply_to = context.settings.reply_to
    if reply_to is None:
        raise DondocError("answers by mail are not set up: give [reply] address in config/dondoc.toml")
    digest = files.keep_file(_shelf(context), content)
    incoming = read_mail(content, setting(context.settings, reply_to), mail_from)
    envelope = incoming.envelope
    with context.engine.connect() as connection:
        found = [inbox.known(connection, reply_to, to) for to in recipients or envelope.recipients]
        # Written to the plain mailbox: what it says it answers tells whose letter it is, and proves nothing.
        answered = None if any(found) else inbox.answered_mail(connection, envelope.answers)
        incoming, own = _without_ours(connection, incoming)
    addressed = {known.code: known for known in found if known}
    if answered and isinstance(incoming, Reply | Unusable):
        code = reply_to.of_mail(answered[1])
        addressed = {code: KnownAddress(code, answered[0], None, None, answered[1])}
    if isinstance(incoming, Bounce):  # one report, wherever else it came
        own_address = next((known for known in addressed.values() if known.code.purpose == "b"), NOWHERE)
        addressed = {own_address.code: own_address}
    mark, taken_at = mail_fingerprint(content), plausible(at, context.now, _LONGEST_UNREAD)
    day = taken_at.astimezone(context.rules.policy.zone).date()
    taken = [
        _settled(
            context,
            Arrived(
                incoming, digest, len(content), known, f"{mark} {known.code.text}", context.run,
                taken_at, day, any(found), own,
            ),
        )
        for known in addressed.values() or [NOWHERE]
    ]  # fmt: skip
    # Offered again after a kill: our answer may still lie where the kill left it.
    for plan in {one.plan for one in taken if one.plan and (one.answered or one.outcome == "again")}:
        if plan != SYSTEM:
            deliver(replace(context, plan=plan), kept_only=True)
    return taken


def _without_ours(connection: sa.Connection, incoming: Incoming) -> tuple[Incoming, frozenset[str]]:
    """A mail that the outbox holds is our own come back; the files of a reply that lie in such a mail are left out.

    With it the SHA-256 of those files which we mailed ourselves.
    """
    message_id = incoming.envelope.message_id
    if message_id and not isinstance(incoming, Loop) and inbox.is_own(connection, message_id):
        return Loop(incoming.envelope), frozenset()
    if not isinstance(incoming, Reply):
        return incoming, frozenset()
    ours = inbox.own_mails(connection, {file.within for file in incoming.files if file.within})
    kept = tuple(file for file in incoming.files if file.within not in ours)
    digests = {hashlib.sha256(file.content).hexdigest() for file in kept}
    return replace(incoming, files=kept), inbox.own_files(connection, digests)


def _settled(context: RunContext, arrived: Arrived) -> Received:
    known, incoming = arrived.known, arrived.incoming
    for file in getattr(incoming, "files", ()):
        if not isinstance(file, str):  # on the disk before an entry names it
            files.keep_file(_shelf(context), file.content)
    with appending(context.engine) as connection:
        if inbox.is_read(connection, arrived.key):
            noted(connection, context, arrived, known.plan, "again")
            return Received("again", known.plan, known.occurrence)
        outcome, seq, answered = _settle(connection, context, arrived)
        inbox.note_mail(
            connection, arrived.key, code=known.code.text, sha256=arrived.digest, received_on=arrived.day,
            sender=incoming.envelope.sender, outcome=outcome, seq=seq, answered=answered,
        )  # fmt: skip
    if outcome == "submitted" and seq is not None:
        follow_soon(context.engine, context.settings, seq)
    return Received(outcome, known.plan, known.occurrence, answered)


def _settle(connection: sa.Connection, context: RunContext, arrived: Arrived) -> Settled:
    """What becomes of a mail at one address: exactly one thing, with its entry."""
    known, incoming = arrived.known, arrived.incoming
    if isinstance(incoming, Loop):
        return noted(connection, context, arrived, known.plan, "loop")
    if isinstance(incoming, Bounce):
        try:
            return settle_bounce(connection, context, arrived, incoming)
        except NotDeliveredYetError as error:
            why = f"{error} came back before its delivery was recorded; offer the report again"
            raise NotYetError(why) from None
    if known is NOWHERE:
        return noted(connection, context, arrived, SYSTEM, _stray(incoming))
    if known.code.purpose == "b":
        return settle_bounce_address(connection, context, arrived)
    if known.occurrence and known.party:
        return settle_duty(connection, context, arrived, known.occurrence, known.party)
    return settle_mail(connection, context, arrived)


def _stray(incoming: Incoming) -> str:
    """What a mail to no address of ours is."""
    if isinstance(incoming, Unusable) and incoming.reason == "report":
        return "unknown_bounce"
    return "auto" if isinstance(incoming, AutoReply) or (isinstance(incoming, Reply) and incoming.doubt) else "stray"


def _parked(context: RunContext, content: bytes, digest: str, at: datetime | None) -> Received:
    """A mail that cannot be read or settled: recorded by its bytes alone, and shown."""
    taken_at = plausible(at, context.now, _LONGEST_UNREAD)
    day = taken_at.astimezone(context.rules.policy.zone).date()
    arrived = Arrived(
        Unusable(Envelope(), "broken"), digest, len(content), NOWHERE, f"{digest} -", context.run, taken_at, day
    )
    with appending(context.engine) as connection:
        if inbox.is_read(connection, arrived.key):
            return Received("again", SYSTEM)
        outcome, seq, _ = noted(connection, context, arrived, SYSTEM, "parked")
        inbox.note_mail(
            connection, arrived.key, code="-", sha256=digest, received_on=day, sender="", outcome=outcome, seq=seq
        )
    return Received(outcome, SYSTEM)


def _shelf(context: RunContext) -> Path:
    return context.settings.var / "files"
