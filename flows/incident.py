"""Technical failures, told to the operator. Started by automations, never by a schedule."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.runs.incidents import tell_operator


@flow(retries=0)
def incident() -> State[Any]:
    """Tell the operator of every run that failed technically and is not told of yet, one entry a cause."""
    return tell_operator()
