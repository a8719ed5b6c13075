"""`dondoc up | down | status | deploy | replay`."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import click

from cli.days import DAY
from operations.surroundings import config_folder, load_plan, own_rules, prepare, stack, store


@click.command()
@click.option("--demo", is_flag=True, help="First replay the 2024 plan into the history, then start this year's draft.")
@click.option(
    "--older-ledger", is_flag=True, help="Go on with a database that is older than Prefect's history, for good."
)
def up(demo: bool, older_ledger: bool) -> None:
    """Start everything that does not run: database, Prefect, mailbox, portal, worker; adopt and deploy the plan."""
    from operations.bringing_up import bring_up

    bring_up(demo, older_ledger)


@click.command()
def down() -> None:
    """Stop what 'up' started; nothing else, and nothing is lost."""
    from operations.stack.services import down as stop

    stopped = stop(stack())
    click.echo(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def status(as_json: bool) -> None:
    """The services, then every occurrence of every adopted plan with its state."""
    from operations.status import status_of, table

    found = status_of(stack(), store, own_rules)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        click.echo(table(found, config_folder()))
    if not all(service["running"] for service in found["services"]):
        raise click.exceptions.Exit(3)
    if found["mail"] and found["mail"]["troubles"]:
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
def deploy(dry_run: bool) -> None:
    """Make Prefect's deployments those of the adopted plans: create, update, prune. Running it again changes nothing."""
    store()
    from operations.installation import open_installation

    applied = open_installation(prepare()).deploy(dry_run=dry_run)
    for verb in ("created", "updated", "paused", "deleted"):
        for name in getattr(applied, verb):
            click.echo(f"{verb:<8} {name}")
    would = "would change" if dry_run else "changed"
    click.echo(f"{applied.changed} {would}, {len(applied.unchanged)} as they should be")


@click.command()
@click.option("--year", type=click.IntRange(2000, 2100), default=2024, show_default=True)
@click.option("--until", type=DAY, help="Stop after this day; run again to go on.")
@click.option(
    "--answers", type=click.Path(exists=True, dir_okay=False), help="Scripted answers; the demo's if left out."
)
def replay(year: int, until: datetime | None, answers: str | None) -> None:
    """Walk the plan of a year day by day through the real flows, with the clock passed in and answers scripted."""
    store()
    from operations.bringing_up import replay_year
    from operations.installation import open_installation

    plan = load_plan(config_folder() / "plans" / f"{year}.yaml")
    default = config_folder() / "demo" / f"answers-{year}.yaml"
    last: date | None = until.date() if until else None
    walked = replay_year(stack(), open_installation(prepare()), plan, Path(answers or default), last)
    click.echo(f"{plan.id}: {walked} mornings walked" if walked else f"{plan.id}: nothing left to walk")
