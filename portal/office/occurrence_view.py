"""One occurrence with everything the ledger says of it, read in one snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from dondoc.ledger.ledger import Head
from dondoc.obligations.act_table import OFFICE_DECIDES, ActName
from dondoc.obligations.actors import decides_own
from dondoc.obligations.acts import possible
from dondoc.obligations.checkpoints import Checkpoint
from dondoc.obligations.decide import Facts
from dondoc.obligations.decision_input import planned
from dondoc.obligations.extension import extension_span
from dondoc.obligations.lifecycle import ENDS, revised
from dondoc.obligations.member_tally import MemberTally, member_tallies, shared
from dondoc.obligations.snapshot import Tracked
from dondoc.office.wording import Wording, short_day
from portal.office.status_marks import TONE, Mark, Tone, mark_of
from portal.shell.page_context import PageContext
from tasks.obligations.history import HistoryEntry, history_entry
from tasks.store import tables
from tasks.store.answers import entries_about
from tasks.store.occurrences import facts_of, tracked_row, tracked_rows
from tasks.store.plans import adopted


@dataclass(frozen=True, slots=True)
class Dossier:
    """An occurrence's page. `last_seq` is its latest entry; `unsent` are notices not yet taken by a server."""

    facts: Facts
    plan_title: str
    last_seq: int
    head: Head
    at: datetime
    today: date
    events: tuple[HistoryEntry, ...]
    unsent: tuple[tuple[str, str, str], ...]
    coming: tuple[Checkpoint, ...]
    tally: MemberTally | None = None

    @property
    def mark(self) -> Mark:
        """As on the board."""
        return mark_of(self.facts.state, self.today, self.facts.calendar)

    @property
    def tone(self) -> Tone:
        """As on the board."""
        return TONE[self.mark]

    def own_of(self, party: str) -> bool:
        """Whether a lead unit's mailbox, or its head's, is that party's."""
        return decides_own(self.facts, party)

    def decides_own(self, actor: str) -> bool:
        """Whether that actor would decide on their own unit's work."""
        return decides_own(self.facts, actor)

    @property
    def possible(self) -> tuple[ActName, ...]:
        """What the office can decide now."""
        return possible(self.facts, self.today, OFFICE_DECIDES)


def days_of(found: Dossier) -> dict[str, str]:
    """The days that the labels of the forms name: the present due date, and the first and last of a new one."""
    span = extension_span(found.facts, found.today)
    days = {"due": found.facts.state.due, "first": span.first if span else None, "last": span.last if span else None}
    return {name: short_day(day) for name, day in days.items()}


def dossier(context: PageContext, occurrence: str, wording: Wording, now: datetime) -> Dossier:
    """The page of that occurrence. Raises UnknownOccurrenceError."""
    rules, ledger, n = context.rules, tables.ledger, tables.notice
    with context.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        current = tracked_row(connection, occurrence)
        plan = adopted(connection, current.occurrence.plan)
        found = facts_of(connection, rules, plan, current)
        entries = entries_about(connection, occurrence)
        waiting = (
            sa.select(n.c.kind, n.c.recipient, tables.mail.c.reply)
            .outerjoin(tables.mail, n.c.mail == tables.mail.c.id)
            .where(n.c.occurrence == occurrence, n.c.status.in_(("queued", "mailed")))
            .order_by(n.c.seq, n.c.key)
        )
        unsent = tuple((kind, wording.party(to), reply or "") for kind, to, reply in connection.execute(waiting))
        top = connection.execute(
            sa.select(ledger.c.seq, ledger.c.hash, ledger.c.at).order_by(ledger.c.seq.desc()).limit(1)
        ).one()
        last_seq = _last_seq(connection, occurrence)
        tally = _tally(connection, current)
    state = found.state
    points = () if state.status in ENDS else planned(found, state)
    return Dossier(
        found,
        plan.title,
        last_seq,
        Head(top.seq, top.hash),
        datetime.fromisoformat(top.at).astimezone(rules.policy.zone),
        now.date(),
        tuple(history_entry(entry, wording, rules.policy.zone) for entry in entries),
        unsent,
        tuple(p for p in points if p.at(rules.policy) > now and revised(p.key, state) not in state.settled),
        tally,
    )


def _tally(connection: sa.Connection, current: Tracked) -> MemberTally | None:
    """How many of the units that owe the same have done so; None where it is owed together."""
    if current.occurrence.unit is None:
        return None
    others = tracked_rows(connection, current.occurrence.plan, current.occurrence.item)
    return member_tallies((o.occurrence, o.state) for o in others).get(shared(current.occurrence.id))


def _last_seq(connection: sa.Connection, occurrence: str) -> int:
    o = tables.occurrence
    return connection.scalar(sa.select(o.c.last_seq).where(o.c.id == occurrence)) or 0


def last_seq(context: PageContext, occurrence: str) -> int:
    """The number of its latest entry, 0 when there is no such occurrence."""
    with context.engine.connect() as connection:
        return _last_seq(connection, occurrence)
