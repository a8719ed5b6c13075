"""Nothing is missing: every registered occurrence, folded from the ledger alone, has one outcome or is still open.

Works on verified entries one at a time, offline, on an export. Memory is that of the plans' registers and eight bytes
for each notice owed, not that of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dondoc.foundation.canonical import digest
from dondoc.foundation.errors import ForbiddenTransitionError, LedgerError
from dondoc.ledger.findings import Finding, Found
from dondoc.ledger.ledger import ENTRY_KINDS, Draft, Head, timestamp
from dondoc.obligations.lifecycle import ENDS, State, Status, advance
from dondoc.obligations.outcomes import outcome_counts
from dondoc.verification.authority import Authority
from dondoc.verification.notice_keys import Notices

# Kinds that are folded into an occurrence's state and are its last entry; others (a run's, a download's) only name it.
MOVING = ("occurrence.", "notice.", "escalation.")


@dataclass(slots=True)
class Adopted:
    """What the ledger says of one plan. `digest` is of the version in force; `versions` are all, with their entries."""

    zone: ZoneInfo
    digest: str
    year: int
    adopted_seq: int
    closed_seq: int | None = None
    versions: dict[str, int] = field(default_factory=dict)


@dataclass
class Recount:
    """What the entries say: plans, events, each occurrence's state and last entry, where the chain stands, what is wrong."""

    states: dict[str, State] = field(default_factory=dict)
    last_seq: dict[str, int] = field(default_factory=dict)
    register: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    plans: dict[str, Adopted] = field(default_factory=dict)
    events: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    notices: Notices = field(default_factory=Notices)
    authority: Authority = field(default_factory=Authority)
    head: Head = field(default_factory=Head)
    last_at: str = ""
    last_of: dict[str, str] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)  # dropped by an amendment and not ended when it was
    found: Found = field(default_factory=Found)
    never_kept: list[int] = field(default_factory=list)  # entries whose figures' files the first version did not keep

    def of_plan(self, plan: str) -> dict[str, State]:
        """The states of one plan's occurrences."""
        return {key: state for key, state in self.states.items() if key.startswith(f"{plan}/")}

    def tally(self, plan: str, today: date) -> dict[str, int]:
        """Outcome → number of occurrences."""
        return outcome_counts(self.of_plan(plan).values(), today)

    def take(self, entry: dict[str, Any]) -> None:
        """Fold one more verified entry, and count what is wrong with it."""
        self.head, self.last_at = Head(entry["seq"], entry["hash"]), entry["at"]
        try:
            self.found.add(_take(self, entry))
        except (KeyError, ValueError, TypeError, AttributeError, LedgerError) as error:
            about = {"kind": entry["kind"], "why": f"{type(error).__name__}: {error}"}
            self.found.add([Finding("body_incomplete", entry["occurrence"] or "", about, entry["seq"])])

    def end(self) -> Iterator[Finding]:
        """What shows only at the ledger's end: occurrences that an amendment dropped and nothing ended."""
        for key in sorted(self.leaving):
            if self.states[key].status not in ENDS:
                yield Finding("left_without_outcome", key)


def recount(entries: Iterable[dict[str, Any]]) -> Recount:
    """Fold verified entries into a Recount."""
    found = Recount()
    for entry in entries:
        found.take(entry)
    found.found.add(found.end())
    return found


def _take(found: Recount, entry: dict[str, Any]) -> Iterator[Finding]:
    kind, body, occurrence, seq, plan = entry["kind"], entry["body"], entry["occurrence"], entry["seq"], entry["plan"]
    if kind not in ENTRY_KINDS:
        yield Finding("unknown_kind", kind, {}, seq)
    before = found.last_of.get(plan, "")
    if timestamp(datetime.fromisoformat(entry["at"])) < before:
        yield Finding("back_in_time", plan, {"at": entry["at"], "before": before}, seq)
    found.last_of[plan] = entry["at"]
    known = found.plans.get(plan)
    day = datetime.fromisoformat(entry["at"]).astimezone(known.zone).date() if known else None
    yield from found.authority.take(entry, day)
    if kind == "plan.adopted":
        yield from _adopt(found, plan, body, seq)
    elif kind == "plan.amended":
        yield from _amend(found, plan, body, seq)
    elif kind == "plan.closed":
        found.plans[plan].closed_seq = seq
        left = [key for key, state in found.of_plan(plan).items() if state.status not in ENDS]
        if left:
            yield Finding("closed_without_outcome", plan, {"number": len(left), "first": left[0]}, seq)
    elif kind == "event.recorded":
        key = f"{body['event']}.{body['case']}" if "case" in body else body["event"]
        if (plan, key) in found.events:
            yield Finding("event_twice", f"{plan}/{key}", {}, seq)
        found.events[plan, key] = body["on"], seq
        if "case" in body:
            yield from _added(found, plan, body, seq)
    elif occurrence is not None:
        yield from _about_occurrence(found, entry)


def _about_occurrence(found: Recount, entry: dict[str, Any]) -> Iterator[Finding]:
    kind, body, occurrence, seq = entry["kind"], entry["body"], entry["occurrence"], entry["seq"]
    if occurrence not in found.states or not occurrence.startswith(f"{entry['plan']}/"):
        yield Finding("not_registered", occurrence, {}, seq)
        return
    if kind.startswith(MOVING):
        found.last_seq[occurrence] = seq
    if kind.startswith("notice."):
        yield from (Finding(code, subject, {}, seq) for code, subject in found.notices.take(kind, occurrence, body))
    draft = Draft(kind, entry["plan"], occurrence, entry["actor"], body, entry["run"])
    day = datetime.fromisoformat(entry["at"]).astimezone(found.plans[entry["plan"]].zone).date()
    before = found.states[occurrence]
    try:
        found.states[occurrence] = advance(before, draft, day)
    except ForbiddenTransitionError:
        yield Finding("forbidden", occurrence, {"kind": kind, "status": before.status.value}, seq)


def _adopt(found: Recount, plan: str, body: dict[str, Any], seq: int) -> Iterator[Finding]:
    if plan in found.plans:
        yield Finding("adopted_twice", plan, {}, seq)
    register = body["register"]
    if digest(register) != body["register_sha256"]:
        yield Finding("register_changed", plan, {}, seq)
    found.plans[plan] = Adopted(
        ZoneInfo(body["timezone"]), body["digest"], body["year"], seq, versions={body["digest"]: seq}
    )
    for row in register:
        if row["id"] in found.states:
            yield Finding("registered_twice", row["id"], {}, seq)
        found.states[row["id"]] = _initial(row)
        found.register[row["id"]] = [row]
        found.last_seq[row["id"]] = seq


def _added(found: Recount, plan: str, body: dict[str, Any], seq: int) -> Iterator[Finding]:
    """What one coming of a repeating event adds to the register: each waits for it."""
    if digest(body["register"]) != body["register_sha256"]:
        yield Finding("register_changed", plan, {}, seq)
    for row in body["register"]:
        if row["id"] in found.states:
            yield Finding("registered_twice", row["id"], {}, seq)
        found.states[row["id"]] = _initial(row)
        found.register[row["id"]] = [row]
        found.last_seq[row["id"]] = seq


def _amend(found: Recount, plan: str, body: dict[str, Any], seq: int) -> Iterator[Finding]:
    """The amended register: what is new begins, what left must have ended by an entry of its own."""
    register, known = body["register"], found.plans[plan]
    if digest(register) != body["register_sha256"]:
        yield Finding("register_changed", plan, {}, seq)
    if body["was"] != known.digest:
        yield Finding("amends_another", plan, {}, seq)
    known.digest = body["digest"]
    known.versions.setdefault(body["digest"], seq)
    for row in register:
        if row["id"] not in found.states:
            found.states[row["id"]] = _initial(row)
            found.last_seq[row["id"]] = seq
        found.register.setdefault(row["id"], []).append(row)
    kept = {row["id"] for row in register}
    found.leaving.update(
        key for key, state in found.of_plan(plan).items() if key not in kept and state.status not in ENDS
    )


def _initial(row: dict[str, Any]) -> State:
    status = Status.BEFORE_ADOPTION if row["before_adoption"] else Status.GATED if row["event"] else Status.PLANNED
    opens, due = (date.fromisoformat(row[key]) if row[key] else None for key in ("opens", "due"))
    return State(status, opens, due, due)
