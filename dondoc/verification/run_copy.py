"""One flow run of Prefect as it is kept in the record: canonical JSON, stored by its SHA-256 and named by a ledger entry.

The same run copied twice gives the same bytes: nothing that Prefect changes by itself is in them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dondoc.foundation.canonical import canonical

COPY_FORMAT = 1
MOST_LOGS = 2000
LONGEST_LOG = 10_000  # characters
COPIED, PRUNED = "run.copied", "run.pruned"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copied run: its bytes and what the ledger says of them."""

    run: str
    content: bytes
    states: int
    logs: int
    artifacts: int

    @property
    def sha256(self) -> str:
        """Under which the bytes are stored."""
        return hashlib.sha256(self.content).hexdigest()

    def entry(self) -> dict[str, Any]:
        """This run's part of a `run.copied` entry."""
        return {
            "run": self.run,
            "sha256": self.sha256,
            "size": len(self.content),
            "states": self.states,
            "logs": self.logs,
            "artifacts": self.artifacts,
        }


def copy_of(
    run: Mapping[str, Any],
    states: Sequence[Mapping[str, Any]],
    logs: Sequence[Mapping[str, Any]],
    artifacts: Sequence[Mapping[str, Any]],
) -> Copy:
    """The copy of a run that has ended, under Prefect's own names. At most MOST_LOGS lines of its log are kept; `logs_cut` says whether more were there."""
    kept = [{**line, "message": str(line["message"])[:LONGEST_LOG]} for line in logs[:MOST_LOGS]]
    whole = {
        **run,
        "format": COPY_FORMAT,
        "states": states,
        "logs": kept,
        "logs_cut": len(logs) > MOST_LOGS,
        "artifacts": artifacts,
    }
    return Copy(str(run["id"]), canonical(recordable(whole)), len(states), len(kept), len(artifacts))


def recordable(value: Any) -> Any:
    """`value` with what canonical JSON cannot hold written as text: fractions, times, large integers, broken letters."""
    match value:
        case None | bool():
            return value
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case datetime():
            return value.isoformat()
        case int() if abs(value) < 2**53:
            return value
        case Mapping():
            return {str(recordable(str(key))): recordable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [recordable(inner) for inner in value]
        case float():
            return repr(value)
        case _:
            return str(value)


def copies(lines: Iterable[bytes]) -> dict[str, str]:
    """run id → SHA-256 of its copy, from the ledger's `run.copied` lines."""
    return {found["run"]: found["sha256"] for line in lines for found in json.loads(line)["body"]["runs"]}


def pruned(lines: Iterable[bytes]) -> set[str]:
    """The runs that were let go of, from the ledger's `run.pruned` lines."""
    return {run for line in lines for run in json.loads(line)["body"]["runs"]}
