"""Deployments as they should be → Prefect: create, update, prune. The only caller of its deployment interface.

Idempotent: a deployment that nobody edited and whose version is the same is left alone, for redeploying recreates its
scheduled runs.
Nothing that bears evidence is deleted: what is no longer wanted is paused, and deleted only if it never ran.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import DeploymentFilter, FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import RRuleSchedule
from prefect.flows import Flow
from prefect.utilities.callables import ParameterSchema

from deployments.flow_forms import flow_form
from deployments.renaming import NamedDeployment
from dondoc.schedule.deployments import OWN_TAG, POOL, Deployment
from dondoc.verification.audit_deployments import differing
from tasks.audit.prefect_reading import standing_of
from tasks.config.loading import words
from tasks.config.settings import settings

_PAGE = 200
_DATES = re.compile(r"^RDATE:([0-9T,]+)$", re.MULTILINE)
_RAN = [kind for kind in StateType if kind is not StateType.SCHEDULED]


@dataclass
class Applied:
    """`flow/name` of what was created, updated, left as it was, paused because unwanted, deleted because it never ran."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    paused: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """How many deployments were not as they should be."""
        return sum(map(len, (self.created, self.updated, self.paused, self.deleted)))


def apply(client: SyncPrefectClient, wanted: Sequence[Deployment], *, dry_run: bool = False) -> Applied:
    """Make Prefect's deployments those of `wanted`; says what it did, or with `dry_run` what it would do."""
    standing = dict(_standing(client))
    applied = Applied()
    for deployment in wanted:
        key = (deployment.flow, deployment.name)
        found = standing.get(key)
        label = f"{deployment.flow}/{deployment.name}"
        if found and found.version == deployment.version and not differing(deployment, standing_of(found)):
            applied.unchanged.append(label)
            continue
        (applied.updated if found else applied.created).append(label)
        if not dry_run:
            _put(client, deployment, found)
    unwanted = [standing[key] for key in standing.keys() - {(d.flow, d.name) for d in wanted}]
    names = {found.id: f"{flow}/{name}" for (flow, name), found in standing.items()}
    _prune(client, sorted(unwanted, key=lambda d: names[d.id]), names, applied, dry_run)
    return applied


@dataclass(frozen=True, slots=True)
class MovedSchedule:
    """How the coming mornings of one deployment changed; local times, empty where nothing did."""

    added: tuple[datetime, ...] = ()
    removed: tuple[datetime, ...] = ()


def move(client: SyncPrefectClient, wanted: Deployment, now: datetime, *, dry_run: bool = False) -> MovedSchedule:
    """Bring one standing deployment to `wanted`: Prefect ends its coming scheduled runs and plans the new ones.

    `now` (local, naive) only parts coming mornings from past ones. One that is not deployed is left so.
    """
    standing = client.read_deployments(
        flow_filter=FlowFilter.model_validate({"name": {"any_": [wanted.flow]}}),
        deployment_filter=DeploymentFilter.model_validate(
            {"name": {"any_": [wanted.name]}, "tags": {"all_": [OWN_TAG]}}
        ),
    )
    if not standing or standing[0].version == wanted.version:
        return MovedSchedule()
    before = {morning for morning in _mornings(standing[0]) if morning > now}
    after = {morning for morning in wanted.mornings if morning > now}
    if not dry_run:
        _put(client, wanted, standing[0])
    return MovedSchedule(tuple(sorted(after - before)), tuple(sorted(before - after)))


def _mornings(found: DeploymentResponse) -> Iterator[datetime]:
    for entry in found.schedules:
        # Prefect puts a DTSTART of its own before our list.
        if isinstance(entry.schedule, RRuleSchedule) and (dates := _DATES.search(entry.schedule.rrule)):
            yield from map(datetime.fromisoformat, dates[1].split(","))


def deployment_ids(client: SyncPrefectClient) -> dict[tuple[str, str], UUID]:
    """(flow name, deployment name) → id, of all that are ours."""
    return {key: found.id for key, found in _standing(client)}


def standing_names(client: SyncPrefectClient) -> list[NamedDeployment]:
    """Those that are ours, as renaming looks at them."""
    return [NamedDeployment(found.id, flow, name, found.parameters or {}) for (flow, name), found in _standing(client)]


def _standing(client: SyncPrefectClient) -> Iterator[tuple[tuple[str, str], DeploymentResponse]]:
    mine = DeploymentFilter.model_validate({"tags": {"all_": [OWN_TAG]}})
    found = list(_pages(lambda offset: client.read_deployments(deployment_filter=mine, limit=_PAGE, offset=offset)))
    flows = _flow_names(client, {deployment.flow_id for deployment in found})
    for deployment in found:
        yield (flows[deployment.flow_id], deployment.name), deployment


def _pages(read: object) -> Iterator[DeploymentResponse]:
    offset = 0
    while True:
        page: list[DeploymentResponse] = read(offset)  # type: ignore[operator]
        yield from page
        if len(page) < _PAGE:
            return
        offset += _PAGE


def _flow_names(client: SyncPrefectClient, ids: Iterable[UUID]) -> Mapping[UUID, str]:
    names: dict[UUID, str] = {}
    wanted = [str(flow_id) for flow_id in ids]
    for start in range(0, len(wanted), _PAGE):
        some = FlowFilter.model_validate({"id": {"any_": wanted[start : start + _PAGE]}})
        names.update({flow.id: flow.name for flow in client.read_flows(flow_filter=some, limit=_PAGE)})
    return names


def _put(client: SyncPrefectClient, deployment: Deployment, found: DeploymentResponse | None) -> None:
    # A schedule that the operator paused stays paused: the sweep reports what that leaves owed.
    active = not found or all(schedule.active for schedule in found.schedules)
    schedules = []
    if deployment.rrule:
        schedule = RRuleSchedule(rrule=deployment.rrule, timezone=deployment.timezone)
        schedules.append(DeploymentScheduleCreate(schedule=schedule, active=active, slug=deployment.slug))
    client.create_deployment(
        flow_id=client.create_flow_from_name(deployment.flow),
        name=deployment.name,
        version=deployment.version,
        schedules=schedules,
        parameters=dict(deployment.parameters),
        description=deployment.description,
        tags=list(deployment.tags),
        entrypoint=deployment.entrypoint,
        work_pool_name=POOL,
        work_queue_name=deployment.queue or None,
        parameter_openapi_schema=_form(deployment.entrypoint).model_dump(),
        enforce_parameter_schema=True,
    )


@cache
def _form(entrypoint: str) -> ParameterSchema:
    """The typed form of a flow function, in the office's words."""
    return flow_form(flow_function(entrypoint), words(settings().config))


@cache
def flow_function(entrypoint: str) -> Flow[..., object]:
    """The flow that a module entrypoint (`flows.issue.issue`) names."""
    module, _, name = entrypoint.rpartition(".")
    found: Flow[..., object] = getattr(import_module(module), name)
    return found


def _prune(
    client: SyncPrefectClient,
    unwanted: Sequence[DeploymentResponse],
    names: Mapping[UUID, str],
    applied: Applied,
    dry_run: bool,
) -> None:
    for found in unwanted:
        ran = client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(
                {"deployment_id": {"any_": [str(found.id)]}, "state": {"type": {"any_": [kind.value for kind in _RAN]}}}
            ),
            limit=1,
        )
        if not ran:
            applied.deleted.append(names[found.id])
            if not dry_run:
                client.delete_deployment(found.id)
        elif not found.paused:
            applied.paused.append(names[found.id])
            if not dry_run:
                client.pause_deployment(found.id)
