"""The ways mail leaves this installation now, and a note of how the servers dealt with it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from tasks.config.settings import Settings
from tasks.mail.going_live import live_since
from tasks.mail.servers import note_server
from tasks.smtp.client import Outgoing
from tasks.smtp.sender import OnResult
from tasks.smtp.ways import Health, Ways, post_by


def ways_of(settings: Settings, engine: sa.Engine | None) -> Ways:
    """The servers of the settings; while the trial lasts, for the guests only."""
    if not in_trial(settings, engine):
        return all_ways(settings)
    return replace(all_ways(settings), guests=frozenset(address.casefold() for address in settings.trial.guests))


def all_ways(settings: Settings) -> Ways:
    """The servers of the settings, whether this is a trial or not: for alarms to who runs the installation."""
    servers = (settings.smtp, settings.rescue) if settings.rescue else (settings.smtp,)
    return Ways(servers, settings.mailbox)


def server_names(settings: Settings) -> tuple[str, ...]:
    """The configured servers that mail leaves by, as they are noted; none where every mail stays."""
    servers = () if settings.mail_stays else (settings.smtp, settings.rescue)
    return tuple(server.name for server in servers if server)


def in_trial(settings: Settings, engine: sa.Engine | None) -> bool:
    """Whether the settings began a trial and no entry of the ledger has ended it; unread, it has not."""
    if not settings.trial.on:
        return False
    if engine is None:
        return True
    try:
        with engine.connect() as connection:
            return live_since(connection) is None
    except sa.exc.SQLAlchemyError:
        return True


def post_now(
    settings: Settings, engine: sa.Engine | None, mails: Iterable[Outgoing], on_result: OnResult, now: datetime
) -> list[Health]:
    """Post mails by their ways, and note how each server dealt with us."""
    healths = post_by(ways_of(settings, engine), settings.sender.address, mails, on_result)
    for health in healths:
        if engine is not None:
            with suppress(sa.exc.SQLAlchemyError):  # the mail is what matters
                note_server(engine, health.server, health.well, health.words, now)
    return healths
