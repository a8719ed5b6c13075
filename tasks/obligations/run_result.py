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
from tasks.config.kept import template_loader
from tasks.config.loading import language_folder, words
from tasks.config.run_context import RunContext
from tasks.store.occurrences import rows_of
from tasks.store.runs import record_run
from tasks.store.settle import Checked


def conclude(context: RunContext, flow: str, checked: Sequence[Checked], **facts: Any) -> State[Any]:
    """Record the run, publish what it did and return the state that says how the duties stand.

    `facts` (JSON) go into the run's entry and its artifact. A rehearsal publishes and records nothing else.
    """
    head = None
    if not context.dry_run:
        head = record_run(context.engine, context.plan, flow, checked, context.now, context.run, **facts)
    vocabulary = words(context.settings.config)
    title = run_name(context, checked, vocabulary)
    publish(context, flow, title, render_artifact(context, checked, head, facts))
    return final_state(checked, vocabulary)


def final_state(checked: Sequence[Checked], vocabulary: dict[str, Any]) -> State[Any]:
    """The state named by the gravest verdict; Failed where a duty is not met."""
    worst = min((found.verdict for found in checked), key=GRAVITY.__getitem__, default=Verdict.NOTHING_OWED)
    name = vocabulary["verdicts"][worst.value]
    counts = Counter(found.verdict for found in checked)
    message = "; ".join(
        f"{vocabulary['verdicts'][verdict.value]}: {counts[verdict]}" for verdict in Verdict if counts[verdict]
    )
    make = Failed if worst in FAILING else Completed
    return make(name=name, message=message or name)


def run_name(context: RunContext, checked: Sequence[Checked], vocabulary: dict[str, Any]) -> str:
    """`2024-03-22 · nhắc: 2, giao: 1`: the date and what was done."""
    done: Counter[str] = Counter()
    for found in checked:
        for entry in found.entries:
            if entry.kind == "notice.queued":
                done[entry.body["kind"]] += 1
    short = vocabulary["run_names"]
    parts = [f"{short[kind]}: {count}" for kind, count in done.items()]
    prefix = f"{short['rehearsal']} " if context.dry_run else ""
    return f"{prefix}{context.now:%Y-%m-%d} · {', '.join(parts) or short['nothing']}"


def render_artifact(context: RunContext, checked: Sequence[Checked], head: Head | None, facts: dict[str, Any]) -> str:
    """The run's Markdown: what was looked at, what was decided, which entries were written."""
    with context.engine.connect() as connection:
        registered = rows_of(connection, [found.occurrence for found in checked])
    rows = []
    for found in checked:
        row = registered[found.occurrence]
        rows.append({"found": found, "item": row.item, "obligation": row.obligation, "period": row.occurrence.period})
    vocabulary = words(context.settings.config)
    return (
        templates(context.settings.config)
        .get_template("run.md.j2")
        .render(
            context=context,
            rows=rows,
            head=head,
            facts=facts,
            words=vocabulary,
            name=lambda party: party_name(party, context.rules.office, vocabulary),
        )
    )


def publish(context: RunContext, key: str, title: str, markdown: str) -> None:
    """Name the run and attach the artifact: two calls over the run's own client. Nothing outside a run."""
    prefect_run = FlowRunContext.get()
    if prefect_run is None or prefect_run.flow_run is None:
        return
    client: Any = prefect_run.client
    artifact = ArtifactCreate(
        key=_key(context.item or key),
        type="markdown",
        description=title,
        data=markdown,
        flow_run_id=prefect_run.flow_run.id,
    )
    client.create_artifact(artifact)
    client.set_flow_run_name(prefect_run.flow_run.id, title)


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")


def templates(config: Path) -> jinja2.Environment:
    """The Markdown templates of the office's language (artifacts/), kept."""
    return _templates(language_folder(config) / "artifacts")


@cache
def _templates(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=template_loader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # Markdown: cells are escaped by the `cell` filter
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = cell
    environment.filters["said"] = value_words
    environment.globals["short"] = day_or_dash
    environment.globals["sentence"] = sentence
    return environment


def day_or_dash(day: date | None) -> str:
    """dd/mm/yyyy, or a dash."""
    return f"{day:%d/%m/%Y}" if day else "–"


def value_words(value: object) -> str:
    """A form's value as a clerk writes it."""
    return day_or_dash(value) if isinstance(value, date) else str(value)


def cell(text: object) -> str:
    """`text` as one Markdown table cell: no line break, bar or HTML can leave it."""
    plain = " ".join(str(text).split())
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
