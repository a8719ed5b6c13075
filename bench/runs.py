"""One checkpoint run of a real item against a flow run that does nothing: in the same warm worker, under stock `serve()`.

Runs are started by hand and take turns, one at a time. From *created*: what somebody waits who presses Run, with the
wait for the next poll (1 s at most in the worker, 10 s in a stock `serve()`). From *taken* (Pending): without that
wait, but with what it takes to have a process. From *started* (Running): the run alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from datetime import time as clock_time
from statistics import median
from typing import Any, TypeVar
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from bench.installation import installation
from deployments.apply import apply, deployment_ids
from deployments.worker import ensure_work_pool
from dondoc.schedule.deployments import POOL, Compiler, Deployment
from operations.stack import children, services
from operations.stack.children import Child
from operations.stack.databases import DatabaseUrls
from operations.stack.prefect_server import child_environment, client_environment
from operations.stack.settings import Stack
from tasks.config.loading import load_rules, read_plan_file, words
from tasks.config.settings import HOME
from tasks.obligations.run_result import templates
from tasks.store.connect import engine
from tasks.store.plans import adopt

CONFIG = HOME / "config"
ITEM = "kiem-soat-tthc"  # nine obligations: the heaviest item of the plan
ROUNDS = 5
PATIENCE = 120.0
Answer = TypeVar("Answer")
SERVED = "served"


@dataclass(frozen=True)
class Taken:
    """The seconds from each of three moments of a run to its end."""

    created: float
    taken: float
    started: float


def run() -> list[tuple[str, float]]:
    """(label, ratio) rows."""
    with installation() as (stack, urls):
        item, mornings = _adopt(urls)
        services.up(stack)
        with _client(stack) as client:
            ensure_work_pool()
            apply(client, [item])
            real = deployment_ids(client)[item.flow, item.name]
            idle = _deploy_idle(client)
            _start(stack, urls)
            served = _wait(lambda: _served(client))
            return _rows(
                [
                    (
                        _measure(client, real, {**item.parameters, "as_of": morning}),
                        _measure(client, idle),
                        _measure(client, served),
                    )
                    for morning in mornings[: ROUNDS + 1]
                ][1:]
            )


def _rows(rounds: list[tuple[Taken, Taken, Taken]]) -> list[tuple[str, float]]:
    rows = []
    names = ("a checkpoint run", "an idle run", "an idle run under serve()")
    for ours, theirs in ((0, 1), (0, 2), (1, 2)):
        for since in ("created", "taken", "started"):
            seconds = [median(getattr(round_[side], since) for round_ in rounds) for side in (ours, theirs)]
            rows.append((f"{names[ours]} / {names[theirs]}, from {since} to ended", seconds[0] / seconds[1]))
    return rows


def _adopt(urls: DatabaseUrls) -> tuple[Deployment, list[str]]:
    """The item's deployment without its schedule, and the mornings it is looked at, of a plan adopted just now."""
    rules = load_rules(CONFIG)
    plan = read_plan_file(CONFIG / "plans" / "2024.yaml", rules.office)
    sheet = templates(CONFIG).get_template("deployment.md.j2")
    compiled = Compiler(rules, words(CONFIG), sheet).deployments(plan)
    item = next(found for found in compiled if found.parameters.get("item") == ITEM)
    store = engine(urls.app)
    moment = datetime.combine(plan.adopted_on, clock_time(7, 30), tzinfo=rules.policy.zone)
    adopt(store, plan, rules.policy, rules.calendar, moment, "bench")
    store.dispose()
    mornings = [morning.replace(tzinfo=rules.policy.zone).isoformat() for morning in item.mornings]
    return replace(item, mornings=()), mornings


@contextmanager
def _client(stack: Stack) -> Iterator[SyncPrefectClient]:
    environment = client_environment(stack)
    settings = {setting: environment[setting.name] for setting in (PREFECT_API_URL, PREFECT_API_AUTH_STRING)}
    with temporary_settings(settings), get_client(sync_client=True) as client:
        yield client


def _deploy_idle(client: SyncPrefectClient) -> UUID:
    return client.create_deployment(
        flow_id=client.create_flow_from_name("idle in the warm worker"),
        name="bench",
        entrypoint="bench.idle.idle",
        work_pool_name=POOL,
        enforce_parameter_schema=False,
    )


def _start(stack: Stack, urls: DatabaseUrls) -> None:
    environment = {
        **child_environment(stack),
        "DONDOC_STORE_URL": urls.app,
        "DONDOC_CONFIG": str(CONFIG),
        "DONDOC_VAR": str(stack.root),
    }
    for name, command in (("worker", ("bench.worker",)), (SERVED, ("bench.idle", SERVED))):
        children.start_child(stack, Child(name, (sys.executable, "-m", *command), environment, folder=HOME))


def _served(client: SyncPrefectClient) -> UUID | None:
    try:
        return client.read_deployment_by_name(f"idle/{SERVED}").id
    except ObjectNotFound:
        return None


def _measure(client: SyncPrefectClient, deployment: UUID, parameters: dict[str, Any] | None = None) -> Taken:
    run_id = client.create_flow_run_from_deployment(deployment, parameters=parameters or {}).id

    def ended() -> bool:
        state = client.read_flow_run(run_id).state
        return state is not None and state.is_final()

    _wait(ended)
    found = client.read_flow_run(run_id)
    states = {state.type: state.timestamp for state in reversed(client.read_flow_run_states(run_id))}
    if found.state is None or found.state.is_crashed() or found.created is None or found.end_time is None:
        raise RuntimeError(f"a run of the benchmark went wrong: {found.state}")
    since = (found.created, states[StateType.PENDING], states[StateType.RUNNING])
    return Taken(*((found.end_time - moment).total_seconds() for moment in since))


def _wait(question: Callable[[], Answer | None]) -> Answer:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(0.1)
    raise RuntimeError(f"the benchmark's Prefect did not get there within {PATIENCE:.0f} s")
