"""Whether mail leaves and comes back: the steps of `dondoc mail test`, and the same without sending for `doctor`."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.smtp.probe import TrialStep, try_server

if TYPE_CHECKING:
    from dondoc.office.rules import Rules
    from tasks.config.settings import Settings
    from tasks.smtp.client import Outgoing


def mail_steps(settings: Settings, mail: Outgoing | None = None) -> list[TrialStep]:
    """Every step of every server that mail leaves by, then of the mailbox that answers are read from.

    With `mail` the first server is asked to take it, the rescue too.
    """
    from tasks.inbox.imap_mailbox import ImapError, try_mailbox

    steps = try_server(settings.smtp, settings.sender.address, mail)
    if settings.rescue:
        found = try_server(settings.rescue, settings.sender.address, mail)
        steps += [replace(step, what=f"rescue: {step.what}") for step in found]
    if settings.imap:
        try:
            steps.append(TrialStep("reply mailbox", True, try_mailbox(settings.imap)))
        except ImapError as error:
            steps.append(TrialStep("reply mailbox", False, str(error)))
    return steps


def test_letter(settings: Settings, rules: Rules, address: str) -> Outgoing:
    """A letter to that address that says it is a test. Raises MailError for what is no address."""
    from dondoc.mail.mail import Address
    from dondoc.mail.mime import checked_address
    from tasks.config.loading import clock
    from tasks.mail.letters import compose
    from tasks.smtp.client import Outgoing

    checked_address(address)
    name = f"<mail-test.{secrets.token_hex(16)}@{settings.mail_domain}>"
    facts = {"server": settings.smtp.name}
    content = compose(settings, rules, Address(address, ""), "mail-test", name, clock(rules.policy), facts)
    return Outgoing(name, address, content)


def note_servers(settings: Settings, rules: Rules, steps: list[TrialStep]) -> None:
    """Note what the steps showed of the first server and the rescue, where the database can be reached."""
    import sqlalchemy as sa

    from tasks.config.loading import clock
    from tasks.config.run_context import own_engine
    from tasks.mail.servers import note_server

    for server, found in (
        (settings.smtp, [step for step in steps if ":" not in step.what and step.what != "reply mailbox"]),
        (settings.rescue, [step for step in steps if step.what.startswith("rescue:")]),
    ):
        if server and found and settings.store_url:
            with suppress(sa.exc.SQLAlchemyError):
                now = clock(rules.policy)
                note_server(
                    own_engine(settings.store_url), server.name, all(step.well for step in found), found[-1].words, now
                )
