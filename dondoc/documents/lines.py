"""What is true of a plan at one moment, as the lines and counts that documents print. All from one reading of the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from dondoc.ledger.ledger import Head
from dondoc.obligations.decide import owed
from dondoc.obligations.outcomes import Outcome, outcome
from dondoc.obligations.snapshot import Snapshot, Tracked
from dondoc.obligations.state import State
from dondoc.office.rules import Rules
from dondoc.office.wording import Wording, party_name
from dondoc.plan.plan import Plan


@dataclass(frozen=True)
class PlanView:
    """A plan's snapshot under the rules and in the words that documents are written with."""

    snapshot: Snapshot
    rules: Rules
    wording: Wording

    @property
    def plan(self) -> Plan:
        """The version in force then."""
        return self.snapshot.plan

    @property
    def head(self) -> Head:
        """The ledger entry it was read at."""
        return self.snapshot.head

    @property
    def moment(self) -> datetime:
        """What it is judged at, in the office's zone."""
        return self.snapshot.moment

    @property
    def today(self) -> date:
        """The office's calendar day of the moment."""
        return self.snapshot.day

    @cached_property
    def lines(self) -> tuple[OccurrenceLine, ...]:
        """Every occurrence of the plan, in its order."""
        return tuple(occurrence_line(self, tracked) for tracked in self.snapshot.tracked)

    @property
    def late(self) -> list[OccurrenceLine]:
        """What is owed past its due date at the moment, the longest first."""
        return sorted((line for line in self.lines if line.outcome == "overdue"), key=lambda line: line.due or date.max)


@dataclass(frozen=True, slots=True)
class OccurrenceLine:
    """One occurrence as a table prints it. `units` are ids of the lead units; days late are working days; `regular`:
    one of many periods of the same duty."""

    occurrence: str
    section: str
    ref: str
    title: str
    deliverable: str
    units: tuple[str, ...]
    lead: str
    coordinating: str
    heads: str
    period: str
    due: date | None
    original_due: date | None
    outcome: Outcome
    said: str
    days_late: int
    document: str | None
    signed_on: date | None
    submitted_on: date | None
    extended: bool
    regular: bool
    difficulty: bool

    @property
    def what(self) -> str:
        """The deliverable, with its item's title where the plan prints little more than "Kế hoạch"."""
        return self.deliverable if len(self.deliverable) > 20 else f"{self.deliverable} ({self.title})"


@dataclass(frozen=True, slots=True)
class Count:
    """How many occurrences ended how. `late`: done late; `overdue`: not done and past due; `running`: not yet due."""

    name: str
    total: int
    on_time: int
    late: int
    overdue: int
    running: int
    missed: int
    released: int

    @property
    def done(self) -> int:
        """Done, in time or late."""
        return self.on_time + self.late

    @property
    def percent(self) -> str:
        """What part was done, in per cent with a decimal comma; a dash where there was nothing to do."""
        owing = self.total - self.released
        if not owing:
            return "–"
        tenths = (self.done * 2000 + owing) // (2 * owing)
        return f"{tenths // 10},{tenths % 10}"


def occurrence_line(view: PlanView, tracked: Tracked) -> OccurrenceLine:
    """The line of an occurrence."""
    rules, wording = view.rules, view.wording
    occurrence, state = tracked.occurrence, tracked.state
    item, obligation = tracked.item, tracked.obligation
    found = outcome(state, view.today)
    late = owed(state, view.today) and state.due is not None
    units = rules.office.members(obligation.lead)
    return OccurrenceLine(
        occurrence=occurrence.id,
        section=item.ref.rpartition(".")[0] if item.ref.count(".") > 1 else item.ref,
        ref=item.ref,
        title=item.title,
        deliverable=obligation.deliverable,
        units=units,
        lead=wording.names(obligation.lead),
        coordinating=wording.names(obligation.coordinating),
        heads=wording.several("parties", [head_of(rules, wording, unit) for unit in units]),
        period=wording.period(occurrence.period) if occurrence.event is None else "",
        due=state.due,
        original_due=state.original_due,
        outcome=found,
        said=_said(wording, found, state),
        days_late=rules.calendar.between(state.due, view.today) if late and state.due else 0,
        document=state.document,
        signed_on=state.signed_on,
        submitted_on=state.submitted_on,
        extended=state.extensions > 0,
        regular=obligation.timing.regular,
        difficulty=state.difficulty,
    )


def head_of(rules: Rules, wording: Wording, unit: str) -> str:
    """What the head of a unit is called; a general phrase where office.yaml does not say."""
    return party_name(f"head:{unit}", rules.office, wording.words)


def count(name: str, lines: Iterable[OccurrenceLine]) -> Count:
    """The counts of those lines; what fell due before adoption was never owed and is not counted."""
    ended = Counter(line.outcome for line in lines if line.outcome != "before_adoption")
    return Count(
        name=name,
        total=ended.total(),
        on_time=ended["on_time"] + ended["extended_on_time"],
        late=ended["late"] + ended["extended_late"],
        overdue=ended["overdue"],
        running=ended["open"],
        missed=ended["missed"],
        released=ended["waived"] + ended["superseded"],
    )


def counts_by_unit(view: PlanView, lines: Iterable[OccurrenceLine]) -> list[Count]:
    """The counts of each lead unit that has any; a duty with several lead units counts for each of them."""
    known = list(lines)
    counts = [count(unit.name, (line for line in known if unit.id in line.units)) for unit in view.rules.office.units]
    return [found for found in counts if found.total]


def _said(wording: Wording, found: Outcome, state: State) -> str:
    words = wording.words
    if found == "open":
        return str(words["statuses"][state.status.value])
    return str(words["outcomes"].get(found) or words["verdicts"][found])
