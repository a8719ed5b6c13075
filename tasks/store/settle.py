"""Gather → decide → apply for occurrences, one transaction each; and the acts people take."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from dondoc.foundation.canonical import digest
from dondoc.ledger.ledger import Draft, Linked
from dondoc.obligations.acts import Act, ActError, take
from dondoc.obligations.decide import Decision, Facts, Verdict, decide
from dondoc.obligations.snapshot import Tracked
from dondoc.obligations.state import State
from dondoc.obligations.timing import Occurrence, case_occurrences
from dondoc.office.policy import Policy
from dondoc.office.rules import Rules
from dondoc.plan.plan import Plan
from tasks.store import tables
from tasks.store.authority import delegations
from tasks.store.chain import append, appending, forward
from tasks.store.occurrences import facts_of, tracked_row, tracked_rows, write_entries
from tasks.store.plans import add_occurrences, adopted, register_rows


@dataclass(frozen=True, slots=True)
class Checked:
    """What one look at one occurrence found and recorded. `seqs` are its ledger entries' numbers."""

    occurrence: str
    verdict: Verdict
    entries: tuple[Draft, ...]
    seqs: tuple[int, ...]


def check_occurrences(
    engine: sa.Engine,
    rules: Rules,
    plan_id: str,
    now: datetime,
    *,
    item: str | None = None,
    run: str | None = None,
    dry_run: bool = False,
    unreadable: dict[str, str] | None = None,
) -> list[Checked]:
    """Look at every occurrence of an item (or of the whole plan) and do what is owed now.

    A damaged row is named in `unreadable` where that is given, and stops no other.

    Each decision is first made without a lock: most looks find nothing to record. One that does is made again
    inside the transaction that writes it, so that two runs at once record it once.
    """
    results = []
    with engine.connect() as connection:  # reads what is committed at each statement: a need done a moment ago counts
        plan, standing_in = adopted(connection, plan_id), delegations(connection)
        for candidate in _in_order_of_need(tracked_rows(connection, plan_id, item, unreadable=unreadable)):
            decision = decide(facts_of(connection, rules, plan, candidate, standing_in), now, run=run)
            if not decision.entries or dry_run:
                results.append(Checked(candidate.occurrence.id, decision.verdict, decision.entries, ()))
            else:
                results.append(apply_to(engine, rules, candidate.occurrence.id, now, _deciding(run)))
    return results


def _deciding(run: str | None) -> Callable[[Facts, datetime], Decision]:
    return lambda found, at: decide(found, at, run=run)


def _looked(occurrence: str, decision: Decision, linked: Iterable[Linked]) -> Checked:
    return Checked(occurrence, decision.verdict, decision.entries, tuple(entry.head.seq for entry in linked))


def _in_order_of_need(found: list[Tracked]) -> list[Tracked]:
    """What is needed first comes first, so that one morning can finish one duty and open the next."""
    by_id = {candidate.occurrence.id: candidate for candidate in found}
    done: dict[str, Tracked] = {}

    def visit(candidate: Tracked) -> None:
        if candidate.occurrence.id in done:
            return
        for need in candidate.occurrence.needs:
            if need in by_id:
                visit(by_id[need])
        done[candidate.occurrence.id] = candidate

    for candidate in found:
        visit(candidate)
    return list(done.values())


def record_act(
    engine: sa.Engine,
    rules: Rules,
    occurrence: str,
    given: Act,
    now: datetime,
    actor: str,
    run: str | None = None,
    first: Callable[[sa.Connection], None] | None = None,
) -> Checked:
    """Record one act of a person. Raises ActError, ForbiddenTransitionError, UnknownOccurrenceError.

    `first` is asked inside the transaction and may raise: nothing is written then.
    """

    def decided(found: Facts, at: datetime) -> Decision:
        return take(found, given, at, actor, run)

    return apply_to(engine, rules, occurrence, now, decided, first)


def rehearse(
    engine: sa.Engine, rules: Rules, occurrence: str, given: Act, now: datetime, actor: str, run: str | None = None
) -> tuple[Checked, State]:
    """What `record_act` would record and the state it would lead to; nothing is written. Raises what `record_act` raises."""
    with engine.connect() as connection:
        current = tracked_row(connection, occurrence)
        plan = adopted(connection, current.occurrence.plan)
        at = forward(connection, now, [plan.id])
        decision = take(facts_of(connection, rules, plan, current), given, at, actor, run)
    return _looked(occurrence, decision, ()), decision.state


def apply_to(
    engine: sa.Engine,
    rules: Rules,
    occurrence: str,
    now: datetime,
    decided: Callable[[Facts, datetime], Decision],
    first: Callable[[sa.Connection], None] | None = None,
) -> Checked:
    """Decide on one occurrence as it stands inside the transaction, at the time its entries get; write what follows."""
    with appending(engine) as connection:
        if first:
            first(connection)
        current = tracked_row(connection, occurrence)
        plan = adopted(connection, current.occurrence.plan)
        at = forward(connection, now, [plan.id])
        decision = decided(facts_of(connection, rules, plan, current), at)
        linked = write_entries(connection, at, current, decision.entries, decision.state)
    return _looked(occurrence, decision, linked)


def check_event(plan: Plan, event: str) -> None:
    """Raises ActError for an event the plan does not name."""
    known = sorted(known.id for known in plan.events)
    if event not in known:
        raise ActError("no_event" if known else "no_events", plan=plan.id, event=event, known=known)


def record_outside_event(
    engine: sa.Engine,
    plan_id: str,
    event: str,
    happened_on: date,
    document: str,
    now: datetime,
    actor: str,
    policy: Policy,
    run: str | None = None,
) -> bool:
    """Record an outside event of a plan; False when it is already recorded. Raises ActError for an unknown one.

    Each coming of a repeating event registers the occurrences that it opens, in its own entry; the same day and
    document again is the same coming.
    """
    with appending(engine) as connection:
        plan = adopted(connection, plan_id)
        check_event(plan, event)
        events = tables.event
        body: dict[str, Any] = {"event": event, "on": happened_on.isoformat(), "document": document}
        cases: tuple[Occurrence, ...] = ()
        key = event
        if any(known.id == event and known.repeats for known in plan.events):
            comings = _comings(connection, plan_id, event)
            if (body["on"], document) in comings:
                return False
            cases = case_occurrences(plan, event, len(comings) + 1, policy)
            key, register = f"{event}.{len(comings) + 1}", register_rows(cases)
            body |= {"case": len(comings) + 1, "register": register, "register_sha256": digest(register)}
        elif connection.scalar(sa.select(events.c.seq).where(events.c.plan == plan_id, events.c.event == event)):
            return False
        (entry,) = append(connection, now, [Draft("event.recorded", plan_id, None, actor, body, run)])
        row = {"plan": plan_id, "event": key, "happened_on": happened_on, "seq": entry.head.seq}
        connection.execute(events.insert(), row)
        place = connection.scalar(
            sa.select(sa.func.max(tables.occurrence.c.ordinal)).where(tables.occurrence.c.plan == plan_id)
        )
        add_occurrences(connection, plan, enumerate(cases, start=(place or 0) + 1), entry.head.seq)
    return True


def _comings(connection: sa.Connection, plan: str, event: str) -> list[tuple[str, str]]:
    """(day, document) of each time a repeating event was recorded."""
    ledger = tables.ledger
    query = sa.select(ledger.c.line).where(ledger.c.plan == plan, ledger.c.kind == "event.recorded")
    bodies = (json.loads(bytes(line))["body"] for line in connection.scalars(query))
    return [(body["on"], body["document"]) for body in bodies if body["event"] == event]
