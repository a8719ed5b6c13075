"""Files that the first version's reader of figures named and did not keep, against files that were lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dondoc.verification.completeness import Recount
from dondoc.verification.report import report_lines
from tasks.config.loading import words
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


def test_they_are_one_remark_and_the_ledger_is_whole_all_the_same() -> None:
    vocabulary = words(Path(__file__).parents[3] / "config")
    lines = list(report_lines(Recount(never_kept=[5, 9, 12]), None, None, vocabulary))
    assert lines == [
        "Ghi chú: 3 tệp số liệu (từ mục 5) do bản phần mềm trước 15:11 ngày 22/11/2026 ghi tên mà chưa lưu; mã băm của tệp vẫn "
        "nằm trong sổ. Đây không phải là sai khác.",
        lines[-1],
    ]
    assert lines[-1].startswith("Sổ chứng cứ nguyên vẹn và đầy đủ")
