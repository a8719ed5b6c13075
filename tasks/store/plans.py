"""Adopting a plan: its register goes into the ledger and into the tables, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dondoc import lifecycle
from dondoc.calendar import Calendar
from dondoc.canonical import digest
from dondoc.errors import DondocError
from dondoc.ledger import Draft
from dondoc.plan import Plan, to_json
from dondoc.planfile import from_json
from dondoc.policy import Policy
from dondoc.timing import Occurrence, occurrences
from tasks.store import tables
from tasks.store.chain import append, appending


class AdoptionError(DondocError):
    """A plan that cannot be adopted as it is."""


def adopt(
    engine: sa.Engine, plan: Plan, policy: Policy, calendar: Calendar, now: datetime, actor: str, run: str | None = None
) -> bool:
    """Adopt `plan`: True when it was adopted now, False when this very plan already is.

    Raises AdoptionError when another version of it is adopted: a change to a plan is an amendment, with its
    own decision.
    """
    with appending(engine) as connection:
        known = connection.scalar(sa.select(tables.plan.c.digest).where(tables.plan.c.id == plan.id))
        if known == plan.digest:
            return False
        if known is not None:
            raise AdoptionError(
                f"{plan.id} is adopted in another version; compare with 'dondoc plan diff', nothing was changed"
            )
        register = occurrences(plan, policy, calendar)
        (entry,) = append(connection, now, [_adopted(plan, register, policy, actor, run)])
        connection.execute(
            tables.plan.insert(),
            {
                "id": plan.id,
                "year": plan.year,
                "digest": plan.digest,
                "body": to_json(plan),
                "adopted_seq": entry.head.seq,
            },
        )
        connection.execute(tables.occurrence.insert(), _rows(register, entry.head.seq))
        return True


def _adopted(plan: Plan, register: Sequence[Occurrence], policy: Policy, actor: str, run: str | None) -> Draft:
    rows = register_rows(register)
    body = {
        "digest": plan.digest,
        "year": plan.year,
        "title": plan.title,
        "adopted_on": plan.adopted_on.isoformat(),
        "draft": plan.draft,
        "timezone": policy.timezone,
        "register": rows,
        "register_sha256": digest(rows),
    }
    return Draft("plan.adopted", plan.id, None, actor, body, run)


def register_rows(register: Sequence[Occurrence]) -> list[dict[str, Any]]:
    """The register as it stands in the ledger: every expected occurrence with its dates (ISO)."""
    return [
        {
            "id": o.id,
            "opens": o.opens.isoformat() if o.opens else None,
            "due": o.due.isoformat() if o.due else None,
            "event": o.event,
            "needs": list(o.needs),
            "before_adoption": o.before_adoption,
        }
        for o in register
    ]


def _rows(register: Sequence[Occurrence], seq: int) -> list[dict[str, Any]]:
    rows = []
    for ordinal, o in enumerate(register):
        state = lifecycle.initial(o)
        rows.append(
            {
                "id": o.id,
                "plan": o.plan,
                "item": o.item,
                "obligation": o.obligation,
                "period": o.period,
                "ordinal": ordinal,
                "opens": o.opens,
                "due": o.due,
                "act_by": o.act_by,
                "event": o.event,
                "needs": list(o.needs),
                "before_adoption": o.before_adoption,
                "status": state.status.value,
                "state": lifecycle.to_json(state),
                "last_seq": seq,
            }
        )
    return rows


def adopted(connection: sa.Connection, plan_id: str) -> Plan:
    """The plan as adopted. Raises AdoptionError when there is none."""
    row = connection.execute(
        sa.select(tables.plan.c.digest, tables.plan.c.id).where(tables.plan.c.id == plan_id)
    ).first()
    if row is None:
        raise AdoptionError(f"{plan_id} is not adopted; adopt it with: dondoc plan adopt")
    return _read(connection, row.id, row.digest)


def adopted_ids(connection: sa.Connection) -> list[str]:
    """The ids of all adopted plans, oldest year first."""
    return list(connection.scalars(sa.select(tables.plan.c.id).order_by(tables.plan.c.year, tables.plan.c.id)))


def closed(connection: sa.Connection, plan_id: str) -> bool:
    """Whether the plan is adopted and closed."""
    return connection.scalar(sa.select(tables.plan.c.closed_seq).where(tables.plan.c.id == plan_id)) is not None


_cache: dict[tuple[str, str], Plan] = {}


def _read(connection: sa.Connection, plan_id: str, plan_digest: str) -> Plan:
    # A plan is immutable under its digest: a warm worker reads it once.
    key = (plan_id, plan_digest)
    if key not in _cache:
        body = connection.scalar(sa.select(tables.plan.c.body).where(tables.plan.c.id == plan_id))
        _cache[key] = from_json(body or {})
    return _cache[key]
