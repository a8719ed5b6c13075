"""What grants or ends power, as the ledger says: who stands in for whom, and which sessions of the portal are over.

A session that was ended before its time is remembered until it would be over. The ledger says which (by a hash: the name
itself opens the session), so that nobody brings one back to life by deleting a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dondoc.ledger.ledger import SYSTEM, Draft, timestamp
from dondoc.office.delegation import Delegation, DelegationError, recorded, revoked
from dondoc.office.rules import Rules
from tasks.store.chain import append, appending
from tasks.store.tables import delegation as table
from tasks.store.tables import signed_out


def delegations(connection: sa.Connection) -> tuple[Delegation, ...]:
    """Every delegation that was not revoked, whatever its days, in the order they were recorded."""
    query = sa.select(table).where(table.c.revoked_seq.is_(None)).order_by(table.c.seq)
    return tuple(_read(found) for found in connection.execute(query).mappings())


def refuse_impossible(engine: sa.Engine, rules: Rules, wanted: Delegation, now: datetime, actor: str) -> None:
    """Raises DelegationError for a delegation that cannot be recorded: asked before anybody is told of it."""
    with engine.connect() as connection:
        recorded(wanted, delegations(connection), rules.office, now.astimezone(rules.policy.zone).date(), actor)


def delegate(
    engine: sa.Engine,
    rules: Rules,
    wanted: Delegation,
    now: datetime,
    actor: str,
    told: Sequence[Mapping[str, Any]] = (),
) -> Delegation:
    """Record a delegation, of which the others were `told`; the same with its entry's number, in force from now on.

    Raises DelegationError for one that cannot be.
    """
    with appending(engine) as connection:
        today = now.astimezone(rules.policy.zone).date()
        draft = recorded(wanted, delegations(connection), rules.office, today, actor, told)
        (entry,) = append(connection, now, [draft])
        row = {
            "seq": entry.head.seq,
            "absent": wanted.absent,
            "stand_in": wanted.stand_in,
            "first": wanted.first,
            "last": wanted.last,
            "reason": draft.body["reason"],
        }
        connection.execute(table.insert(), row)
        return _read(row)


def revoke(engine: sa.Engine, seq: int, now: datetime, actor: str) -> Delegation:
    """End a delegation now. Raises DelegationError where none of that number is left."""
    with appending(engine) as connection:
        found = next((known for known in delegations(connection) if known.seq == seq), None)
        if found is None:
            raise DelegationError("gone", "this delegation was revoked already; nothing was changed")
        (entry,) = append(connection, now, [revoked(found, actor)])
        connection.execute(table.update().where(table.c.seq == seq).values(revoked_seq=entry.head.seq))
        return found


def _read(found: Mapping[Any, Any]) -> Delegation:
    return Delegation(
        found["absent"], found["stand_in"], found["first"], found["last"], found["reason"], found["seq"]
    )  # fmt: skip


def session_hash(session: str) -> str:
    """What the ledger knows a session by."""
    return sha256(session.encode()).hexdigest()


def sign_out(engine: sa.Engine, session: str, until: datetime, now: datetime, actor: str) -> None:
    """That session, which would have lasted `until`, is over. What lies behind `now` is forgotten."""
    with appending(engine) as connection:
        connection.execute(signed_out.delete().where(signed_out.c.until <= now))
        found = connection.execute(
            insert(signed_out)
            .values(session=session, until=until)
            .on_conflict_do_nothing()
            .returning(signed_out.c.session)
        )
        if found.first():
            body = {"session_sha256": session_hash(session), "until": timestamp(until)}
            append(connection, now, [Draft("session.ended", SYSTEM, None, actor, body)])


def is_signed_out(connection: sa.Connection, session: str) -> bool:
    """Whether that session was ended."""
    return connection.scalar(sa.select(signed_out.c.session).where(signed_out.c.session == session)) is not None
