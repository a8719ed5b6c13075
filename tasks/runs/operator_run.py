"""How a recording run ends: its state, its name, its ledger entry and its artifact; also when it was refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from dondoc.foundation.errors import ClockError, RefusedError
from dondoc.foundation.refusals import Refusal
from dondoc.ledger.ledger import SYSTEM
from dondoc.office.refusals import in_words
from tasks.config.loading import words
from tasks.config.run_context import Morning, begin
from tasks.index.figures_entry import Entered
from tasks.index.figures_form import FiguresForm
from tasks.obligations.events import Noted
from tasks.obligations.operator_acts import Recorded, of_plan, one_line
from tasks.obligations.operator_forms import EventForm, RecordForm
from tasks.obligations.run_result import publish, templates
from tasks.store.runs import record_run
from tasks.store.settle import Looked

_Form = TypeVar("_Form", RecordForm, EventForm, FiguresForm)
_Taken = Recorded | Noted | Entered


@dataclass(frozen=True)
class Refused:
    """Nothing was recorded, and why. `untimely`: for the clock, so that no entry can say so either."""

    why: Refusal
    untimely: bool = False


def attempt(
    take: Callable[[Morning, _Form], _Taken], form: _Form, as_of: datetime | None, dry_run: bool
) -> tuple[Morning, _Taken | Refused]:
    """The run's surroundings and what `take` recorded, or why it refused. Technical failures are raised."""
    try:
        morning = of_plan(begin(SYSTEM, None, as_of, dry_run), form.about)
    except ClockError as refusal:
        return begin(SYSTEM), Refused(refusal.refusal, untimely=True)
    try:
        return morning, take(morning, form)
    except RefusedError as refusal:  # what a person can put right in the form; all else is a technical failure
        return morning, Refused(refusal.refusal, isinstance(refusal, ClockError))


def conclude_form(
    morning: Morning, flow: str, form: RecordForm | EventForm | FiguresForm, taken: _Taken | Refused
) -> State[Any]:
    """Record the run, publish what it did and return its state. A refusal has a name of its own: it is no incident."""
    vocabulary = words(morning.settings.config)
    names, looked = vocabulary["states"], _looked(taken)
    why = in_words(taken.why, vocabulary) if isinstance(taken, Refused) else None
    what = _what(form, taken, vocabulary)
    numbers = _record(morning, flow, form, taken, looked, why)
    answers = form.answers(vocabulary["forms"])
    facts = {"answers": answers, "taken": taken, "what": what, "why": why, "looked": looked, "numbers": numbers}
    markdown = (
        templates(morning.settings.config)
        .get_template("record.md.j2")
        .render(morning=morning, words=vocabulary, mails=_mails(morning, looked), goes=_goes(morning, looked), **facts)
    )
    short = vocabulary["run_names"]
    prefix = f"{short['rehearsal']} " if morning.dry_run else ""
    named = f"{short['refused']}: {what}" if why else what
    publish(morning, flow, f"{prefix}{morning.now:%Y-%m-%d} · {named}", markdown)
    if why:
        return Failed(name=names["not_recorded"], message=why)
    told = f"{what}; {vocabulary['artifacts']['head']}: {', '.join(map(str, numbers))}" if numbers else what
    return Completed(name=names["recordable" if morning.dry_run else "recorded"], message=told)


def _record(
    morning: Morning,
    flow: str,
    form: RecordForm | EventForm | FiguresForm,
    taken: object,
    looked: tuple[Looked, ...],
    why: str | None,
) -> list[int]:
    """The run's own entry; the numbers of everything this run put into the ledger."""
    if morning.dry_run or (isinstance(taken, Refused) and taken.untimely):
        return []
    plan = looked[0].occurrence.partition("/")[0] if looked else morning.plan
    facts: dict[str, Any] = {"recorded_by": one_line(form.recorded_by)}
    if why:
        facts |= {"refused": one_line(why), "about": one_line(form.about)}
    head = record_run(morning.engine, plan, flow, looked, morning.now, morning.run, **facts)
    event = [taken.seq] if isinstance(taken, Noted) and taken.seq else []
    if isinstance(taken, Entered):
        event = list(taken.seqs)
    return [*event, *(seq for found in looked for seq in found.seqs), head.seq]


def _looked(taken: _Taken | Refused) -> tuple[Looked, ...]:
    if isinstance(taken, Refused):
        return ()
    return (taken.found,) if isinstance(taken, Recorded) else taken.looked


def _what(form: RecordForm | EventForm | FiguresForm, taken: object, vocabulary: dict[str, Any]) -> str:
    if isinstance(form, EventForm):
        return f"{vocabulary['run_names']['event']}: {one_line(form.event)}"
    if isinstance(form, FiguresForm):
        return f"{vocabulary['run_names']['enter_figures']}: {form.month}"
    where = taken.found.occurrence if isinstance(taken, Recorded) else one_line(form.occurrence)
    return f"{form.act.lower()}: {where}"


def _mails(morning: Morning, looked: tuple[Looked, ...]) -> list[tuple[str, str]]:
    """(kind of notice, who gets it) of every notice that was queued."""
    office = morning.house.office
    return [
        (entry.body["kind"], office.name_of(recipient.partition(":")[2]))
        for found in looked
        for entry in found.entries
        if entry.kind == "notice.queued"
        for recipient in entry.body["recipients"]
    ]


def _goes(morning: Morning, looked: tuple[Looked, ...]) -> datetime | None:
    """When the next morning's post takes the mail along; None where there is none."""
    if not looked:
        return None
    policy, calendar = morning.house.policy, morning.house.calendar
    over = morning.now.astimezone(policy.zone).time() >= policy.sweep_at
    return datetime.combine(calendar.on_or_after(morning.today + timedelta(days=over)), policy.sweep_at)
