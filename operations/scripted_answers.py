"""Scripted answers of a replay: who answers what on which day, read from a YAML file, decided day by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from dondoc.calendar.working_days import Calendar
from dondoc.foundation.schema_faults import validated
from dondoc.foundation.yaml_positions import Located
from dondoc.obligations.act_table import ACTS, ActName
from dondoc.obligations.acts import Act
from dondoc.obligations.lifecycle import OWED, State, Status
from dondoc.obligations.timing import Occurrence
from dondoc.plan.plan import Plan


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Default(_Row):
    """How every occurrence is answered that no exception names. Working days."""

    submit_working_days_before: int = Field(ge=0, le=60)
    accept_working_days_after: int = Field(ge=0, le=60)
    document: str


class ScriptedAct(_Row):
    """One act on one day."""

    on: date
    act: ActName
    document: str | None = None
    signed: date | None = None
    note: str | None = None
    reason: str | None = None
    until: date | None = None

    def as_act(self) -> Act:
        """The act itself."""
        return Act(
            name=self.act,
            document=self.document,
            signed=self.signed,
            note=self.note,
            reason=self.reason,
            until=self.until,
            channel="script",
        )


class Exceptional(_Row):
    """An occurrence that follows its own acts and nothing else."""

    occurrence: str
    why: str = ""
    acts: tuple[ScriptedAct, ...] = ()


class ScriptedBounce(_Row):
    """An address the demonstration's mail server refuses from one day to another, both included."""

    address: str
    from_: date = Field(alias="from")
    to: date


class ScriptedEvent(_Row):
    """An outside event and the day it is recorded."""

    event: str
    on: date
    document: str
    happened_on: date | None = None


class Answers(_Row):
    """The file of scripted answers."""

    default: Default
    exceptions: tuple[Exceptional, ...] = ()
    bounces: tuple[ScriptedBounce, ...] = ()
    events: tuple[ScriptedEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """One act to take now: on which occurrence, by whom."""

    occurrence: str
    act: Act
    actor: str


def read_answers(located: Located, plan: Plan, register: Mapping[str, Occurrence]) -> Answers:
    """The answers of a parsed file. Raises ConfigurationError, also for occurrences and events nobody knows."""
    answers = validated(Answers, located)
    for i, exception in enumerate(answers.exceptions):
        if f"{plan.id}/{exception.occurrence}" not in register:
            located.fault(("exceptions", i, "occurrence"), f"{plan.id} has no occurrence {exception.occurrence!r}")
    events = {event.id for event in plan.events}
    for i, event in enumerate(answers.events):
        if event.event not in events:
            located.fault(("events", i, "event"), f"{plan.id} has no event {event.event!r}")
    located.check()
    return answers


def answer_days(answers: Answers, plan: Plan, register: Mapping[str, Occurrence], calendar: Calendar) -> Iterator[date]:
    """Every day on which something may be answered: the days a replay has to visit for the answers' sake."""
    named = {f"{plan.id}/{exception.occurrence}" for exception in answers.exceptions}
    for exception in answers.exceptions:
        yield from (act.on for act in exception.acts)
    for event in answers.events:
        yield event.on
    for occurrence in register.values():
        if occurrence.act_by is None or occurrence.before_adoption or occurrence.id in named:
            continue
        submitted = calendar.add(occurrence.act_by, -answers.default.submit_working_days_before)
        yield submitted
        for day in (submitted, occurrence.act_by):
            yield calendar.add(day, answers.default.accept_working_days_after)


def due_answers(
    answers: Answers, plan: Plan, found: Mapping[str, tuple[Occurrence, State]], today: date, calendar: Calendar
) -> list[ScriptedAnswer]:
    """What is answered today, from how things stand; exceptions first, in the file's order."""
    named = {f"{plan.id}/{exception.occurrence}": exception for exception in answers.exceptions}
    due = [
        ScriptedAnswer(occurrence, act.as_act(), _actor(plan, found[occurrence][0], act.act))
        for occurrence, exception in named.items()
        for act in exception.acts
        if act.on == today
    ]
    for number, (occurrence, state) in enumerate(found.values(), start=1):
        if occurrence.id not in named:
            due.extend(_by_default(answers.default, plan, occurrence, state, today, calendar, number))
    return due


def _by_default(
    default: Default, plan: Plan, occurrence: Occurrence, state: State, today: date, calendar: Calendar, number: int
) -> Iterator[ScriptedAnswer]:
    item = plan.item(occurrence.item)
    if state.status in OWED and state.due is not None and item.shape != "collect":  # figures answer for themselves
        act_by = calendar.on_or_before(state.due)
        if today >= calendar.add(act_by, -default.submit_working_days_before):
            document = default.document.format(number=number, kind="BC" if occurrence.period.count("-") else "KH")
            act = Act("submit", document=document, signed=today, channel="script")
            yield ScriptedAnswer(occurrence.id, act, _actor(plan, occurrence, "submit"))
    elif (
        state.status is Status.SUBMITTED
        and state.submitted_on is not None
        and calendar.between(state.submitted_on, today) >= default.accept_working_days_after
    ):
        yield ScriptedAnswer(occurrence.id, Act("accept", channel="script"), "role:tracker")


def _actor(plan: Plan, occurrence: Occurrence, act: ActName) -> str:
    if ACTS[act].by != "office":
        return f"unit:{plan.item(occurrence.item).lead[0]}"
    return "role:tracker"
