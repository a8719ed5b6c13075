"""What people read stands in config/words, never in code: no text of the code holds a Vietnamese word."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("dondoc", "tasks", "flows", "portal", "deployments", "operations", "cli")
MARKED = set("àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ")
LETTERS = MARKED | set("abcdefghijklmnopqrstuvwxyz")

# Where such a text may stand, and why.
EXCEPTIONS = {
    **dict.fromkeys(
        (f"dondoc/inbox/{name}.py" for name in (
            "bounce_texts", "bounces", "charsets", "incoming", "named_documents", "own_words", "pictures", "weighing",
        )),
        "recognises what people, mail programs and servers write in a letter; shown to nobody",
    ),
    **dict.fromkeys(
        (f"dondoc/reading/{name}.py" for name in (
            "draft_rows", "headings", "table_headings", "legal_bases", "paragraphs", "prose", "reading", "read_items", "results", "table_rows",
            "time_grammar", "time_phrases", "time_tokens", "unit_names",
        )),
        "recognises what a plan document prints; shown to nobody",
    ),
    "dondoc/plan/plan_checks.py": "recognises a cited document in a printed phrase; shown to nobody",
    "dondoc/plan/plan_rows.py": "examples of printed phrases in the English help of the plan file's schema",
    "dondoc/plan/plan_file.py": "examples of printed phrases in the English help of the plan file's schema",
    "dondoc/plan/timings.py": "examples of printed phrases in the English help of the plan file's schema",
}  # fmt: skip


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of every text that is no docstring and no bare expression."""
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.lineno, node.value


def vietnamese(text: str) -> list[str]:
    """The Vietnamese words of a text: two letters or more, of that alphabet only, one of them marked."""
    found = re.findall(r"[^\W\d_]{2,}", unicodedata.normalize("NFC", text).casefold())
    return [word for word in found if set(word) <= LETTERS and set(word) & MARKED]


def test_no_text_in_the_code_is_vietnamese() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text[:60]!r}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in EXCEPTIONS
        for line, text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if vietnamese(text)
    ]
    assert found == [], "move it to config/words"


def test_the_forms_of_the_flows_take_their_words_from_the_language_folder() -> None:
    # Prefect would show a flow's docstring as the help of its form.
    found = [
        f"{path.name}:{node.name}"
        for path in sorted((ROOT / "flows").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and vietnamese(ast.get_docstring(node) or "")
    ]
    assert found == []


@pytest.mark.parametrize(
    "line", ["x = 'Đã nộp'", "f('%s quá hạn')", "x = f'{n} kỳ'", "x = {'a': 'hạn'}", "raise E('đã')"]
)
def test_a_vietnamese_text_is_seen(line: str) -> None:
    assert any(vietnamese(text) for _, text in texts(ast.parse(line)))


@pytest.mark.parametrize(
    "line", ["x = 'late'", "x.replace('đ', 'd')", "x = '¸µ¶·¹¨»¾¼½Æ©ÊÇÈÉË®Ð×Ø'", "def f():\n    'Nộp.'"]
)
def test_a_letter_a_table_of_signs_and_a_docstring_are_left_alone(line: str) -> None:
    assert not any(vietnamese(text) for _, text in texts(ast.parse(line)))
