"""What the answer pages show: facts of a duty as labelled lines, its history as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from dondoc.obligations.act_table import ACT_FIELDS, MOST_FILES, FieldName, FieldRule
from dondoc.obligations.acts import is_late_now
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.extension import extension_span
from dondoc.obligations.lifecycle import ENDS, OWED
from dondoc.obligations.timing import cadence
from dondoc.office.wording import Wording, clean, sentence, short_day
from portal.answer.answering import OpenedLink
from portal.files.pages import handed_by
from tasks.obligations.history import HistoryEntry, history_entry
from tasks.store.answers import OccurrenceEntry

_SOON = 5  # working days


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of the history: when, what, who, and its facts."""

    seq: int
    at: str
    what: str
    who: str
    facts: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...] = ()  # name and size, and where to fetch it ("" for another unit's)


@dataclass(frozen=True, slots=True)
class FormFacts:
    """What the forms share: the link, how each field is filled in, the first and last day of a date, and the hints' facts."""

    token: str
    kinds: Mapping[FieldName, FieldRule]
    days: Mapping[str, tuple[date | None, date | None]]
    late: bool
    facts: Mapping[str, object]


def form_facts(opened: OpenedLink, upload_mb: int) -> FormFacts:
    """What the forms of an opened link share; a day that cannot be chosen is empty."""
    facts, span = opened.facts, extension_span(opened.facts, opened.today)
    first, last = (span.first, span.last) if span else (None, None)
    return FormFacts(
        opened.token,
        ACT_FIELDS,
        {"signed": (None, opened.today), "until": (first, last)},
        is_late_now(facts, None, opened.today),
        {"first": short_day(first), "last": short_day(last), "most": MOST_FILES, "upload_mb": upload_mb},
    )


def title(facts: Facts) -> str:
    """II.1.e · Kế hoạch …"""
    return clean(facts.item.heading)


def state_words(facts: Facts, wording: Wording) -> tuple[str, str]:
    """Where the duty stands, as a tone (late, soon, plain, good) and in words."""
    state, today = facts.state, wording.today
    status = str(wording.words["statuses"][state.status.value])
    if state.status in ENDS:
        return "good" if state.status in ("done", "waived") else "plain", status
    if state.status not in OWED or state.due is None:
        return "plain", status
    left = sentence(wording.left(state.due))
    if today > state.due:
        return "late", left
    return "soon" if facts.calendar.between(
        today, state.due
    ) <= _SOON else "plain", f"{status} – {wording.left(state.due)}"


def duty_rows(facts: Facts, wording: Wording, plan_title: str) -> list[tuple[str, str]]:
    """The duty's labelled lines, as its mails show them."""
    obligation, state = facts.obligation, facts.state
    labels: Mapping[str, str] = wording.words["rows"]
    found = {"plan": clean(plan_title), "deliverable": sentence(clean(obligation.deliverable))}
    if state.due:
        found["due"] = wording.due(state.due) if state.status in OWED else wording.day(state.due)
    if state.original_due and state.original_due != state.due:
        found["original_due"] = wording.day(state.original_due)
    if obligation.timing.regular:
        period = sentence(wording.period(facts.occurrence.period))
        chosen = cadence(obligation, facts.policy) is not None
        found["period"] = wording.value("period_policy", period=period) if chosen else period
    found["phrase"] = wording.value("phrase", phrase=clean(obligation.phrase))
    reading, by = clean(obligation.reading or ""), clean(obligation.reading_by or "")
    if reading:
        key = "reading" if by else "reading_open"
        found[key] = wording.value("reading_by", reading=reading, by=by) if by else reading
    found["lead"] = wording.names(obligation.lead)
    if obligation.contact:
        found["contact"] = wording.names((obligation.contact,))
    found["coordinating"] = wording.names(obligation.coordinating)
    return [(label, found[key]) for key, label in labels.items() if found.get(key)]


def history(opened: OpenedLink, words: Mapping[str, Any]) -> list[HistoryLine]:
    """What happened, latest first: acts, and the letters this holder was sent."""
    return [line for entry in reversed(opened.history) if (line := history_line(entry, opened, words))]


def history_line(entry: OccurrenceEntry, opened: OpenedLink, words: Mapping[str, Any]) -> HistoryLine | None:
    """One entry as a line; None for what a unit need not see."""
    what = words["history"].get(entry.kind)
    if entry.kind == "notice.sent" and entry.body.get("recipient") == opened.link.party:
        told = words["told"].get(entry.body.get("kind"))
        what = str(words["mailed"]).format(told=told) if told else None
    if what is None:
        return None
    found = history_entry(entry, opened.wording, opened.facts.policy.zone)
    who = str(words["system"]) if found.who == "dondoc" else found.who
    return HistoryLine(
        entry.seq,
        f"{found.at:%H:%M} {short_day(found.at.date())}",
        what,
        who,
        _facts(found, words),
        _files(found, entry, opened),
    )


def _facts(found: HistoryEntry, words: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if not found.kind.startswith("occurrence.") or found.kind == "occurrence.opened":
        return ()
    texts = dict(found.lines)
    labels = {**words["fields"], **words["fields_of"].get(found.kind, {})}
    return tuple((label, texts[key]) for key, label in labels.items() if key in texts)


def _files(found: HistoryEntry, entry: OccurrenceEntry, opened: OpenedLink) -> tuple[tuple[str, str], ...]:
    address = f"/a/{opened.token}/tep/{entry.seq}/" if handed_by(entry, opened.link.party) else ""
    return tuple(
        (f"{file['name']} ({_size(file['size'])})", f"{address}{number}" if address else "")
        for number, file in enumerate(found.files, start=1)
    )


def _size(size: int) -> str:
    return (
        f"{size / 1024 / 1024:.1f} MB".replace(".", ",") if size >= 1024 * 1024 else f"{max(1, round(size / 1024))} KB"
    )
