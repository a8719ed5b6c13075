"""Addresses the local mailbox refuses, so that a demonstration has bounces: read from a small YAML or JSON file.

- address: tccb@vpub.quangngai.example     # refused from the first to the last day, by the mail's own Date
  from: 2024-03-01
  to: 2024-04-15
- address: gone@vpub.quangngai.example     # without days: refused always, at RCPT
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from dondoc.foundation.errors import DondocError

_KEYS = {"address", "from", "to"}


class RefusalsError(DondocError):
    """The file of refusals cannot be read as one."""


@dataclass(frozen=True, slots=True)
class BounceRule:
    """One address and the days, both included, on which it is refused; None is open-ended."""

    address: str
    first: date | None = None
    last: date | None = None

    @property
    def always(self) -> bool:
        """Refused whatever the mail says, so already at RCPT."""
        return self.first is None and self.last is None

    def covers(self, day: date) -> bool:
        """Whether a mail dated `day` is refused."""
        return (self.first or date.min) <= day <= (self.last or date.max)


def read_refusals(path: Path | None) -> dict[str, tuple[BounceRule, ...]]:
    """Refusals by lower-case address; a file that is not there yet refuses nobody. Raises RefusalsError."""
    if path is None or not path.exists():
        return {}
    try:
        rows = yaml.safe_load(path.read_text("utf-8")) or []
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RefusalsError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(rows, list):
        raise RefusalsError(f"{path} must be a list of {{address, from, to}}")
    refusals: dict[str, tuple[BounceRule, ...]] = {}
    for number, row in enumerate(rows, 1):
        refusal = _refusal(f"{path}, row {number}", row)
        refusals[refusal.address] = (*refusals.get(refusal.address, ()), refusal)
    return refusals


def _refusal(where: str, row: object) -> BounceRule:
    if not isinstance(row, dict) or not isinstance(row.get("address"), str) or set(row) - _KEYS:
        raise RefusalsError(f"{where} must have an address, and nothing beside it but from and to")
    return BounceRule(row["address"].lower(), _day(where, row.get("from")), _day(where, row.get("to")))


def _day(where: str, value: object) -> date | None:
    if value is None or type(value) is date:  # a datetime is a date too, and is not meant
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise RefusalsError(f"{where}: {value!a} is not a day; write it as 2024-03-01") from error
