"""For all tests: hypothesis keeps no files and watches no clock, so that a loaded machine fails nothing.

Run in parallel (`make test`), tests that share what is dear to make stay in one worker: a unit test's file, the walked
year, the one Prefect server. All others go wherever there is room.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

UNIT = Path(__file__).parent / "unit"
YEAR = {"test_year", "test_scorecard"}

settings.register_profile("dondoc", deadline=None, database=None, print_blob=True)
settings.load_profile("dondoc")


def together(item: pytest.Item) -> str | None:
    """The group whose tests one worker runs; None for a test that may run anywhere."""
    if "prefect_stack" in getattr(item, "fixturenames", ()):
        return "prefect"
    if not item.path.is_relative_to(UNIT):
        return None
    return "year" if item.path.stem in YEAR else str(item.path.relative_to(UNIT))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks for `--dist loadgroup`, where tests run in parallel at all."""
    if hasattr(config, "workerinput"):
        for item in items:
            if group := together(item):
                item.add_marker(pytest.mark.xdist_group(group))
