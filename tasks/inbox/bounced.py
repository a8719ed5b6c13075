"""A delivery report, settled: what failed goes on to the next address, a delay is only noted, what is not understood shown."""

from __future__ import annotations

import sqlalchemy as sa

from dondoc.inbox.incoming import Bounce
from dondoc.inbox.weighing import Weighed
from dondoc.ledger.ledger import SYSTEM
from tasks.config.run_context import RunContext
from tasks.inbox.arrived import Arrived
from tasks.inbox.entries import received
from tasks.inbox.letters import Settled, settle_bounce_address
from tasks.mail.routes import routes
from tasks.store import delivered, inbox
from tasks.store.chain import append


class NotDeliveredYetError(Exception):
    """The report is about a mail whose own outcome is not recorded yet."""


def settle_bounce(connection: sa.Connection, context: RunContext, arrived: Arrived, bounce: Bounce) -> Settled:
    """Inside the caller's transaction. Raises NotDeliveredYetError."""
    failed = bounce.report.failed
    told = [address for failure in failed for address in (failure.recipient, failure.original_recipient) if address]
    mail = arrived.known.mail if arrived.known.code.purpose == "b" else None
    posted = inbox.reported_mail(connection, mail, bounce.report.original, told) if failed else None
    if posted and posted.status == "ready":
        raise NotDeliveredYetError(posted.id)
    if failed and posted is None:
        if mail:
            return settle_bounce_address(connection, context, arrived)
        return noted(connection, context, arrived, SYSTEM, "unknown_bounce")
    if posted and posted.status == "sent":
        why = failed[0]
        delivered.bounced(
            connection, posted.id, why.diagnostic or why.status or why.recipient, context.now, context.run,
            context.rules.policy.zone, lambda recipient: len(routes(context, recipient)),
            status=why.status, report_sha256=arrived.digest,
        )  # fmt: skip
        return noted(connection, context, arrived, posted.plan, "bounced")
    return noted(connection, context, arrived, posted.plan if posted else SYSTEM, "bounced" if posted else "delayed")


def noted(connection: sa.Connection, context: RunContext, arrived: Arrived, plan: str, outcome: str) -> Settled:
    """Record a mail that changes nothing."""
    entry = received(arrived, plan, None, "dondoc", outcome, False, Weighed())
    (linked,) = append(connection, context.now, [entry])
    return outcome, linked.head.seq, False
