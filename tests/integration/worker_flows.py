"""Flows that end in every way a run can end."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from prefect import flow, runtime
from prefect.states import Completed, Failed, State


@flow(retries=0)
def says(state_name: str = "Đã nhắc") -> State[None]:
    """Complete under a name; the message is the flow's own name."""
    return Completed(name=state_name, message=str(runtime.flow_run.flow_name))


@flow(retries=0)
def overdue() -> State[None]:
    """The run went well, the duty was not met."""
    return Failed(name="Quá hạn")


@flow(retries=0)
def dies(how: str) -> None:
    """End the process without a word."""
    if how == "exit":
        os._exit(0)
    os.kill(os.getpid(), getattr(signal, how))


@flow(retries=0)
def waits(marker: str) -> None:
    """Write this process's id to `marker`, then never end."""
    Path(marker).write_text(str(os.getpid()))
    while True:
        time.sleep(60)
