"""What goes into a pack, read from the ledger up to one entry in two passes and laid into a folder.

The first pass verifies and folds, so that what the pack says follows from the ledger alone and not from tables beside
it; the second writes the lines. Memory is the registers' and a line for each mail, not the ledger's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa

from dondoc.foundation.canonical import canonical
from dondoc.foundation.errors import DondocError
from dondoc.ledger.ledger import Break, Head, read_entries
from dondoc.mail.redaction import Redacted
from dondoc.obligations.lifecycle import ENDS
from dondoc.obligations.outcomes import outcome
from dondoc.obligations.snapshot import Tracked
from dondoc.obligations.state import State
from dondoc.obligations.timing import owed_in
from dondoc.office.rules import Rules
from dondoc.plan.plan import Item, Obligation, plan_to_json
from dondoc.verification.completeness import Recount, recount
from dondoc.verification.evidence import Selection, Survey, concerns, member_name
from tasks.evidence.redacting import for_others
from tasks.obligations.snapshot import read_snapshot
from tasks.store import tables
from tasks.store.chain import export
from tasks.store.files import LostFileError, fetch
from tasks.store.plans import version_of_plan

WHOLE, SLICE = "so-chung-cu/toan-bo.jsonl", "so-chung-cu/trich.txt"
REGISTER, MAILS, FILES = "danh-muc.jsonl", "thu.jsonl", "tep.jsonl"
CUT = ".che"  # of the name of a mail whose links are cut out
RECEIVED = "thu-den.eml"  # a mail that came in is kept like a file, as number 0 of its entry


class PackError(DondocError):
    """No pack can be made of this."""


@dataclass(frozen=True, slots=True)
class PackedOccurrence:
    """One selected occurrence as it stood at the pack's head. `page` is its place in the pack."""

    id: str
    item: Item
    obligation: Obligation
    period: str
    state: State
    outcome: str
    page: str


@dataclass(frozen=True)
class Surveyed:
    """The ledger at one entry, and what of it is selected."""

    selection: Selection
    head: Head
    at: datetime
    survey: Survey
    recounted: Recount
    rules: Rules
    occurrences: tuple[PackedOccurrence, ...]
    parties: tuple[str, ...]

    @property
    def today(self) -> date:
        """The office's calendar day of the last entry: what is overdue is judged on it."""
        return self.at.astimezone(self.rules.policy.zone).date()

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids of the occurrences."""
        return frozenset(kept.id for kept in self.occurrences)

    @cached_property
    def plans(self) -> frozenset[str]:
        """Their plans."""
        return frozenset(kept.id.split("/")[0] for kept in self.occurrences)


def survey(connection: sa.Connection, rules: Rules, selection: Selection, upto: int | None = None) -> Surveyed:
    """Verify the ledger up to entry `upto` (all of it), fold it and choose. Raises PackError."""
    found, last = Survey(), [""]

    def entries() -> Iterator[dict[str, Any]]:
        for entry in read_entries(islice(export(connection), upto)):
            if isinstance(entry, Break):
                raise PackError(
                    f"the ledger does not hold at entry {entry.seq or entry.line}; see: dondoc ledger verify"
                )
            found.take(entry)
            last[0] = entry["at"]
            yield entry

    recounted = recount(entries())
    head = recounted.head
    if not head.seq or (upto is not None and head.seq < upto):
        raise PackError(f"the ledger ends at entry {head.seq}; give an earlier one")

    ids = found.chosen(selection, leads_by_version(connection, rules))
    if not ids:
        raise PackError("nothing matches what was asked for; 'dondoc status' lists every occurrence")
    moment = datetime.fromisoformat(last[0])
    today = moment.astimezone(rules.policy.zone).date()
    stood = _stood(connection, rules, ids, moment, head)
    kept = tuple(_kept(stood[key], today, number) for number, key in enumerate(ids, start=1))
    return Surveyed(selection, head, moment, found, recounted, rules, kept, _parties(rules, selection.unit))


def leads_by_version(connection: sa.Connection, rules: Rules) -> Callable[[str, str], tuple[str, ...]]:
    """(occurrence, version of its plan) → the units that lead it there."""
    return lambda occurrence, digest: rules.office.members(_obligation(connection, occurrence, digest)[1].lead)


def _parties(rules: Rules, unit: str) -> tuple[str, ...]:
    """Under which names of plans a unit leads: its own and those of its groups. Stands in the pack for its verifier."""
    if not unit:
        return ()
    return tuple(sorted({unit, *(g.id for g in rules.office.groups if unit in rules.office.members((g.id,)))}))


def _obligation(connection: sa.Connection, occurrence: str, digest: str) -> tuple[Item, Obligation]:
    plan, item, obligation, period = occurrence.split("/", 3)
    found = version_of_plan(connection, plan, digest).item(item)
    return found, owed_in(found.obligation(obligation), period)


def _stood(
    connection: sa.Connection, rules: Rules, ids: Iterable[str], moment: datetime, head: Head
) -> dict[str, Tracked]:  # fmt: skip
    """Those occurrences as the ledger left them at `head`."""
    plans = dict.fromkeys(key.split("/")[0] for key in ids)
    found = (read_snapshot(connection, rules, plan, moment, head.seq) for plan in plans)
    return {each.occurrence.id: each for snapshot in found for each in snapshot.tracked}


def _kept(tracked: Tracked, today: date, number: int) -> PackedOccurrence:
    occurrence, state = tracked.occurrence, tracked.state
    return PackedOccurrence(
        occurrence.id, tracked.item, tracked.obligation, occurrence.period, state, outcome(state, today), f"ky/{number:04}.html"
    )  # fmt: skip


@dataclass(slots=True)
class Laid:
    """What was laid into the folder: counts, Prefect's runs by id, original names by member, an
    entry's files, and what is lost."""

    entries: int
    runs: dict[str, None]
    original: dict[str, str]
    members: dict[int, list[str]]
    lost: list[dict[str, str]]
    mails: dict[str, str] = field(default_factory=dict)  # a mail's SHA-256 → its place in the pack


def lay(connection: sa.Connection, found: Surveyed, shelf: Path, folder: Path) -> Laid:
    """Write the ledger, its slice, the register, the plans, the mails and the files of a survey below `folder`."""
    for name in ("so-chung-cu", "thu", "tep", "ke-hoach", "ky", "prefect"):
        (folder / name).mkdir(parents=True)
    _write_lines(folder / REGISTER, (canonical(_registered(kept)) for kept in found.occurrences))
    for plan, digest in dict.fromkeys(found.survey.versions):
        if plan in found.plans:
            body = plan_to_json(version_of_plan(connection, plan, digest))
            (folder / "ke-hoach" / f"{plan}-{digest[:16]}.json").write_bytes(canonical(body))
    laying = _Laying(connection, found, shelf, folder)
    with (folder / WHOLE).open("wb") as whole, (folder / SLICE).open("w", encoding="ascii", newline="\n") as part:
        for line in islice(export(connection), found.head.seq):
            whole.write(line + b"\n")
            laying.take(json.loads(line), part)
    _write_lines(folder / MAILS, map(canonical, laying.mails.values()))
    _write_lines(folder / FILES, map(canonical, laying.files))
    return laying.laid


def _registered(kept: PackedOccurrence) -> dict[str, Any]:
    state = kept.state
    days = {name: getattr(state, name) for name in ("opens", "original_due", "due", "submitted_on", "signed_on")}
    return {
        "id": kept.id,
        "ref": kept.item.ref,
        "title": kept.item.title,
        "deliverable": kept.obligation.deliverable,
        "lead": list(kept.obligation.lead),
        "status": state.status.value,
        "outcome": kept.outcome,
        "document": state.document,
        "page": kept.page,
        **{name: day.isoformat() if day else None for name, day in days.items()},
    }


class _Laying:
    """The second pass."""

    def __init__(self, connection: sa.Connection, found: Surveyed, shelf: Path, folder: Path) -> None:
        self._connection, self._found, self._shelf, self._folder = connection, found, shelf, folder
        self.laid = Laid(0, {}, {}, {}, [])
        self.mails: dict[str, dict[str, Any]] = {}
        self.files: list[dict[str, Any]] = []

    def take(self, entry: dict[str, Any], part: TextIO) -> None:
        """One line of the ledger: its number where it is in the slice, and whatever it names."""
        if not concerns(entry, self._found.ids, self._found.plans):
            return
        part.write(f"{entry['seq']}\n")
        self.laid.entries += 1
        if entry["run"]:
            self.laid.runs[entry["run"]] = None
        if entry["occurrence"] is not None:
            if entry["body"].get("mail_sha256"):
                self._mail(entry)
            if entry["kind"] == "mail.received":
                self._file(entry["seq"], 0, {**entry["body"], "name": RECEIVED})
            for number, file in enumerate(entry["body"].get("files") or (), start=1):
                self._file(entry["seq"], number, file)

    def _mail(self, entry: dict[str, Any]) -> None:
        body = entry["body"]
        sha256 = body["mail_sha256"]
        path = f"thu/{sha256[:32]}.eml"
        if sha256 not in self.mails:
            content = mail_content(self._connection, body)
            if content is None:
                self.laid.lost.append({"path": path, "sha256": sha256})
            copy = self._for_others(content, f"{body['message_id']} {body['address']}") if content is not None else None
            if copy:
                path = f"thu/{sha256[:32]}{CUT}.eml" if copy.cut else path
                (self._folder / path).write_bytes(copy.content)
            self.laid.mails[sha256] = path
            self.mails[sha256] = {
                "path": path, "sha256": sha256, "message_id": body["message_id"], "address": body["address"], "entries": [],
                **_redaction(copy),
            }  # fmt: skip
        said = {"seq": entry["seq"], "kind": entry["kind"], "reply": body.get("reply")}
        self.mails[sha256]["entries"].append(said)

    def _file(self, seq: int, number: int, file: dict[str, Any]) -> None:
        path, copy = f"tep/{member_name(f'{seq:07}-{number}', str(file['name']))}", None
        try:
            content = fetch(self._shelf, file["sha256"])
            if number == 0:  # a letter quotes ours, links and all
                copy = self._for_others(content, "")
            (self._folder / path).write_bytes(copy.content if copy else content)
        except LostFileError:
            self.laid.lost.append({"path": path, "sha256": file["sha256"]})
        self.laid.members.setdefault(seq, []).append(path)
        self.laid.original[path] = str(file["name"])
        known = {key: file.get(key) for key in ("name", "sha256", "size")}
        self.files.append({"path": path, "seq": seq, "number": number, **known, **_redaction(copy)})

    def _for_others(self, content: bytes, mail: str) -> Redacted:
        states = self._found.recounted.states
        return for_others(self._connection, content, mail, lambda key: key in states and states[key].status in ENDS)


def _redaction(copy: Redacted | None) -> dict[str, Any]:
    """What a line says of a member that is a copy with its links cut out: the copy's own hash, and how many."""
    if copy is None or not copy.cut:
        return {}
    return {"redacted": {"sha256": hashlib.sha256(copy.content).hexdigest(), "links": copy.cut}}


def mail_content(connection: sa.Connection, body: dict[str, Any]) -> bytes | None:
    """The bytes of the mail an entry names, as they were sent; None where they are not kept any more."""
    m = tables.mail
    query = sa.select(m.c.content).where(
        m.c.id == f"{body['message_id']} {body['address']}", m.c.sha256 == body["mail_sha256"]
    )
    content = connection.scalar(query)
    return bytes(content) if content is not None else None


def _write_lines(path: Path, lines: Any) -> None:
    with path.open("wb") as out:
        for line in lines:
            out.write(line + b"\n")
