"""One run's surroundings, taken once: the clock, the configuration, the database, the run's own identity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from prefect import get_run_logger
from prefect.context import FlowRunContext

from dondoc.foundation.errors import ClockError
from dondoc.office.rules import Rules
from tasks.config.loading import clock, load_rules, words
from tasks.config.settings import Settings, settings
from tasks.store.connect import engine


@dataclass(frozen=True)
class RunContext:
    """What every step of a run shares. `now` is in the office's zone; `run` is Prefect's flow-run id.

    `told`: the time was given as `as_of`, not read from the clock.
    """

    settings: Settings
    rules: Rules
    engine: sa.Engine
    plan: str
    item: str | None
    now: datetime
    run: str | None
    dry_run: bool
    told: bool = False

    @property
    def today(self) -> date:
        """The office's calendar day, whatever zone `now` came in."""
        return self.local_day(self.now)

    def local_day(self, moment: datetime | str) -> date:
        """The office's calendar day of a moment, or of an entry's `at`."""
        known = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return known.astimezone(self.rules.policy.zone).date()


def begin(plan: str, item: str | None = None, as_of: datetime | None = None, dry_run: bool = False) -> RunContext:
    """Take the clock (or `as_of`) and everything else once.

    Raises ClockError when `as_of` lies ahead of the real clock and the run is not a rehearsal: an entry from
    the future would stop every run until then.
    """
    chosen = settings()
    rules = load_rules(chosen.config)
    real, now = clock(rules.policy), clock(rules.policy, as_of)
    if now > real + timedelta(minutes=1) and not dry_run:
        raise ClockError("clock_ahead", at=now)
    return RunContext(
        chosen, rules, own_engine(chosen.store_url), plan, item, now, _run_id(), dry_run, as_of is not None
    )


@cache
def own_engine(url: str) -> sa.Engine:
    """This process's engine on our database."""
    return engine(url)


def _run_id() -> str | None:
    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else None


def task_name(task: str) -> Callable[[], str]:
    """What Prefect's pages call the runs of a task, read from the office's words when one begins."""
    return lambda: str(words(settings().config)["tasks"][task])


def log(message: str, *values: Any) -> None:
    """A line in the run's log; nothing outside a run."""
    if FlowRunContext.get():
        get_run_logger().info(message, *values)
