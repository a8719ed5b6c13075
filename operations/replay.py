"""A plan year walked through day by day: the same flows, the clock passed in, the answers scripted.

Visits the mornings on which something is scheduled or answered, and passes over the others. Each day has three
moments: answers at 07:30, the items' runs at 08:00, the sweep at 08:30. Killed anywhere it goes on where it was:
a moment that lies before the plan's last entry is complete, and within a moment everything is settled by its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa

from dondoc.ledger.ledger import timestamp
from dondoc.obligations.lifecycle import State
from dondoc.obligations.timing import Occurrence
from dondoc.office.rules import Rules
from dondoc.plan.plan import Plan
from dondoc.schedule.deployments import Deployment
from operations.scripted_answers import Answers, ScriptedAnswer, answer_days, due_answers
from tasks.store import tables
from tasks.store.occurrences import tracked_rows
from tasks.store.outbox import queued
from tasks.store.plans import adopt, closed
from tasks.store.settle import record_act, record_outside_event

ANSWERED_AT = time(7, 30)
Runner = Callable[[Sequence[Deployment], datetime], None]


@dataclass(frozen=True)
class Walk:
    """Everything a replay rests on. `run` runs deployments as of one moment, side by side."""

    engine: sa.Engine
    rules: Rules
    plan: Plan
    deployments: Sequence[Deployment]
    answers: Answers
    run: Runner

    @property
    def register(self) -> Mapping[str, tuple[Occurrence, State]]:
        """Every occurrence of the plan with its state now."""
        with self.engine.connect() as connection:
            return {row.occurrence.id: (row.occurrence, row.state) for row in tracked_rows(connection, self.plan.id)}


def walk_year(walk: Walk, until: date | None = None, on_day: Callable[[date, int, int], None] | None = None) -> int:
    """Adopt the plan and walk to `until` (or the plan's closing); the number of mornings walked now."""
    zone = walk.rules.policy.zone
    start = datetime.combine(walk.plan.adopted_on, ANSWERED_AT, tzinfo=zone)
    adopt(walk.engine, walk.plan, walk.rules.policy, walk.rules.calendar, start, "replay")
    if _closed(walk) and not queued(walk.engine, [walk.plan.id]):
        return 0
    days = [day for day in _days(walk) if until is None or day <= until]
    walked = 0
    for number, day in enumerate(days, start=1):
        moments = _moments(walk, day)
        last = _last_entry(walk)
        for moment, take in moments:
            if last is None or timestamp(moment) >= last:
                take(moment)
                walked += take is moments[-1][1]
        if on_day:
            on_day(day, number, len(days))
    return walked


def _moments(walk: Walk, day: date) -> list[tuple[datetime, Callable[[datetime], None]]]:
    policy = walk.rules.policy

    def at(clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=policy.zone)

    return [
        (at(ANSWERED_AT), lambda moment: _answer(walk, moment)),
        (at(policy.look_at), lambda moment: walk.run(_scheduled(walk, moment), moment)),
        (at(policy.sweep_at), lambda moment: walk.run(_sweeps(walk), moment)),
    ]


def _days(walk: Walk) -> list[date]:
    register = {key: occurrence for key, (occurrence, _) in walk.register.items()}
    days = set(answer_days(walk.answers, walk.plan, register, walk.rules.calendar))
    for deployment in walk.deployments:
        if deployment not in _sweeps(walk):
            days.update(morning.date() for morning in deployment.mornings)
    days.add(walk.rules.calendar.add(max(days), 1))  # what the closing morning queued goes out on the next
    return sorted(day for day in days if day >= walk.plan.adopted_on)


def _scheduled(walk: Walk, moment: datetime) -> list[Deployment]:
    local = moment.replace(tzinfo=None)
    return [deployment for deployment in walk.deployments if local in deployment.mornings]


def _sweeps(walk: Walk) -> list[Deployment]:
    return [deployment for deployment in walk.deployments if deployment.entrypoint == "flows.sweep.sweep"]


def _answer(walk: Walk, moment: datetime) -> None:
    today = moment.date()
    for event in walk.answers.events:
        if event.on == today:
            record_outside_event(
                walk.engine,
                walk.plan.id,
                event.event,
                event.happened_on or event.on,
                event.document,
                moment,
                "operator",
                walk.rules.policy,
            )
    for answer in _untaken(
        walk, due_answers(walk.answers, walk.plan, walk.register, today, walk.rules.calendar), moment
    ):
        record_act(walk.engine, walk.rules, answer.occurrence, answer.act, moment, answer.actor)


def _untaken(walk: Walk, answers: Iterable[ScriptedAnswer], moment: datetime) -> Iterator[ScriptedAnswer]:
    """Those not recorded at this very moment by a replay that was killed."""
    ledger = tables.ledger
    query = sa.select(ledger.c.occurrence, ledger.c.actor).where(
        ledger.c.plan == walk.plan.id, ledger.c.at == timestamp(moment), ledger.c.kind.startswith("occurrence.")
    )
    with walk.engine.connect() as connection:
        taken = {(found.occurrence, found.actor) for found in connection.execute(query)}
    return (answer for answer in answers if (answer.occurrence, answer.actor) not in taken)


def _closed(walk: Walk) -> bool:
    with walk.engine.connect() as connection:
        return closed(connection, walk.plan.id)


def _last_entry(walk: Walk) -> str | None:
    ledger = tables.ledger
    query = sa.select(ledger.c.at).where(ledger.c.plan == walk.plan.id).order_by(ledger.c.seq.desc()).limit(1)
    with walk.engine.connect() as connection:
        return connection.scalar(query)
