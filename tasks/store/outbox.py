"""The outbox: queued notices become one mail a recipient, and each delivery's outcome becomes evidence.

A notice is queued → mailed (its mail's bytes are kept) → sent or failed. A refused mail puts its notices back
in the queue for the recipient's next address; when there is none left the tracker is told. `zone` is the
office's: it says on which day an outcome falls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dondoc.delegation import with_stand_ins
from dondoc.ledger import Draft
from dondoc.lifecycle import advance
from tasks.store import tables
from tasks.store.chain import appending, forward
from tasks.store.delegations import delegations
from tasks.store.occurrences import row, write

_POSTMAN = 720240003


@dataclass(frozen=True, slots=True)
class Queued:
    """One notice waiting in the outbox."""

    key: str
    occurrence: str
    checkpoint: str
    kind: str
    recipient: str
    body: dict[str, Any]
    route: int


@dataclass(frozen=True, slots=True)
class Ready:
    """One mail whose bytes are kept and which is due to be sent."""

    id: str
    message_id: str
    address: str
    content: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class Built:
    """A mail just written: what `keep` stores."""

    message_id: str
    address: str
    subject: str
    content: bytes


@contextmanager
def postman(engine: sa.Engine, plan: str) -> Iterator[bool]:
    """True when this run alone delivers that plan's mail now; False when another one does. A killed run frees the place."""
    place = {"lock": _POSTMAN, "plan": plan}
    with engine.connect() as connection:
        alone = bool(connection.scalar(sa.text("SELECT pg_try_advisory_lock(:lock, hashtext(:plan))"), place))
        connection.commit()
        try:
            yield alone
        finally:
            if alone:
                connection.execute(sa.text("SELECT pg_advisory_unlock(:lock, hashtext(:plan))"), place)
                connection.commit()


def queued(engine: sa.Engine, plan: str) -> list[Queued]:
    """The notices waiting, in the order they were queued."""
    n = tables.notice
    query = (
        sa.select(n.c.key, n.c.occurrence, n.c.checkpoint, n.c.kind, n.c.recipient, n.c.body, n.c.route)
        .where(n.c.plan == plan, n.c.status == "queued")
        .order_by(n.c.seq, n.c.key)
    )
    with engine.connect() as connection:
        return [Queued(**found) for found in connection.execute(query).mappings()]


def keep(engine: sa.Engine, plan: str, notices: Sequence[str], built: Built, now: datetime, morning: date) -> None:
    """Store a mail with its bytes and tie its notices to it.

    The very same mail, refused before and now owed again (its address came back into office.yaml), is offered again
    with the bytes it has.
    """
    mail_id = f"{built.message_id} {built.address}"
    n = tables.notice
    with engine.begin() as connection:
        taken = connection.execute(
            n.update().where(n.c.key.in_(notices), n.c.status == "queued").values(status="mailed", mail=mail_id)
        )
        if taken.rowcount != len(notices):  # another run took some of them first
            connection.rollback()
            return
        made = insert(tables.mail).values(
            id=mail_id,
            message_id=built.message_id,
            plan=plan,
            address=built.address,
            morning=morning,
            subject=built.subject,
            content=built.content,
            sha256=hashlib.sha256(built.content).hexdigest(),
            status="ready",
            next_attempt=now,
        )
        again = {"status": "ready", "next_attempt": now}
        connection.execute(made.on_conflict_do_update(index_elements=["id"], set_=again))


def withhold(engine: sa.Engine, notice: Queued, reason: str, now: datetime, run: str | None, zone: tzinfo) -> None:
    """A queued notice that is no longer true is not sent, and that is recorded."""
    n = tables.notice
    with appending(engine) as connection:
        left = n.update().where(n.c.key == notice.key, n.c.status == "queued").values(status="withheld")
        if connection.execute(left).rowcount == 0:
            return
        body = {"checkpoints": [notice.checkpoint], "recipient": notice.recipient, "reason": reason}
        _record(connection, now, notice.occurrence, [("notice.withheld", body)], run, zone)


def ready(engine: sa.Engine, plan: str, now: datetime) -> list[Ready]:
    """Mails due to be sent at `now`, oldest first."""
    m = tables.mail
    query = (
        sa.select(m.c.id, m.c.message_id, m.c.address, m.c.content, m.c.attempts)
        .where(m.c.plan == plan, m.c.status == "ready", m.c.next_attempt <= now)
        .order_by(m.c.next_attempt, m.c.id)
    )
    with engine.connect() as connection:
        return [Ready(**found) for found in connection.execute(query).mappings()]


def next_attempt(engine: sa.Engine, plan: str) -> datetime | None:
    """When the first of the kept mails is to be tried again; None when none waits."""
    m = tables.mail
    query = (
        sa.select(m.c.next_attempt).where(m.c.plan == plan, m.c.status == "ready").order_by(m.c.next_attempt).limit(1)
    )
    with engine.connect() as connection:
        return connection.scalar(query)


def sent(engine: sa.Engine, mail_id: str, reply: str, now: datetime, run: str | None, zone: tzinfo) -> None:
    """The server took the mail: one `notice.sent` for each of its notices, in one transaction."""
    _outcome(engine, mail_id, "sent", reply, now, run, zone, lambda _: ("notice.sent", {}))


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

    _outcome(engine, mail_id, "failed", reply, now, run, zone, entry)


def postponed(engine: sa.Engine, mail_id: str, reply: str, now: datetime, wait: timedelta) -> None:
    """The server could not take it now: it stays as it is and is tried again after `wait`."""
    m = tables.mail
    with engine.begin() as connection:
        connection.execute(
            m.update()
            .where(m.c.id == mail_id, m.c.status == "ready")
            .values(attempts=m.c.attempts + 1, next_attempt=now + wait, reply=reply)
        )


def _outcome(
    engine: sa.Engine,
    mail_id: str,
    status: str,
    reply: str,
    now: datetime,
    run: str | None,
    zone: tzinfo,
    entry: Callable[[Any], tuple[str, dict[str, Any]]],
) -> None:
    m, n = tables.mail, tables.notice
    with appending(engine) as connection:
        mail = connection.execute(sa.select(m).where(m.c.id == mail_id, m.c.status == "ready")).first()
        if mail is None:  # recorded by another run
            return
        connection.execute(
            m.update().where(m.c.id == mail_id).values(status=status, reply=reply, attempts=m.c.attempts + 1)
        )
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
                day = now.astimezone(zone).date()
                told = with_stand_ins(("role:tracker",), delegations(connection), day)
                recorded.append(("notice.queued", _undelivered(notice, body, told)))
            _record(connection, now, notice.occurrence, recorded, run, zone)
            connection.execute(n.update().where(n.c.key == notice.key).values(**_after(status, notice, extra)))


def _after(status: str, notice: Any, extra: dict[str, Any]) -> dict[str, Any]:
    if status == "failed" and not extra["final"]:
        return {"status": "queued", "route": notice.route + 1, "mail": None}
    return {"status": status}


def _undelivered(notice: Any, failure: dict[str, Any], told: tuple[str, ...]) -> dict[str, Any]:
    return {
        "kind": "undelivered",
        "checkpoint": f"undelivered:{notice.checkpoint}:{notice.recipient}",
        "recipients": list(told),
        "about": {key: failure[key] for key in ("recipient", "address", "reply", "kind")},
    }


def _record(
    connection: sa.Connection, now: datetime, occurrence: str, recorded: Iterable[tuple[str, dict[str, Any]]],
    run: str | None, zone: tzinfo,
) -> None:  # fmt: skip
    found = row(connection, occurrence)
    at = forward(connection, now, [found.occurrence.plan])
    state, drafts = found.state, []
    for kind, body in recorded:
        draft = Draft(kind, found.occurrence.plan, occurrence, "dondoc", body, run)
        # Entries about notices move no status; the day only matters for the accepted overdue notice.
        state = advance(state, draft, at.astimezone(zone).date())
        drafts.append(draft)
    write(connection, at, found, drafts, state)
