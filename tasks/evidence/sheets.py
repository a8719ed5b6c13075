"""What a pack's report says, before it is laid out: the same sheets become HTML pages and the printed report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from dondoc.office.wording import Wording, sentence, short_day
from tasks.evidence.gathering import Laid, PackedOccurrence, Surveyed
from tasks.evidence.prefectruns import PrefectRuns as Runs
from tasks.obligations.history import HistoryEntry, history_entry
from tasks.store.answers import OccurrenceEntry, common, entries_about


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One ledger entry: when, who, what, labelled texts, and places in the pack it leads to (label, text, path)."""

    seq: int
    day: date
    when: str
    who: str
    what: str
    texts: tuple[tuple[str, str], ...]
    places: tuple[tuple[str, str, str], ...]
    ref: str


@dataclass(frozen=True, slots=True)
class OccurrenceSheet:
    """One occurrence: its page, title, labelled facts, outcome with its tone, and its history."""

    page: str
    title: str
    facts: tuple[tuple[str, str], ...]
    outcome: str
    tone: str
    opens: date | None
    due: date | None
    lines: tuple[EntryLine, ...]


@dataclass(frozen=True)
class Cover:
    """The report's first pages. `months` are (year, month, tone → number)."""

    title: str
    selection: str
    head: str
    foot: str
    notes: tuple[str, ...]
    figures: tuple[tuple[str, str, int], ...]
    months: tuple[tuple[int, int, Mapping[str, int]], ...]
    rows: tuple[Mapping[str, str], ...]
    common: tuple[EntryLine, ...]


@dataclass(frozen=True)
class PackReport:
    """Everything the report is made of. `own` are evidence/words.yaml of the language folder."""

    connection: sa.Connection
    found: Surveyed
    laid: Laid
    runs: Runs
    wording: Wording
    own: Mapping[str, Any]

    def cover(self) -> Cover:
        """Figures, register and what is common to the plans."""
        found, own = self.found, self.own
        counts = Counter(kept.outcome for kept in found.occurrences)
        months: dict[tuple[int, int], Counter[str]] = {}
        for kept in found.occurrences:
            if kept.state.due:
                place = kept.state.due.year, kept.state.due.month
                months.setdefault(place, Counter())[own["tones"][kept.outcome]] += 1
        local = found.at.astimezone(found.rules.policy.zone)
        return Cover(
            title=own["title"],
            selection=self._selection(),
            head=own["head"].format(
                seq=found.head.seq, time=f"{local:%H:%M}", day=short_day(local.date()), hash=found.head.hash
            ),
            foot=own["foot"].format(seq=found.head.seq, day=short_day(local.date()), hash=found.head.hash[:16]),
            notes=tuple(self._notes()),
            figures=tuple(
                (self.outcome(name), own["tones"][name], counts[name]) for name in own["tones"] if counts[name]
            ),
            months=tuple((year, month, counted) for (year, month), counted in sorted(months.items())),
            rows=tuple(self._row(kept) for kept in found.occurrences),
            common=tuple(self._line(entry) for entry in common(self.connection, self.found.head.seq, self.found.plans)),
        )

    def sheets(self) -> Iterator[OccurrenceSheet]:
        """One occurrence after the other: no more than one history is held."""
        for kept in self.found.occurrences:
            lines = tuple(
                self._line(entry)
                for entry in entries_about(self.connection, kept.id)
                if entry.seq <= self.found.head.seq
            )
            tone = self.own["tones"][kept.outcome]
            title = f"{kept.item.ref} · {kept.item.title}"
            facts = tuple(self._facts(kept))
            state = kept.state
            yield OccurrenceSheet(
                kept.page, title, facts, self.outcome(kept.outcome), tone, state.opens, state.due, lines
            )

    def outcome(self, name: str) -> str:
        """An outcome in words."""
        return str({**self.wording.words["outcomes"], "overdue": self.own["overdue"]}[name])

    def _selection(self) -> str:
        chosen, own = self.found.selection, self.own["selection"]
        said = {
            "plan": chosen.plan,
            "item": chosen.item,
            "unit": chosen.unit and self.wording.party(f"unit:{chosen.unit}"),
            "document": chosen.document,
            "first": short_day(chosen.first),
            "last": short_day(chosen.last),
        }
        parts = [own[key].format(**{key: value}) for key, value in said.items() if value]
        return "; ".join(parts) or str(own["all"])

    def _notes(self) -> Iterator[str]:
        own, runs, laid = self.own, self.runs, self.laid
        yield own["counted"].format(occurrences=len(self.found.occurrences), entries=laid.entries)
        if runs.found:
            yield own["prefect_all"].format(found=runs.found)
        if runs.missing:
            yield own["prefect_missing" if runs.reached else "prefect_away"].format(missing=len(runs.missing))
        if laid.lost:
            yield own["lost_files"].format(lost=len(laid.lost))
        yield own["whole"]

    def _row(self, kept: PackedOccurrence) -> dict[str, str]:
        return {
            "ref": kept.item.ref,
            "title": kept.item.title,
            "deliverable": kept.obligation.deliverable,
            "period": self.wording.period(kept.period),
            "due": short_day(kept.state.due) or self.own["facts"]["no_due"],
            "outcome": self.outcome(kept.outcome),
            "tone": self.own["tones"][kept.outcome],
            "page": kept.page,
        }

    def _facts(self, kept: PackedOccurrence) -> Iterator[tuple[str, str]]:
        own, state, obligation = self.own["facts"], kept.state, kept.obligation
        due = short_day(state.due) or own["no_due"]
        if state.due and state.original_due not in (None, state.due):
            due = own["due_moved"].format(due=due, original=short_day(state.original_due))
        reading = obligation.reading
        if reading:
            key = "reading_by" if obligation.reading_by else "reading_open"
            reading = own[key].format(reading=reading, by=obligation.reading_by)
        document = state.document and (
            self.wording.value("document_signed", document=state.document, signed=short_day(state.signed_on))
            if state.signed_on
            else state.document
        )
        for key, value in (
            ("deliverable", obligation.deliverable),
            ("period", self.wording.period(kept.period)),
            ("due", due),
            ("opens", short_day(state.opens)),
            ("outcome", self.outcome(kept.outcome)),
            ("lead", self.wording.names(obligation.lead)),
            ("coordinating", self.wording.names(obligation.coordinating)),
            ("phrase", f"“{obligation.phrase}”"),
            ("reading", reading),
            ("document", document),
            ("submitted", short_day(state.submitted_on)),
            ("id", kept.id),
        ):
            if value:
                yield own[key], value

    def _line(self, entry: OccurrenceEntry) -> EntryLine:
        seen: HistoryEntry = history_entry(entry, self.wording, self.found.rules.policy.zone)
        own, labels = self.own, self.own["labels"]
        kind = self.kind(entry.kind)
        what = own["event"].format(kind=kind, about=seen.about[:1].lower() + seen.about[1:]) if seen.about else kind
        texts = tuple((labels[key], text) for key, text in seen.lines if key != "message_id")
        return EntryLine(
            entry.seq, seen.at.date(), f"{seen.at:%H:%M %d/%m/%Y}", own["actors"].get(seen.who, seen.who), what, texts,
            tuple(self._places(entry)), own["ref"].format(seq=entry.seq),
        )  # fmt: skip

    def kind(self, kind: str) -> str:
        """A kind of entry in words."""
        return sentence(str(self.own["entries"].get(kind) or self.wording.words["entries"].get(kind, kind)))

    def _places(self, entry: OccurrenceEntry) -> Iterator[tuple[str, str, str]]:
        own, labels = self.own, self.own["labels"]
        lost = {one["path"] for one in self.laid.lost}
        if entry.body.get("mail_sha256"):
            path = self.laid.mails[entry.body["mail_sha256"]]
            gone = path in lost
            yield labels["mail"], own["lost"] if gone else path.removeprefix("thu/"), "" if gone else path
        for path in self.laid.members.get(entry.seq, ()):
            name = self.laid.original[path]
            yield labels["file"], f"{name} ({own['lost']})" if path in lost else name, "" if path in lost else path
        if entry.run:
            gone = entry.run in self.runs.missing
            yield labels["run"], own["run_missing" if gone else "run_link"], "" if gone else f"prefect/{entry.run}.json"
