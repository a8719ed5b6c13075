"""`dondoc plan …`: check, show, compare, carry over, adopt."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import click

from cli.days import DAY
from cli.planlint import lint_
from cli.planread import read_, units_
from cli.plansheets import export_, import_
from dondoc.calendar.working_days import moved_days
from dondoc.obligations.state import State
from dondoc.obligations.timing import Occurrence
from dondoc.office.rules import Rules
from dondoc.plan.plan import Plan
from dondoc.planning.amendment import Amendment, Ruling
from dondoc.planning.preview import Compiled, compiled, difference, show
from operations.surroundings import config_folder, load_plan, own_rules, plan_path, prepare, store

_WORKED = {True: "worked", False: "off"}


@click.group()
def plan() -> None:
    """Check, show, compare, carry over and adopt plans."""


plan.add_command(export_)
plan.add_command(import_)
plan.add_command(lint_)
plan.add_command(read_)
plan.add_command(units_)


@plan.command("check")
@click.argument("file", required=False)
def check(file: str | None) -> None:
    """All errors of the configuration and the plan FILE, with file:line; exit 1 if there are any."""
    path = plan_path(file)
    _check_all(path)
    found = _compiled(path)
    click.echo(
        f"{found.plan.id}: {len(found.plan.items)} items, "
        f"{sum(len(item.obligations) for item in found.plan.items)} obligations, {len(found.occurrences)} occurrences; "
        "no error"
    )


@plan.command("show")
@click.argument("file", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def show_(file: str | None, as_json: bool) -> None:
    """Every item, obligation and occurrence of the plan FILE with its dates."""
    found = _compiled(plan_path(file))
    if as_json:
        click.echo(json.dumps(show(found), ensure_ascii=False, indent=1))
        return
    for item in found.plan.items:
        click.echo(f"\n{item.ref} · {item.title}  [{item.id}, {item.shape}]")
        for occurrence in found.occurrences:
            if occurrence.item == item.id:
                due = f"{occurrence.due:%d/%m/%Y}" if occurrence.due else f"after {occurrence.event}"
                mark = "  (before adoption)" if occurrence.before_adoption else ""
                click.echo(f"  {occurrence.obligation:<32} {occurrence.period:<9} due {due}{mark}")


@plan.command("diff")
@click.argument("old", type=click.Path(exists=True, dir_okay=False))
@click.argument("new", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--old-calendars", type=click.Path(exists=True, file_okay=False), help="Compile OLD with this calendar folder."
)
def diff(old: str, new: str, old_calendars: str | None) -> None:
    """What moves between OLD and NEW: occurrences added, removed, or whose days and checkpoints differ.

    With --old-calendars also the days that the calendars count differently.
    """
    before = _compiled(Path(old), Path(old_calendars) if old_calendars else None)
    after = _compiled(Path(new))
    moved = difference(before, after)
    for change in moved:
        click.echo(f"{_sign(change.before, change.after)} {change.occurrence}")
        was, becomes = set(change.before or ()), set(change.after or ())
        for line in change.before or ():
            if line not in becomes:
                click.echo(f"    - {line}")
        for line in change.after or ():
            if line not in was:
                click.echo(f"    + {line}")
    click.echo(f"{len(moved)} occurrence(s) differ")
    if old_calendars:
        for day, worked, works in moved_days(before.calendar, after.calendar):
            click.echo(f"{day:%d/%m/%Y}: {_WORKED[worked]} -> {_WORKED[works]}")


@plan.command("rollover")
@click.argument("year", type=click.IntRange(2000, 2100))
@click.option("--from", "source", help="A plan file to carry over, instead of an adopted plan.")
@click.option("--plan", "plan_id", help="The adopted plan to carry over; the latest of an earlier year if left out.")
@click.option("--adopted-on", type=DAY, help="Default: the year's first working day.")
@click.option("--output", type=click.Path(dir_okay=False), help="Write here instead of printing.")
def rollover(year: int, source: str | None, plan_id: str | None, adopted_on: object, output: str | None) -> None:
    """A draft of another YEAR's plan from the adopted one, with what stands unfinished in it; from a file where none is."""
    from tasks.config.loading import today
    from tasks.plan.drafting import draft_plan

    rules = own_rules()
    found = None if source else _to_carry_over(year, plan_id)
    if found is None:
        path = plan_path(source)
        found = load_plan(path), path.read_text(encoding="utf-8"), []
    plan_, printed, standing = found
    first = rules.calendar.on_or_after(date(year, 1, 1))
    day = adopted_on.date() if hasattr(adopted_on, "date") else first
    text = draft_plan(plan_, printed, year, day, config_folder(), rules, today(rules.policy), standing)
    if output:
        Path(output).write_text(text, encoding="utf-8")
        click.echo(f"wrote {output}; check it with: dondoc plan check {output}")
    else:
        click.echo(text, nl=False)


def _to_carry_over(year: int, plan_id: str | None) -> tuple[Plan, str, list[tuple[Occurrence, State]]] | None:
    """The adopted plan as it is in force, its text, and how its duties stand; None where none is adopted."""
    from dondoc.foundation.errors import DondocError
    from tasks.store.occurrences import tracked_rows
    from tasks.store.plans import adopted, adopted_ids, source_of

    try:
        engine = store()
    except DondocError:
        if plan_id:
            raise
        return None  # no database yet: the office's first plan is drafted from a file
    with engine.connect() as connection:
        plans = [adopted(connection, known) for known in adopted_ids(connection)]
        chosen = [found for found in plans if found.id == plan_id or (plan_id is None and found.year < year)]
        if not chosen and plan_id:
            raise DondocError(f"{plan_id} is not adopted; adopted are: {', '.join(p.id for p in plans) or 'none'}")
        if not chosen:
            return None
        text = source_of(connection, chosen[-1])
        standing = [(row.occurrence, row.state) for row in tracked_rows(connection, chosen[-1].id)]
    if not text:
        raise DondocError(f"the text of {chosen[-1].id} was not kept when it was adopted; name its file with --from")
    return chosen[-1], text, standing


@plan.command("document")
@click.argument("file", required=False)
@click.option("--output", required=True, type=click.Path(dir_okay=False), help="Where to write the .docx.")
def document(file: str | None, output: str) -> None:
    """The whole plan FILE as .docx in the form of Decree 30/2020, with its open questions: to be completed and signed."""
    from tasks.config.loading import clock
    from tasks.documents.planned import plan_document

    rules = own_rules()
    content = plan_document(load_plan(plan_path(file)), rules, config_folder(), clock(rules.policy))
    Path(output).write_bytes(content)
    click.echo(f"wrote {output}")


@plan.command("schema")
def schema() -> None:
    """The JSON Schema of a plan file, for editors."""
    from dondoc.plan.plan_file import json_schema

    click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@plan.command("adopt")
@click.argument("file", required=False)
@click.option("--actor", default="operator", show_default=True, help="Who adopts it.")
@click.option("--decision", default="", help="The number of the decision that amends the adopted plan: 21/KH-VP.")
@click.option("--decided-on", type=DAY, help="The date on that decision.")
@click.option("--reason", default="", help="Why it is amended, in a few words; the units read it.")
@click.option("--dry-run", is_flag=True, help="Only say what an amendment would change.")
def adopt(
    file: str | None, actor: str, decision: str, decided_on: datetime | None, reason: str, *, dry_run: bool
) -> None:
    """Adopt the plan FILE: write its register into the ledger. Deploy it next.

    With --decision and --decided-on: amend the adopted plan. What has ended keeps its outcome; units are told by mail.
    """
    from tasks.audit.witness_files import note_head
    from tasks.config.loading import clock
    from tasks.store.plans import adopt as adopt_now

    path = plan_path(file)
    rules, found, source = own_rules(), load_plan(path), path.read_text(encoding="utf-8")
    _refuse_unknown_units(found, rules, path)
    now = clock(rules.policy)
    if decision or decided_on or dry_run:
        if not (decision and decided_on):
            raise click.UsageError("an amendment names its decision: give --decision and --decided-on")
        _amend(found, source, Ruling(decision, decided_on.date(), reason), rules, now, actor, dry_run=dry_run)
        return
    engine = store()
    done = adopt_now(engine, found, rules.policy, rules.calendar, now, actor, source=source)
    note_head(engine, prepare(), now, found.id)
    click.echo(f"{found.id} is adopted; next: dondoc deploy" if done else f"{found.id} is adopted already")


def _refuse_unknown_units(plan: Plan, rules: Rules, path: Path) -> None:
    """A draft may name units that office.yaml lacks; an adopted plan may not: nobody could be told."""
    from dondoc.foundation.errors import DondocError

    duties = [duty for item in plan.items for duty in item.obligations]
    named = dict.fromkeys(party for duty in duties for party in (*duty.lead, *duty.coordinating))
    unknown = [party for party in named if rules.office.find(party) is None]
    if unknown:
        raise DondocError(
            f"office.yaml lacks {len(unknown)} unit(s), e.g. {unknown[0]}; give their email in new_units, then: dondoc plan units {path}"
        )


def _amend(plan: Plan, source: str, ruling: Ruling, rules: Rules, now: datetime, actor: str, *, dry_run: bool) -> None:
    from tasks.audit.witness_files import note_head
    from tasks.store.amending import amend_plan, rehearse_amendment

    changed: Amendment | None
    if dry_run:
        today = now.astimezone(rules.policy.zone).date()
        with store().connect() as connection:
            changed = rehearse_amendment(connection, plan, ruling, rules, today, actor)
    else:
        changed = amend_plan(store(), plan, ruling, rules, now, actor, source=source)
        note_head(store(), prepare(), now, plan.id)
    if changed is None:
        click.echo(f"{plan.id} is in force in this version already")
        return
    for name, occurrences in changed.difference().items():
        for occurrence in occurrences:
            click.echo(f"{name:<9} {occurrence}")
    told = sum(
        entry.kind == "notice.queued" for change in (*changed.dropped, *changed.moved) for entry in change.entries
    )
    if dry_run:
        click.echo(f"rehearsal: {told} notice(s) would be queued; nothing was changed")
    else:
        click.echo(f"{plan.id} is amended by {ruling.document}: {told} notice(s) queued; {_rescheduled()}")


def _rescheduled() -> str:
    """Prefect's schedules follow at once where Prefect is there; what became of it, in words."""
    from operations.installation import open_installation

    try:
        applied = open_installation(prepare()).deploy()
    except Exception as error:  # the amendment stands, whatever keeps Prefect from answering
        why = " ".join(str(error).split())[:120] or type(error).__name__
        return f"Prefect was not reached ({why}); when it runs: dondoc deploy"
    return f"{applied.changed} deployment(s) follow"


def _check_all(path: Path) -> None:
    """Raise every fault of the office's files and of the plan together; the plan needs the office to be read at all."""
    from dondoc.foundation.errors import ConfigurationError, Fault
    from dondoc.office.office import read_office
    from tasks.config.loading import read_plan_file, read_yaml
    from tasks.documents.templates import check_documents

    config, faults = config_folder(), list[Fault]()
    try:
        own_rules()
    except ConfigurationError as error:
        faults += error.faults
    try:
        read_plan_file(path, read_office(read_yaml(config / "office.yaml", config.parent)), config.parent)
    except ConfigurationError as error:
        faults += error.faults
    try:
        check_documents(config, read_office(read_yaml(config / "office.yaml", config.parent)))
    except ConfigurationError as error:
        faults += error.faults
    if faults:
        raise ConfigurationError(faults)


def _compiled(path: Path, calendars: Path | None = None) -> Compiled:
    from tasks.config.loading import read_calendar

    rules = own_rules()
    calendar = read_calendar(calendars.parent, rules.office.country, calendars) if calendars else rules.calendar
    return compiled(load_plan(path), rules.office, rules.policy, calendar)


def _sign(before: object, after: object) -> str:
    return "+" if before is None else "-" if after is None else "~"
