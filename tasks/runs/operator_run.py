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
from tasks.config.run_context import RunContext, begin
from tasks.index.figures_entry import Entered
from tasks.index.figures_form import FiguresForm
from tasks.obligations.events import Noted
from tasks.obligations.operator_acts import Recorded, of_plan, one_line
from tasks.obligations.operator_forms import EventForm, RecordForm
from tasks.obligations.run_result import publish, templates
from tasks.store.runs import record_run
from tasks.store.settle import Checked

_Form = TypeVar("_Form", RecordForm, EventForm, FiguresForm)
_Taken = Recorded | Noted | Entered


@dataclass(frozen=True)
class RefusedAct:
    """Nothing was recorded, and why. `untimely`: for the clock, so that no entry can say so either."""

    why: Refusal
    untimely: bool = False


def attempt(
    take: Callable[[RunContext, _Form], _Taken], form: _Form, as_of: datetime | None, dry_run: bool
) -> tuple[RunContext, _Taken | RefusedAct]:
    """The run's surroundings and what `take` recorded, or why it refused. Technical failures are raised."""
    try:
        context = of_plan(begin(SYSTEM, None, as_of, dry_run), form.about)
    except ClockError as refusal:
        return begin(SYSTEM), RefusedAct(refusal.refusal, untimely=True)
    try:
        return context, take(context, form)
    except RefusedError as refusal:  # what a person can put right in the form; all else is a technical failure
        return context, RefusedAct(refusal.refusal, isinstance(refusal, ClockError))


def conclude_form(
    context: RunContext, flow: str, form: RecordForm | EventForm | FiguresForm, taken: _Taken | RefusedAct
) -> State[Any]:
    """Record the run, publish what it did and return its state. A refusal has a name of its own: it is no incident."""
    vocabulary = words(context.settings.config)
    names, checked = vocabulary["states"], _looked(taken)
    why = in_words(taken.why, vocabulary) if isinstance(taken, RefusedAct) else None
    what = _what(form, taken, vocabulary)
    numbers = _record(context, flow, form, taken, checked, why)
    answers = form.answers(vocabulary["forms"])
    facts = {"answers": answers, "taken": taken, "what": what, "why": why, "checked": checked, "numbers": numbers}
    markdown = (
        templates(context.settings.config)
        .get_template("record.md.j2")
        .render(
            context=context, words=vocabulary, mails=_mails(context, checked), goes=_goes(context, checked), **facts
        )
    )
    short = vocabulary["run_names"]
    prefix = f"{short['rehearsal']} " if context.dry_run else ""
    named = f"{short['refused']}: {what}" if why else what
    publish(context, flow, f"{prefix}{context.now:%Y-%m-%d} · {named}", markdown)
    if why:
        return Failed(name=names["not_recorded"], message=why)
    told = f"{what}; {vocabulary['artifacts']['head']}: {', '.join(map(str, numbers))}" if numbers else what
    return Completed(name=names["recordable" if context.dry_run else "recorded"], message=told)


def _record(
    context: RunContext,
    flow: str,
    form: RecordForm | EventForm | FiguresForm,
    taken: object,
    checked: tuple[Checked, ...],
    why: str | None,
) -> list[int]:
    """The run's own entry; the numbers of everything this run put into the ledger."""
    if context.dry_run or (isinstance(taken, RefusedAct) and taken.untimely):
        return []
    plan = checked[0].occurrence.partition("/")[0] if checked else context.plan
    facts: dict[str, Any] = {"recorded_by": one_line(form.recorded_by)}
    if why:
        facts |= {"refused": one_line(why), "about": one_line(form.about)}
    head = record_run(context.engine, plan, flow, checked, context.now, context.run, **facts)
    event = [taken.seq] if isinstance(taken, Noted) and taken.seq else []
    if isinstance(taken, Entered):
        event = list(taken.seqs)
    return [*event, *(seq for found in checked for seq in found.seqs), head.seq]


def _looked(taken: _Taken | RefusedAct) -> tuple[Checked, ...]:
    if isinstance(taken, RefusedAct):
        return ()
    return (taken.found,) if isinstance(taken, Recorded) else taken.checked


def _what(form: RecordForm | EventForm | FiguresForm, taken: object, vocabulary: dict[str, Any]) -> str:
    if isinstance(form, EventForm):
        return f"{vocabulary['run_names']['event']}: {one_line(form.event)}"
    if isinstance(form, FiguresForm):
        return f"{vocabulary['run_names']['enter_figures']}: {form.month}"
    where = taken.found.occurrence if isinstance(taken, Recorded) else one_line(form.occurrence)
    return f"{form.act.lower()}: {where}"


def _mails(context: RunContext, checked: tuple[Checked, ...]) -> list[tuple[str, str]]:
    """(kind of notice, who gets it) of every notice that was queued."""
    office = context.rules.office
    return [
        (entry.body["kind"], office.name_of(recipient.partition(":")[2]))
        for found in checked
        for entry in found.entries
        if entry.kind == "notice.queued"
        for recipient in entry.body["recipients"]
    ]


def _goes(context: RunContext, checked: tuple[Checked, ...]) -> datetime | None:
    """When the next morning's post takes the mail along; None where there is none."""
    if not checked:
        return None
    policy, calendar = context.rules.policy, context.rules.calendar
    over = context.now.astimezone(policy.zone).time() >= policy.sweep_at
    return datetime.combine(calendar.on_or_after(context.today + timedelta(days=over)), policy.sweep_at)
