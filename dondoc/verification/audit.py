"""The ledger against Prefect's run history: what any client of Prefect could delete, force or edit, as findings.

Prefect keeps what happened to a run as a list of states that its own engine writes, and lets any client write more.
The ledger says what the run itself recorded. Where the two cannot both be true, that is a finding.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, get_args

from dondoc.ledger.findings import Finding
from dondoc.obligations.decide import FAILING, GRAVITY, Verdict
from dondoc.office.policy import Shape
from dondoc.schedule.own_flows import BY_RECORDED

FINAL = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
# Prefect's own names: its engine or its worker says so when a run fails technically, and that is mailed at once.
# So many runs gone from the beginning are a lost database, not somebody's hand.
HISTORY_LOST = 10
# So many recorded runs beyond the ledger's end are a ledger that is older, not single runs without entries.
LATER_RUNS = 3
TECHNICAL = frozenset({"Failed", "Crashed", "TimedOut", "Cancelled", "Cancelling", "Completed", "Cached", "RolledBack"})
_SHAPES = frozenset(get_args(Shape))


@dataclass(frozen=True, slots=True)
class StateMoment:
    """One state a run was in: Prefect's type (COMPLETED …), its name, since when."""

    type: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PrefectRun:
    """One run as Prefect shows it. `told`: it was given its time; `rehearsal`: it recorded nothing by intent.

    `history` is None where it was not asked for.
    """

    id: str
    name: str
    flow: str
    told: bool
    rehearsal: bool
    type: str
    state: str
    started: datetime | None
    ended: datetime | None
    history: tuple[StateMoment, ...] | None = None


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """What the ledger says of one run: its first and last entry, and the body of its `run.recorded` where it has one."""

    id: str
    first_seq: int
    last_seq: int
    first_at: datetime
    last_at: datetime
    recorded: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class AuditRules:
    """How the comparison is made. `now` is in the office's zone. `tolerance`: how far two clocks may differ.

    `copied` are runs whose history is in the record, `pruned` those that the record says were taken out of Prefect by
    intent. `quiet`: the name of a flow of ours → the states in which a run of it records nothing, by intent.
    `former`: the name of a state → what it was called in earlier versions, whose runs keep that name.
    """

    now: datetime
    tolerance: timedelta
    states: Mapping[str, str]
    verdicts: Mapping[str, str]
    quiet: Mapping[str, frozenset[str]]
    former: Mapping[str, Collection[str]] = field(default_factory=dict)
    copied: Collection[str] = ()
    pruned: Collection[str] = ()


def compare(runs: Mapping[str, PrefectRun], named: Mapping[str, RecordedRun], rules: AuditRules) -> Iterator[Finding]:
    """Every run of the ledger against Prefect, then every run of Prefect against the ledger."""
    yield from _gone(runs, named, rules)
    for entry in sorted(named.values(), key=lambda found: found.first_seq):
        run = runs.get(entry.id)
        if run is not None:
            yield from _state_differs(run, entry, rules)
            yield from _clock(run, entry, rules)
    later = {run.id for run in later_runs(runs.values(), named, rules)}
    if len(later) < LATER_RUNS:
        later.clear()
    else:
        yield older_ledger([runs[run] for run in later], named, rules.now)
    for run in sorted(runs.values(), key=lambda found: (found.started or rules.now, found.id)):
        if run.id not in later and run.id not in named and owes_an_entry(run, rules):
            yield Finding("run_unrecorded", run.id, _shown(run, state=run.state))
        yield from _forced(run, rules.now)


def _gone(runs: Mapping[str, PrefectRun], named: Mapping[str, RecordedRun], rules: AuditRules) -> Iterator[Finding]:
    """Runs that Prefect no longer has. Where everything before a moment is gone, its database is: that is one finding."""
    gone = [entry for entry in named.values() if entry.id not in runs and not _let_go(entry, rules)]
    first_kept = min((entry.first_seq for entry in named.values() if entry.id in runs), default=None)
    lost = [entry for entry in gone if first_kept is None or entry.last_seq < first_kept]
    if len(lost) >= HISTORY_LOST:
        until = max(entry.last_seq for entry in lost)
        yield Finding("history_lost", "", {"number": len(lost), "until": until})
        gone = [entry for entry in gone if entry not in lost]
    for entry in sorted(gone, key=lambda found: found.first_seq):
        yield Finding("run_gone", entry.id, {"entries": _span(entry)})


def later_runs(runs: Iterable[PrefectRun], named: Mapping[str, RecordedRun], rules: AuditRules) -> list[PrefectRun]:
    """Runs that recorded, by what Prefect says, after the ledger's last entry of any run: the ledger is an older copy."""
    last = max((entry.last_at for entry in named.values()), default=None)
    return [
        run
        for run in runs
        if run.id not in named
        and not run.told
        and owes_an_entry(run, rules)
        and run.state not in TECHNICAL  # a state that somebody gave it by hand
        and run.started
        and run.ended
        and (last is None or run.ended > last + rules.tolerance)
    ]


def older_ledger(later: Collection[PrefectRun], named: Mapping[str, RecordedRun], now: datetime) -> Finding:
    """The one finding of a ledger that is older than Prefect's history."""
    last = max((entry.last_seq for entry in named.values()), default=0)
    newest = max(run.ended or now for run in later)
    return Finding("ledger_older", "", {"last": last, "number": len(later), "at": _text(newest, now)})


def _let_go(entry: RecordedRun, rules: AuditRules) -> bool:
    """It was taken out of Prefect by intent, and its history is in the record: anything else that is gone was deleted."""
    return entry.id in rules.pruned and entry.id in rules.copied


def owes_an_entry(run: PrefectRun, rules: AuditRules) -> bool:
    """Whether a run in this state has recorded what it did."""
    return (
        run.type in ("COMPLETED", "FAILED")
        and not run.rehearsal
        and run.state not in rules.quiet.get(run.flow, ())
        and not (run.type == "FAILED" and run.state in TECHNICAL)
    )


def _state_differs(run: PrefectRun, entry: RecordedRun, rules: AuditRules) -> Iterator[Finding]:
    """Prefect's final state is the one that follows from what the run recorded."""
    expected = expected_state(entry.recorded, rules) if entry.recorded else None
    if expected is None or run.type not in FINAL:
        return
    kind, name = expected
    technical = run.state in TECHNICAL and run.type in ("FAILED", "CRASHED", "CANCELLED")
    named = (name, *rules.former.get(name, ()))
    if (run.type != kind or run.state not in named) and not technical:
        yield Finding("run_state_differs", run.id, _shown(run, state=run.state, expected=name, entry=entry.last_seq))


def expected_state(recorded: Mapping[str, Any], rules: AuditRules) -> tuple[str, str] | None:
    """(type, name) of the final state that follows from a `run.recorded` body; None where it does not say."""
    flow = recorded.get("flow")
    own = BY_RECORDED.get(str(flow))
    ends = own.ends if own else "verdicts" if flow in _SHAPES else "by itself"
    if ends == "by itself" or not isinstance(recorded.get("looked_at"), list):
        return None
    if ends == "mails":
        return "COMPLETED", rules.states["posted" if recorded.get("mails_sent") else "swept"]
    try:
        verdicts = [Verdict(found["verdict"]) for found in recorded["looked_at"]]
    except (KeyError, TypeError, ValueError):
        return None
    worst = min(verdicts, key=GRAVITY.__getitem__, default=Verdict.NOTHING_OWED)
    return "FAILED" if worst in FAILING else "COMPLETED", rules.verdicts[worst.value]


def _forced(run: PrefectRun, now: datetime) -> Iterator[Finding]:
    """States that no engine writes: after an end, an end without a start, times that go backwards."""
    history = run.history or ()
    for before, after in itertools.pairwise(history):
        if before.type in FINAL:
            yield Finding(
                "run_forced", run.id, _shown(run, before=before.name, after=after.name, at=_text(after.at, now))
            )
            return
        if after.at < before.at:
            yield Finding("run_times", run.id, _shown(run, before=before.name, after=after.name))
            return
    started = any(moment.type == "RUNNING" for moment in history)
    ended = next((moment for moment in history if moment.type in FINAL), None)
    if ended and not started and not (ended.type in ("FAILED", "CRASHED") and ended.name in TECHNICAL):
        yield Finding("run_never_ran", run.id, _shown(run, state=ended.name, at=_text(ended.at, now)))


def _clock(run: PrefectRun, entry: RecordedRun, rules: AuditRules) -> Iterator[Finding]:
    """A run's entries lie between its start and its end, by the clock of Prefect's server."""
    if run.told or run.started is None:
        return
    latest = (run.ended or rules.now) + rules.tolerance
    if entry.first_at < run.started - rules.tolerance or entry.last_at > latest:
        about = _shown(
            run, entry=entry.first_seq, at=_text(entry.first_at, rules.now), started=_text(run.started, rules.now)
        )
        yield Finding("clock_entry", run.id, about)


def clock_differs(ours: datetime, theirs: datetime | None, tolerance: timedelta) -> Iterator[Finding]:
    """This machine's clock against Prefect's server's."""
    if theirs is not None and abs(ours - theirs) > tolerance:
        yield Finding("clock_server", "", {"ours": _text(ours, ours), "theirs": _text(theirs, ours)})


def ahead(named: Iterable[RecordedRun], now: datetime, tolerance: timedelta) -> Iterator[Finding]:
    """Entries from the future."""
    for entry in named:
        if entry.last_at > now + tolerance:
            yield Finding("clock_ahead", entry.id, {"entry": entry.last_seq, "at": _text(entry.last_at, now)})


def _shown(run: PrefectRun, **more: Any) -> dict[str, Any]:
    return {"run_name": run.name, "flow": run.flow, **more}


def _span(entry: RecordedRun) -> str:
    return f"{entry.first_seq}" if entry.first_seq == entry.last_seq else f"{entry.first_seq}–{entry.last_seq}"


def _text(moment: datetime, now: datetime) -> str:
    """A moment by the clock on the wall, as `now` has it."""
    return f"{moment.astimezone(now.tzinfo):%H:%M:%S %d/%m/%Y}"


def new_and_healed(found: Sequence[Finding], standing: Mapping[str, Finding]) -> tuple[list[Finding], list[Finding]]:
    """What is found now and was not before; and what stood and is no longer found.

    What was done to a run's history, and a witness line that got no stamp, stay found for good: no later look can
    undo them.
    """
    now = {finding.key for finding in found}
    fresh: dict[str, Finding] = {}
    for finding in found:
        if finding.key not in standing:
            fresh.setdefault(finding.key, finding)
    healed = [
        known for key, known in standing.items() if key not in now and not known.code.startswith(("run_", "stamp_"))
    ]
    return list(fresh.values()), healed
