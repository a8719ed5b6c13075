"""Who stands in for whom, as the ledger says: recorded, revoked, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dondoc.office.delegation import Delegation, DelegationError, recorded, revoked
from dondoc.office.rules import Rules
from tasks.store.chain import append, appending
from tasks.store.tables import delegation as table


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
