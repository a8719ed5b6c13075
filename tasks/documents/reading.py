"""What a document is written from: one snapshot of a plan, with the words of its day."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from dondoc.documents.form_settings import DocumentSettings
from dondoc.documents.kinds import WantedDocument, document_facts
from dondoc.documents.lines import PlanView
from dondoc.documents.marked_text import Document
from dondoc.obligations.outcomes import LATE
from dondoc.office.rules import Rules
from dondoc.office.wording import Wording
from dondoc.reports.plan_heat import heat_map
from tasks.config.loading import words
from tasks.documents.templates import document_settings, fill
from tasks.documents.writing import document_bytes
from tasks.obligations.snapshot import snapshot
from tasks.reports.charts import heat_map_chart


def plan_view(
    engine: sa.Engine, rules: Rules, config: Path, plan: str, now: datetime, as_of: datetime | None = None
) -> PlanView:
    """The plan as the ledger stands, or as it stood at `as_of`. Raises AdoptionError, SnapshotError before adoption."""
    found = snapshot(engine, rules, plan, now, as_of)
    return PlanView(found, rules, Wording(words(config), rules.office, rules.calendar, found.day, portal=False))


def document_file(
    document: WantedDocument, about: PlanView, config: Path, pictures: dict[str, bytes] | None = None
) -> bytes:
    """The .docx of a document; reports carry the year's map of duties by unit and month unless given another picture.

    Raises DocumentError, ConfigurationError.
    """
    settings = document_settings(config, about.rules.office)
    if pictures is None and document.kind in ("progress", "year-summary"):
        pictures = {"chart": _map(about)}
    filled = worded_document(document, about, config, settings)
    return document_bytes(filled, settings, about.rules.office, about.moment, pictures or {})


def _map(about: PlanView) -> bytes:
    duties = [(line.due, line.units, line.outcome in LATE) for line in about.lines if line.outcome != "before_adoption"]
    words = about.wording.words["pictures"]
    return heat_map_chart(heat_map(duties, about.plan.year, about.today, about.rules.office, words), "png")


def worded_document(document: WantedDocument, about: PlanView, config: Path, settings: DocumentSettings) -> Document:
    """What a document says, before it is set in its form."""
    return fill(config, document.template(settings), document_facts(document, about, settings), settings)
