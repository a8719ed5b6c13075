"""`dondoc prefect prune`: old runs out of Prefect, once their history is in the record."""

from __future__ import annotations

import click

from operations.surroundings import own_rules, prepare, store


@click.group()
def prefect() -> None:
    """Keep Prefect's own history small; the record keeps what is taken out of it."""


@prefect.command()
@click.option("--dry-run", is_flag=True, help="Say what would be deleted; delete nothing.")
@click.option("--actor", default="operator", show_default=True, help="Who says so; stands in the ledger.")
def prune(dry_run: bool, actor: str) -> None:
    """Delete copied runs older than keep_runs_days; exit 1 if a copy is lost or differs from what Prefect shows."""
    engine = store()  # first: Prefect reads its settings when it is imported
    from prefect.client.orchestration import get_client

    from tasks.audit.pruning import prune as prune_runs
    from tasks.config.loading import clock

    with get_client(sync_client=True) as client:
        found = prune_runs(engine, prepare(), client, clock(own_rules().policy), actor, dry_run=dry_run)
    for run in found.lost:
        click.echo(
            f"kept {run}: its copy is gone or changed; restore the file from a backup, see: dondoc ledger verify"
        )
    for run in found.differing:
        click.echo(f"kept {run}: Prefect shows something else than was copied; see: dondoc audit")
    click.echo(
        f"{len(found.runs)} run(s) {'would be deleted' if dry_run else 'deleted'} from Prefect; the record keeps their copies"
    )
    if found.lost or found.differing:
        raise click.exceptions.Exit(1)
