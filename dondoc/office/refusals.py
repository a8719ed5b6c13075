"""A refusal in the office's words: the sentence of its code under `refusals`, filled in with its facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from dondoc.foundation.refusals import Refusal


def in_words(refusal: Refusal, words: Mapping[str, Any]) -> str:
    """The refusal as a clerk reads it, on one line. Statuses, entries and fields are named in the office's words."""
    facts = {name: _said(name, value, words) for name, value in refusal.facts.items()}
    return " ".join(str(words["refusals"][refusal.code]).format(**facts).split())


def faults_by_field(refusals: tuple[Refusal, ...], words: Mapping[str, Any]) -> dict[str, str]:
    """Field → what is wrong with it, the first of each field; "" for the form as a whole."""
    found: dict[str, str] = {}
    for refusal in refusals:
        found.setdefault(refusal.field, in_words(refusal, words))
    return found


def _said(name: str, value: object, words: Mapping[str, Any]) -> str:
    if isinstance(value, datetime):
        return f"{value:%H:%M %d/%m/%Y}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    named = {"status": "statuses", "entry": "entries", "name": "act_fields"}.get(name)
    return str(words[named].get(str(value), value)) if named else str(value)
