"""What a run shows: its state's name, its own name, and a Markdown artifact that lists what was found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Completed, Failed

from dondoc.ledger.ledger import Head
from dondoc.obligations.decide import FAILING, GRAVITY, Verdict
from dondoc.office.wording import party_name, sentence
from tasks.config.loading import language_folder, words
from tasks.config.run_context import Morning
from tasks.store.occurrences import rows_of
from tasks.store.runs import record_run
from tasks.store.settle import Looked


def conclude(morning: Morning, flow: str, looked: Sequence[Looked], **facts: Any) -> State[Any]:
    """Record the run, publish what it did and return the state that says how the duties stand.

    `facts` (JSON) go into the run's entry and its artifact. A rehearsal publishes and records nothing else.
    """
    head = None
    if not morning.dry_run:
        head = record_run(morning.engine, morning.plan, flow, looked, morning.now, morning.run, **facts)
    vocabulary = words(morning.settings.config)
    title = run_name(morning, looked, vocabulary)
    publish(morning, flow, title, render_artifact(morning, looked, head, facts))
    return final_state(looked, vocabulary)


def final_state(looked: Sequence[Looked], vocabulary: dict[str, Any]) -> State[Any]:
    """The state named by the gravest verdict; Failed where a duty is not met."""
    worst = min((found.verdict for found in looked), key=GRAVITY.__getitem__, default=Verdict.NOTHING_OWED)
    name = vocabulary["verdicts"][worst.value]
    counts = Counter(found.verdict for found in looked)
    message = "; ".join(
        f"{vocabulary['verdicts'][verdict.value]}: {counts[verdict]}" for verdict in Verdict if counts[verdict]
    )
    make = Failed if worst in FAILING else Completed
    return make(name=name, message=message or name)


def run_name(morning: Morning, looked: Sequence[Looked], vocabulary: dict[str, Any]) -> str:
    """`2024-03-22 · nhắc: 2, giao: 1`: the date and what was done."""
    done: Counter[str] = Counter()
    for found in looked:
        for entry in found.entries:
            if entry.kind == "notice.queued":
                done[entry.body["kind"]] += 1
    short = vocabulary["run_names"]
    parts = [f"{short[kind]}: {count}" for kind, count in done.items()]
    prefix = f"{short['rehearsal']} " if morning.dry_run else ""
    return f"{prefix}{morning.now:%Y-%m-%d} · {', '.join(parts) or short['nothing']}"


def render_artifact(morning: Morning, looked: Sequence[Looked], head: Head | None, facts: dict[str, Any]) -> str:
    """The run's Markdown: what was looked at, what was decided, which entries were written."""
    with morning.engine.connect() as connection:
        registered = rows_of(connection, [found.occurrence for found in looked])
    rows = []
    for found in looked:
        row = registered[found.occurrence]
        rows.append({"found": found, "item": row.item, "obligation": row.obligation, "period": row.occurrence.period})
    vocabulary = words(morning.settings.config)
    return (
        templates(morning.settings.config)
        .get_template("run.md.j2")
        .render(
            morning=morning,
            rows=rows,
            head=head,
            facts=facts,
            words=vocabulary,
            name=lambda party: party_name(party, morning.house.office, vocabulary),
        )
    )


def publish(morning: Morning, key: str, title: str, markdown: str) -> None:
    """Name the run and attach the artifact: two calls over the run's own client. Nothing outside a run."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    client: Any = context.client
    artifact = ArtifactCreate(
        key=_key(morning.item or key),
        type="markdown",
        description=title,
        data=markdown,
        flow_run_id=context.flow_run.id,
    )
    client.create_artifact(artifact)
    client.set_flow_run_name(context.flow_run.id, title)


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")


def templates(config: Path) -> jinja2.Environment:
    """The Markdown templates of the office's language (artifacts/), kept."""
    return _templates(language_folder(config) / "artifacts")


@cache
def _templates(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # Markdown: cells are escaped by the `cell` filter
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["cell"] = cell
    environment.filters["said"] = said
    environment.globals["short"] = short
    environment.globals["sentence"] = sentence
    return environment


def short(day: date | None) -> str:
    """dd/mm/yyyy, or a dash."""
    return f"{day:%d/%m/%Y}" if day else "–"


def said(value: object) -> str:
    """A form's value as a clerk writes it."""
    return short(value) if isinstance(value, date) else str(value)


def cell(text: object) -> str:
    """`text` as one Markdown table cell: no line break, bar or HTML can leave it."""
    plain = " ".join(str(text).split())
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
