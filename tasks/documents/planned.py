"""A whole year's plan as .docx, from its file: to be completed, signed and issued."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from dondoc.documents.plan_document import plan_facts
from dondoc.office.rules import Rules
from dondoc.office.wording import Wording
from dondoc.plan.plan import Plan
from tasks.config.loading import words
from tasks.documents.templates import document_settings, fill
from tasks.documents.writing import document_bytes


def plan_document(plan: Plan, rules: Rules, config: Path, moment: datetime) -> bytes:
    """The .docx of `plan` as drafted at `moment` (aware). Raises DocumentError, ConfigurationError."""
    settings = document_settings(config, rules.office)
    local = moment.astimezone(rules.policy.zone)
    wording = Wording(words(config), rules.office, rules.calendar, local.date(), portal=False)
    facts = {**plan_facts(plan, wording), "settings": settings, "moment": local, "today": local.date()}
    return document_bytes(fill(config, "plan.j2", facts, settings), settings, rules.office, local, {})
