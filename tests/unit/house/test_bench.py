"""The bench's own promises: ratios only, a clear line for what is missing, nothing asserted about time."""

from __future__ import annotations

import pytest

from bench import cli
from bench.__main__ import NAMES, main
from bench.pairs import AbsentError, ratio


def test_a_ratio_is_positive() -> None:
    def side() -> int:
        return sum(range(10_000))

    assert ratio(side, side) > 0


def test_an_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed"]) == 2
    assert ", ".join(NAMES) in capsys.readouterr().err


def test_a_missing_part_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> list[tuple[str, float]]:
        raise AbsentError("the command is not written yet")

    monkeypatch.setattr(cli, "run", absent)
    assert main(["cli"]) == 1
    assert capsys.readouterr().out.split("not measured: ")[1] == "the command is not written yet\n"
