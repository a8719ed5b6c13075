"""Standing in for somebody who is absent: from one day to another, recorded with a reason, ending by itself.

Both are mail parties ("role:tracker", "head:hcqt", "role:deputy"). During the days of a delegation the stand-in is told
what the absent one is told, and may do what that one may; every entry of such an act names both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dondoc.foundation.errors import DondocError
from dondoc.foundation.text import written
from dondoc.ledger.ledger import SYSTEM, Draft
from dondoc.office.office import Office

_LONGEST = 1000
_NEVER = frozenset({"role:operator", "role:auditor"})

# Who may name a stand-in for whom: oneself, and whoever stands below in the office's order; a unit's head does not sign in,
# so those who follow the plan name theirs. Nobody names himself: what a stand-in may do is given, never taken.
NAMED_BY: Mapping[str, frozenset[str]] = {
    "role:tracker": frozenset({"role:tracker", "role:head"}),
    "role:deputy": frozenset({"role:deputy", "role:head"}),
    "role:head": frozenset({"role:head"}),
    "head": frozenset({"role:tracker", "role:deputy", "role:head"}),
}


class DelegationError(DondocError):
    """A delegation that cannot be recorded as given: `fault` says which of its parts is wrong."""

    def __init__(self, fault: str, message: str) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Delegation:
    """`stand_in` for `absent` from `first` to `last`, both included. `seq` is its ledger entry, 0 before it has one."""

    absent: str
    stand_in: str
    first: date
    last: date
    reason: str
    seq: int = 0

    def holds(self, today: date) -> bool:
        """Whether it is in force on that day of the office's calendar."""
        return self.first <= today <= self.last


def stands_for(delegations: Iterable[Delegation], party: str, today: date) -> tuple[str, ...]:
    """The absent parties for whom `party` stands in today. Standing in is not handed on."""
    return tuple(d.absent for d in delegations if d.stand_in == party and d.holds(today))


def with_stand_ins(recipients: Iterable[str], delegations: Iterable[Delegation], today: date) -> tuple[str, ...]:
    """`recipients`, and after them whoever stands in for one of them today; each once."""
    told = tuple(recipients)
    return tuple(dict.fromkeys((*told, *(d.stand_in for d in delegations if d.absent in told and d.holds(today)))))


def may_delegate(party: str) -> bool:
    """Whether a mail party is a person who may be absent or stand in: a unit's mailbox has several readers, and who
    runs or audits the system decides nothing in it.
    """
    return party.startswith(("role:", "head:")) and party not in _NEVER


def may_name(actor: str, absent: str) -> bool:
    """Whether `actor` (a role, as the ledger names it) may say who stands in for `absent`."""
    return actor in NAMED_BY.get("head" if absent.startswith("head:") else absent, frozenset())


def recorded(
    wanted: Delegation,
    known: Iterable[Delegation],
    office: Office,
    today: date,
    actor: str,
    told: Sequence[Mapping[str, Any]] = (),
) -> Draft:
    """The entry of a new delegation beside those in force or to come. Raises DelegationError.

    `told` are the mails by which the others learned of it before: whom, the Message-ID and the SHA-256 of each.
    """
    if not office.address(wanted.absent) or not may_delegate(wanted.absent):
        raise DelegationError("absent", f"office.yaml gives {wanted.absent!r} no address; name a role or a unit's head")
    stand_in = office.address(wanted.stand_in)
    if not stand_in or not may_delegate(wanted.stand_in):
        raise DelegationError(
            "stand_in", f"office.yaml gives {wanted.stand_in!r} no address; name somebody who has one"
        )
    if stand_in.casefold() == (office.address(wanted.absent) or "").casefold():
        raise DelegationError(
            "same", "the stand-in reads the same mailbox as the one who is absent; name somebody else"
        )
    if not may_name(actor, wanted.absent):
        raise DelegationError("named", f"{actor} may not say who stands in for {wanted.absent}; they or a superior may")
    if stand_in.casefold() == (office.address(actor) or "").casefold():
        raise DelegationError("oneself", "nobody names himself; somebody else who may name has to do it")
    if wanted.last < wanted.first:
        raise DelegationError("days", "the last day lies before the first; correct the days")
    if wanted.last < today:
        raise DelegationError("past", "these days are over; give days that are not")
    reason = written(wanted.reason, lines=True)
    if len(reason) > _LONGEST:
        raise DelegationError("long", f"the reason is {len(reason)} characters long; shorten it to {_LONGEST}")
    if not reason:
        raise DelegationError("reason", "say why: give a reason")
    for other in known:
        if other.absent == wanted.absent and other.first <= wanted.last and wanted.first <= other.last:
            raise DelegationError("overlap", f"{other.stand_in} stands in on some of these days; revoke that first")
    body = {
        "absent": wanted.absent,
        "stand_in": wanted.stand_in,
        "first": wanted.first.isoformat(),
        "last": wanted.last.isoformat(),
        "reason": reason,
        **({"told": [dict(one) for one in told]} if told else {}),
    }
    return Draft("delegation.recorded", SYSTEM, None, actor, body)


def revoked(found: Delegation, actor: str) -> Draft:
    """The entry that ends a delegation now."""
    body = {"delegation": found.seq, "absent": found.absent, "stand_in": found.stand_in}
    return Draft("delegation.revoked", SYSTEM, None, actor, body)
