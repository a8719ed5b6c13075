"""Who had which power when, folded from the ledger alone: standing in for somebody, and sessions that were ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dondoc.ledger.findings import Finding
from dondoc.obligations.actors import parts


@dataclass(slots=True)
class RecordedDelegation:
    """One delegation as its entries say it."""

    absent: str
    stand_in: str
    first: date
    last: date
    reason: str
    revoked_seq: int | None = None


@dataclass(slots=True)
class Authority:
    """Delegations by their entry; the ended sessions (hashed names) with their time; when one was ended last."""

    delegations: dict[int, RecordedDelegation] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    last_ended_at: str = ""

    def take(self, entry: dict[str, Any], day: date | None) -> Iterator[Finding]:
        """Fold one verified entry; `day` is its day in the office, None where no plan says the zone.

        An act under two names without a delegation in force then was nobody's to do.
        """
        kind, body, seq = entry["kind"], entry["body"], entry["seq"]
        if kind == "delegation.recorded":
            days = date.fromisoformat(body["first"]), date.fromisoformat(body["last"])
            self.delegations[seq] = RecordedDelegation(body["absent"], body["stand_in"], *days, body["reason"])
        elif kind == "delegation.revoked":
            self.delegations[body["delegation"]].revoked_seq = seq
        elif kind == "session.ended":
            self.ended[body["session_sha256"]] = body["until"]
            self.last_ended_at = entry["at"]
        elif kind.startswith("occurrence.") and day is not None:
            who, party = parts(entry["actor"])
            if party and not who.startswith("operator:") and not self._holds(who, party, day):
                yield Finding("acted_without_delegation", entry["occurrence"], {"who": who, "absent": party}, seq)

    def _holds(self, who: str, party: str, day: date) -> bool:
        return any(
            one.stand_in == who and one.absent == party and one.first <= day <= one.last and one.revoked_seq is None
            for one in self.delegations.values()
        )
