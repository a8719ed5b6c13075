"""docs/vong-doi.md: its diagram and tables are made from the transition table, and fail here when they drift."""

from __future__ import annotations

import os
from pathlib import Path

from factories import make_occurrence

from dondoc.ledger.ledger import ENTRY_KINDS
from dondoc.obligations.lifecycle import ENDS, TRANSITIONS, Status, initial
from tasks.config.loading import words

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "vong-doi.md"
WORDS = words(ROOT / "config")
BEGIN, END = (
    "<!-- sinh từ dondoc.obligations.lifecycle: bắt đầu -->",
    "<!-- sinh từ dondoc.obligations.lifecycle: hết -->",
)
BEGINNINGS = (Status.GATED, Status.PLANNED, Status.BEFORE_ADOPTION)  # what `initial` gives


def generated() -> list[str]:
    """The part between the markers."""
    statuses, entries = WORDS["statuses"], WORDS["entries"]
    return [*_diagram(statuses, entries), "", *_table(statuses, entries)]


def _diagram(statuses: dict[str, str], entries: dict[str, str]) -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{statuses[status]}" as {status}' for status in Status]
    lines += [f"    [*] --> {status}" for status in BEGINNINGS]
    moves: dict[tuple[Status, Status], list[str]] = {}
    for (before, kind), after in TRANSITIONS.items():
        if before is not after:
            moves.setdefault((before, after), []).append(entries[kind])
    lines += [f"    {before} --> {after}: {', '.join(names)}" for (before, after), names in moves.items()]
    lines += [f"    {status} --> [*]" for status in Status if status in ENDS]
    return [*lines, "```"]


def _table(statuses: dict[str, str], entries: dict[str, str]) -> list[str]:
    lines = ["| Đang ở | Việc được ghi nhận | Mục trong sổ chứng cứ | Chuyển sang |", "|---|---|---|---|"]
    lines += [
        f"| {statuses[before]} | {entries[kind]} | `{kind}` | {'(giữ nguyên)' if before is after else statuses[after]} |"
        for status in Status
        for (before, kind), after in TRANSITIONS.items()
        if before is status
    ]
    return lines


def test_the_page_shows_the_transition_table() -> None:
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    kept, end, after = rest.partition(END)
    assert begin, f"{PAGE.name} lost its marker {BEGIN}"
    assert end, f"{PAGE.name} lost its marker {END}"
    wanted = "\n\n" + "\n".join(generated()) + "\n\n"
    if os.environ.get("DONDOC_UPDATE_GOLDEN") == "1":
        PAGE.write_text(before + BEGIN + wanted + END + after, encoding="utf-8")
        return
    assert kept.splitlines() == wanted.splitlines(), f"{PAGE.name} is old; rewrite it with DONDOC_UPDATE_GOLDEN=1"


def test_every_status_and_every_entry_of_an_occurrence_has_a_name() -> None:
    assert set(WORDS["statuses"]) == set(Status)
    assert {kind for kind in ENTRY_KINDS if kind.startswith("occurrence.")} <= set(WORDS["entries"])


def test_an_occurrence_begins_where_the_diagram_begins() -> None:
    assert initial(make_occurrence("ke-hoach-thi-hanh")).status in BEGINNINGS
    assert initial(make_occurrence("chuyen-doi-so")).status in BEGINNINGS


def test_no_transition_leaves_an_end() -> None:
    assert not {before for before, _ in TRANSITIONS} & ENDS
