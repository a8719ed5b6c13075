"""Who may see and do what: one table, role × action. Nobody is allowed what it does not list.

`policies` of time and state are elsewhere: dondoc.acts says what is possible now, this table who may ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

Role = Literal["tracker", "deputy", "head", "operator", "auditor"]
Action = Literal[
    "board", "occurrence", "inbox", "mailbox", "evidence", "feed", "scorecard",
    "accept", "return", "extend", "refuse_extension", "waive", "answer_difficulty",
]  # fmt: skip

ROLES: tuple[Role, ...] = get_args(Role)
ACTIONS: tuple[Action, ...] = get_args(Action)

_EVERYBODY: frozenset[Role] = frozenset(ROLES)
_TRACKER: frozenset[Role] = frozenset({"tracker"})

MAY: dict[Action, frozenset[Role]] = {
    "board": _EVERYBODY,
    "occurrence": _EVERYBODY,
    "feed": _EVERYBODY,
    "inbox": frozenset({"tracker", "deputy", "head"}),
    "scorecard": frozenset({"tracker", "deputy", "head", "auditor"}),
    "mailbox": frozenset({"operator"}),
    "evidence": frozenset({"auditor", "operator"}),
    "accept": _TRACKER,
    "return": _TRACKER,
    "extend": _TRACKER,
    "refuse_extension": _TRACKER,
    "waive": _TRACKER,
    "answer_difficulty": _TRACKER,
}


def may(roles: Iterable[str], action: Action) -> bool:
    """Whether one of `roles` may."""
    return not MAY[action].isdisjoint(roles)
