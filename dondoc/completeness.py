"""Nothing is missing: every registered occurrence, folded from the ledger alone, has one outcome or is still open.

Works on verified entries one at a time (memory: the plans' registers, not the ledger), offline, on an export.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dondoc.canonical import digest
from dondoc.errors import ForbiddenTransitionError
from dondoc.ledger import Draft, Head
from dondoc.lifecycle import ENDS, State, Status, advance
from dondoc.outcomes import tally


@dataclass
class Recount:
    """What the entries say: each occurrence's state, where the chain stands, and what is wrong, in words."""

    states: dict[str, State] = field(default_factory=dict)
    zones: dict[str, ZoneInfo] = field(default_factory=dict)
    head: Head = field(default_factory=Head)
    last_at: str = ""
    faults: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)  # plan → digest of the version in force
    leaving: set[str] = field(default_factory=set)  # dropped by an amendment and not ended when it was

    def of_plan(self, plan: str) -> dict[str, State]:
        """The states of one plan's occurrences."""
        return {key: state for key, state in self.states.items() if key.startswith(f"{plan}/")}

    def tally(self, plan: str, today: date) -> dict[str, int]:
        """Outcome → number of occurrences."""
        return tally(self.of_plan(plan).values(), today)


def recount(entries: Iterable[dict[str, Any]]) -> Recount:
    """Fold verified entries into a Recount."""
    found = Recount()
    for entry in entries:
        found.head, found.last_at = Head(entry["seq"], entry["hash"]), entry["at"]
        for fault in _take(found, entry):
            found.faults.append(f"entry {entry['seq']}: {fault}")
    for key in sorted(found.leaving):
        if found.states[key].status not in ENDS:
            found.faults.append(f"{key} left the register without an outcome")
    return found


def _take(found: Recount, entry: dict[str, Any]) -> Iterator[str]:
    kind, body, occurrence = entry["kind"], entry["body"], entry["occurrence"]
    if kind == "plan.adopted":
        yield from _adopt(found, entry["plan"], body)
    elif kind == "plan.amended":
        yield from _amend(found, entry["plan"], body)
    elif kind == "plan.closed":
        left = [key for key, state in found.of_plan(entry["plan"]).items() if state.status not in ENDS]
        if left:
            yield f"the plan is closed while {len(left)} occurrences have no outcome, first {left[0]}"
    elif occurrence is not None:
        if occurrence not in found.states:
            yield f"{occurrence} is in no register"
            return
        draft = Draft(kind, entry["plan"], occurrence, entry["actor"], body, entry["run"])
        day = datetime.fromisoformat(entry["at"]).astimezone(found.zones[entry["plan"]]).date()
        try:
            found.states[occurrence] = advance(found.states[occurrence], draft, day)
        except ForbiddenTransitionError as error:
            yield str(error)
        except (KeyError, ValueError, TypeError) as error:
            yield f"its body lacks what {kind} must say: {error}"


def _adopt(found: Recount, plan: str, body: dict[str, Any]) -> Iterator[str]:
    register = body["register"]
    if digest(register) != body["register_sha256"]:
        yield "the register does not match its own hash"
    found.zones[plan] = ZoneInfo(body["timezone"])
    found.versions[plan] = body["digest"]
    for row in register:
        if row["id"] in found.states:
            yield f"{row['id']} is registered twice"
        found.states[row["id"]] = _initial(row)


def _amend(found: Recount, plan: str, body: dict[str, Any]) -> Iterator[str]:
    """The amended register: what is new begins, what left must have ended by an entry of its own."""
    register = body["register"]
    if digest(register) != body["register_sha256"]:
        yield "the amended register does not match its own hash"
    if body["was"] != found.versions.get(plan):
        yield "it amends another version of the plan than the one in force"
    found.versions[plan] = body["digest"]
    kept = {row["id"] for row in register}
    for row in register:
        found.states.setdefault(row["id"], _initial(row))
    found.leaving.update(
        key for key, state in found.of_plan(plan).items() if key not in kept and state.status not in ENDS
    )


def _initial(row: dict[str, Any]) -> State:
    status = Status.BEFORE_ADOPTION if row["before_adoption"] else Status.GATED if row["event"] else Status.PLANNED
    opens, due = (date.fromisoformat(row[key]) if row[key] else None for key in ("opens", "due"))
    return State(status, opens, due, due)
