"""What became of a mail: taken, refused for good, or come back later; each outcome is evidence and moves its notices.

What is refused or comes back puts its notices in the queue again for the recipient's next address; when there is none
left the tracker is told. `zone` is the office's: it says on which day an outcome falls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from typing import Any

import sqlalchemy as sa

from dondoc.ledger.ledger import Draft
from dondoc.obligations.lifecycle import advance
from dondoc.office.delegation import with_stand_ins
from tasks.store import tables
from tasks.store.authority import delegations
from tasks.store.chain import appending, forward
from tasks.store.occurrences import tracked_row, write_entries


def sent(
    engine: sa.Engine,
    mail_id: str,
    reply: str,
    now: datetime,
    run: str | None,
    zone: tzinfo,
    *,
    stayed: bool = False,
    **facts: Any,
) -> None:
    """The server took the mail: one `notice.sent` for each of its notices, in one transaction.

    `stayed`: the server is the local mailbox. `facts` stand in each entry: which other server it was than the first.
    """
    with appending(engine) as connection:
        if _settle(
            connection, mail_id, ("ready", "sent"), reply, now, run, zone, lambda _: ("notice.sent", facts)
        ) and stayed:  # fmt: skip
            connection.execute(tables.mail.update().where(tables.mail.c.id == mail_id).values(kept=True))


def failed(
    engine: sa.Engine,
    mail_id: str,
    reply: str,
    now: datetime,
    run: str | None,
    zone: tzinfo,
    routes: Callable[[str], int],
) -> None:
    """The server refused the mail for good: its notices go by the next of `routes(recipient)` addresses.

    Where none is left the failure is final, and the tracker is told once.
    """

    def entry(notice: Any) -> tuple[str, dict[str, Any]]:
        return "notice.failed", {"final": notice.route + 1 >= routes(notice.recipient)}

    with appending(engine) as connection:
        _settle(connection, mail_id, ("ready", "failed"), reply, now, run, zone, entry)


def bounced(
    connection: sa.Connection,
    mail_id: str,
    reply: str,
    now: datetime,
    run: str | None,
    zone: tzinfo,
    routes: Callable[[str], int],
    **facts: str,
) -> bool:
    """A mail the server took came back (inside `appending`): its notices count as not delivered and go on as refused
    ones do; False when it was not sent, or came back before. `facts` are kept with each entry.
    """

    def entry(notice: Any) -> tuple[str, dict[str, Any]]:
        return "notice.bounced", {**facts, "final": notice.route + 1 >= routes(notice.recipient)}

    return _settle(connection, mail_id, ("sent", "bounced"), reply, now, run, zone, entry)


def _settle(
    connection: sa.Connection,
    mail_id: str,
    change: tuple[str, str],
    reply: str,
    now: datetime,
    run: str | None,
    zone: tzinfo,
    entry: Callable[[Any], tuple[str, dict[str, Any]]],
) -> bool:
    """One entry for each notice of a mail that changes its status; False when the mail has not the status before."""
    m, n = tables.mail, tables.notice
    before, status = change
    mail = connection.execute(sa.select(m).where(m.c.id == mail_id, m.c.status == before)).first()
    if mail is None:  # recorded by another run
        return False
    attempts = mail.attempts + (before == "ready")
    connection.execute(m.update().where(m.c.id == mail_id).values(status=status, reply=reply, attempts=attempts))
    notices = connection.execute(sa.select(n).where(n.c.mail == mail_id).order_by(n.c.seq, n.c.key)).all()
    for notice in notices:
        kind, extra = entry(notice)
        body = {
            "kind": notice.kind,
            "checkpoint": notice.checkpoint,
            "recipient": notice.recipient,
            "address": mail.address,
            "message_id": mail.message_id,
            "mail_sha256": mail.sha256,
            "reply": reply,
            **extra,
        }
        recorded = [(kind, body)]
        if extra.get("final") and notice.recipient != "role:tracker":
            told = with_stand_ins(("role:tracker",), delegations(connection), now.astimezone(zone).date())
            recorded.append(("notice.queued", _undelivered(notice, body, told)))
        record_notices(connection, now, notice.occurrence, recorded, run, zone)
        connection.execute(n.update().where(n.c.key == notice.key).values(**_after(status, notice, extra)))
    return True


def _after(status: str, notice: Any, extra: dict[str, Any]) -> dict[str, Any]:
    if status == "sent":
        return {"status": status}
    if not extra["final"]:
        return {"status": "queued", "route": notice.route + 1, "mail": None}
    return {"status": "failed"}


def _undelivered(notice: Any, failure: dict[str, Any], told: tuple[str, ...]) -> dict[str, Any]:
    return {
        "kind": "undelivered",
        "checkpoint": f"undelivered:{notice.checkpoint}:{notice.recipient}",
        "recipients": list(told),
        "about": {key: failure[key] for key in ("recipient", "address", "reply", "kind")},
    }


def record_notices(
    connection: sa.Connection, now: datetime, occurrence: str, recorded: Iterable[tuple[str, dict[str, Any]]],
    run: str | None, zone: tzinfo,
) -> None:  # fmt: skip
    """Append entries about notices of one occurrence (inside `appending`)."""
    found = tracked_row(connection, occurrence)
    at = forward(connection, now, [found.occurrence.plan])
    state, drafts = found.state, []
    for kind, body in recorded:
        draft = Draft(kind, found.occurrence.plan, occurrence, "dondoc", body, run)
        # Entries about notices move no status; the day only matters for the accepted overdue notice.
        state = advance(state, draft, at.astimezone(zone).date())
        drafts.append(draft)
    write_entries(connection, at, found, drafts, state)


def record_new_link(
    engine: sa.Engine, occurrence: str, body: dict[str, Any], now: datetime, zone: tzinfo, *, taken: bool
) -> None:
    """One `notice.sent` about the occurrence, or `notice.failed` where the server did not take the mail."""
    with appending(engine) as connection:
        found = tracked_row(connection, occurrence)
        at = forward(connection, now, [found.occurrence.plan])
        kind, said = ("notice.sent", body) if taken else ("notice.failed", {**body, "final": False})
        draft = Draft(kind, found.occurrence.plan, occurrence, "dondoc", said)
        write_entries(connection, at, found, [draft], advance(found.state, draft, at.astimezone(zone).date()))
