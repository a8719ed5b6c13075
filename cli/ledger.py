"""`dondoc ledger verify | export | head`. What verify says, an auditor reads: its words are in audit.yaml."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from operations.surroundings import config_folder, prepare, store

if TYPE_CHECKING:
    from dondoc.ledger.findings import Finding
    from dondoc.ledger.ledger import Break
    from dondoc.ledger.witness import Witness
    from dondoc.verification.completeness import Recount


@click.group()
def ledger() -> None:
    """Verify, export and print the head of the ledger."""


@ledger.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--witness", type=click.Path(exists=True, dir_okay=False), help="Lines 'seq hash' kept elsewhere.")
@click.option(
    "--files", type=click.Path(exists=True, file_okay=False), help="With FILE: the folder of submitted files."
)
def verify(file: str | None, witness: str | None, files: str | None) -> None:
    """Prove that nothing was changed and nothing is missing: in the database, or in an export FILE (offline)."""
    from dondoc.verification.report import report_lines
    from tasks.config.loading import words

    known = _witness(witness)
    recounted, broken = _verified(file, known, files)
    if known and witness:
        recounted.found.add(_stamps(known, Path(witness).parent))
    if file is None and witness is None:
        recounted.found.add(_local_witnesses())
    lines = list(report_lines(recounted, broken, known, words(config_folder())))
    if file and not files:
        lines.append(words(config_folder())["audit"]["files_unread"])
    click.echo("\n".join(lines))
    if broken or len(recounted.found):
        raise click.exceptions.Exit(1)


@ledger.command("export")
@click.argument("file", required=False, type=click.Path(dir_okay=False))
def export_(file: str | None) -> None:
    """Every entry, one canonical JSON object a line, to FILE or standard output."""
    from tasks.store.audit import reading_one_moment
    from tasks.store.chain import export

    with (
        reading_one_moment(store()) as connection,
        Path(file).open("wb") if file else nullcontext(sys.stdout.buffer) as out,
    ):
        for line in export(connection):
            out.write(line + b"\n")
        out.flush()


@ledger.command("head")
def head_() -> None:
    """Sequence number and hash of the last entry: what a witness keeps."""
    from tasks.store.chain import head

    with store().connect() as connection:
        found = head(connection)
    click.echo(f"{found.seq} {found.hash}")


def _witness(path: str | None) -> Witness | None:
    from dondoc.foundation.errors import DondocError
    from dondoc.ledger.saved_text import saved_text
    from dondoc.ledger.witness import read_witness

    if path is None:
        return None
    try:
        return read_witness(path, saved_text(Path(path).read_bytes()).splitlines())
    except UnicodeDecodeError:
        raise DondocError(f"{path} is no text in UTF-8 or UTF-16; give the witness file as it was written") from None


def _local_witnesses() -> Iterator[Finding]:
    """What the installation's own witnesses know that the ledger does not: an older copy of the database shows by itself."""
    from tasks.audit.witness_files import beyond_the_end

    with store().connect() as connection:
        return iter(list(beyond_the_end(connection, prepare())))


def _stamps(witness: Witness, folder: Path) -> Iterator[Finding]:
    if not any(folder.glob("*.tsr")):
        return iter(())
    from tasks.audit.time_stamps import wrong_stamps
    from tasks.config.settings import settings

    return wrong_stamps(settings(), witness, folder)


def _verified(file: str | None, witness: Witness | None, files: str | None) -> tuple[Recount, Break | None]:
    from dondoc.ledger.saved_text import saved_lines
    from tasks.store.audit import reading_one_moment, verify_lines, verify_store

    if file:
        with Path(file).open("rb") as export:
            return verify_lines(saved_lines(export), witness=witness, shelf=Path(files) if files else None)
    engine = store()
    shelf = Path(files) if files else prepare().var / "files"
    with reading_one_moment(engine) as connection:
        return verify_store(connection, witness=witness, shelf=shelf)
