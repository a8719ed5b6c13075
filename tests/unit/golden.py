"""Golden files under tests/golden: compared line by line, rewritten with DONDOC_UPDATE_GOLDEN=1."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "golden"


def assert_golden(name: str, lines: list[str]) -> None:
    """Compare `lines` with the golden file of that name; with DONDOC_UPDATE_GOLDEN=1 write it instead."""
    path = FOLDER / name
    if os.environ.get("DONDOC_UPDATE_GOLDEN") == "1":
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert path.exists(), f"{name} is missing; write it with DONDOC_UPDATE_GOLDEN=1 and read it before keeping it"
    assert lines == path.read_text(encoding="utf-8").splitlines()
