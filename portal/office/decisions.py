"""The tracker's forms as acts: read, checked in the tracker's own words, and taken once.

A fault is a key; the page has the words. What is possible is decided again by dondoc.obligations.acts inside the transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from dondoc.obligations.acts import Act
from dondoc.obligations.state import Status
from portal.office.occurrence_view import Dossier
from portal.shell.fields import typed_day

Deciding = Literal["accept", "return", "extend", "refuse_extension", "waive", "answer_difficulty"]

ACTS: tuple[Deciding, ...] = get_args(Deciding)
NEEDS_REASON = frozenset({"return", "extend", "refuse_extension", "waive", "answer_difficulty"})
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Read:
    """A posted form: the act, or what is wrong with it."""

    act: Act | None
    fault: str


def read_form(name: Deciding, fields: dict[str, str], found: Dossier) -> Read:
    """The act of a form, or its first fault."""
    reason, document = fields.get("reason", "").strip(), fields.get("document", "").strip()
    note = fields.get("note", "").strip()
    if max(len(reason), len(document), len(note)) > LONGEST:
        return Read(None, "long")
    if name in NEEDS_REASON and not reason:
        return Read(None, "reason")
    signed, until = _day(fields.get("signed", "")), _day(fields.get("until", ""))
    if name == "waive" and (not document or signed is None):
        return Read(None, "decision")
    if name == "waive" and signed and signed > found.today:
        return Read(None, "future")
    if name == "extend":
        fault = _until_fault(until, found)
        if fault:
            return Read(None, fault)
    return Read(
        Act(
            name,
            document=document if name == "waive" else None,
            signed=signed if name == "waive" else None,
            note=(note or None) if name == "accept" else None,
            reason=reason if name in NEEDS_REASON else None,
            until=until if name == "extend" else None,
            channel="portal",
        ),
        "",
    )


def _until_fault(until: date | None, found: Dossier) -> str:
    state = found.facts.state
    if until is None:
        return "until"
    if state.status is not Status.GATED and state.due and until <= state.due:
        return "before_due"
    if until < found.today:
        return "past"
    return "beyond" if until > found.latest else ""


def _day(text: str) -> date | None:
    try:
        return typed_day(text)
    except ValueError:
        return None
