"""`python -m bench.worker`: the warm worker, which runs the benchmark's idle flow beside those of the house."""

from __future__ import annotations

from deployments.worker.__main__ import main
from dondoc.schedule.own_flows import ENTRYPOINTS

if __name__ == "__main__":
    main(ENTRYPOINTS | {"bench.idle.idle"})
