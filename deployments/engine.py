"""One flow run through Prefect's real engine, in this process: shared by the warm worker and the replay."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from prefect.client.schemas.objects import FlowRun, State
from prefect.flow_engine import run_flow
from prefect.flows import Flow


def run_to_end(flow: Flow[..., Any], flow_name: str, flow_run: FlowRun) -> State[Any]:
    """Run `flow` as `flow_run`, with the parameters recorded in it, and return its last state.

    An exception in the flow is a Failed state; Prefect's Abort and Pause are raised (they are no failures).
    """
    state = run_flow(
        named_flow(flow, flow_name),
        flow_run=_unobserved(flow_run),
        parameters=flow_run.parameters,
        return_type="state",
    )
    return cast(State[Any], state)


@cache
def named_flow(flow: Flow[..., Any], name: str) -> Flow[..., Any]:
    """The flow under its name in Prefect, so that logs and `runtime.flow_name` agree with the run list."""
    return flow.with_options(name=name)


def _unobserved(flow_run: FlowRun) -> FlowRun:
    # For a run with a deployment the engine opens a websocket to watch for "suspend" and closes it 0.2 s later.
    # Our copy hides the deployment from that one question; the engine then reads the full run from the server.
    return flow_run.model_copy(update={"deployment_id": None})
