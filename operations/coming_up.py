"""When something is looked at next: what `dondoc up` says in its last lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from dondoc.schedule.own_flows import OWN_FLOWS

if TYPE_CHECKING:
    from dondoc.plan.plan import Plan
    from operations.installation import Installation


def coming(installation: Installation, now: datetime) -> str:
    """The first morning after `now` (aware) on which an item is looked at, over all plans, and how many items that are."""
    found = [
        (moment, plan.id, item) for plan in installation.adopted() for moment, item in _looks(installation, plan, now)
    ]
    if not found:
        return "nothing is scheduled"
    first = min(moment for moment, _, _ in found)
    number = len({(plan, item) for moment, plan, item in found if moment.date() == first.date()})
    return f"{first:%d/%m/%Y %H:%M}: {number} item{'s are' if number > 1 else ' is'} looked at"


def _looks(installation: Installation, plan: Plan, now: datetime) -> Iterator[tuple[datetime, str]]:
    """(Local time, item) of what is scheduled after `now`, and of what the next sweep has to do.

    What was owed before the plan was adopted, or while nothing ran, is done by that sweep: no item's own morning says so.
    """
    zone = installation.rules.policy.zone
    local = now.astimezone(zone).replace(tzinfo=None)
    sweeps: list[datetime] = []
    for deployment in installation.compile(plan):
        ahead = [morning for morning in deployment.mornings if morning > local]
        if item := deployment.parameters.get("item"):
            yield from ((morning, item) for morning in ahead)
        elif deployment.entrypoint == OWN_FLOWS["sweep"].entrypoint:
            sweeps += ahead
    if sweeps:
        yield from ((min(sweeps), item) for item in _owed(installation, plan, min(sweeps).replace(tzinfo=zone)))


def _owed(installation: Installation, plan: Plan, moment: datetime) -> set[str]:
    from tasks.store.settle import check_occurrences

    checked = check_occurrences(installation.engine, installation.rules, plan.id, moment, dry_run=True)
    return {found.occurrence.split("/")[1] for found in checked if found.entries}
