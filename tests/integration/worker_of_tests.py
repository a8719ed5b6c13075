"""The warm worker, which runs the flows of these tests beside those of the house."""

from __future__ import annotations

from deployments.worker.__main__ import main
from dondoc.schedule.own_flows import ENTRYPOINTS

FLOWS = ("says", "overdue", "dies", "waits", "nowhere")

if __name__ == "__main__":
    main(ENTRYPOINTS | {f"tests.integration.worker_flows.{name}" for name in FLOWS})
