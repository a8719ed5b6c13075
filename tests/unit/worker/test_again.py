"""When a run that died is tried again, and when not."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prefect.client.schemas.objects import FlowRun, StateType

from deployments.worker.again import WORTH_ANOTHER, again_at, died

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DUE = datetime(2026, 11, 30, 8, 30, tzinfo=ZONE)


def dead(state: str = "Crashed", kind: StateType = StateType.CRASHED, **parameters: Any) -> FlowRun:
    return FlowRun(
        flow_id=uuid.uuid4(), expected_start_time=DUE.astimezone(UTC), parameters=parameters,
        state_type=kind, state_name=state,
    )  # fmt: skip


@pytest.mark.parametrize(("deaths", "minutes"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (40, 30)])
def test_it_is_tried_again_within_minutes_and_later_each_time(deaths: int, minutes: int) -> None:
    assert again_at(dead(), deaths, DUE, ZONE) == DUE + timedelta(minutes=minutes)


def test_it_is_not_tried_again_on_another_day_of_the_office() -> None:
    assert again_at(dead(), 6, datetime(2026, 11, 30, 23, 45, tzinfo=ZONE), ZONE) is None
    assert again_at(dead(), 1, DUE + timedelta(days=1), ZONE) is None


@pytest.mark.parametrize("parameters", [{"as_of": "2026-11-30T08:30:00"}, {"dry_run": True}])
def test_a_run_that_was_told_its_time_or_rehearsed_is_not_tried_again(parameters: dict[str, Any]) -> None:
    assert again_at(dead(**parameters), 1, DUE, ZONE) is None


@pytest.mark.parametrize(
    ("state", "kind", "expected"),
    [
        ("Crashed", StateType.CRASHED, True),
        ("Failed", StateType.FAILED, True),
        ("TimedOut", StateType.FAILED, True),
        ("Sổ chứng cứ bị hỏng", StateType.FAILED, False),
        ("Cancelled", StateType.CANCELLED, False),
        ("Đã gửi thư", StateType.COMPLETED, False),
    ],
)
def test_only_a_technical_end_is_a_death(state: str, kind: StateType, expected: bool) -> None:
    assert died(dead(state, kind)) is expected


def test_the_sweep_is_worth_another_and_an_item_is_not() -> None:
    assert "flows.sweep.sweep" in WORTH_ANOTHER
    assert not any(entrypoint.startswith("flows.issue") for entrypoint in WORTH_ANOTHER)
