"""`dondoc audit`: the ledger against Prefect's run history. Reads only; the daily sweep records and mails."""

from __future__ import annotations

import json

import click

from operations.surroundings import config_folder, own_rules, prepare, store


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def audit(as_json: bool) -> None:
    """Runs gone, forced or edited, runs without entries, paused schedules, edited deployments, clock jumps; exit 1 if any."""
    engine = store()  # first: Prefect reads its settings when it is imported
    from prefect.client.orchestration import get_client

    from dondoc.ledger.findings import finding_words
    from tasks.audit.auditing import audit as compare
    from tasks.config.loading import clock, words

    rules, settings = own_rules(), prepare()
    with get_client(sync_client=True) as client:
        found = compare(engine, rules, settings, client, clock(rules.policy), whole=True)
    vocabulary = words(config_folder())
    if as_json:
        findings = [
            {
                "finding": one.code,
                "subject": one.subject,
                "entry": one.seq,
                **one.about,
                "text": finding_words(one, vocabulary),
            }
            for one in found.findings
        ]
        shown = {"runs": found.runs, "entries": found.entries, "findings": findings}
        click.echo(json.dumps(shown, ensure_ascii=False, indent=1))
    elif found.findings:
        click.echo(vocabulary["audit"]["found"].format(number=len(found.findings)))
        for number, one in enumerate(found.findings, start=1):
            click.echo(f"{number}. {finding_words(one, vocabulary)}")
    else:
        click.echo(vocabulary["audit"]["clean"].format(runs=found.runs, entries=found.entries))
    if found.findings:
        raise click.exceptions.Exit(1)
