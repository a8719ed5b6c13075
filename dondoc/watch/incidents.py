"""Runs that failed technically → causes: one incident for each, however many runs it took down."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

# What differs between two runs that died of one cause: ids, numbers, a worker's name.
_OWN = re.compile(r"Worker \S+|[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+")


@dataclass(frozen=True, slots=True)
class BrokenRun:
    """A run in a technical state: Prefect's id, its name with its flow's, the state's name, what Prefect says of it."""

    id: str
    name: str
    state: str
    message: str
    since: datetime

    @property
    def key(self) -> tuple[str, str]:
        """What of it is told once: a run that was late and crashes later is told twice."""
        return self.id, self.state


@dataclass(frozen=True, slots=True)
class Cause:
    """Runs in one state for one reason, the earliest first."""

    runs: tuple[BrokenRun, ...]

    @property
    def state(self) -> str:
        """The state they are in."""
        return self.runs[0].state

    @property
    def message(self) -> str:
        """What Prefect says of the first of them."""
        return self.runs[0].message

    @property
    def key(self) -> str:
        """What tells this incident from others, however often it is told."""
        return "|".join(sorted(f"{run.id} {run.state}" for run in self.runs))


def causes(runs: Iterable[BrokenRun], told: Collection[tuple[str, str]]) -> tuple[Cause, ...]:
    """What of `runs` was not told yet, one cause for each state and message; the earliest cause first."""
    found: dict[tuple[str, str], list[BrokenRun]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: (run.since, run.id)):
        if run.key not in told:
            found[run.state, _OWN.sub("…", run.message)].append(run)
    return tuple(sorted((Cause(tuple(some)) for some in found.values()), key=lambda cause: cause.runs[0].since))
