"""What can go wrong, grouped by cause. A message is one line that says what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dondoc.foundation.refusals import Refusal


class DondocError(Exception):
    """Base: its message is one line that says what is wrong and what to do."""


@dataclass(frozen=True, order=True)
class Fault:
    """One fault of a configuration file: where (file, 1-based line) and what, in one line."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class ConfigurationError(DondocError):
    """Every fault found in the configuration, all at once, one `file:line: message` a line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


class RefusedError(DondocError):
    """Something that a person asked for and can put right; nothing was changed. Its message is the refusal in English."""

    def __init__(self, refusal: Refusal | str, /, **facts: Any) -> None:
        self.refusal = refusal if isinstance(refusal, Refusal) else Refusal(refusal, facts)
        super().__init__(self.refusal.english)


class ForbiddenTransitionError(RefusedError):
    """An act that the occurrence's present status does not allow."""


class LedgerError(DondocError):
    """An entry that cannot be written in canonical form, or a chain that does not hold."""


class ClockError(RefusedError):
    """A time that cannot be: before what the ledger already records, or ahead of the clock."""
