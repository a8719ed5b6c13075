"""A plan as it stood at one entry of the ledger: one reading that every output is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dondoc.ledger.ledger import Head
from dondoc.obligations.state import State
from dondoc.obligations.timing import Occurrence
from dondoc.plan.plan import Item, Obligation, Plan


@dataclass(frozen=True, slots=True)
class Tracked:
    """A registered occurrence, its state, and the item and obligation of the plan's version it stands under."""

    occurrence: Occurrence
    state: State
    item: Item
    obligation: Obligation


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A plan at the entry `head`, written at `at`. What is overdue is judged on the day of `moment`.

    Both moments are in the office's zone. `plan` is the version in force then.
    """

    plan: Plan
    head: Head
    at: datetime
    moment: datetime
    tracked: tuple[Tracked, ...]

    @property
    def day(self) -> date:
        """The office's calendar day that everything is judged on."""
        return self.moment.date()
