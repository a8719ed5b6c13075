"""One notice as the outbox knows it, and the letterhead that the mails of a morning share: plain values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from dondoc.calendar.working_days import Calendar
from dondoc.ledger.ledger import Head
from dondoc.mail.mail import Address
from dondoc.obligations.decide import NoticeKind
from dondoc.obligations.lifecycle import State
from dondoc.obligations.timing import Occurrence
from dondoc.office.office import Office
from dondoc.office.policy import Policy
from dondoc.plan.plan import Item, Obligation

_STEP = re.compile(r"escalate-(\d+)")


@dataclass(frozen=True, slots=True)
class Notice:
    """One message owed to one recipient about one checkpoint: one outbox row with what a template may say.

    `key` is occurrence|checkpoint|recipient. `recipient` is a mail party: "unit:hcqt", "head:hcqt",
    "role:tracker". `coordinating`: the recipient coordinates, does not lead. `body` holds the facts of the
    ledger entry that caused it.
    """

    key: str
    kind: NoticeKind
    checkpoint: str
    recipient: str
    occurrence: Occurrence
    item: Item
    obligation: Obligation
    state: State
    coordinating: bool
    body: Mapping[str, Any]

    @property
    def due(self) -> date | None:
        """The due date as it stands."""
        return self.state.due or self.occurrence.due

    @property
    def audience(self) -> str:
        """What the recipient is to the duty: lead, coordinating, head, tracker or leader."""
        scope, _, name = self.recipient.partition(":")
        if scope == "unit":
            return "coordinating" if self.coordinating else "lead"
        return "head" if scope == "head" else "tracker" if name == "tracker" else "leader"

    @property
    def step(self) -> int | None:
        """The step of an escalation, from its checkpoint (escalate-2, escalate-2~1)."""
        found = _STEP.match(self.checkpoint)
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every mail of one morning shares. `link` makes a notice's link; None: no portal, so no link. `head`: printed for the tracker.

    `reply` makes a notice's own address for answers by mail; None: they cannot be answered so.
    """

    office: Office
    sender: Address
    domain: str
    plan_titles: Mapping[str, str]
    link: Callable[[Notice], str] | None
    head: Head | None
    policy: Policy
    calendar: Calendar
    reply: Callable[[Notice], str | None] | None = None
