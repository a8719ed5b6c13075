"""`dondoc plan export` and `dondoc plan import`: a plan edited in a spreadsheet program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from operations.surroundings import config_folder, own_rules, plan_path

if TYPE_CHECKING:
    from dondoc.planning.workbook_cells import CellContext


@click.command("export")
@click.argument("out", type=click.Path(dir_okay=False))
@click.argument("file", required=False)
@click.option("--blank", is_flag=True, help="Without a duty: to begin a plan in.")
def export_(out: str, file: str | None, *, blank: bool) -> None:
    """The plan FILE as OUT (.xlsx), to be edited and read back with 'plan import'."""
    from tasks.config.loading import today
    from tasks.plan.workbook import export_plan

    if blank:
        day = today(own_rules().policy)
        value = {"plan": "ke-hoach", "year": day.year, "adopted_on": day, "items": [], "events": []}
        Path(out).write_bytes(export_plan("", value, _context(day.year)))
        click.echo(
            f"wrote {out}; fill it in, then: dondoc plan import {out} --plan ID --year {day.year} --title TITLE --output NEW.yaml"
        )
        return
    path = plan_path(file)
    text, value, context = _plan(path)
    Path(out).write_bytes(export_plan(text, value, context))
    click.echo(f"wrote {out}; read it back with: dondoc plan import {out} --onto {path} --output NEW.yaml")


@click.command("import")
@click.argument("book", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--onto",
    type=click.Path(exists=True, dir_okay=False),
    help="The plan file it came from; without it the workbook begins a plan.",
)
@click.option("--output", type=click.Path(dir_okay=False), help="Write the new plan file here; without it: only list.")
@click.option("--plan", "family", help="Of a new plan: its id without the year, e.g. cchc.")
@click.option("--year", type=click.IntRange(2000, 2100), help="Of a new plan: its year.")
@click.option("--title", help="Of a new plan: its title.")
@click.option("--adopted-on", type=click.DateTime(["%Y-%m-%d"]), help="Of a new plan; today if left out.")
def import_(
    book: str,
    onto: str | None,
    output: str | None,
    family: str | None,
    year: int | None,
    title: str | None,
    adopted_on: object,
) -> None:
    """List what the edited BOOK (.xlsx) changes in the plan file, cell by cell; exit 1 and write nothing if it has faults.

    Without --onto the workbook begins a plan: give --plan, --year and --title.
    """
    from tasks.plan.workbook import import_plan

    if onto is None:
        _begin(Path(book), output, family, year, title, adopted_on)
        return
    text, value, context = _plan(Path(onto))
    found = import_plan(Path(book).read_bytes(), Path(book).name, text, value, context, context.office)
    if found.faults:
        for fault in found.faults:
            click.echo(fault, err=True)
        raise click.exceptions.Exit(1)
    for change in found.changes:
        click.echo(change)
    words = context.words["changes"]
    click.echo(words["count"].format(number=len(found.changes)) if found.changes else words["none"])
    if output:
        Path(output).write_bytes(found.text.encode())
        click.echo(f"wrote {output}; next: dondoc plan diff {onto} {output}")


def _begin(
    book: Path, output: str | None, family: str | None, year: int | None, title: str | None, adopted_on: object
) -> None:
    from tasks.config.loading import today
    from tasks.plan.workbook import begin_plan

    if not (family and year and title):
        raise click.UsageError(
            "a workbook that begins a plan needs --plan, --year and --title; one that edits a plan needs --onto"
        )
    day = adopted_on.date() if hasattr(adopted_on, "date") else today(own_rules().policy)
    head = {
        "plan": family,
        "year": year,
        "title": title,
        "office": own_rules().office.office,
        "adopted_on": day,
        "draft": True,
    }
    found = begin_plan(book.read_bytes(), book.name, head, _context(year))
    for fault in found.faults:
        click.echo(fault, err=True)
    if found.faults:
        click.echo("if this is no plan workbook but a document, read it with: dondoc plan read", err=True)
        raise click.exceptions.Exit(1)
    if output:
        Path(output).write_text(found.text, encoding="utf-8")
        click.echo(f"wrote {output}; check it with: dondoc plan check {output}")
    else:
        click.echo(found.text, nl=False)


def _context(year: int, last_year: int = 0) -> CellContext:
    from dondoc.planning.workbook_cells import CellContext
    from tasks.config.loading import read_words, words

    config = config_folder()
    return CellContext(
        own_rules().office, read_words(config, "plansheet.yaml").value, words(config)["shapes"], year, last_year
    )


def _plan(path: Path) -> tuple[str, dict[str, Any], CellContext]:
    """The file's own text, its value, and what its cells are read with. Raises ConfigurationError for a faulty plan."""
    from dondoc.foundation.yaml_positions import parse_yaml
    from operations.surroundings import load_plan

    load_plan(path)
    text = path.read_bytes().decode("utf-8")
    value: dict[str, Any] = parse_yaml(text, str(path)).value
    return text, value, _context(value["year"], value.get("to_year") or 0)
