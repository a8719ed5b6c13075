"""The glossary names places that exist and words that the office really reads."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROWS = re.findall(
    r"^\| ([a-z ]+) \| ([^|`]+) \| `([\w.]+):(\w+)` \| [^|]+ \|$",
    (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"),
    re.M,
)
FILES = sorted((ROOT / "config" / "words" / "vi").rglob("*.yaml"))


def test_every_row_is_read_and_every_word_has_one_row() -> None:
    lines = [
        line for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines() if line[:1] == "|"
    ]
    assert len(ROWS) == len(lines) - 2 >= 25
    assert len({row[0] for row in ROWS}) == len({row[2:] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("word", "vietnamese", "module", "name"), ROWS, ids=[row[0] for row in ROWS])
def test_its_place_exists_and_the_office_reads_its_word(word: str, vietnamese: str, module: str, name: str) -> None:
    assert getattr(import_module(module), name).__doc__, word
    read = re.compile(rf"(?<!\w){re.escape(vietnamese)}(?!\w)", re.IGNORECASE)
    values = (re.sub(r"(^|\s)#.*", "", path.read_text(encoding="utf-8"), flags=re.M) for path in FILES)
    assert any(read.search(text) for text in values)
