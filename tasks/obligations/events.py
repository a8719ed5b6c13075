"""Outside events, recorded from a run's form or the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from dondoc.obligations.acts import ActError
from dondoc.plan.timings import BeforeEventTiming
from tasks.config.run_context import RunContext
from tasks.obligations.act_followup import follow
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.operator_acts import one_line, person
from tasks.obligations.operator_forms import EventForm
from tasks.store import tables
from tasks.store.plans import adopted
from tasks.store.settle import Checked, check_event, record_outside_event


@dataclass(frozen=True)
class Noted:
    """An event that was recorded, or with `dry_run` would be, and what a look at the items that waited for it found."""

    form: EventForm
    title: str
    actor: str
    checked: tuple[Checked, ...]
    seq: int | None


def note_event(
    context: RunContext, event: str | None, happened_on: date | None, document: str | None, actor: str = "operator"
) -> dict[str, Any]:
    """Record `event` when one is named; {} otherwise. Raises ActError when its day or document is missing or impossible."""
    if not event:
        return {}
    _note(context, event, happened_on, document, actor)
    return {"event": event}


def take_event(context: RunContext, form: EventForm) -> Noted:
    """Record the event of a form, once, and look at what waited for it. Raises RefusedError."""
    actor = f"operator:{person(form.recorded_by)}"
    event, document = one_line(form.event), one_line(form.document)
    with context.engine.connect() as connection:
        plan = adopted(connection, one_line(form.plan))
    if not _note(context, event, form.happened_on, document, actor):
        raise ActError("event_recorded", event=event, plan=plan.id)
    title = next(known.title for known in plan.events if known.id == event)
    waiting = [item.id for item in plan.items if any(o.timing.event == event for o in item.obligations)]
    checked = () if context.dry_run else tuple(found for item in waiting for found in look_at(context, item))
    return Noted(form, title, actor, checked, _seq(context, event))


def _announced(context: RunContext, event: str) -> bool:
    """Whether duties come before that event, so that its day is recorded when it is announced."""
    with context.engine.connect() as connection:
        plan = adopted(connection, context.plan)
    timings = (obligation.timing for item in plan.items for obligation in item.obligations)
    return any(isinstance(timing, BeforeEventTiming) and timing.event == event for timing in timings)


def _seq(context: RunContext, event: str) -> int | None:
    events = tables.event
    query = (
        sa.select(events.c.seq)
        .where(events.c.plan == context.plan)
        .where(sa.or_(events.c.event == event, events.c.event.startswith(f"{event}.", autoescape=True)))
        .order_by(events.c.seq.desc())
        .limit(1)
    )
    with context.engine.connect() as connection:
        return connection.scalar(query)


def _note(context: RunContext, event: str, happened_on: date | None, document: str | None, actor: str) -> bool:
    if happened_on is None or not (document or "").strip():
        raise ActError("event_bare")
    if happened_on > context.today and not _announced(context, event):
        raise ActError("event_later", on=happened_on)
    if context.dry_run:
        with context.engine.connect() as connection:
            check_event(adopted(connection, context.plan), event)
        return _seq(context, event) is None
    done = record_outside_event(
        context.engine,
        context.plan,
        event,
        happened_on,
        str(document),
        context.now,
        actor,
        context.rules.policy,
        context.run,
    )
    if done and (seq := _seq(context, event)):
        follow(context.engine, context.settings, seq)
    return done
