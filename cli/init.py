"""`dondoc init`: an office's own configuration, outside the clone."""

from __future__ import annotations

import os
from pathlib import Path

import click

_ROLES = ("tracker", "head", "deputy", "operator", "auditor")


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--office", prompt="Name of the office", help="As it stands on documents.")
@click.option("--country", default="VN", show_default=True, help="Whose public holidays are off: its ISO code.")
@click.option("--language", default="vi", show_default=True, help="Of what people read: a folder of config/words.")
@click.option("--parent", default="", help="The body above the office, on the head of documents.")
@click.option("--place", default="", help="Where documents are dated.")
@click.option("--symbol", default="VP", show_default=True, help="The office in a document's symbol: 12/KH-VP.")
@click.option("--tracker", prompt="Mailbox of who follows the plan up", help="The tracker's mailbox.")
@click.option("--head", prompt="Mailbox of the head of the office", default="", help="The head's mailbox.")
@click.option("--deputy", default="", help="The deputy's mailbox.")
@click.option(
    "--operator", prompt="Mailbox of the operator (technical failures)", default="", help="The operator's mailbox."
)
@click.option("--auditor", default="", help="The auditor's mailbox.")
@click.option(
    "--mail-host", prompt="Mail server (empty: no mail leaves yet)", default="", help="The office's mail server."
)
@click.option("--mail-port", type=click.IntRange(1, 65535), default=587, show_default=True)
@click.option("--mail-tls", type=click.Choice(["none", "starttls", "tls"]), default="starttls", show_default=True)
@click.option(
    "--mail-username", default="", help="Its password comes from DONDOC_MAIL_PASSWORD, never from a file here."
)
@click.option("--sender", default="", help="The address mail comes from; the tracker's if left out.")
@click.option("--figures/--no-figures", default=False, show_default=True, help="Whether monthly figures are collected.")
@click.option("--no-mail-test", is_flag=True, help="Do not try the mail server now.")
def init(
    folder: str, office: str, country: str, language: str, parent: str, place: str, symbol: str, mail_host: str, mail_port: int,
    mail_tls: str, mail_username: str, sender: str, *, figures: bool, no_mail_test: bool, **mailboxes: str,
) -> None:  # fmt: skip
    """Write the configuration of an office of your own into FOLDER, which upgrades never touch; asks for what no option says."""
    from dondoc.foundation.errors import DondocError
    from operations.mail_check import mail_steps
    from operations.new_office import NewOffice, write_office
    from tasks.config.loading import read_yaml
    from tasks.config.settings import HOME, read_settings

    target = Path(folder).resolve()
    known = HOME / "config" / "words" / language / "new-office.yaml"
    if not known.exists():
        raise DondocError(
            f"there is no language {language!r}; take one of {', '.join(sorted(p.name for p in (HOME / 'config' / 'words').iterdir()))}"
        )
    said = NewOffice(
        office.strip(), country, language, place, symbol, parent, mailboxes, mail_host, mail_port, mail_tls, mail_username, sender, figures
    )  # fmt: skip
    for name in write_office(target, said, read_yaml(known).value):
        click.echo(f"wrote {target / name}")
    failed = False
    if mail_host and not no_mail_test:
        for step in mail_steps(read_settings({**os.environ, "DONDOC_CONFIG": str(target)})):
            click.echo(f"{'✓' if step.well else '✗'} {step.what:<14} {step.words}")
            failed = failed or not step.well
    click.echo(
        f"next: export DONDOC_CONFIG={target}; dondoc plan read DOCUMENT --output {target / 'plans' / 'plan.yaml'}; "
        f"then plan units, plan check, up, plan adopt"
    )
    if failed:
        click.echo(
            f"the mail server did not answer as it should: correct [mail] in {target / 'dondoc.toml'}, then: dondoc mail test ADDRESS",
            err=True,
        )
        raise click.exceptions.Exit(1)
