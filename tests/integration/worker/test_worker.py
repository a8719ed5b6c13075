"""The warm worker against a real server: what becomes of runs that end well, badly, or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.schedules import RRuleSchedule
from prefect.states import Cancelling
from servers import eventually

from deployments.engine import named_flow
from deployments.history import PastRun, recording
from deployments.worker import WORK_POOL, ensure_work_pool
from operations.stack import children
from operations.stack.children import Child
from operations.stack.settings import Stack

FLOW_NAME = "II.2.c · Chỉ số phục vụ"


@pytest.fixture
def client(prefect_settings: None) -> Iterator[SyncPrefectClient]:  # noqa: ARG001
    ensure_work_pool()
    with get_client(sync_client=True) as open_client:
        yield open_client


def deploy(client: SyncPrefectClient, entrypoint: str, flow_name: str = FLOW_NAME) -> uuid.UUID:
    return client.create_deployment(
        flow_id=client.create_flow_from_name(flow_name),
        name=uuid.uuid4().hex,
        entrypoint=entrypoint,
        work_pool_name=WORK_POOL,
        enforce_parameter_schema=False,
    )


def submit(client: SyncPrefectClient, flow: str, **parameters: Any) -> uuid.UUID:
    deployment = deploy(client, f"tests.integration.worker_flows.{flow}")
    return client.create_flow_run_from_deployment(deployment, parameters=parameters).id


def final(client: SyncPrefectClient, run_id: uuid.UUID) -> State[Any]:
    def ended() -> State[Any] | None:
        state = client.read_flow_run(run_id).state
        return state if state and state.is_final() else None

    state = eventually(ended)
    assert state is not None
    return state


def process_of(marker: Path) -> psutil.Process:
    eventually(lambda: marker.exists() and marker.read_text())
    return psutil.Process(int(marker.read_text()))


@pytest.mark.usefixtures("worker")
def test_a_run_completes_under_its_state_name_and_its_flow_name(client: SyncPrefectClient) -> None:
    state = final(client, submit(client, "says", state_name="Đúng hạn"))
    assert (state.name, state.message) == ("Đúng hạn", FLOW_NAME)


@pytest.mark.usefixtures("worker")
def test_a_run_that_ends_leaves_no_error_in_the_workers_log(client: SyncPrefectClient, prefect_stack: Stack) -> None:
    log = prefect_stack.log_file("worker")
    before = log.stat().st_size
    for _ in range(2):
        final(client, submit(client, "says", state_name="Đúng hạn"))
    # The worker speaks of the first run's end before it takes the second.
    said = log.read_bytes()[before:].decode()
    assert "Đúng hạn" in said
    assert "Traceback" not in said
    assert "ERROR" not in said


@pytest.mark.usefixtures("worker")
def test_a_duty_not_met_is_failed_under_its_own_name(client: SyncPrefectClient) -> None:
    state = final(client, submit(client, "overdue"))
    assert state.is_failed()
    assert state.name == "Quá hạn"


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("how", "reason"),
    [("SIGKILL", "signal 9, SIGKILL"), ("SIGSEGV", "signal 11, SIGSEGV"), ("exit", "exit code 0")],
)
def test_a_run_whose_process_dies_is_crashed_and_its_neighbour_is_not(
    client: SyncPrefectClient, how: str, reason: str
) -> None:
    dying, neighbour = submit(client, "dies", how=how), submit(client, "says")
    crashed = final(client, dying)
    assert crashed.is_crashed()
    assert reason in (crashed.message or "")
    assert final(client, neighbour).is_completed()


@pytest.mark.usefixtures("worker")
def test_a_flow_that_cannot_be_loaded_is_crashed_with_the_reason(client: SyncPrefectClient) -> None:
    deployment = deploy(client, "tests.integration.worker_flows.nowhere")
    state = final(client, client.create_flow_run_from_deployment(deployment).id)
    assert state.is_crashed()
    assert "tests.integration.worker_flows.nowhere cannot be loaded" in (state.message or "")


@pytest.mark.usefixtures("worker")
def test_cancelling_in_the_ui_ends_the_process(client: SyncPrefectClient, tmp_path: Path) -> None:
    run = submit(client, "waits", marker=str(tmp_path / "pid"))
    process = process_of(tmp_path / "pid")
    client.set_flow_run_state(run, Cancelling())
    state = final(client, run)
    assert state.is_cancelled()
    assert not process.is_running()


def test_runs_of_a_killed_worker_end_with_it_and_the_next_worker_reports_them(
    client: SyncPrefectClient, prefect_stack: Stack, worker: Child, tmp_path: Path
) -> None:
    run = submit(client, "waits", marker=str(tmp_path / "pid"))
    process = process_of(tmp_path / "pid")
    killed = children.find_child(prefect_stack, "worker")
    assert killed
    killed.process.kill()
    eventually(lambda: not process.is_running())
    children.start_child(prefect_stack, worker)
    state = final(client, run)
    assert state.is_crashed()
    assert f"-{killed.process.pid} ended while it ran this" in (state.message or "")


def test_a_stopped_worker_reports_the_run_it_had_to_end(
    client: SyncPrefectClient, prefect_stack: Stack, worker: Child, tmp_path: Path
) -> None:
    run = submit(client, "waits", marker=str(tmp_path / "pid"))
    process = process_of(tmp_path / "pid")
    children.stop_child(prefect_stack, worker.name)
    state = final(client, run)
    assert state.is_crashed()
    assert state.message == "The worker was stopped while this ran."
    assert not process.is_running()


@pytest.mark.usefixtures("worker")
def test_a_recorded_run_has_its_past_date_and_is_recorded_once(client: SyncPrefectClient) -> None:
    from worker_flows import says

    when = datetime(2024, 3, 22, 1, tzinfo=UTC)
    past, beside = (
        PastRun(says, FLOW_NAME, deploy(client, "tests.integration.worker_flows.says"), when, {"state_name": name})
        for name in ("Đã giao việc", "Đã nhắc")
    )
    with recording() as recorder:
        assert [state.name for state in recorder.record_all([past, beside])] == ["Đã giao việc", "Đã nhắc"]
        assert recorder.record(past).name == "Đã giao việc"
    (run,) = _runs_of(client, past.deployment_id)
    assert run.expected_start_time == when
    assert run.start_time is not None
    assert run.start_time.year > 2024
    assert [state.name for state in client.read_flow_run_states(run.id)] == ["Chờ ghi lại", "Running", "Đã giao việc"]


def test_the_whole_year_ahead_is_scheduled(client: SyncPrefectClient) -> None:
    mornings = [datetime.now(UTC).replace(microsecond=0) + timedelta(days=days) for days in (1, 100, 200, 364)]
    dates = ",".join(f"{morning:%Y%m%dT080000}" for morning in mornings)
    schedule = RRuleSchedule(rrule=f"RDATE:{dates}", timezone="Asia/Ho_Chi_Minh")
    deployment = client.create_deployment(
        flow_id=client.create_flow_from_name(FLOW_NAME),
        name=uuid.uuid4().hex,
        entrypoint="tests.integration.worker_flows.says",
        work_pool_name=WORK_POOL,
        schedules=[DeploymentScheduleCreate(schedule=schedule, slug="moc")],
    )
    eventually(lambda: len(_runs_of(client, deployment)) == len(mornings))


def test_a_flow_is_named_once() -> None:
    from worker_flows import says

    assert named_flow(says, FLOW_NAME) is named_flow(says, FLOW_NAME)


def _runs_of(client: SyncPrefectClient, deployment_id: uuid.UUID) -> list[FlowRun]:
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId

    wanted = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment_id]))
    return client.read_flow_runs(flow_run_filter=wanted)
