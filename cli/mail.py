"""`dondoc mail test` and `dondoc go-live`: whether mail leaves, and the act that lets it leave to everybody."""

from __future__ import annotations

import click

from operations.surroundings import own_rules, prepare, store


@click.group()
def mail() -> None:
    """Try the mail servers."""


@mail.command("test")
@click.argument("address")
def mail_test(address: str) -> None:
    """Reach the mail server, secure the connection, sign in, send one mail to ADDRESS, sign in to the reply mailbox.

    One line a step; exit 1 at the first that fails. A trial does not hold this mail back: you name its reader.
    """
    from operations.mail_check import mail_steps, note_servers, test_letter

    settings, rules = prepare(), own_rules()
    if settings.mail_stays:
        click.echo("[mail] host of dondoc.toml is empty: the mail stays in the local mailbox")
    steps = mail_steps(settings, test_letter(settings, rules, address))
    for step in steps:
        click.echo(f"{'✓' if step.well else '✗'} {step.what:<14} {step.words}")
    note_servers(settings, rules, steps)
    if not all(step.well for step in steps):
        raise click.exceptions.Exit(1)


@click.command("go-live")
def go_live() -> None:
    """End the trial: from now on mail leaves to everybody. Recorded once in the ledger; there is no way back.

    What was kept of duties that are still owed goes out with the next morning's mail.
    """
    from dondoc.foundation.errors import DondocError
    from operations.mail_check import mail_steps
    from tasks.config.loading import clock
    from tasks.mail.going_live import end_trial, live_since

    engine, settings, rules = store(), prepare(), own_rules()
    with engine.connect() as connection:
        since = live_since(connection)
    if since or not settings.trial.on:
        when = f" since {since.astimezone(rules.policy.zone):%d/%m/%Y %H:%M}" if since else ": [trial] on is false"
        click.echo(f"live{when}; nothing was changed")
        return
    if settings.mail_stays:
        raise DondocError("no mail server: give host in [mail] of dondoc.toml, then run: dondoc mail test ADDRESS")
    failed = [step for step in mail_steps(settings) if not step.well]
    if failed:
        raise DondocError(f"not live: {failed[0].what}: {failed[0].words}; correct dondoc.toml, then run this again")
    again = end_trial(
        engine, clock(rules.policy), "operator", rules.policy.zone, server=settings.smtp.name,
        guests=list(settings.trial.guests),
    )  # fmt: skip
    click.echo(f"live: mail leaves by {settings.smtp.name} to everybody; {again or 0} kept notices go out next morning")
