"""The command line: `dondoc --help` against `prefect --help`, each in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from tempfile import TemporaryDirectory

from bench.pairs import AbsentError, ratio
from tasks.config.settings import HOME

ROUNDS = 7


def run() -> list[tuple[str, float]]:
    """(label, ratio) rows."""
    with TemporaryDirectory(prefix="dondoc-bench-") as home:
        environment = {**os.environ, "PREFECT_HOME": home, "DO_NOT_TRACK": "1"}

        def dondoc() -> None:
            _call(environment, "-m", "cli", "--help")

        def prefect() -> None:
            _call(environment, "-m", "prefect", "--help")

        def python() -> None:
            _call(environment, "-c", "pass")

        return [
            ("dondoc --help / prefect --help", ratio(dondoc, prefect, ROUNDS)),
            ("dondoc --help / python that does nothing", ratio(dondoc, python, ROUNDS)),
        ]


def _call(environment: dict[str, str], *arguments: str) -> None:
    called = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if called.returncode:
        last = (called.stderr.strip().splitlines() or ["no message"])[-1]
        raise AbsentError(f"`python {' '.join(arguments)}` ended with {called.returncode}: {last}")
