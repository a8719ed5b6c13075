"""`dondoc document KIND …`: one document as .docx."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cli.days import MOMENT
from dondoc.documents.kinds import DOCUMENT_KINDS
from operations.surroundings import config_folder, own_rules, store


@click.command()
@click.argument("kind", type=click.Choice(DOCUMENT_KINDS))
@click.option("--plan", "plan_id", help="The adopted plan, e.g. cchc-2024; the one with open duties if left out.")
@click.option("--item", default="", help="ITEM or ITEM/OBLIGATION, for drafts and inspection forms.")
@click.option("--period", default="", help="For progress: 2024-03, 2024-Q1, 2024-H1, 2024-9M or 2024.")
@click.option("--as-of", type=MOMENT, help="What was true then (a bare day: at its end); now if left out.")
@click.option(
    "--chart", type=click.Path(exists=True, dir_okay=False), help="A PNG picture for a report's place of one."
)
@click.option("--output", type=click.Path(dir_okay=False), help="Where to write it; its own name here if left out.")
def document(
    kind: str,
    plan_id: str | None,
    item: str,
    period: str,
    as_of: datetime | None,
    chart: str | None,
    output: str | None,
) -> None:
    """Write one document as .docx, to be completed and signed: numbers, dates and marked places are left open."""
    engine = store()
    from dondoc.documents.kinds import wanted
    from dondoc.foundation.errors import DondocError
    from tasks.config.loading import clock
    from tasks.documents.reading import document_file, plan_view
    from tasks.documents.templates import document_settings
    from tasks.store.plan_years import default_plan
    from tasks.store.plans import adopted, adopted_ids

    rules, config = own_rules(), config_folder()
    with engine.connect() as connection:
        known = adopted_ids(connection)
        if not known:
            raise DondocError("no plan is adopted; adopt one with: dondoc plan adopt")
        usual = default_plan(connection, rules, clock(rules.policy).date())
        plan = adopted(connection, plan_id or usual or known[-1])
    settings = document_settings(config, rules.office)
    chosen = wanted(kind, plan, settings, item, period)
    now = clock(rules.policy)
    then = clock(rules.policy, _end_of_day(as_of)) if as_of else None
    if then and then > now:
        raise DondocError(f"nothing is known of {then:%Y-%m-%d %H:%M} yet; leave --as-of out for now")
    about = plan_view(engine, rules, config, plan.id, now, then)
    pictures = {"chart": Path(chart).read_bytes()} if chart else None
    path = Path(output or chosen.name(settings))
    path.write_bytes(document_file(chosen, about, config, pictures))
    click.echo(f"wrote {path}: {plan.id} as of {about.moment:%Y-%m-%d %H:%M}, ledger entry {about.head.seq}")


def _end_of_day(moment: datetime) -> datetime:
    bare = (moment.hour, moment.minute) == (0, 0)
    return moment.replace(hour=23, minute=59, second=59) if bare else moment
