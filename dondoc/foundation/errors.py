"""What can go wrong, grouped by cause. A message is one line that says what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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


class ForbiddenTransitionError(DondocError):
    """An act that the occurrence's present status does not allow."""


class LedgerError(DondocError):
    """An entry that cannot be written in canonical form, or a chain that does not hold."""


class ClockError(DondocError):
    """The clock went backwards: earlier than what the ledger already records."""
