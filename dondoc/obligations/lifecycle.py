"""The lifecycle of an occurrence: one table of allowed transitions, and its status as a fold over the ledger.

"Overdue" is not a status: it is open (or returned) and past due. No status can exist without its evidence:
`advance` is the only way to one, and takes a ledger entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from dondoc.foundation.errors import ForbiddenTransitionError
from dondoc.ledger.ledger import Draft
from dondoc.obligations.act_table import ACTS
from dondoc.obligations.event_appliers import EFFECTS
from dondoc.obligations.state import ENDS, OWED, State, Status, from_json, revised, to_json
from dondoc.obligations.timing import Occurrence

__all__ = [
    "ENDS",
    "OWED",
    "TRANSITIONS",
    "State",
    "Status",
    "advance",
    "fold",
    "from_json",
    "initial",
    "may_follow",
    "revised",
    "to_json",
]  # fmt: skip

_S = Status
_LIVE = (_S.OPEN, _S.RETURNED, _S.SUBMITTED)

# (status before, kind of entry) → status after. What is not here is forbidden.
TRANSITIONS: dict[tuple[Status, str], Status] = {
    (_S.GATED, "occurrence.opened"): _S.OPEN,
    (_S.PLANNED, "occurrence.opened"): _S.OPEN,
    **{(before, rule.entry): after for rule in ACTS.values() for before, after in rule.moves.items()},
    **{(before, "occurrence.amended"): before for before in (_S.GATED, _S.PLANNED, *_LIVE)},
    **{(before, "occurrence.superseded"): _S.SUPERSEDED for before in (_S.GATED, _S.PLANNED, *_LIVE)},
    **{(before, "occurrence.missed"): _S.MISSED for before in (_S.PLANNED, *_LIVE)},
}
_EFFECTS = {**EFFECTS, **{rule.entry: rule.effect for rule in ACTS.values() if rule.effect}}


def initial(occurrence: Occurrence) -> State:
    """The state of a registered occurrence before any entry of its own."""
    if occurrence.before_adoption:
        status = Status.BEFORE_ADOPTION
    elif occurrence.event:
        status = Status.GATED
    else:
        status = Status.PLANNED
    return State(status, occurrence.opens, occurrence.due, occurrence.due)


def fold(occurrence: Occurrence, entries: Iterable[tuple[Draft, date]]) -> State:
    """The state after the entries of one occurrence, each with its local day, in ledger order."""
    state = initial(occurrence)
    for draft, day in entries:
        state = advance(state, draft, day)
    return state


def may_follow(status: Status, kind: str) -> bool:
    """Whether an entry of that kind may follow that status. Kinds that move nothing are always allowed."""
    return not kind.startswith("occurrence.") or (status, kind) in TRANSITIONS


def advance(state: State, draft: Draft, day: date) -> State:
    """The state after one entry. Raises ForbiddenTransitionError where the table does not allow it."""
    if draft.kind.startswith("occurrence."):
        after = TRANSITIONS.get((state.status, draft.kind))
        if after is None:
            raise ForbiddenTransitionError(
                "not_now", occurrence=draft.occurrence, status=state.status.value, entry=draft.kind
            )
        state = replace(state, status=after)
        if after in ENDS:
            state = replace(state, ended_on=day)
    effect = _EFFECTS.get(draft.kind)
    return effect(state, draft.body, day) if effect else state
