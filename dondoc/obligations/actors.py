"""Who acts: an actor of the ledger taken apart, and whether they decide on their own unit's work."""

from __future__ import annotations

from dondoc.obligations.decision_input import Facts

_FOR = " for "


def on_behalf(actor: str, party: str) -> str:
    """The actor of an act that `actor` does for `party`: the entry names both."""
    return f"{actor}{_FOR}{party}"


def parts(actor: str) -> tuple[str, str]:
    """Who acts, and for whom ("" for themselves): "role:deputy for role:tracker", "operator:Lan for unit:hcqt"."""
    who, _, party = actor.partition(_FOR)
    return who, party


def decides_own(facts: Facts, actor: str) -> bool:
    """Whether the person who decides reads the mailbox of a lead unit or of its head.

    Who stands in for another decides in person; who types in a decision for another does not.
    """
    who, party = parts(actor)
    decider = party if who.startswith("operator:") else who
    return not facts.office.own_units(decider).isdisjoint(facts.office.members(facts.obligation.lead))
