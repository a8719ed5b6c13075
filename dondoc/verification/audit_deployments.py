"""Prefect's deployments against those of the adopted plans: what is missing, edited, or paused, and what that left owed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dondoc.ledger.findings import Finding
from dondoc.schedule.deployments import Deployment

MOST_MORNINGS = 20


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule of a deployment as Prefect has it."""

    rrule: str | None
    timezone: str | None
    active: bool
    slug: str | None


@dataclass(frozen=True, slots=True)
class PresentDeployment:
    """A deployment as Prefect has it. `runs_at` are the moments for which it has or had runs."""

    entrypoint: str | None
    parameters: Mapping[str, Any]
    tags: tuple[str, ...]
    description: str | None
    paused: bool
    schedules: tuple[Schedule, ...]
    created: datetime
    runs_at: Collection[datetime] = ()


def plan_findings(
    wanted: Sequence[Deployment],
    standing: Mapping[tuple[str, str], PresentDeployment],
    owed: Mapping[tuple[str, str], Sequence[str]],
    now: datetime,
) -> Iterator[Finding]:
    """Each wanted deployment against what stands. `owed`: (plan, item) → occurrences owed now. `now` is the office's."""
    if len(wanted) > 1 and not any((one.flow, one.name) in standing for one in wanted):
        yield Finding("deployments_gone", "", {"number": len(wanted)})
        return
    for deployment in wanted:
        label = f"{deployment.flow}/{deployment.name}"
        found = standing.get((deployment.flow, deployment.name))
        if found is None:
            yield Finding("deployment_missing", label)
            continue
        fields = differing(deployment, found)
        if fields:
            yield Finding("deployment_differs", label, {"fields": fields})
        if deployment.mornings and (found.paused or not all(schedule.active for schedule in found.schedules)):
            yield Finding("schedule_paused", label, _left(deployment, found, owed, now))


def differing(deployment: Deployment, found: PresentDeployment) -> list[str]:
    """The names of what somebody changed. Whether it is paused is another question."""
    schedules = [(_times(schedule.rrule), schedule.timezone, schedule.slug) for schedule in found.schedules]
    wanted = [(_times(deployment.rrule), deployment.timezone, deployment.slug)] if deployment.rrule else []
    pairs = {
        "entrypoint": (deployment.entrypoint, found.entrypoint),
        "parameters": (dict(deployment.parameters), dict(found.parameters)),
        "tags": (sorted(deployment.tags), sorted(found.tags)),
        "description": (deployment.description.strip(), (found.description or "").strip()),
        "schedule": (wanted, schedules),
    }
    return [name for name, (ours, theirs) in pairs.items() if ours != theirs]


def _times(rrule: str | None) -> tuple[str, ...]:
    """The exact times of a schedule; of one that is no plain list of times, its text. Prefect adds a DTSTART of its own."""
    lines = [line for line in (rrule or "").splitlines() if not line.startswith("DTSTART:")]
    if all(line.startswith("RDATE:") for line in lines):
        return tuple(sorted(time for line in lines for time in line.removeprefix("RDATE:").split(",")))
    return tuple(lines)


def _left(
    deployment: Deployment, found: PresentDeployment, owed: Mapping[tuple[str, str], Sequence[str]], now: datetime
) -> dict[str, Any]:
    """The mornings on which nobody looked although the plan says so, and what is owed now."""
    zone = now.tzinfo
    checked = {moment.astimezone(zone) for moment in found.runs_at}
    due = [morning.replace(tzinfo=zone) for morning in deployment.mornings]
    missed = [moment for moment in due if found.created <= moment <= now and moment not in checked]
    parameters = deployment.parameters
    left = owed.get((str(parameters.get("plan")), str(parameters.get("item"))), ())
    return {
        "missed": len(missed),
        "moments": [moment.date().isoformat() for moment in missed[-MOST_MORNINGS:]],
        "owed": list(left),
    }
