"""A run that died technically and is worth another: when it is tried again, the same morning, decided from facts alone.

What a dead run of an item left owed is done by the next sweep; a sweep has no other behind it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from prefect.client.schemas.objects import FlowRun, StateType

from dondoc.schedule.own_flows import OWN_FLOWS

# Prefect's own names; a Failed under a name of ours is what the run had to say.
_TECHNICAL = frozenset({"Failed", "Crashed", "TimedOut"})
WORTH_ANOTHER = frozenset(flow.entrypoint for flow in OWN_FLOWS.values() if flow.again)
_LONGEST_WAIT = timedelta(minutes=30)


def died(run: FlowRun) -> bool:
    """Whether the run ended without having said anything itself."""
    return run.state_type in (StateType.FAILED, StateType.CRASHED) and run.state_name in _TECHNICAL


def again_at(dead: FlowRun, deaths: int, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When to try again: 1, 2, 4 … 30 minutes after the first, second, third … death of that day; None for never.

    Never on another day of the office than it was meant for, nor for a run that was told its time or rehearsed.
    `deaths` counts this one. `now` is aware.
    """
    told = dead.parameters.get("as_of") is not None or dead.parameters.get("dry_run")
    if told or dead.expected_start_time is None:
        return None
    when = now + min(timedelta(minutes=2 ** min(deaths - 1, 10)), _LONGEST_WAIT)
    meant_for = dead.expected_start_time.astimezone(zone).date()
    return when if when.astimezone(zone).date() == meant_for else None
