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

from deployments.apply import Moved, move
from dondoc.obligations.decide import Verdict
from dondoc.office.wording import party_name
from tasks.audit.witness_files import note_head
from tasks.config.loading import words
from tasks.config.run_context import Morning, begin
from tasks.obligations.act_followup import FLOW, Act, read_act, run_name
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.run_result import publish, render_artifact, templates
from tasks.schedule.deployments import compile_plan, deploying
from tasks.store.plans import adopted
from tasks.store.runs import record_run
from tasks.store.settle import Looked

# How an occurrence ended: its run says it at once, not only on the item's next morning.
_ENDED = frozenset({Verdict.DONE_ON_TIME, Verdict.DONE_LATE, Verdict.WAIVED, Verdict.SUPERSEDED})


@flow(retries=0)
def follow_up(plan: str, item: str, seq: int, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Runs after a recorded act: looks at its item again and moves the coming mornings."""
    morning = begin(plan, item, as_of, dry_run)
    with morning.engine.connect() as connection:
        act = read_act(connection, seq)
    looked = look_at(morning, item)
    state = _conclude(morning, act, looked, moved(morning, item))
    if not morning.told and not morning.dry_run:
        note_head(morning.engine, morning.settings, morning.now, plan)
    return state


def moved(morning: Morning, item: str) -> Moved:
    """Put the item's schedule where its occurrences now stand; what of its coming mornings that changes."""
    with deploying(morning.engine), get_client(sync_client=True) as client:
        with morning.engine.connect() as connection:
            plan = adopted(connection, morning.plan)
        (wanted,) = compile_plan(morning.engine, morning.house, morning.settings.config, plan, item)
        return move(client, wanted, morning.now.replace(tzinfo=None), dry_run=morning.dry_run)


def _conclude(morning: Morning, act: Act, looked: Sequence[Looked], schedule: Moved) -> State[Any]:
    vocabulary = words(morning.settings.config)
    with morning.engine.connect() as connection:
        plan = adopted(connection, morning.plan)
    changes = {"mornings_added": schedule.added, "mornings_removed": schedule.removed}
    head = None
    if not morning.dry_run:
        facts = {name: [f"{day:%Y-%m-%d}" for day in days] for name, days in changes.items()}
        head = record_run(
            morning.engine, morning.plan, FLOW, looked, morning.now, morning.run, _subject(act, looked),
            follows=act.seq, item=morning.item, **facts,
        )  # fmt: skip
    said = {name: ", ".join(f"{day:%d/%m/%Y}" for day in days) for name, days in changes.items() if days}
    name = run_name(morning.settings, plan, str(morning.item), act)
    title = f"{vocabulary['run_names']['rehearsal']} {name}" if morning.dry_run else name
    publish(morning, FLOW, title, _about(morning, act, name, said) + render_artifact(morning, looked, head, said))
    verdict = next((found.verdict for found in looked if found.occurrence == act.occurrence), None)
    state = vocabulary["verdicts"][verdict.value] if verdict in _ENDED else vocabulary["states"]["recorded"]
    message = "; ".join(f"{vocabulary['facts'][key]}: {days}" for key, days in said.items())
    return Completed(name=state, message=message or vocabulary["follow_up"]["unmoved"])


def _who(morning: Morning, actor: str, vocabulary: dict[str, Any]) -> str:
    """In words; what an operator recorded names the person and the party: "operator:… for role:tracker"."""
    person, stands, party = actor.removeprefix("operator:").partition(" for ")
    if not stands:
        return party_name(actor, morning.house.office, vocabulary)
    named = party_name(party, morning.house.office, vocabulary)
    return str(vocabulary["follow_up"]["recorded_for"].format(person=person, party=named))


def _subject(act: Act, looked: Sequence[Looked]) -> str | None:
    """The occurrence in whose history the run stands: the act's, or the one that waited for its event."""
    event = act.body.get("event", "")
    return act.occurrence or next((f.occurrence for f in looked if f.occurrence.endswith(f"/{event}")), None)


def _about(morning: Morning, act: Act, title: str, moved: dict[str, str]) -> str:
    vocabulary = words(morning.settings.config)
    page = f"{morning.settings.base_url}/ky/{act.occurrence}" if morning.settings.base_url and act.occurrence else ""
    return (
        templates(morning.settings.config)
        .get_template("follow_up.md.j2")
        .render(
            act=act,
            title=title.partition(" · ")[2],
            moved=moved,
            page=page,
            at=act.at.astimezone(morning.house.policy.zone),
            who=_who(morning, act.actor, vocabulary),
            words=vocabulary,
        )
    )
