"""Mail that comes in, one at a time: kept by its bytes, read, and settled in one transaction; twice is once.

A reply to a duty's own address with a file is a submission; anything else a person sends is kept, told to the tracker,
and politely answered. Nothing that a machine sends counts or is answered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dondoc.foundation.errors import DondocError
from dondoc.inbox.incoming import AutoReply, Bounce, Envelope, Incoming, Loop, Reply, Setting, Unusable, read_mail
from dondoc.inbox.own_words import manners
from dondoc.mail.reply_addresses import ReplyTo
from tasks.config.loading import read_words
from tasks.config.run_context import Morning
from tasks.config.settings import Settings
from tasks.inbox.arrived import Arrived
from tasks.inbox.letters import settle_duty, settle_mail
from tasks.mail.delivery import deliver
from tasks.mail.routes import routes
from tasks.obligations.act_followup import follow_soon
from tasks.store import delivered, files, inbox
from tasks.store.chain import appending
from tasks.store.inbox import Known

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


def is_ours(morning: Morning, address: str) -> bool:
    """Whether mail to that address is for us: a signed address that we gave out."""
    reply_to = morning.settings.reply_to
    if reply_to is None or reply_to.read(address) is None:
        return False
    with morning.engine.connect() as connection:
        return inbox.known(connection, reply_to, address) is not None


def receive(morning: Morning, content: bytes, recipients: Sequence[str] = ()) -> list[Received]:
    """Take one mail for each of our addresses it came to; `recipients` are the envelope's, else the headers say.

    Raises NotYetError and database errors: the mail is to be offered again then. Our answers are sent before this
    returns; what the server does not take now goes with the next sweep.
    """
    reply_to = morning.settings.reply_to
    if reply_to is None:
        raise DondocError("answers by mail are not set up: give [reply] address in config/dondoc.toml")
    digest = files.keep(_shelf(morning), content)
    incoming = read_mail(content, setting(morning.settings, reply_to))
    envelope = incoming.envelope
    with morning.engine.connect() as connection:
        found = [inbox.known(connection, reply_to, to) for to in recipients or envelope.recipients]
        # Written to the plain mailbox: what it says it answers tells whose letter it is, and proves nothing.
        answered = None if any(found) else inbox.answered_mail(connection, envelope.answers)
    addressed = {known.code: known for known in found if known}
    if answered and isinstance(incoming, Reply | Unusable):
        code = reply_to.of_mail(answered[1])
        addressed = {code: Known(code, answered[0], None, None, answered[1])}
    if isinstance(incoming, Bounce):
        mail = next((known.mail for known in addressed.values() if known.code.purpose == "b"), None)
        return [_bounced(morning, incoming, mail, digest)]
    arrived = [
        Arrived(incoming, digest, len(content), known, _key(envelope, digest, known.code.text), morning.run, any(found))
        for known in addressed.values()
    ]
    taken = [_settled(morning, one) for one in arrived] or [_stray(morning, incoming, digest)]
    # Offered again after a kill: our answer may still lie where the kill left it.
    for plan in {one.plan for one in taken if one.plan and (one.answered or one.outcome == "again")}:
        deliver(replace(morning, plan=plan), kept_only=True)
    return taken


def _settled(morning: Morning, arrived: Arrived) -> Received:
    known, incoming = arrived.known, arrived.incoming
    for file in getattr(incoming, "files", ()):
        if not isinstance(file, str):  # on the disk before an entry names it
            files.keep(_shelf(morning), file.content)
    with appending(morning.engine) as connection:
        if inbox.is_read(connection, arrived.key):
            return Received("again", known.plan, known.occurrence)
        if isinstance(incoming, Loop):
            outcome, seq, answered = "loop", None, False
        elif known.occurrence and known.party:
            outcome, seq, answered = settle_duty(connection, morning, arrived, known.occurrence, known.party)
        else:
            outcome, seq, answered = settle_mail(connection, morning, arrived)
        inbox.note(
            connection, arrived.key, code=known.code.text, sha256=arrived.digest, received_on=morning.today,
            sender=incoming.envelope.sender, outcome=outcome, seq=seq, answered=answered,
        )  # fmt: skip
    if outcome == "submitted" and seq is not None:
        follow_soon(morning.engine, morning.settings, seq)
    return Received(outcome, known.plan, known.occurrence, answered)


def _stray(morning: Morning, incoming: Incoming, digest: str) -> Received:
    """A mail to no address of ours: kept, and noted once."""
    key = _key(incoming.envelope, digest, "-")
    with appending(morning.engine) as connection:
        if inbox.is_read(connection, key):
            return Received("again")
        machine = isinstance(incoming, AutoReply | Loop)
        outcome = "auto" if machine else "stray"
        inbox.note(
            connection, key, code="-", sha256=digest, received_on=morning.today,
            sender=incoming.envelope.sender, outcome=outcome,
        )  # fmt: skip
    return Received(outcome)


def _bounced(morning: Morning, bounce: Bounce, mail: str | None, digest: str) -> Received:
    """A delivery report: what failed goes on to the next address, a delay is only noted."""
    failed, key = bounce.report.failed, _key(bounce.envelope, digest, "bounce")
    told = [address for failure in failed for address in (failure.recipient, failure.original_recipient) if address]
    with appending(morning.engine) as connection:
        if inbox.is_read(connection, key):
            return Received("again")
        posted = inbox.returned(connection, mail, bounce.report.original, told) if failed else None
        if posted and posted.status == "ready":
            raise NotYetError(f"{posted.id} came back before its delivery was recorded; offer the report again")
        outcome = "bounced" if posted and posted.status == "sent" else "delayed" if not failed else "unknown_bounce"
        if posted and posted.status == "sent":
            why = failed[0]
            delivered.bounced(
                connection, posted.id, why.diagnostic or why.status or why.recipient, morning.now, morning.run,
                morning.house.policy.zone, lambda recipient: len(routes(morning, recipient)),
                status=why.status, report_sha256=digest,
            )  # fmt: skip
        inbox.note(
            connection, key, code="-", sha256=digest, received_on=morning.today,
            sender=bounce.envelope.sender, outcome=outcome,
        )  # fmt: skip
    return Received(outcome, posted.plan if posted else None)


def _key(envelope: Envelope, digest: str, code: str) -> str:
    """A mail at one address, the same whenever it is offered; one without a Message-ID is known by its bytes."""
    name = envelope.message_id or digest
    return f"{hashlib.sha256(name.encode()).hexdigest()} {code}"


def _shelf(morning: Morning) -> Path:
    return morning.settings.var / "files"
