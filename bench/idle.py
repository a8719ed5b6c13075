"""The flow run that does nothing: what Prefect itself costs. `python -m bench.idle NAME` serves it the stock way."""

from __future__ import annotations

import sys

from prefect import flow


@flow(retries=0)
def idle() -> None:
    """Nothing."""


if __name__ == "__main__":
    idle.serve(name=sys.argv[1], print_starting_message=False)
