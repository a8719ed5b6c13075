"""`dondoc evidence pack`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from cli.days import DAY
from operations.surroundings import own_rules, prepare, store


@click.group()
def evidence() -> None:
    """Packs of evidence that prove themselves."""


@evidence.command("pack")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--plan", default="", help="One plan's id; all adopted plans if left out.")
@click.option("--item", default="", help="One item's id.")
@click.option("--unit", default="", help="What this unit leads.")
@click.option("--document", default="", help="What names a document whose number contains this.")
@click.option("--from", "first", type=DAY, help="What is, or once was, due on this day or later.")
@click.option("--to", "last", type=DAY, help="What is, or once was, due on this day or earlier.")
@click.option("--head", type=click.IntRange(1), help="As the ledger stood at this entry: makes an earlier pack again.")
@click.option("--as-of", type=DAY, help="As the ledger stood at the end of that day.")
@click.option("--actor", default="operator", show_default=True, help="Who makes it, as the ledger records it.")
def pack_(
    out: Path, plan: str, item: str, unit: str, document: str, first: datetime | None, last: datetime | None,
    head: int | None, as_of: datetime | None, actor: str,
) -> None:  # fmt: skip
    """One ZIP for an item, a unit, a period or everything, checked anywhere with the kiem-tra.py inside.

    Recorded as evidence.packed, except with --head or --as-of: that repeats a pack which is recorded already. The whole ledger is
    inside, whatever is selected.
    """
    from dondoc.verification.evidence import Selection
    from tasks.config.loading import clock
    from tasks.evidence.packing import pack, record_pack
    from tasks.obligations.snapshot import entry_of

    if head and as_of:
        raise click.UsageError("--head and --as-of say the same; give one of them")
    if first and last and first > last:
        raise click.UsageError("--from is after --to; swap them")
    engine, rules = store(), own_rules()
    if unit and unit not in {known.id for known in rules.office.units}:
        raise click.UsageError(f"no unit {unit!r}; units are: {', '.join(known.id for known in rules.office.units)}")
    if as_of:
        with engine.connect() as connection:
            head = entry_of(connection, rules, as_of.date())
        if not head:
            raise click.UsageError(f"the ledger has no entry by {as_of:%Y-%m-%d}; give a later day")
    selection = Selection(plan, item, unit, document, _day(first), _day(last))
    made = pack(engine, prepare(), rules, selection, out, head)
    click.echo(f"{out}: {made.occurrences} occurrences, {made.entries} entries, up to entry {made.head.seq}")
    click.echo(f"SHA-256 {made.archive.sha256}, {made.archive.size} bytes")
    if head is None:
        click.echo(f"recorded as entry {record_pack(engine, made, clock(rules.policy), actor).seq}")
    if made.runs.missing:
        why = "Prefect no longer has them" if made.runs.reached else "Prefect could not be asked"
        click.echo(f"without {len(made.runs.missing)} flow run(s) that entries name: {why}; the pack says so", err=True)
    if made.lost:
        click.echo(f"without {made.lost} mail(s) or file(s) that entries name: restore them from a backup", err=True)
        raise click.exceptions.Exit(1)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
