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
def export_(out: str, file: str | None) -> None:
    """The plan FILE as OUT (.xlsx), to be edited and read back with 'plan import'."""
    from tasks.plan.workbook import export_plan

    path = plan_path(file)
    text, value, context = _plan(path)
    Path(out).write_bytes(export_plan(text, value, context))
    click.echo(f"wrote {out}; read it back with: dondoc plan import {out} --onto {path} --output NEW.yaml")


@click.command("import")
@click.argument("book", type=click.Path(exists=True, dir_okay=False))
@click.option("--onto", required=True, type=click.Path(exists=True, dir_okay=False), help="The plan file it came from.")
@click.option("--output", type=click.Path(dir_okay=False), help="Write the new plan file here; without it: only list.")
def import_(book: str, onto: str, output: str | None) -> None:
    """List what the edited BOOK (.xlsx) changes in the plan file, cell by cell; exit 1 and write nothing if it has faults."""
    from tasks.plan.workbook import import_plan

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


def _plan(path: Path) -> tuple[str, dict[str, Any], CellContext]:
    """The file's own text, its value, and what its cells are read with. Raises ConfigurationError for a faulty plan."""
    from dondoc.foundation.yaml_positions import parse_yaml
    from dondoc.planning.workbook_cells import CellContext
    from operations.surroundings import load_plan
    from tasks.config.loading import read_words, words

    load_plan(path)
    text = path.read_bytes().decode("utf-8")
    value: dict[str, Any] = parse_yaml(text, str(path)).value
    config = config_folder()
    sheet = read_words(config, "plansheet.yaml").value
    return (
        text,
        value,
        CellContext(own_rules().office, sheet, words(config)["shapes"], value["year"], value.get("to_year") or 0),
    )
