"""Files that the first version's reader of figures named and did not keep, against files that were lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasks.store.shelf_check import ShelfCheck


def submitted(seq: int, actor: str, month: str = "2024-01") -> dict[str, Any]:
    file = {"name": "so-lieu.csv", "type": "text/csv", "size": 3, "sha256": "ab" * 32}
    return {"seq": seq, "kind": "occurrence.submitted", "actor": actor, "occurrence": f"p/chi-so/{month}",
            "body": {"files": [file]}}  # fmt: skip


def recorded(seq: int, month: str = "2024-01") -> dict[str, Any]:
    return {"seq": seq, "kind": "figures.recorded", "actor": "figures", "occurrence": f"p/chi-so/{month}", "body": {}}


def codes(folder: Path, *entries: dict[str, Any]) -> tuple[list[str], list[int]]:
    check = ShelfCheck(folder)
    found = [finding.code for entry in entries for finding in check.take(entry)]
    return found, check.never_kept()


def test_figures_without_an_entry_of_their_own_were_never_kept(tmp_path: Path) -> None:
    assert codes(tmp_path, submitted(5, "figures"), submitted(9, "figures", "2024-02")) == ([], [5, 9])


def test_figures_with_an_entry_of_their_own_are_lost(tmp_path: Path) -> None:
    assert codes(tmp_path, submitted(5, "figures"), recorded(6)) == (["file_missing"], [])
    assert codes(tmp_path, recorded(4), submitted(5, "figures")) == (["file_missing"], [])


def test_what_a_unit_handed_in_is_lost(tmp_path: Path) -> None:
    assert codes(tmp_path, submitted(5, "unit:hcqt")) == (["file_missing"], [])
