"""How many of the units that each owe a result of their own have done so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dondoc.obligations.lifecycle import State, Status
from dondoc.obligations.timing import Occurrence, unit_of


@dataclass(frozen=True, slots=True)
class MemberTally:
    """`done` of `owing` units; one that a decision relieves owes nothing any more."""

    done: int
    owing: int


def shared(occurrence: str) -> str:
    """The id of what all of them owe: the occurrence's without its unit."""
    unit = unit_of(occurrence)
    return occurrence.removesuffix(f"@{unit}") if unit else occurrence


def member_tallies(standings: Iterable[tuple[Occurrence, State]]) -> dict[str, MemberTally]:
    """By the id of what they owe; nothing for what is owed together."""
    found: dict[str, MemberTally] = {}
    for occurrence, state in standings:
        if occurrence.unit is None or state.status in (Status.WAIVED, Status.SUPERSEDED, Status.BEFORE_ADOPTION):
            continue
        key = shared(occurrence.id)
        was = found.get(key, MemberTally(0, 0))
        found[key] = MemberTally(was.done + (state.status is Status.DONE), was.owing + 1)
    return found
