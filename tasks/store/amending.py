"""Amending an adopted plan: the new register, its difference and what follows for each occurrence, in one transaction."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from dondoc.foundation.canonical import digest
from dondoc.ledger.ledger import Draft
from dondoc.obligations.lifecycle import ENDS
from dondoc.obligations.timing import case_occurrences, occurrences, owed_obligation
from dondoc.office.rules import Rules
from dondoc.plan.plan import Plan
from dondoc.planning.amendment import Amendment, Registered, RegisteredOccurrence, Ruling
from dondoc.planning.amendment import amend as compare
from tasks.store import tables
from tasks.store.chain import append, appending, forward
from tasks.store.occurrences import tracked_row, tracked_rows, write_entries
from tasks.store.plans import AdoptionError, add_occurrences, adopted, digest_of, keep_version, register_rows


def amend_plan(
    engine: sa.Engine,
    plan: Plan,
    ruling: Ruling,
    rules: Rules,
    now: datetime,
    actor: str,
    run: str | None = None,
    source: str = "",
) -> Amendment | None:
    """Put an amended version of an adopted plan, read from the text `source`, in force; None when this very version already is.

    Raises AmendmentError where a dropped duty would come back, AdoptionError for a plan that is not adopted, is closed, or says another day of adoption, and for a decision
    dated after today.
    """
    with appending(engine) as connection:
        if digest_of(connection, plan.id) == plan.digest:
            return None
        at = forward(connection, now, [plan.id])
        today = at.astimezone(rules.policy.zone).date()
        _check(connection, plan, ruling, today)
        found = rehearse_amendment(connection, plan, ruling, rules, today, actor)
        entry = _amended(connection, plan, found, ruling, actor, run)
        _apply(connection, plan, found, entry, source, at)
    return found


def rehearse_amendment(
    connection: sa.Connection, plan: Plan, ruling: Ruling, rules: Rules, today: date, actor: str
) -> Amendment:
    """What putting `plan` in force would change; nothing is written."""
    before = [
        RegisteredOccurrence(Registered(known.occurrence, known.item, known.obligation), known.state)
        for known in tracked_rows(connection, plan.id)
    ]
    return compare(before, _register(connection, plan, rules), ruling, rules.office, today, actor)


def _register(connection: sa.Connection, plan: Plan, rules: Rules) -> list[Registered]:
    e = tables.event
    keys = connection.scalars(sa.select(e.c.event).where(e.c.plan == plan.id).order_by(e.c.seq))
    comings = [key.rpartition(".") for key in keys if "." in key]
    cases = [o for event, _, case in comings for o in case_occurrences(plan, event, int(case), rules.policy)]
    return [
        Registered(found, plan.item(found.item), owed_obligation(plan.item(found.item), found))
        for found in (*occurrences(plan, rules.policy, rules.calendar), *cases)
    ]


def _check(connection: sa.Connection, plan: Plan, ruling: Ruling, today: date) -> None:
    current = adopted(connection, plan.id)
    closed = connection.scalar(sa.select(tables.plan.c.closed_seq).where(tables.plan.c.id == plan.id))
    if closed is not None:
        raise AdoptionError(f"{plan.id} is closed; nothing of it can be amended any more")
    if current.adopted_on != plan.adopted_on:
        raise AdoptionError(
            f"{plan.id} was adopted on {current.adopted_on:%d/%m/%Y}; an amendment keeps adopted_on, "
            "its own day is that of its decision"
        )
    if not ruling.document.strip():
        raise AdoptionError("an amendment names its decision: give its number")
    if ruling.signed > today:
        raise AdoptionError(f"the decision is dated {ruling.signed:%d/%m/%Y}, after today; correct its date")


def _amended(
    connection: sa.Connection, plan: Plan, found: Amendment, ruling: Ruling, actor: str, run: str | None
) -> Draft:
    register = register_rows([known.occurrence for known in found.register])
    body: dict[str, Any] = {
        "digest": plan.digest,
        "was": digest_of(connection, plan.id),
        "document": ruling.document,
        "signed": ruling.signed.isoformat(),
        "reason": ruling.reason,
        "difference": found.difference(),
        "register": register,
        "register_sha256": digest(register),
    }
    return Draft("plan.amended", plan.id, None, actor, body, run)


def _apply(connection: sa.Connection, plan: Plan, found: Amendment, amended: Draft, source: str, at: datetime) -> None:
    (entry,) = append(connection, at, [amended])
    seq = entry.head.seq
    keep_version(connection, plan, source, seq)
    connection.execute(tables.plan.update().where(tables.plan.c.id == plan.id).values(digest=plan.digest))
    place = {known.occurrence.id: ordinal for ordinal, known in enumerate(found.register)}
    add_occurrences(connection, plan, ((place[k.occurrence.id], k.occurrence) for k in found.added), seq)
    for change in (*found.dropped, *found.moved):
        write_entries(connection, at, tracked_row(connection, change.occurrence), change.entries, change.state)
    _reregister(connection, plan, found)


def _reregister(connection: sa.Connection, plan: Plan, found: Amendment) -> None:
    """What still runs stands under the new version, with its days; what has ended keeps the one it ended under."""
    table = tables.occurrence
    ended = {known.occurrence.id for known in tracked_rows(connection, plan.id) if known.state.status in ENDS}
    for ordinal, known in enumerate(found.register):
        o = known.occurrence
        values: dict[str, Any] = {"ordinal": ordinal}
        if o.id not in ended:
            values |= {"opens": o.opens, "due": o.due, "act_by": o.act_by, "event": o.event}
            values |= {"needs": list(o.needs), "version": plan.digest}
        connection.execute(table.update().where(table.c.id == o.id).values(values))
