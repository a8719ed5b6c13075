"""What the portal must be told: where its templates and the kept mails are, and where Prefect answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parents[1] / "config" / "portal"


@dataclass(frozen=True, slots=True)
class Settings:
    """One portal. `mail` is the local mailbox's folder; `templates` holds the pages and `static/`."""

    mail: Path
    prefect_url: str
    templates: Path = TEMPLATES
