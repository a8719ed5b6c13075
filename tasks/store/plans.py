"""Adopting a plan: its register goes into the ledger and into the tables, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dondoc.calendar.working_days import Calendar
from dondoc.foundation.canonical import digest
from dondoc.foundation.errors import DondocError, RefusedError
from dondoc.ledger.ledger import Draft, timestamp
from dondoc.obligations import lifecycle
from dondoc.obligations.timing import Occurrence, occurrences
from dondoc.office.policy import Policy
from dondoc.plan.plan import Plan, plan_to_json
from dondoc.plan.plan_file import plan_from_json
from tasks.store import tables
from tasks.store.chain import append, appending


class AdoptionError(DondocError):
    """A plan that cannot be adopted as it is."""


class NotAdoptedError(RefusedError, AdoptionError):
    """A plan that is not in force."""


def adopt(
    engine: sa.Engine,
    plan: Plan,
    policy: Policy,
    calendar: Calendar,
    now: datetime,
    actor: str,
    run: str | None = None,
    source: str = "",
) -> bool:
    """Adopt `plan`, read from the text `source`: True when it was adopted now, False when this very plan already is.

    Raises AdoptionError when another version of it is adopted: a change to a plan is an amendment, with its
    own decision.
    """
    with appending(engine) as connection:
        known = digest_of(connection, plan.id)
        if known == plan.digest:
            return False
        if known is not None:
            raise AdoptionError(
                f"{plan.id} is adopted in another version; compare with 'dondoc plan diff', then name the decision that "
                "changes it (--decision, --decided-on); nothing was changed"
            )
        register = occurrences(plan, policy, calendar)
        (entry,) = append(connection, now, [_adopted(plan, register, policy, actor, run)])
        row = {"id": plan.id, "year": plan.year, "digest": plan.digest, "adopted_seq": entry.head.seq}
        connection.execute(tables.plan.insert(), row)
        keep_version(connection, plan, source, entry.head.seq)
        add_occurrences(connection, plan, enumerate(register), entry.head.seq)
        return True


def digest_of(connection: sa.Connection, plan_id: str) -> str | None:
    """The digest of the plan's version in force; None where it is not adopted."""
    return connection.scalar(sa.select(tables.plan.c.digest).where(tables.plan.c.id == plan_id))


def keep_version(connection: sa.Connection, plan: Plan, source: str, seq: int) -> None:
    """Keep the whole of a plan's version under its digest. One that was in force before is there already."""
    row = {"plan": plan.id, "digest": plan.digest, "body": plan_to_json(plan), "source": source, "seq": seq}
    connection.execute(insert(tables.plan_version).values(row).on_conflict_do_nothing())


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


def add_occurrences(
    connection: sa.Connection, plan: Plan, register: Iterable[tuple[int, Occurrence]], seq: int
) -> None:
    """Register occurrences, each with its place in the plan's order."""
    rows = []
    for ordinal, o in register:
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
                "version": plan.digest,
                "status": state.status.value,
                "state": lifecycle.to_json(state),
                "last_seq": seq,
            }
        )
    if rows:
        connection.execute(tables.occurrence.insert(), rows)


def adopted(connection: sa.Connection, plan_id: str) -> Plan:
    """The plan as it is in force. Raises AdoptionError when there is none."""
    known = digest_of(connection, plan_id)
    if known is None:
        raise NotAdoptedError("not_adopted", plan=plan_id)
    return version_of_plan(connection, plan_id, known)


def adopted_ids(connection: sa.Connection) -> list[str]:
    """The ids of all adopted plans, oldest year first."""
    return list(connection.scalars(sa.select(tables.plan.c.id).order_by(tables.plan.c.year, tables.plan.c.id)))


def served(connection: sa.Connection, own: str, now: datetime, *, told: bool) -> list[str]:
    """The plans that a run of the plan `own` at `now` looks after as well, itself among them, oldest year first.

    Closed ones too: their last mail may still be owed. A run that was `told` its time looks after no plan that has
    lived longer than that; one by the real clock after no plan that a replay walks.
    """
    entry, p = tables.ledger.c, tables.plan.c
    last = sa.select(entry.at).where(entry.plan == p.id).order_by(entry.seq.desc()).limit(1).scalar_subquery()
    adoption = tables.ledger.alias().c
    query = sa.select(p.id, adoption.actor, last.label("last")).where(adoption.seq == p.adopted_seq)
    return [
        found.id
        for found in connection.execute(query.order_by(p.year, p.id))
        if found.id == own or (found.last <= timestamp(now) if told else found.actor != "replay")
    ]


def source_of(connection: sa.Connection, plan: Plan) -> str:
    """The text of the file that version of the plan was read from; empty where none was kept."""
    v = tables.plan_version
    return connection.scalar(sa.select(v.c.source).where(v.c.plan == plan.id, v.c.digest == plan.digest)) or ""


def closed(connection: sa.Connection, plan_id: str) -> bool:
    """Whether the plan is adopted and closed."""
    return connection.scalar(sa.select(tables.plan.c.closed_seq).where(tables.plan.c.id == plan_id)) is not None


def closed_at(connection: sa.Connection, plan_id: str) -> datetime | None:
    """When the plan was closed, UTC; None while it is open."""
    p, entry = tables.plan.c, tables.ledger.c
    query = sa.select(entry.at).join(tables.plan, p.closed_seq == entry.seq).where(p.id == plan_id)
    said = connection.scalar(query)
    return datetime.fromisoformat(said) if said else None


_cache: dict[tuple[str, str], Plan] = {}


def version_of_plan(connection: sa.Connection, plan_id: str, digest_: str) -> Plan:
    """One version of a plan, in force or not. It never changes under its digest: a warm worker reads it once."""
    key = (plan_id, digest_)
    if key not in _cache:
        v = tables.plan_version
        body = connection.scalar(sa.select(v.c.body).where(v.c.plan == plan_id, v.c.digest == digest_))
        _cache[key] = plan_from_json(body or {})
    return _cache[key]
