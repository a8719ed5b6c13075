"""A language is a folder below config/words: what one lacks beside Vietnamese, the language that has everything."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import jinja2
import pytest
import yaml
from jinja2 import meta, nodes

WORDS = Path(__file__).parents[3] / "config" / "words"
FIRST = WORDS / "vi"
TEMPLATES = {".j2", ".html"}
# How mail programs speak is no translation: lists of any length, patterns whose braces are no placeholders.
FREE = {"inbound.yaml"}


def lacking(first: Path, other: Path) -> list[str]:
    """What `other` lacks or has too much beside `first`, one line each: files, keys, placeholders, names in templates."""
    ours, theirs = files(first), files(other)
    found = [f"{name}: the file is missing" for name in sorted(ours - theirs)]
    found += [f"{name}: there is no such file in {first.name}" for name in sorted(theirs - ours)]
    for name in sorted(ours & theirs):
        try:
            found += [f"{name}: {fault}" for fault in different(first / name, other / name)]
        except (yaml.YAMLError, jinja2.TemplateSyntaxError, SyntaxError, UnicodeDecodeError) as error:
            found.append(f"{name}: cannot be read: {error}")
    return found


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def different(first: Path, other: Path) -> Iterator[str]:
    ours, theirs = (path.read_text(encoding="utf-8") for path in (first, other))
    if first.suffix == ".yaml":
        yield from keys(yaml.safe_load(ours), yaml.safe_load(theirs), "", free=first.name in FREE)
    elif first.suffix in TEMPLATES:
        yield from names(template(ours), template(theirs))
    elif first.suffix == ".py" and program(ours) != program(theirs):
        yield "another program; only what it says may differ"


def keys(first: Any, other: Any, where: str, *, free: bool) -> Iterator[str]:
    """Keys recursively, the length of lists, the placeholders of each text."""
    if type(first) is not type(other):
        yield f"{where or 'the file'} is a {type(other).__name__}, not a {type(first).__name__}"
    elif isinstance(first, dict):
        yield from (f"{where}{key} is missing" for key in first if key not in other)
        yield from (f"{where}{key} is not known" for key in other if key not in first)
        for key in first:
            if key in other:
                yield from keys(first[key], other[key], f"{where}{key}.", free=free)
    elif isinstance(first, list) and not free:
        if len(first) != len(other):
            yield f"{where.strip('.')} has {len(other)} entries, not {len(first)}"
        for number, (one, two) in enumerate(zip(first, other, strict=False)):
            yield from keys(one, two, f"{where}{number}.", free=free)
    elif isinstance(first, str) and not free and placeholders(first) != placeholders(other):
        yield f"{where.strip('.')} fills in {sorted(placeholders(other))}, not {sorted(placeholders(first))}"


def placeholders(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        return {f"nothing, for {error}"}


def template(text: str) -> nodes.Template:
    environment = jinja2.Environment(autoescape=False)  # only read, never rendered
    parsed = environment.parse(text)
    environment.filters.update({node.name: str for node in parsed.find_all(nodes.Filter)})
    return parsed


def names(first: nodes.Template, other: nodes.Template) -> Iterator[str]:
    """Blocks, macros, what it takes and what it sets for others; of attributes only those that nobody gives."""
    kinds: dict[str, tuple[set[str], set[str]]] = {
        "variable": (meta.find_undeclared_variables(first), meta.find_undeclared_variables(other)),
        "block": ({b.name for b in first.find_all(nodes.Block)}, {b.name for b in other.find_all(nodes.Block)}),
        "macro": ({m.name for m in first.find_all(nodes.Macro)}, {m.name for m in other.find_all(nodes.Macro)}),
        "template": (set(map(str, meta.find_referenced_templates(first))), set(map(str, meta.find_referenced_templates(other)))),
        "name to set": (set_at_top(first), set_at_top(other)),
    }  # fmt: skip
    for kind, (ours, theirs) in kinds.items():
        yield from (f"the {kind} {name} is missing" for name in sorted(ours - theirs))
        yield from (f"the {kind} {name} is not known" for name in sorted(theirs - ours))
    given = {node.attr for node in first.find_all(nodes.Getattr)}
    yield from (f"nothing has .{node.attr}" for node in other.find_all(nodes.Getattr) if node.attr not in given)


def set_at_top(found: nodes.Template) -> set[str]:
    targets = [node.target for node in found.body if isinstance(node, nodes.Assign | nodes.AssignBlock)]
    return {target.name for target in targets if isinstance(target, nodes.Name)}


class Silenced(ast.NodeTransformer):
    """A program without what it says: every text in it is the same."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, _node: ast.JoinedStr) -> ast.expr:
        return ast.Constant("")


def program(text: str) -> str:
    return ast.dump(Silenced().visit(ast.parse(text)))


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second language that lacks nothing."""
    return shutil.copytree(FIRST, tmp_path_factory.mktemp("words") / "xx")


def test_no_language_lacks_anything() -> None:
    folders = [folder for folder in WORDS.iterdir() if folder.is_dir()]
    assert FIRST in folders
    assert {folder.name: lacking(FIRST, folder) for folder in folders if lacking(FIRST, folder)} == {}


def test_a_language_that_is_whole_lacks_nothing(second: Path) -> None:
    assert lacking(FIRST, second) == []
    assert len(files(second)) > 100


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("words.yaml", "  gated: ", "  gatde: ", ["statuses.gated is missing", "statuses.gatde is not known"]),
        ("words.yaml", 'month: "tháng {month}/{year}"', 'month: "{year}"', ["periods.month fills in ['year'], not ['month', 'year']"]),
        ("words.yaml", ", Chủ nhật]", "]", ["weekdays has 6 entries, not 7"]),
        ("words.yaml", "weekdays: [", "weekdays: [[", ["cannot be read"]),
        ("words.yaml", 'phrase: "“{phrase}”"', 'phrase: "{phrase"', ["values.phrase fills in"]),
        ("inbound.yaml", "  - Vắng mặt\n", "", []),
        ("inbound.yaml", "automatic_subjects:", "subjects:", ["automatic_subjects is missing", "subjects is not known"]),
        ("mail/overdue/message.j2", "{% block asked", "{% block ask", ["the block asked is missing", "the block ask is not known"]),
        ("mail/incident/text.j2", "{{ office", "{{ ofice", ["the variable office is missing", "the variable ofice is not known"]),
        ("mail/incident/text.j2", "incident.run_name", "incident.name", ["nothing has .name"]),
        ("portal/_marks.html", "{% set tone_words", "{% set tone_word", ["the name to set tone_words is missing"]),
        ("portal/board.html", '"page.html"', '"pages.html"', ["the template page.html is missing"]),
        ("evidence/kiem-tra.py", '"0" * 64', '"0" * 63', ["another program"]),
        ("evidence/kiem-tra.py", "có số nguyên quá lớn", "an integer is too large", []),
    ],
)  # fmt: skip
def test_what_a_second_language_lacks_is_found(tmp_path: Path, name: str, old: str, new: str, says: list[str]) -> None:
    text = (FIRST / name).read_text(encoding="utf-8")
    assert old in text
    for folder, content in ((tmp_path / "vi", text), (tmp_path / "xx", text.replace(old, new, 1))):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(content, encoding="utf-8")
    found = lacking(tmp_path / "vi", tmp_path / "xx")
    assert [line for line in says if not any(f"{name}: {line}" in known for known in found)] == []
    assert bool(found) is bool(says)


def test_a_file_too_few_and_a_file_too_many_are_named(tmp_path: Path) -> None:
    other = shutil.copytree(FIRST, tmp_path / "xx")
    (other / "mail/assign/message.j2").unlink()
    (other / "mail/assign/massage.j2").touch()
    assert lacking(FIRST, other) == [
        "mail/assign/message.j2: the file is missing",
        "mail/assign/massage.j2: there is no such file in vi",
    ]
