"""What the portal must be told: the kept mails, Prefect's address, and the installation behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from tasks.config.loading import language_folder
from tasks.config.settings import HOME
from tasks.config.settings import Settings as Installation


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """One portal. `mail` is the local mailbox's folder.

    Without an `installation` there is only the mailbox. `public_url` stands in mailed links and is never taken from
    a request; `secret` signs cookies and links.
    """

    mail: Path
    prefect_url: str
    installation: Installation | None = None
    public_url: str = "http://127.0.0.1:8642"
    secret: str = ""
    host: str = "127.0.0.1"
    mailbox_key: str = ""  # opens the mailbox while the trial lasts; empty: nothing does
    now: Callable[[], datetime] = _now
    engine: sa.Engine | None = None  # the store already connected to, else the installation's

    def seconds(self) -> float:
        """The present as a plain number, for counting what happens in a while."""
        return self.now().timestamp()

    @property
    def config(self) -> Path:
        """The configuration folder: the installation's, else the one that comes with dondoc."""
        return self.installation.config if self.installation else HOME / "config"

    @property
    def templates(self) -> Path:
        """The pages, in the office's language."""
        return language_folder(self.config) / "portal"

    @property
    def secure(self) -> bool:
        """Whether people reach the portal over https only."""
        return self.public_url.startswith("https://")

    @property
    def trial(self) -> bool:
        """Whether the installation begins as a trial: its settings say so, no host name does."""
        return self.installation is None or self.installation.trial.on
