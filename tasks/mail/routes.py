"""Where a mail party can be reached: its addresses in the order they are tried, and the order mailboxes are served in."""

from __future__ import annotations

from dondoc.mail.mail import Address
from dondoc.office.office import Office
from dondoc.office.wording import party_name
from tasks.config.loading import words
from tasks.config.run_context import RunContext


def routes(context: RunContext, recipient: str) -> tuple[Address, ...]:
    """The addresses of a mail party, in the order they are tried.

    A unit's mailbox, then its head's; a head's, then the unit's; a role's own. A unit that has ended is served by its
    successor. Each address once; a party that office.yaml no longer knows has none.
    """
    office = context.rules.office
    kind, _, name = recipient.partition(":")
    shown = party_name(recipient, office, words(context.settings.config))
    if kind == "role":
        role = office.role(name)
        addresses = [role.email if role else None]
    else:
        unit = office.holding(name, context.today)
        both = [unit.email, unit.head_email] if unit else []
        addresses = both if kind == "unit" else both[::-1]
    once: dict[str, str] = {}
    for address in addresses:
        if address:
            once.setdefault(address.lower(), address)
    return tuple(Address(address, shown) for address in once.values())


def turns(office: Office) -> dict[str, int]:
    """Address → its place in the order: the place of the highest party it serves."""
    known = [(unit.email, 0) for unit in office.units]
    known += [(unit.head_email, 1) for unit in office.units if unit.head_email]
    known += [(role.email, 3 if role.id == "tracker" else 2) for role in office.roles if role.email]
    found: dict[str, int] = {}
    for address, turn in known:
        found[address.lower()] = max(turn, found.get(address.lower(), 0))
    return found
