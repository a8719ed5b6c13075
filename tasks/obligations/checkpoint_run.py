"""The heart of every run: look at occurrences and do what is owed now.

A plain function, not a Prefect task: a task of its own would add a third to the cost of every run (its states are
events that the one server process stores), and what it did stands in the run's artifact anyway.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import sqlalchemy as sa

from tasks.config.run_context import RunContext, log
from tasks.store.settle import Checked, check_occurrences

_WAITS = (1.0, 5.0, 15.0)


def look_at(
    context: RunContext,
    item: str | None = None,
    waits: Sequence[float] = _WAITS,
    unreadable: dict[str, str] | None = None,
) -> list[Checked]:
    """Gather → decide → apply for one item, or for the whole plan where `item` is None.

    A damaged row is named in `unreadable` where that is given, and stops no other; else it is raised.

    Tried again (after `waits` seconds) when the database drops the connection: what was recorded before is found
    settled. Anything else that goes wrong stays wrong and is raised at once.
    """
    for wait in waits:
        try:
            return _look(context, item, unreadable)
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
            log("database lost (%s), trying again in %s s", type(error).__name__, wait)
            time.sleep(wait)
    return _look(context, item, unreadable)


def _look(context: RunContext, item: str | None, unreadable: dict[str, str] | None) -> list[Checked]:
    return check_occurrences(
        context.engine,
        context.rules,
        context.plan,
        context.now,
        item=item,
        run=context.run,
        dry_run=context.dry_run,
        unreadable=unreadable,
    )
