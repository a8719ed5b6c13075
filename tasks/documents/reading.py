"""What a document is written from: one snapshot of a plan, with the words of its day."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from dondoc.documents.form_settings import Settings
from dondoc.documents.kinds import Wanted, facts
from dondoc.documents.lines import PlanView
from dondoc.documents.marked_text import Document
from dondoc.obligations.outcomes import LATE
from dondoc.office.rules import House
from dondoc.office.wording import Wording
from dondoc.reports.plan_heat import heat_map
from tasks.config.loading import words
from tasks.documents.templates import document_settings, fill
from tasks.documents.writing import document_bytes
from tasks.obligations.snapshot import snapshot
from tasks.reports.charts import heat_map_chart


def plan_view(
    engine: sa.Engine, house: House, config: Path, plan: str, now: datetime, as_of: datetime | None = None
) -> PlanView:
    """The plan as the ledger stands, or as it stood at `as_of`. Raises AdoptionError, SnapshotError before adoption."""
    found = snapshot(engine, house, plan, now, as_of)
    return PlanView(found, house, Wording(words(config), house.office, house.calendar, found.day, portal=False))


def written(document: Wanted, about: PlanView, config: Path, pictures: dict[str, bytes] | None = None) -> bytes:
    """The .docx of a document; reports carry the year's map of duties by unit and month unless given another picture.

    Raises DocumentError, ConfigurationError.
    """
    settings = document_settings(config, about.house.office)
    if pictures is None and document.kind in ("progress", "year-summary"):
        pictures = {"chart": _map(about)}
    filled = said(document, about, config, settings)
    return document_bytes(filled, settings, about.house.office, about.moment, pictures or {})


def _map(about: PlanView) -> bytes:
    duties = [(line.due, line.units, line.outcome in LATE) for line in about.lines if line.outcome != "before_adoption"]
    words = about.wording.words["pictures"]
    return heat_map_chart(heat_map(duties, about.plan.year, about.today, about.house.office, words), "png")


def said(document: Wanted, about: PlanView, config: Path, settings: Settings) -> Document:
    """What a document says, before it is set in its form."""
    return fill(config, document.template(settings), facts(document, about, settings), settings)
