"""`dondoc backup` and `dondoc restore`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from operations.surroundings import config_folder, own_rules, prepare, stack, store


@click.command()
@click.argument("destination", type=click.Path(path_type=Path))
@click.option("--without-prefect", is_flag=True, help="Leave Prefect's database out; a restore then lacks its history.")
@click.option("--with-secrets", is_flag=True, help="Passwords and link keys too: keep such an archive locked away.")
def backup(destination: Path, without_prefect: bool, with_secrets: bool) -> None:
    """Write both databases, files, configuration and witnesses of one moment to DESTINATION (.tar, or a folder)."""
    store()  # reached, and of this version
    from operations.backup.making import back_up
    from tasks.config.loading import clock

    made = back_up(
        stack(),
        prepare(),
        destination.absolute(),
        clock(own_rules().policy),
        with_prefect=not without_prefect,
        with_secrets=with_secrets,
        on_step=_step,
    )
    found = made.manifest
    click.echo(f"wrote {made.path}: {made.size / 1_000_000:.1f} MB, {len(found.members)} files")
    click.echo(f"ledger entry {found.ledger_seq}, hash {found.ledger_hash}")
    click.echo(f"SHA-256 of the archive: {made.sha256}")
    if with_secrets:
        click.echo(
            "it holds passwords and link keys (readable by you alone): keep it as closed as var/secrets", err=True
        )


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), help="The var to restore; DONDOC_VAR if left out.")
@click.option("--sha256", help="What 'dondoc backup' printed of the archive: no other archive is taken then.")
def restore(archive: Path, into: Path | None, sha256: str | None) -> None:
    """Bring ARCHIVE back into an empty var and empty databases, then verify the ledger; exit 1 if that finds anything."""
    from dondoc.verification.report import report_lines
    from operations.backup.restoring import KEPT
    from operations.backup.restoring import restore as bring_back
    from tasks.config.loading import words

    here = replace(stack(), root=into.expanduser().resolve()) if into else stack()
    found = bring_back(archive.absolute(), here, _step, sha256 or _asked(archive))
    click.echo("\n".join(report_lines(found.recounted, found.broken, None, words(config_folder()))))
    manifest = found.manifest
    click.echo(f"restored into {here.root}: as of {manifest.made_at}, ledger entry {manifest.ledger_seq}")
    click.echo("what was recorded later is not there: compare with a witness kept elsewhere before you start it,")
    click.echo(f"  DONDOC_VAR={here.root} dondoc up; dondoc ledger verify --witness FILE")
    if not manifest.secrets:
        click.echo("passwords and link keys were made anew: links in mails sent before open no longer")
    if not manifest.prefect:
        click.echo("Prefect's history was not in the archive: dondoc audit will miss its runs")
    changed = list(_differing(here.root / KEPT / "config"))
    if changed:
        click.echo(f"the configuration of then differs in {', '.join(changed[:5])}: see {here.root / KEPT / 'config'}")
    if found.broken or len(found.recounted.found):
        raise click.exceptions.Exit(1)


def _asked(archive: Path) -> str:
    """The SHA-256 that the backup printed: asked for at a keyboard; elsewhere it is said that nobody compared it."""
    if sys.stdin.isatty():
        asked: str = click.prompt("SHA-256 of the archive, as 'dondoc backup' printed it")
        return asked
    from operations.backup.archive import sha256_of

    click.echo(
        f"the archive's SHA-256 is {sha256_of(archive)}: compare it with what dondoc backup printed, "
        "or give --sha256 to have it compared",
        err=True,
    )
    return ""


def _step(what: str) -> None:
    click.echo(f"{what} …", err=True)


def _differing(then: Path) -> Iterator[str]:
    for file in sorted(path for path in then.rglob("*") if path.is_file()):
        name = file.relative_to(then)
        now = config_folder() / name
        if not now.is_file() or now.read_bytes() != file.read_bytes():
            yield name.as_posix()
