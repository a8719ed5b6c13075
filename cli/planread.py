"""`dondoc plan read` and `dondoc plan units`: from a document to a plan file, and its new units into office.yaml."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from cli.days import DAY
from operations.surroundings import config_folder, own_rules


@click.command("read")
@click.argument("document", type=click.Path(exists=True, dir_okay=False))
@click.option("--year", type=click.IntRange(2000, 2100), help="The plan's (first) year; from the document if left out.")
@click.option("--plan", "family", help="The plan's id without the year, e.g. cchc; from its title if left out.")
@click.option("--adopted-on", type=DAY, help="Default: today, or the plan's first working day.")
@click.option("--output", type=click.Path(dir_okay=False), help="Write the plan file here instead of printing it.")
@click.option("--report", type=click.Path(dir_okay=False), help="Write document and reading side by side, as text.")
def read_(
    document: str, year: int | None, family: str | None, adopted_on: object, output: str | None, report: str | None
) -> None:
    """A plan file from DOCUMENT (.docx, .pdf, .xlsx, .txt, .md): a draft, with a question for whatever is not clear."""
    from dondoc.reading.reading import read
    from tasks.config.loading import read_words, today
    from tasks.reading.documents import read_document
    from tasks.reading.plan_drafts import drafted, side_by_side

    rules, path = own_rules(), Path(document)
    found = read(read_document(path.name, path.read_bytes()), year)
    words = read_words(config_folder(), "plan-reading.yaml").value
    first = max(today(rules.policy), rules.calendar.on_or_after(date(found.year, 1, 1)))
    day = adopted_on.date() if hasattr(adopted_on, "date") else min(first, date(found.to_year, 12, 31))
    made = drafted(found, rules.office, day, words, family)
    if report:
        Path(report).write_text(side_by_side(found, made, words), encoding="utf-8")
    if output:
        Path(output).write_text(made.text, encoding="utf-8")
        click.echo(
            f"read {made.items} items, {made.obligations} obligations from {path.name}: {made.questions} with a question"
        )
        if made.units:
            click.echo(
                f"{made.units} units are new to office.yaml: give their email in {output}, then: dondoc plan units {output}"
            )
        click.echo(f"wrote {output}; check it with: dondoc plan check {output}")
    else:
        click.echo(made.text, nl=False)


@click.command("units")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only print the block for office.yaml.")
def units_(file: str, dry_run: bool) -> None:
    """Put the new units of the plan FILE that have an email into office.yaml, and take them out of FILE."""
    from tasks.reading.office_units import move_units, office_block

    if dry_run:
        click.echo(office_block(Path(file)), nl=False)
        return
    moved, left = move_units(Path(file), config_folder())
    click.echo(
        f"{moved} unit(s) put into {config_folder() / 'office.yaml'}" + (f"; {left} have no email yet" if left else "")
    )
    if left:
        raise click.exceptions.Exit(1)
