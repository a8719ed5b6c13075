"""One occurrence walked through its days in memory: looks, acts and deliveries, each recorded as a store would."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from factories import at

from dondoc.ledger.ledger import Draft
from dondoc.obligations.acts import Act, ActName, take
from dondoc.obligations.decide import Decision, Facts, decide
from dondoc.obligations.lifecycle import State, advance, fold


@dataclass
class Duty:
    """An occurrence with its entries so far. Days are ISO texts, at eight in the morning unless said otherwise."""

    facts: Facts
    entries: list[tuple[Draft, date]] = field(default_factory=list)
    delivered: set[tuple[str, str]] = field(default_factory=set)

    @property
    def state(self) -> State:
        """The state after the entries."""
        return self.facts.state

    def look(self, day: str, hour: int = 8) -> Decision:
        """Look at it then, and record what follows."""
        return self._record(at(day, hour), decide(self.facts, at(day, hour)))

    def act(self, day: str, name: ActName, **given: Any) -> Decision:
        """Somebody acts at three in the afternoon. Raises what `take` raises."""
        return self._record(at(day, 15), take(self.facts, Act(name, **given), at(day, 15), "test"))

    def submit(self, day: str, signed: str | None = None) -> Decision:
        """The unit hands in a document."""
        return self.act(day, "submit", document="12/KH-VP", signed=date.fromisoformat(signed or day))

    def deliver(self, day: str, kind: str = "sent", **body: Any) -> None:
        """Every notice still waiting meets that outcome: sent, failed or bounced."""
        for checkpoint, recipient, notice in self.notices():
            if kind == "bounced" or (checkpoint, recipient) not in self.delivered:
                self.delivered.add((checkpoint, recipient))
                about = {"kind": notice, "checkpoint": checkpoint, "recipient": recipient, **body}
                self.note(day, f"notice.{kind}", about)

    def note(self, day: str, kind: str, body: dict[str, Any]) -> None:
        """Record an entry as it is."""
        draft = Draft(kind, self.facts.occurrence.plan, self.facts.occurrence.id, "dondoc", body)
        self._append(at(day).date(), draft, advance(self.state, draft, at(day).date()))

    def notices(self, kind: str | None = None) -> list[tuple[str, str, str]]:
        """(checkpoint, recipient, kind of notice) of everything queued so far, in order."""
        return [
            (draft.body["checkpoint"], recipient, draft.body["kind"])
            for draft, _ in self.entries
            if draft.kind == "notice.queued" and kind in (None, draft.body["kind"])
            for recipient in draft.body["recipients"]
        ]

    def with_facts(self, **changes: Any) -> Duty:
        """The same duty once something around it has changed (its predecessor is done, its event came)."""
        self.facts = replace(self.facts, **changes)
        return self

    def _record(self, now: datetime, decision: Decision) -> Decision:
        day = now.date()
        state = self.state
        for draft in decision.entries:
            state = advance(state, draft, day)
            self._append(day, draft, state)
        assert self.state == decision.state
        if decision.entries:  # most looks say nothing
            assert self.state == fold(self.facts.occurrence, self.entries)
        return decision

    def _append(self, day: date, draft: Draft, state: State) -> None:
        self.entries.append((draft, day))
        self.facts = replace(self.facts, state=state)


def said(decision: Decision) -> list[str]:
    """What a decision comes to, short: `opened`, `assign assign`, `remind remind-5`, `withheld done` …"""
    found = []
    for draft in decision.entries:
        kind = draft.kind.split(".")[1]
        if draft.kind == "notice.queued":
            kind = f"{draft.body['kind']} {draft.body['checkpoint']}"
        elif "reason" in draft.body and draft.kind != "occurrence.returned":
            kind = f"{kind} {draft.body['reason']}"
        found.append(kind)
    return found
