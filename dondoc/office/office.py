"""The office: its units, groups and roles, each with a mailbox, and how a printed name finds them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from difflib import get_close_matches
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dondoc.calendar.working_days import known_country
from dondoc.foundation.names import named
from dondoc.foundation.schema_faults import validated
from dondoc.foundation.yaml_positions import Located

DEFAULT_LANGUAGE = "vi"

_ADDRESS = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,190}")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _address(value: str | None) -> str | None:
    if value is not None and not _ADDRESS.fullmatch(value):
        raise ValueError(f"{value!r} is not a plain mail address like hcqt@vanphong.example")
    return value


def _one_line(value: str) -> str:
    if any(ord(c) < 32 or c in "\x7f\x85\u2028\u2029" for c in value):
        raise ValueError(f"{value!r} holds a line break or control character; write it on one line")
    return value


def _folded(name: str) -> str:
    """A name as printed, however its marks are composed, spaced and cased: what may not stand for two parties."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


class Unit(_Frozen):
    """A unit of the office. `valid_from`/`valid_to` (both included) and `successor` follow reorganisations.

    `head_title` is how documents call whoever heads it.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    name: str
    short: str = ""
    variants: tuple[str, ...] = ()
    email: str
    head_email: str | None = None
    head_title: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str | None = None

    _check_addresses = field_validator("email", "head_email")(_address)
    _check_name = field_validator("name", "short", "head_title")(_one_line)


class Group(_Frozen):
    """Units that the plan names together."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    name: str
    variants: tuple[str, ...] = ()
    members: tuple[str, ...] = Field(min_length=1)

    _check_name = field_validator("name")(_one_line)


class Role(_Frozen):
    """A role outside the units: tracker, deputy, head, operator, auditor. Without an address it is skipped.

    `person` stands under the role's signature on documents, nowhere else.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    person: str = ""
    email: str | None = None

    _check_address = field_validator("email")(_address)
    _check_title = field_validator("title", "person")(_one_line)


class Body(_Frozen):
    """A body outside the office that plans name and that a reorganisation changed: what to ask of the next plan.

    `last_year` is the last plan year in which its name holds all year.
    """

    name: str
    variants: tuple[str, ...] = ()
    last_year: int = Field(ge=1945, le=2200)
    became: str
    source: str = ""

    _check_name = field_validator("name", "became")(_one_line)


class Office(_Frozen):
    """Everybody a plan may name. `language` is that of what people read: a folder of config/words."""

    office: str
    country: str = "VN"
    language: str = Field(default=DEFAULT_LANGUAGE, pattern=r"^[a-z]{2,3}(-[a-z0-9]{2,8})*$")
    units: tuple[Unit, ...]
    groups: tuple[Group, ...] = ()
    roles: tuple[Role, ...] = ()
    bodies: tuple[Body, ...] = ()

    def unit(self, unit_id: str) -> Unit:
        """The unit of that id. Raises KeyError."""
        return {unit.id: unit for unit in self.units}[unit_id]

    def holding(self, unit_id: str, day: date) -> Unit | None:
        """The unit that answers for that one on `day`: itself, or its successor's successor; None if there is none."""
        units = {unit.id: unit for unit in self.units}
        seen: set[str] = set()
        found = units.get(unit_id)
        while found and found.valid_to and found.valid_to < day:
            if found.successor is None or found.id in seen:
                return None
            seen.add(found.id)
            found = units.get(found.successor)
        return found

    def role(self, role_id: str) -> Role | None:
        """The role of that id, or None."""
        return next((role for role in self.roles if role.id == role_id), None)

    def address(self, party: str) -> str | None:
        """The mailbox of a mail party ("unit:hcqt", "head:hcqt", "role:tracker"); None where it has none."""
        scope, _, name = party.partition(":")
        if scope == "role":
            role = self.role(name)
            return role.email if role else None
        unit = next((unit for unit in self.units if unit.id == name), None)
        if unit is None or scope not in ("unit", "head"):
            return None
        return unit.email if scope == "unit" else unit.head_email

    def parties(self) -> tuple[str, ...]:
        """Every mail party that has a mailbox: roles, heads of units, units."""
        roles = [f"role:{role.id}" for role in self.roles if role.email]
        heads = [f"head:{unit.id}" for unit in self.units if unit.head_email]
        return (*roles, *heads, *(f"unit:{unit.id}" for unit in self.units))

    def own_units(self, party: str) -> frozenset[str]:
        """The units whose own mailbox, or whose head's, is that party's: the head of a unit may hold a role as well."""
        address = (self.address(party) or "").casefold()
        return frozenset(
            unit.id
            for unit in self.units
            if address and address in (unit.email.casefold(), (unit.head_email or "").casefold())
        )

    def name_of(self, party: str) -> str:
        """The name of a unit or group, the title of a role; the id itself if unknown."""
        names = {known.id: known.title for known in self.roles}
        names |= {known.id: known.name for known in self.groups} | {known.id: known.name for known in self.units}
        return names.get(party, party)

    def unit_name(self, unit: str) -> str:
        """The short name of a unit of the office, else its name; a body outside goes by the name it was given."""
        found = next((known for known in self.units if known.id == unit), None)
        return (found.short or found.name) if found else unit

    def members(self, parties: tuple[str, ...]) -> tuple[str, ...]:
        """Unit ids of those units and groups, in order, each once."""
        groups = {group.id: group.members for group in self.groups}
        return tuple(dict.fromkeys(unit for party in parties for unit in groups.get(party, (party,))))

    def find(self, name: str) -> str | None:
        """The id of the unit or group of that id, name, short name or printed variant, however spelt (foundation.names).

        None if there is none, or if the name may mean two.
        """
        return self._by_name.get(_folded(name)) or named(name, self._called)

    def find_role(self, name: str) -> str | None:
        """The id of the role of that id or title, however spelt; None if there is none, or if it may be two."""
        return named(name, [(text, role.id) for role in self.roles for text in (role.id, role.title)])

    def find_body(self, name: str) -> str | None:
        """The name by which a body outside the office is known, however spelt; None if it is none of them."""
        return named(name, [(text, body.name) for body in self.bodies for text in (body.name, *body.variants)])

    def suggest(self, name: str) -> str | None:
        """The id nearest in spelling to `name`, for an error message; None if nothing is near."""
        known = self._by_name
        near = get_close_matches(_folded(name), list(known), n=1, cutoff=0.6)
        return known[near[0]] if near else None

    @cached_property
    def _by_name(self) -> dict[str, str]:
        parties: tuple[Unit | Group, ...] = (*self.units, *self.groups)
        return {_folded(name): party.id for party in parties for name in (party.id, party.name, *party.variants)}

    @cached_property
    def _called(self) -> tuple[tuple[str, str], ...]:
        called = [(unit.short, unit.id) for unit in self.units if unit.short]
        parties: tuple[Unit | Group, ...] = (*self.units, *self.groups)
        called += [(name, party.id) for party in parties for name in (party.id, party.name, *party.variants)]
        return tuple(called)


def read_office(located: Located) -> Office:
    """The office of a parsed office.yaml. Raises ConfigurationError with every fault."""
    office = validated(Office, located)
    if not known_country(office.country):
        located.fault(("country",), f"no holidays of {office.country!r} are known; write the country's ISO code, as VN")
    seen: set[str] = set()
    for section in ("units", "groups", "roles"):
        for i, party in enumerate(getattr(office, section)):
            if party.id in seen:
                located.fault((section, i, "id"), f"the id {party.id!r} is used twice; ids are unique in the file")
            seen.add(party.id)
    _check_names(office, located)
    units = {unit.id for unit in office.units}
    for i, group in enumerate(office.groups):
        for j, member in enumerate(group.members):
            if member not in units:
                located.fault(("groups", i, "members", j), f"no unit has the id {member!r}")
    for i, unit in enumerate(office.units):
        if unit.successor and unit.successor not in units:
            located.fault(("units", i, "successor"), f"no unit has the id {unit.successor!r}")
    located.check()
    return office


def _check_names(office: Office, located: Located) -> None:
    """A printed name finds one party only: which one it means is not ours to guess."""
    owner: dict[str, str] = {}
    for section in ("units", "groups"):
        for i, party in enumerate(getattr(office, section)):
            for name in (party.id, party.name, *party.variants):
                first = owner.setdefault(_folded(name), party.id)
                if first != party.id:
                    located.fault((section, i), f"{name!r} names both {first!r} and {party.id!r}; keep it for one")
