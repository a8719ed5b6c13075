"""`dondoc ledger verify | export | head`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployments.cli.surroundings import store

if TYPE_CHECKING:
    from dondoc.completeness import Recount
    from dondoc.ledger import Break


@click.group()
def ledger() -> None:
    """Verify, export and print the head of the ledger."""


@ledger.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--witness", type=click.Path(exists=True, dir_okay=False), help="Lines 'seq hash' kept elsewhere.")
def verify(file: str | None, witness: str | None) -> None:
    """Prove that nothing was changed and nothing is missing: in the database, or in an export FILE (offline)."""
    recounted, broken = _verified(file)
    if broken:
        where = f"entry {broken.seq}" if broken.seq is not None else f"line {broken.line}"
        click.echo(f"BROKEN at {where}: {broken.reason}")
        raise click.exceptions.Exit(1)
    faults = [*recounted.faults, *(_witness_faults(file, Path(witness)) if witness else ())]
    for fault in faults[:50]:
        click.echo(f"FAULT {fault}")
    if len(faults) > 50:
        click.echo(f"… and {len(faults) - 50} more")
    _say(recounted)
    if faults:
        raise click.exceptions.Exit(1)
    click.echo("unchanged and complete")


@ledger.command("export")
@click.argument("file", required=False, type=click.Path(dir_okay=False))
def export_(file: str | None) -> None:
    """Every entry, one canonical JSON object a line, to FILE or standard output."""
    from tasks.store.chain import export

    with store().connect() as connection, Path(file).open("wb") if file else nullcontext(sys.stdout.buffer) as out:
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


def _verified(file: str | None) -> tuple[Recount, Break | None]:
    from tasks.store.audit import verify_lines, verify_store

    if file:
        with Path(file).open("rb") as lines:
            return verify_lines(lines)
    with store().connect() as connection:
        return verify_store(connection)


def _witness_faults(file: str | None, witness: Path) -> Iterator[str]:
    wanted = {}
    for number, line in enumerate(witness.read_text(encoding="utf-8").splitlines(), start=1):
        parts = line.split()
        if not parts or line.startswith("#"):
            continue
        if len(parts) < 2 or not parts[0].isdigit():
            yield f"{witness}:{number}: a witness line is 'seq hash'"
            continue
        wanted[int(parts[0])] = parts[1]
    found = _hashes(file, set(wanted))
    for seq, known in sorted(wanted.items()):
        if seq not in found:
            yield f"the witness knows entry {seq}, the ledger ends before it: its tail was cut"
        elif found[seq] != known:
            yield f"entry {seq} has another hash than the witness: the ledger was rewritten"


def _hashes(file: str | None, wanted: set[int]) -> dict[int, str]:
    import json

    from tasks.store.chain import export

    def kept(lines: Iterator[bytes]) -> dict[int, str]:
        entries = (json.loads(line) for line in lines)
        return {entry["seq"]: entry["hash"] for entry in entries if entry["seq"] in wanted}

    if file:
        with Path(file).open("rb") as lines:
            return kept(lines)
    with store().connect() as connection:
        return kept(export(connection))


def _say(recounted: Recount) -> None:
    last = date.fromisoformat(recounted.last_at[:10]) if recounted.last_at else date.min
    for plan in recounted.zones:
        counts = ", ".join(f"{name} {number}" for name, number in recounted.tally(plan, last).items())
        click.echo(f"{plan}: {len(recounted.of_plan(plan))} occurrences registered: {counts}")
    click.echo(f"{recounted.head.seq} entries, head {recounted.head.hash}")
