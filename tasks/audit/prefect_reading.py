"""Reading both sides of the audit: the ledger's runs, and Prefect's runs, states, deployments and clock."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort

from dondoc.schedule.deployments import OWN_TAG
from dondoc.verification.audit import PrefectRun, RecordedRun, StateMoment
from dondoc.verification.audit_deployments import PresentDeployment, Schedule
from tasks.store import tables

_PAGE = 200
_BEGUN = [kind.value for kind in StateType if kind is not StateType.SCHEDULED]


@dataclass
class PrefectReading:
    """What Prefect shows: runs by id, our deployments by (flow, name), its clock."""

    runs: dict[str, PrefectRun] = field(default_factory=dict)
    standing: dict[tuple[str, str], PresentDeployment] = field(default_factory=dict)
    clock: datetime | None = None


def named_runs(connection: sa.Connection) -> dict[str, RecordedRun]:
    """Every run that ledger entries name, by id."""
    ledger = tables.ledger
    body = sa.case((ledger.c.kind == "run.recorded", ledger.c.line))
    query = (
        sa.select(ledger.c.seq, ledger.c.at, ledger.c.run, body.label("line"))
        .where(ledger.c.run.is_not(None))
        .order_by(ledger.c.seq)
    )
    found: dict[str, RecordedRun] = {}
    with connection.execute(query, execution_options={"yield_per": 1000}) as rows:
        for row in rows:
            at = datetime.fromisoformat(row.at)
            before = found.get(row.run)
            recorded = json.loads(bytes(row.line))["body"] if row.line is not None else None
            found[row.run] = RecordedRun(
                row.run,
                before.first_seq if before else row.seq,
                row.seq,
                before.first_at if before else at,
                at,
                recorded or (before.recorded if before else None),
            )
    return found


def see(client: SyncPrefectClient, since: datetime | None) -> PrefectReading:
    """Prefect as it is now. Runs that changed before `since` come without their states' history; None: all with it."""
    mine = DeploymentFilter.model_validate({"tags": {"all_": [OWN_TAG]}})
    ours = list(pages(lambda start: client.read_deployments(deployment_filter=mine, limit=_PAGE, offset=start)))
    flows = flow_names(client, {deployment.flow_id for deployment in ours})
    seen = PrefectReading(clock=_clock(client))
    mornings: dict[UUID, set[datetime]] = defaultdict(set)
    for some in chunks([str(deployment.id) for deployment in ours]):
        for run in read_runs(client, {"deployment_id": {"any_": some}, "state": {"type": {"any_": _BEGUN}}}):
            seen.runs[str(run.id)] = _run(client, run, flows, since)
            if run.deployment_id and run.expected_start_time:
                mornings[run.deployment_id].add(run.expected_start_time)
    for deployment in ours:
        seen.standing[flows[deployment.flow_id], deployment.name] = standing_of(deployment, mornings[deployment.id])
    return seen


def see_later(client: SyncPrefectClient, than: datetime | None) -> list[PrefectRun]:
    """Our runs that ended after that moment (None: any), without their states' history."""
    mine = DeploymentFilter.model_validate({"tags": {"all_": [OWN_TAG]}})
    ours = list(pages(lambda start: client.read_deployments(deployment_filter=mine, limit=_PAGE, offset=start)))
    flows = flow_names(client, {deployment.flow_id for deployment in ours})
    ended = {"end_time": {"after_": than.isoformat()}} if than else {}
    found = []
    for some in chunks([str(deployment.id) for deployment in ours]):
        where = {"deployment_id": {"any_": some}, "state": {"type": {"any_": ["COMPLETED", "FAILED"]}}, **ended}
        found += [_run(client, run, flows, datetime.max.replace(tzinfo=UTC)) for run in read_runs(client, where)]
    return found


def see_again(client: SyncPrefectClient, seen: PrefectReading, wanted: Collection[str], since: datetime | None) -> None:
    """Ask for runs by id that the listing lacks: begun meanwhile, or of another deployment. What is gone stays out."""
    for some in chunks([run for run in wanted if run not in seen.runs and is_id(run)]):
        found = list(read_runs(client, {"id": {"any_": some}}))
        flows = flow_names(client, {run.flow_id for run in found})
        seen.runs.update({str(run.id): _run(client, run, flows, since) for run in found})


def read_runs(client: SyncPrefectClient, where: dict[str, Any]) -> Iterator[FlowRun]:
    """Every run that Prefect's own filter lets through, page by page."""
    chosen = FlowRunFilter.model_validate(where)
    yield from pages(
        lambda start: client.read_flow_runs(
            flow_run_filter=chosen, limit=_PAGE, offset=start, sort=FlowRunSort.ID_DESC
        )
    )  # fmt: skip


def _run(client: SyncPrefectClient, run: FlowRun, flows: dict[UUID, str], since: datetime | None) -> PrefectRun:
    recent = since is None or run.updated is None or run.updated >= since
    history = _history(client.read_flow_run_states(run.id)) if recent else None
    parameters = run.parameters or {}
    return PrefectRun(
        id=str(run.id),
        name=run.name,
        flow=flows.get(run.flow_id, ""),
        told=parameters.get("as_of") is not None,
        rehearsal=bool(parameters.get("dry_run")),
        type=run.state_type.value if run.state_type else "",
        state=run.state_name or "",
        started=run.start_time,
        ended=run.end_time,
        history=history,
    )


def _history(states: Iterable[State[Any]]) -> tuple[StateMoment, ...]:
    """The states in the order in which they were set, as Prefect hands them out."""
    return tuple(StateMoment(state.type.value, state.name or "", state.timestamp) for state in states)


def standing_of(found: DeploymentResponse, mornings: Collection[datetime] = ()) -> PresentDeployment:
    """A deployment as Prefect has it, as a value. `mornings`: the moments for which it has or had runs."""
    return PresentDeployment(
        entrypoint=found.entrypoint,
        parameters=found.parameters,
        tags=tuple(found.tags),
        description=found.description,
        paused=found.paused,
        schedules=tuple(
            Schedule(
                getattr(schedule.schedule, "rrule", None),
                getattr(schedule.schedule, "timezone", None),
                schedule.active,
                schedule.slug,
            )
            for schedule in found.schedules
        ),
        created=found.created or datetime.min.replace(tzinfo=UTC),
        runs_at=mornings,
    )


def flow_names(client: SyncPrefectClient, ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of those flows."""
    names: dict[UUID, str] = {}
    for some in chunks([str(flow) for flow in ids]):
        chosen = FlowFilter.model_validate({"id": {"any_": some}})
        names.update({flow.id: flow.name for flow in client.read_flows(flow_filter=chosen, limit=_PAGE)})
    return names


def _clock(client: SyncPrefectClient) -> datetime | None:
    """The server's own clock, to the second; None where it does not say."""
    said = client.request("GET", "/health").headers.get("date")
    return parsedate_to_datetime(said) if said else None


def pages(read: Callable[[int], list[Any]]) -> Iterator[Any]:
    """Everything that `read(offset)` hands out, a page of Prefect's 200 at a time."""
    start = 0
    while page := read(start):
        yield from page
        if len(page) < _PAGE:
            return
        start += _PAGE


def chunks(ids: list[str], size: int = _PAGE) -> Iterator[list[str]]:
    """The ids in lists of at most `size`."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def is_id(text: str) -> bool:
    """Whether `text` is the id of a run as Prefect writes it; entries of tests and of old scripts may name others."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
