"""For all tests: hypothesis keeps no files and watches no clock, so that a loaded machine fails nothing.

Run in parallel (`make test`), tests that share what is dear to make stay in one worker: a unit test's file, the walked
year, the one Prefect server. All others go wherever there is room.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

settings.register_profile("dondoc", deadline=None, database=None, print_blob=True)
settings.load_profile("dondoc")

TESTS = Path(__file__).parent
YEAR = {"test_year.py", "test_scorecard.py"}
SERVER = re.compile(r"\b(prefect_stack|prefect_settings)\b")


@cache
def together(file: str) -> str | None:
    """The name of what one worker runs alone, for a test file; None where each of its tests may run anywhere."""
    path = TESTS.parent / file
    if path.name in YEAR:
        return "year"
    if path.is_relative_to(TESTS / "integration"):
        return "prefect" if SERVER.search(path.read_text(encoding="utf-8")) else None
    return file


class Together(LoadScopeScheduling):
    """Gives workers such groups, the largest first."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid.partition("::")[0]) or nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """How tests are shared out whenever they run in parallel."""
    return Together(config, log)
