"""`python -m operations.stack.serve_prefect`: Prefect's server, which builds the description of its interface once.

`/openapi.json` is open to every account of this machine and Prefect builds it anew for each request: some 0.3 s of the
one process that everything else waits for.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import prefect.server.api.server as server
from prefect.cli import app as command

_create_app = server.create_app


def create_prefect(*given: Any, **named: Any) -> Any:
    """Prefect's application, its description kept."""
    made = _create_app(*given, **named)
    made.openapi = cache(made.openapi)  # type: ignore[method-assign]
    return made


def main() -> None:
    """Be `prefect server start`."""
    server.create_app = create_prefect
    sys.argv = ["prefect", "server", "start", *sys.argv[1:]]
    command()


if __name__ == "__main__":
    main()
