"""What a mail address may do: the roles that office.yaml gives it, and those it stands in for today."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from dondoc.office.delegation import Delegation, stands_for
from dondoc.office.office import Office
from portal.shell.permissions import ROLES


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """`own` and `stands_for` are roles with their titles; `party` is the mail party that stands in, `title` its name."""

    own: dict[str, str] = field(default_factory=dict)
    stands_for: dict[str, str] = field(default_factory=dict)
    party: str = ""
    title: str = ""

    @property
    def roles(self) -> frozenset[str]:
        """Both kinds."""
        return frozenset((*self.own, *self.stands_for))


def known_by(address: str, office: Office, standing_in: Callable[[], Iterable[Delegation]], today: date) -> KnownPerson:
    """What that address may do on that day. `standing_in` is asked only for an address that office.yaml knows."""
    wanted = address.strip().casefold()
    parties = [party for party in office.parties() if (office.address(party) or "").casefold() == wanted]
    if not parties:
        return KnownPerson()
    roles: dict[str, str] = {role.id: role.title for role in office.roles if role.id in ROLES}
    own = {role: title for role, title in roles.items() if f"role:{role}" in parties}
    known = tuple(standing_in())
    for party in parties:
        absent = {name.removeprefix("role:") for name in stands_for(known, party, today)}
        if not absent.isdisjoint(roles):
            instead = {role: title for role, title in roles.items() if role in absent}
            return KnownPerson(own, instead, party, _title(own, office, party))
    return KnownPerson(own, {}, parties[0], _title(own, office, parties[0]))


def _title(own: dict[str, str], office: Office, party: str) -> str:
    return ", ".join(own.values()) or office.name_of(party.partition(":")[2])
