"""Who is told at each step of an escalation: nobody is reported to themselves, nobody twice for the same delay."""

from __future__ import annotations

from collections.abc import Sequence

from dondoc.office.office import Office


def parties_of(office: Office, lead: tuple[str, ...], role: str) -> tuple[str, ...]:
    """The mail parties of a role for a duty that these units lead; () where it has no address."""
    if role == "unit_head":
        return tuple(f"head:{unit}" for unit in office.members(lead) if office.unit(unit).head_email)
    known = office.role(role)
    return (f"role:{role}",) if known and known.email else ()


def told_at(office: Office, lead: tuple[str, ...], steps: Sequence[tuple[str, ...]], number: int) -> tuple[str, ...]:
    """Who is told at step `number` (1-based) of `steps`, each a step's roles: parties whose mailbox no earlier step reached.

    A tracker who heads the lead unit is told as its head; the next step that names somebody else follows.
    """
    reached: set[str] = set()
    found: dict[str, None] = {}
    for roles in steps[:number]:
        reached.update(_mailbox(office, party) for party in found)
        found = dict.fromkeys(party for role in roles for party in parties_of(office, lead, role))
    return tuple(party for party in found if _mailbox(office, party) not in reached)


def _mailbox(office: Office, party: str) -> str:
    return (office.address(party) or party).casefold()
