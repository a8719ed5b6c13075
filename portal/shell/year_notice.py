"""What every office page says while nobody has adopted the new year's plan."""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from dondoc.foundation.errors import DondocError
from dondoc.planning.current_plan import Awaited
from portal.shell.page_context import PageContext
from portal.shell.visitors import Visitor
from tasks.store.plan_years import awaited_plans

_SECONDS = 30.0


def year_notice(
    context: PageContext, clock: Callable[[], float] = time.monotonic
) -> Callable[[Visitor], list[Awaited]]:
    """The plans that a signed-in visitor is told are missing; read at most twice a minute."""
    kept: tuple[float, list[Awaited]] = (float("-inf"), [])

    def missing(visitor: Visitor) -> list[Awaited]:
        nonlocal kept
        if not visitor.session:
            return []
        if clock() - kept[0] > _SECONDS:
            kept = (clock(), _read(context))
        return kept[1]

    return missing


def _read(context: PageContext) -> list[Awaited]:
    try:
        with context.engine.connect() as connection:
            return awaited_plans(connection, context.now().date())
    except (sa.exc.SQLAlchemyError, DondocError):  # the page itself says what is wrong
        return []
