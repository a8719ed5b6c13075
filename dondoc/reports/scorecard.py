"""The scorecard of each unit: how its occurrences ended, how quickly it answered, its score; every number with its proof.

A figure is a list of proofs, and its number is their count: an occurrence and the ledger entries (seq) it was
counted from. An occurrence belongs to the quarter of its present due date; one with several lead units counts for
each of them, and once for the office. `registered`: the entry that put each into the register. Points and grades are policy; arithmetic is exact. Response times are working
days, from the day the occurrence opened (was assigned) to the first acknowledgement and the first submission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from statistics import median
from typing import Any, Literal, get_args

from dondoc.calendar.working_days import Calendar
from dondoc.obligations.lifecycle import State
from dondoc.obligations.outcomes import Outcome, outcome
from dondoc.obligations.snapshot import Tracked
from dondoc.office.office import Office
from dondoc.office.policy import Scoring
from dondoc.office.rules import Rules

CardRole = Literal["lead", "coordinating"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
RESPONSES = ("acknowledged", "submitted")
FIGURES: tuple[str, ...] = (*OUTCOMES, "returned", "extended", *RESPONSES)

# The entries that decide each outcome: the last of each of these kinds.
_DECIDED_BY: Mapping[Outcome, tuple[str, ...]] = {
    **dict.fromkeys(("on_time", "late"), ("occurrence.submitted", "occurrence.accepted")),
    **dict.fromkeys(
        ("extended_on_time", "extended_late"),
        ("occurrence.extended", "occurrence.submitted", "occurrence.accepted"),
    ),
    "waived": ("occurrence.waived",),
    "superseded": ("occurrence.superseded",),
    "missed": ("occurrence.missed",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trace:
    """One ledger entry about an occurrence: its number, kind and the office's day."""

    seq: int
    kind: str
    day: date


@dataclass(frozen=True, slots=True)
class Proof:
    """One occurrence in a figure, with the entries that say so; `days` where the figure is a time."""

    occurrence: str
    seqs: tuple[int, ...]
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One unit's figures in one role (the office's under unit ""). `score` is None where nothing is decided yet."""

    unit: str
    role: CardRole
    figures: Mapping[str, tuple[Proof, ...]]
    score: Fraction | None
    grade: str

    def number(self, figure: str) -> int:
        """How many."""
        return len(self.figures[figure])

    @property
    def expected(self) -> int:
        """How many occurrences it is counted over."""
        return sum(len(self.figures[name]) for name in OUTCOMES)

    def median(self, response: str) -> Fraction | None:
        """The middle of its response times, in working days; None without any."""
        days = [Fraction(proof.days or 0) for proof in self.figures[response]]
        return median(days) if days else None

    def longest(self, response: str) -> int | None:
        """The longest of them."""
        return max((proof.days or 0 for proof in self.figures[response]), default=None)


def quarter_of(state: State) -> int:
    """The quarter of the present due date; 0 without one."""
    return (state.due.month + 2) // 3 if state.due else 0


def scorecards(
    tracked: Iterable[Tracked],
    traces: Mapping[str, Sequence[Trace]],
    registered: Mapping[str, int],
    rules: Rules,
    today: date,
    quarter: int | None = None,
) -> tuple[Card, ...]:
    """The office's card, then each unit's as lead, then each unit's as coordinating. `quarter` None: the year."""
    within = [each for each in tracked if quarter is None or quarter_of(each.state) == quarter]
    scoring, calendar = rules.policy.scoring, rules.calendar

    def card(unit: str, role: CardRole) -> Card:
        mine = within if not unit else [each for each in within if unit in _parties(rules.office, each, role)]
        return _card(unit, role, mine, traces, registered, scoring, calendar, today)

    units = [unit.id for unit in rules.office.units]
    found = (card("", "lead"), *(card(u, "lead") for u in units), *(card(u, "coordinating") for u in units))
    return tuple(each for each in found if each.expected or not each.unit)


def _parties(office: Office, each: Tracked, role: CardRole) -> tuple[str, ...]:
    lead = office.members(each.obligation.lead)
    if role == "lead":
        return lead
    return tuple(unit for unit in office.members(each.obligation.coordinating) if unit not in lead)


def _card(
    unit: str,
    role: CardRole,
    mine: Sequence[Tracked],
    traces: Mapping[str, Sequence[Trace]],
    registered: Mapping[str, int],
    scoring: Scoring,
    calendar: Calendar,
    today: date,
) -> Card:
    figures: dict[str, list[Proof]] = {name: [] for name in FIGURES}
    points: list[Fraction] = []
    for each in mine:
        key, ended = each.occurrence.id, outcome(each.state, today)
        own = traces.get(key, ())
        figures[ended].append(Proof(key, _deciding(ended, own) or (registered[key],)))
        if role != "lead":  # returns, extensions and answers are the lead's
            continue
        for name, kind in (("returned", "occurrence.returned"), ("extended", "occurrence.extended")):
            figures[name] += [Proof(key, (trace.seq,)) for trace in own if trace.kind == kind]
        for name in RESPONSES:
            figures[name] += _response(key, name, own, calendar)
        points += _points(each.state, ended, scoring)
    score = sum(points, Fraction()) / len(points) if points else None
    grade = next((g.name for g in scoring.grades if score is not None and score >= g.at_least), "")
    return Card(unit, role, {name: tuple(found) for name, found in figures.items()}, score, grade)


def _deciding(ended: Outcome, own: Sequence[Trace]) -> tuple[int, ...]:
    """The last entry of each kind that decides; for what still runs, the entry that says where it stands."""
    kinds = _DECIDED_BY.get(ended)
    if kinds is None:
        standing = [trace.seq for trace in own if trace.kind.startswith("occurrence.")]
        return (standing[-1],) if standing else ()
    return tuple(max(trace.seq for trace in own if trace.kind == kind) for kind in kinds)


def _response(key: str, name: str, own: Sequence[Trace], calendar: Calendar) -> list[Proof]:
    """Working days from opening to the first answer of that kind; none where it was answered before it opened."""
    opened = next((trace for trace in own if trace.kind == "occurrence.opened"), None)
    answered = next((trace for trace in own if trace.kind == f"occurrence.{name}"), None)
    if opened is None or answered is None or answered.seq < opened.seq:
        return []
    return [Proof(key, (opened.seq, answered.seq), calendar.between(opened.day, answered.day))]


def _points(state: State, ended: Outcome, scoring: Scoring) -> list[Fraction]:
    full: Any = scoring.points
    if ended not in full:
        return []
    return [Fraction(max(0, full[ended] - scoring.off_for_return * state.returns))]
