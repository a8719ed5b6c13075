"""`dondoc act …`, `submit | accept | return | extend | waive | event`: every answer, for scripts, made from ACTS."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.days import DAY
from dondoc.obligations.act_table import ACTS, ActName
from operations.surroundings import own_rules, prepare, store

if TYPE_CHECKING:
    from dondoc.office.office import Office


_SAYS = "Who says so, e.g. unit:hcqt."


def _actor(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--actor", default="operator", show_default=True, help=_SAYS)(command)


def _take(occurrence: str, actor: str, **given: Any) -> None:
    from dondoc.obligations.acts import Act
    from tasks.config.loading import clock
    from tasks.config.settings import settings
    from tasks.obligations.act_followup import follow
    from tasks.store.settle import record_act

    rules, engine = own_rules(), store()
    done = record_act(engine, rules, occurrence, Act(**given), clock(rules.policy), _party(rules.office, actor))
    click.echo(f"recorded as {', '.join(f'#{seq}' for seq in done.seqs)}; the mail goes out with the next sweep")
    follow(engine, settings(), done.seqs[0])


def _party(office: Office, actor: str) -> str:
    """The actor with the unit's or role's id for a name of it, as "unit:P. HCQT"; anybody else stays as given."""
    kind, _, name = actor.partition(":")
    found = {"unit": office.find, "role": office.find_role}[kind](name) if kind in ("unit", "role") else None
    return f"{kind}:{found}" if found else actor


# How each field of an act is given.
_OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "document": ("--document", {"help": "Number of the document, e.g. 12/BC-VP."}),
    "signed": ("--signed", {"type": DAY, "help": "The date on it."}),
    "signer": ("--signer", {"help": "Who signed it (role)."}),
    "until": ("--until", {"type": DAY, "help": "The new date."}),
    "reason": ("--reason", {"help": "Why."}),
    "note": ("--note", {"help": "Anything the tracker should know."}),
    "files": (
        "--file",
        {
            "multiple": True,
            "type": click.Path(exists=True, dir_okay=False),
            "help": "Kept, and named by its SHA-256.",
        },
    ),
}


def _command(name: ActName) -> click.Command:
    """The command of one act, with an option for each of its fields."""
    rule = ACTS[name]

    def record(occurrence: str, actor: str, **given: Any) -> None:
        if given.pop("confirm_signed", False):
            given["confirmed"] = given["signed"]
        if "files" in given:
            given["files"] = tuple(_evidence(Path(file)) for file in given["files"])
        read = {field: _day(value) if isinstance(value, datetime) else value for field, value in given.items()}
        _take(occurrence, actor, name=name, **read)

    options: list[click.Parameter] = [click.Argument(["occurrence"])]
    for field, missing in rule.fields.items():
        flag, more = _OPTIONS[field]
        options.append(click.Option([flag, field], required=bool(missing), **more))
    if rule.dates_result:
        confirm = "The date of signing is right, though it lies long before the period."
        options.append(click.Option(["--confirm-signed"], is_flag=True, help=confirm))
    options.append(click.Option(["--actor"], default="operator", show_default=True, help=_SAYS))
    said = f"{rule.help} OCCURRENCE is its id, see 'dondoc status'."
    return click.Command(name.replace("_", "-"), params=options, callback=record, help=said)


act = click.Group("act", commands=[_command(name) for name in ACTS], help="Record any act of a unit or of the office.")
submit, accept, return_, waive = (act.commands[name] for name in ("submit", "accept", "return", "waive"))


@click.command()
@click.argument("occurrence")
@click.option("--until", type=DAY, help="The new date.")
@click.option("--reason", required=True)
@click.option("--ask", "step", flag_value="extend_request", help="Ask for it (a unit).")
@click.option("--grant", "step", flag_value="extend", default=True, help="Grant it (the tracker); the default.")
@click.option("--refuse", "step", flag_value="refuse_extension", help="Refuse what was asked.")
@_actor
def extend(occurrence: str, until: datetime | None, reason: str, step: str, actor: str) -> None:
    """Ask for, grant or refuse an extension of OCCURRENCE."""
    _take(occurrence, actor, name=step, until=_day(until), reason=reason)


@click.command()
@click.argument("plan")
@click.argument("event")
@click.option("--on", "happened_on", type=DAY, required=True, help="The day it happened.")
@click.option("--document", required=True, help="Number of the document it rests on.")
@_actor
def event(plan: str, event: str, happened_on: datetime, document: str, actor: str) -> None:
    """Record an outside EVENT of PLAN, which opens what waited for it."""
    engine = store()
    from tasks.config.run_context import begin
    from tasks.obligations.events import note_event
    from tasks.store.plans import adopted
    from tasks.store.settle import check_occurrences

    context = begin(plan)
    note_event(context, event, _day(happened_on), document, actor)
    with engine.connect() as connection:
        items = adopted(connection, plan).items
    waiting = [item.id for item in items if any(found.timing.event == event for found in item.obligations)]
    checked = [
        found for item in waiting for found in check_occurrences(engine, context.rules, plan, context.now, item=item)
    ]
    opened = [found.occurrence for found in checked if any(e.kind == "occurrence.opened" for e in found.entries)]
    click.echo(f"recorded {event}; " + (f"opened: {', '.join(opened)}" if opened else "nothing waited for it"))


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _evidence(path: Path) -> tuple[str, str, int, str]:
    """The file stored, before the act that names it: its name, media type, size, SHA-256."""
    from tasks.store.files import keep_file

    content = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return path.name, kind, len(content), keep_file(prepare().var / "files", content)
