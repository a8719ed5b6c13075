"""Reading occurrences with everything a decision needs, and writing what follows from one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from dondoc.foundation.errors import RefusedError
from dondoc.ledger.ledger import Draft, Linked
from dondoc.obligations import lifecycle
from dondoc.obligations.decide import Facts
from dondoc.obligations.lifecycle import ENDS, State
from dondoc.obligations.snapshot import Tracked
from dondoc.obligations.timing import Occurrence, owed_obligation
from dondoc.office.delegation import Delegation
from dondoc.office.rules import Rules
from dondoc.plan.plan import Plan
from dondoc.plan.timings import DONE
from dondoc.verification.completeness import MOVING
from tasks.store import tables
from tasks.store.authority import delegations
from tasks.store.chain import append
from tasks.store.plans import version_of_plan
from tasks.store.tables import occurrence as table


class UnknownOccurrenceError(RefusedError):
    """No occurrence of that id is registered."""


def tracked_rows(
    connection: sa.Connection,
    plan: str,
    item: str | None = None,
    after: int = 0,
    unreadable: dict[str, str] | None = None,
) -> list[Tracked]:
    """The occurrences of a plan, or of one item of it, in the register's order; those changed after entry `after`.

    Where `unreadable` is given, a damaged row is named there by its id, with the reason, and left out; else it raises.
    """
    query = sa.select(table).where(table.c.plan == plan).order_by(table.c.ordinal)
    if after:
        query = query.where(table.c.last_seq > after)
    if item is not None:
        query = query.where(table.c.item == item)
    found = connection.execute(query).mappings().all()
    if unreadable is None:
        return [_row(connection, one) for one in found]
    return list(_readable(connection, found, unreadable))


def _readable(
    connection: sa.Connection, found: Iterable[Mapping[Any, Any]], unreadable: dict[str, str]
) -> Iterator[Tracked]:
    for one in found:
        try:
            yield _row(connection, one)
        except sa.exc.SQLAlchemyError:
            raise
        except Exception as error:
            unreadable[one["id"]] = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def rows_of(connection: sa.Connection, occurrences: Iterable[str]) -> dict[str, Tracked]:
    """Those occurrences, by id."""
    query = sa.select(table).where(table.c.id.in_(set(occurrences)))
    return {found["id"]: _row(connection, found) for found in connection.execute(query).mappings().all()}


def tracked_row(connection: sa.Connection, occurrence: str) -> Tracked:
    """One occurrence. Raises UnknownOccurrenceError."""
    found = connection.execute(sa.select(table).where(table.c.id == occurrence)).mappings().first()
    if found is None:
        raise UnknownOccurrenceError("no_occurrence", occurrence=occurrence)
    return _row(connection, found)


def facts_of(
    connection: sa.Connection,
    rules: Rules,
    plan: Plan,
    found: Tracked,
    standing_in: tuple[Delegation, ...] | None = None,
) -> Facts:
    """Everything a decision about one occurrence rests on, as the database stands now.

    `standing_in` are the delegations where the caller has read them already.
    """
    occurrence = found.occurrence
    return Facts(
        occurrence=occurrence,
        item=found.item,
        obligation=found.obligation,
        state=found.state,
        office=rules.office,
        policy=rules.policy,
        calendar=rules.calendar,
        year=plan.last_year,
        adopted_on=plan.adopted_on,
        needs_done=_needs_done(connection, occurrence.needs),
        event_on=_event_on(connection, occurrence),
        delegations=delegations(connection) if standing_in is None else standing_in,
    )


def write_entries(
    connection: sa.Connection, now: datetime, found: Tracked, entries: Sequence[Draft], state: State
) -> list[Linked]:
    """Append the entries about one occurrence, with its new state and outbox rows (inside `appending`)."""
    linked = append(connection, now, entries)
    moving = [entry.head.seq for entry in linked if entry.draft.kind.startswith(MOVING)]
    if moving:
        connection.execute(
            table.update()
            .where(table.c.id == found.occurrence.id)
            .values(status=state.status.value, state=lifecycle.to_json(state), last_seq=moving[-1])
        )
        outbox = [notice for entry in linked if entry.draft.kind == "notice.queued" for notice in _notices(entry)]
        if outbox:
            connection.execute(tables.notice.insert(), outbox)
    return linked


def _notices(entry: Linked) -> list[dict[str, Any]]:
    draft, body = entry.draft, entry.draft.body
    return [
        {
            "key": f"{draft.occurrence}|{body['checkpoint']}|{recipient}",
            "plan": draft.plan,
            "occurrence": draft.occurrence,
            "checkpoint": body["checkpoint"],
            "kind": body["kind"],
            "recipient": recipient,
            "body": body.get("about", {}),
            "seq": entry.head.seq,
            "status": "queued",
        }
        for recipient in body["recipients"]
    ]


def _needs_done(connection: sa.Connection, needs: tuple[str, ...]) -> bool:
    if not needs:
        return True
    ends = [status.value for status in ENDS]
    met = connection.scalar(sa.select(sa.func.count()).where(table.c.id.in_(needs), table.c.status.in_(ends)))
    return met == len(needs)


def _event_on(connection: sa.Connection, occurrence: Occurrence) -> date | None:
    if occurrence.event is None:
        return None
    if occurrence.event.startswith(DONE):
        return _completed_on(connection, occurrence.plan, occurrence.event.removeprefix(DONE))
    events = tables.event
    query = sa.select(events.c.happened_on).where(
        events.c.plan == occurrence.plan,
        events.c.event.in_((occurrence.event, f"{occurrence.event}.{occurrence.case}")),
    )
    return connection.scalar(query)


def _completed_on(connection: sa.Connection, plan: str, needed: str) -> date | None:
    """The day on which an item, or one obligation of it, was done: all ended, and the last of them done; None before."""
    item, _, obligation = needed.partition("/")
    query = sa.select(table.c.state).where(table.c.plan == plan, table.c.item == item)
    if obligation:
        query = query.where(table.c.obligation == obligation)
    states = [lifecycle.from_json(state) for state in connection.scalars(query)]
    done = [state.ended_on for state in states if state.status is lifecycle.Status.DONE and state.ended_on]
    return max(done) if done and all(state.status in ENDS for state in states) else None


def _row(connection: sa.Connection, found: Mapping[Any, Any]) -> Tracked:
    occurrence = Occurrence(
        id=found["id"],
        plan=found["plan"],
        item=found["item"],
        obligation=found["obligation"],
        period=found["period"],
        opens=found["opens"],
        due=found["due"],
        act_by=found["act_by"],
        event=found["event"],
        needs=tuple(found["needs"]),
        before_adoption=found["before_adoption"],
    )
    item = version_of_plan(connection, found["plan"], found["version"]).item(found["item"])
    return Tracked(occurrence, lifecycle.from_json(found["state"]), item, owed_obligation(item, occurrence))
