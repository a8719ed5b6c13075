"""What stands above every page: that this is a trial, and that mail does not leave; each asked for anew."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import sqlalchemy as sa

from dondoc.foundation.errors import DondocError
from portal.shell.page_context import PageContext
from portal.shell.settings import PortalSettings
from portal.shell.visitors import Visitor
from tasks.mail.routes import turns
from tasks.mail.servers import ServerTrouble, dead_mailboxes, note_server, server_troubles
from tasks.mail.ways import in_trial, server_names
from tasks.smtp.probe import try_server


class Banner:
    """Above the pages of one portal; without an office behind it there is only the mailbox of a trial."""

    def __init__(self, settings: PortalSettings, context: PageContext | None) -> None:
        self._settings, self._desk = settings, context

    def trial(self) -> bool:
        """Whether the trial lasts."""
        if self._desk is None:
            return self._settings.trial
        return in_trial(self._desk.installation, self.store())

    def guests(self) -> tuple[str, ...]:
        """Whom mail leaves to while the trial lasts."""
        return self._desk.installation.trial.guests if self._desk and not self._desk.installation.mail_stays else ()

    def mail_troubles(self) -> list[ServerTrouble]:
        """The servers that did not take our mail when they were last asked."""
        return self._asked(lambda context, found: server_troubles(found, server_names(context.installation)))

    def mail_out(self) -> str:
        """The words of the mail server that does not take our mail now; "" where one does, or where all mail stays."""
        if self._desk is None or self._desk.installation.mail_stays:
            return ""
        chosen, words = self._desk.installation, ""
        for server in filter(None, (chosen.smtp, chosen.rescue)):
            steps = try_server(server, chosen.sender.address)
            with suppress(sa.exc.SQLAlchemyError, DondocError):
                note_server(self._desk.engine, server.name, steps[-1].well, steps[-1].words, self._desk.now())
            if steps[-1].well:
                return ""
            words = words or steps[-1].words
        return words

    def dead_mailboxes(self, visitor: Visitor) -> list[ServerTrouble]:
        """The office's addresses that did not take their last mail, for those who can see to it."""
        if not (visitor.may("inbox") or "operator" in visitor.roles):
            return []
        return self._asked(lambda context, found: dead_mailboxes(found, turns(context.rules.office)))

    def store(self) -> sa.Engine | None:
        """The database; None where none is configured."""
        try:
            return self._desk.engine if self._desk else None
        except DondocError:
            return None

    def _asked(self, question: Callable[[PageContext, sa.Connection], list[ServerTrouble]]) -> list[ServerTrouble]:
        if self._desk is None:
            return []
        try:
            with self._desk.engine.connect() as connection:
                found = question(self._desk, connection)
                zone = self._desk.rules.policy.zone
                return [replace(trouble, since=trouble.since.astimezone(zone)) for trouble in found]
        except (sa.exc.SQLAlchemyError, DondocError):
            return []  # the page itself says that the database cannot be read
