"""`dondoc service install | run | prepare | watch`: systemd keeps the children in production."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

import click

from operations.surroundings import prepare as settings_here
from operations.surroundings import stack


@click.group()
def service() -> None:
    """Run under systemd: write the units, and what they call."""


@service.command()
@click.option("--folder", default="/etc/systemd/system", show_default=True, type=click.Path(file_okay=False))
@click.option("--user", default=None, help="The account everything runs as; yours if left out.")
def install(folder: str, user: str | None) -> None:
    """Write one unit a child, a target, and the watchdog's timer. Run it again after a change of ports or folders."""
    from operations.installation import foreground_names
    from operations.systemd import chosen_environment, units, write_units
    from tasks.config.settings import HOME

    here, settings = stack(), settings_here()
    environment = chosen_environment(
        {**os.environ, "DONDOC_VAR": str(here.root), "DONDOC_CONFIG": str(settings.config)}
    )
    command = str(Path(sys.executable).with_name("dondoc"))
    names = foreground_names(here, settings)
    written = write_units(Path(folder), units(names, command, HOME, user or getpass.getuser(), environment))
    here.create_directories()
    (here.root / "systemd").touch()
    for path in written:
        click.echo(f"wrote {path}")
    click.echo("next: dondoc down; systemctl daemon-reload; systemctl enable --now dondoc.target; then: dondoc up")


@service.command()
@click.argument("name")
def run(name: str) -> None:
    """Become the child NAME: what a unit starts. Not for the keyboard; there it is 'dondoc up'."""
    from operations.foreground import run_in_foreground

    run_in_foreground(stack(), settings_here(), name)


@service.command("prepare")
def prepare_() -> None:
    """Create the databases and bring the tables up to date: what runs before the children."""
    from operations.stack.databases import ensure_databases
    from tasks.store.connect import migrate

    here = stack()
    here.create_directories()
    migrate(ensure_databases(here).owner)


@service.command()
def watch() -> None:
    """Look once and tell the operator what is wrong; exit 1 if anything is."""
    from operations.watchdog import Watchdog

    settings_here()
    from tasks.config.settings import settings

    if Watchdog(stack(), settings()).round():
        raise click.exceptions.Exit(1)
