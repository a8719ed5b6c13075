"""What follows an act: its item is looked at, and the item's coming mornings become those of its present dates.

Here and not among the flows: a schedule is moved through Prefect's deployment interface, which `apply` alone calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.states import Completed

from deployments.apply import MovedSchedule, move
from dondoc.obligations.decide import Verdict
from dondoc.office.wording import party_name
from tasks.audit.witness_files import note_head
from tasks.config.loading import words
from tasks.config.run_context import RunContext, begin
from tasks.obligations.act_followup import FLOW, RecordedAct, act_run_name, read_recorded_act
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.run_result import publish, render_artifact, templates
from tasks.schedule.deployments import compile_plan, deploying
from tasks.store.plans import adopted
from tasks.store.runs import record_run
from tasks.store.settle import Checked

# How an occurrence ended: its run says it at once, not only on the item's next morning.
_ENDED = frozenset({Verdict.DONE_ON_TIME, Verdict.DONE_LATE, Verdict.WAIVED, Verdict.SUPERSEDED})


@flow(retries=0)
def follow_up(plan: str, item: str, seq: int, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Runs after a recorded act: looks at its item again and moves the coming mornings."""
    context = begin(plan, item, as_of, dry_run)
    with context.engine.connect() as connection:
        act = read_recorded_act(connection, seq)
    checked = look_at(context, item)
    state = _conclude(context, act, checked, moved(context, item))
    if not context.told and not context.dry_run:
        note_head(context.engine, context.settings, context.now, plan)
    return state


def moved(context: RunContext, item: str) -> MovedSchedule:
    """Put the item's schedule where its occurrences now stand; what of its coming mornings that changes."""
    with deploying(context.engine), get_client(sync_client=True) as client:
        with context.engine.connect() as connection:
            plan = adopted(connection, context.plan)
        (wanted,) = compile_plan(context.engine, context.rules, context.settings.config, plan, item)
        return move(client, wanted, context.now.replace(tzinfo=None), dry_run=context.dry_run)


def _conclude(context: RunContext, act: RecordedAct, checked: Sequence[Checked], schedule: MovedSchedule) -> State[Any]:
    vocabulary = words(context.settings.config)
    with context.engine.connect() as connection:
        plan = adopted(connection, context.plan)
    changes = {"mornings_added": schedule.added, "mornings_removed": schedule.removed}
    head = None
    if not context.dry_run:
        facts = {name: [f"{day:%Y-%m-%d}" for day in days] for name, days in changes.items()}
        head = record_run(
            context.engine, context.plan, FLOW, checked, context.now, context.run, _subject(act, checked),
            follows=act.seq, item=context.item, **facts,
        )  # fmt: skip
    said = {name: ", ".join(f"{day:%d/%m/%Y}" for day in days) for name, days in changes.items() if days}
    name = act_run_name(context.settings, plan, str(context.item), act)
    title = f"{vocabulary['run_names']['rehearsal']} {name}" if context.dry_run else name
    publish(context, FLOW, title, _about(context, act, name, said) + render_artifact(context, checked, head, said))
    verdict = next((found.verdict for found in checked if found.occurrence == act.occurrence), None)
    state = vocabulary["verdicts"][verdict.value] if verdict in _ENDED else vocabulary["states"]["recorded"]
    message = "; ".join(f"{vocabulary['facts'][key]}: {days}" for key, days in said.items())
    return Completed(name=state, message=message or vocabulary["follow_up"]["unmoved"])


def _who(context: RunContext, actor: str, vocabulary: dict[str, Any]) -> str:
    """In words; what an operator recorded names the person and the party: "operator:… for role:tracker"."""
    person, stands, party = actor.removeprefix("operator:").partition(" for ")
    if not stands:
        return party_name(actor, context.rules.office, vocabulary)
    named = party_name(party, context.rules.office, vocabulary)
    return str(vocabulary["follow_up"]["recorded_for"].format(person=person, party=named))


def _subject(act: RecordedAct, checked: Sequence[Checked]) -> str | None:
    """The occurrence in whose history the run stands: the act's, or the one that waited for its event."""
    event = act.body.get("event", "")
    return act.occurrence or next((f.occurrence for f in checked if f.occurrence.endswith(f"/{event}")), None)


def _about(context: RunContext, act: RecordedAct, title: str, moved: dict[str, str]) -> str:
    vocabulary = words(context.settings.config)
    page = f"{context.settings.base_url}/ky/{act.occurrence}" if context.settings.base_url and act.occurrence else ""
    return (
        templates(context.settings.config)
        .get_template("follow_up.md.j2")
        .render(
            act=act,
            title=title.partition(" · ")[2],
            moved=moved,
            page=page,
            at=act.at.astimezone(context.rules.policy.zone),
            who=_who(context, act.actor, vocabulary),
            words=vocabulary,
        )
    )
