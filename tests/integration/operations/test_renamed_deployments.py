"""Deployments made before they were named after their plan: renamed in a real Prefect, their runs still their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from installation import Installation, at

from operations.installation import Installation as Deployed
from operations.stack.databases import DatabaseUrls


@pytest.fixture
def here(installation: Installation, prefect_settings: None, postgres: DatabaseUrls) -> Iterator[Deployed]:  # noqa: ARG001
    from prefect.client.orchestration import get_client

    from deployments.apply import deployment_ids

    with get_client(sync_client=True) as client:
        for deployment in deployment_ids(client).values():  # what other tests left on this server
            client.delete_deployment(deployment)
    yield Deployed(installation.engine, installation.rules, installation.settings, postgres.prefect)
    with get_client(sync_client=True) as client:
        for (_, name), deployment in deployment_ids(client).items():
            if name in ("2024", "nho-2024", "dondoc"):
                client.delete_deployment(deployment)


def test_a_standing_deployment_keeps_its_history_under_its_new_name(installation: Installation, here: Deployed) -> None:
    from prefect.client.orchestration import get_client

    from deployments.apply import apply, deployment_ids
    from deployments.history import PastRun, recording
    from deployments.worker import ensure_work_pool
    from flows.issue import issue

    before = [replace(found, name="2024") for found in here.compile(installation.plan)]
    flow = next(found.flow for found in before if found.parameters.get("item") == "ke-hoach")
    ensure_work_pool()
    with get_client(sync_client=True) as client:
        apply(client, before)
        old = deployment_ids(client)
        with recording(1) as recorder:
            given = {"plan": installation.plan.id, "item": "ke-hoach", "as_of": at("2024-01-10", "08:00")}
            state: Any = recorder.record(PastRun(issue, flow, old[flow, "2024"], at("2024-01-10", "08:00"), given))

        first = here.deploy(with_automations=False)
        now = deployment_ids(client)
        assert {key: now[key[0], "nho-2024"] for key in old} == old, "the same deployments"
        assert {name for _, name in now} == {"nho-2024", "dondoc"}
        assert (first.paused, first.deleted) == ([], [])
        run = client.read_flow_run(state.state_details.flow_run_id)
        assert run.deployment_id == now[flow, "nho-2024"]
    assert here.deploy(with_automations=False).changed == 0
    assert here.deploy(dry_run=True, with_automations=False).changed == 0
