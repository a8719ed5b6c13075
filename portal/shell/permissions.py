"""Who may see and do what: one table, role × action. Nobody is allowed what it does not list.

`policies` of time and state are elsewhere: dondoc.obligations.acts says what is possible now, this table who may ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from dondoc.obligations.act_table import ACTS, OFFICE_DECIDES, ActName

RoleName = Literal["tracker", "deputy", "head", "operator", "auditor"]
Page = Literal[
    "board", "occurrence", "inbox", "mailbox", "evidence", "feed", "scorecard", "document", "runs", "operate", "delegate",
    "mark_seen",
]  # fmt: skip
Action = Page | ActName  # of the acts those that the office decides

ROLES: tuple[RoleName, ...] = get_args(RoleName)
ACTIONS: tuple[Action, ...] = (*get_args(Page), *OFFICE_DECIDES)

_EVERYBODY: frozenset[RoleName] = frozenset(ROLES)
_TRACKER: frozenset[RoleName] = frozenset({"tracker"})
_DECIDING: frozenset[RoleName] = frozenset({"tracker", "deputy", "head"})

MAY: dict[Action, frozenset[RoleName]] = {
    "board": _EVERYBODY,
    "occurrence": _EVERYBODY,
    "feed": _EVERYBODY,
    "inbox": _DECIDING,
    "scorecard": frozenset({"tracker", "deputy", "head", "auditor"}),
    "mailbox": frozenset({"operator"}),
    "document": _DECIDING,
    "evidence": _EVERYBODY,
    "runs": _EVERYBODY,  # Prefect's own pages, to look at
    "operate": frozenset({"operator"}),  # whatever else Prefect can do
    "delegate": _DECIDING,
    "mark_seen": _TRACKER,
    **dict.fromkeys(OFFICE_DECIDES, _TRACKER),
}

# What the leaders may decide where the tracker would decide on his own unit's work.
MAY_FOR_OWN: dict[Action, frozenset[RoleName]] = {name: _DECIDING for name in OFFICE_DECIDES if ACTS[name].shared}


def may(roles: Iterable[str], action: Action, *, own: bool = False) -> bool:
    """Whether one of `roles` may; `own`: about work of a unit whose head is the tracker."""
    return not roles_allowed(action, own=own).isdisjoint(roles)


def roles_allowed(action: Action, *, own: bool = False) -> frozenset[RoleName]:
    """The roles that may."""
    return MAY_FOR_OWN.get(action, MAY[action]) if own else MAY[action]
