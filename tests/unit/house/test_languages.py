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
    ("name", "first", "other", "says"),
    [
        ("a.yaml", "statuses: {open: Mở}", "statuses: {opne: Open}", ["statuses.open is missing", "statuses.opne is not known"]),
        ("a.yaml", "month: tháng {month}/{year}", "month: '{year}'", ["month fills in ['year'], not ['month', 'year']"]),
        ("a.yaml", "days: [Hai, Ba]", "days: [Mon]", ["days has 1 entries, not 2"]),
        ("a.yaml", "lines: ['a {b}']", "lines: ['a {c}']", ["lines.0 fills in ['c'], not ['b']"]),
        ("a.yaml", "days: [Hai, Ba]", "days: Monday", ["days. is a str, not a list"]),
        ("a.yaml", "days: [Hai, Ba]", "days: [Mon", ["cannot be read: "]),
        ("a.yaml", 'phrase: "{phrase}"', 'phrase: "{phrase"', ["phrase fills in"]),
        ("a.yaml", "late: Trễ {days} ngày", "late: '{days} days late'", []),
        ("inbound.yaml", 'from: ["Vào .{5,20} viết:"]', 'from: ["On .{5,9} wrote:", "Le .+ :"]', []),
        ("inbound.yaml", "from: []", "form: []", ["from is missing", "form is not known"]),
        ("m/message.j2", "{% block asked %}Nộp{% endblock %}", "{% block ask %}Hand in{% endblock %}", ["the block asked is missing", "the block ask is not known"]),
        ("m/text.j2", "Gửi {{ office | short }}", "To {{ ofice }}", ["the variable office is missing", "the variable ofice is not known"]),
        ("m/text.j2", "{{ run.name }} {{ run.at }}", "{{ run.nme }}", ["nothing has .nme"]),
        ("p/_marks.html", '{% set tones = {"red": "Trễ"} %}', '{% set tone = {"red": "Late"} %}', ["the name to set tones is missing"]),
        ("p/_macros.html", "{% macro row(x) %}{% endmacro %}", "{% macro raw(x) %}{% endmacro %}", ["the macro row is missing"]),
        ("p/board.html", '{% extends "page.html" %}', '{% extends "pages.html" %}', ["the template page.html is missing"]),
        ("p/board.html", "{% if late %}Trễ{% endif %}", "{% if late %}Late", ["cannot be read: "]),
        ("p/board.html", "{% if late %}Trễ{% endif %}", "Late: {{ late }}", []),
        ("verify.py", 'print("sai"); x = 64', 'print("wrong"); x = 63', ["another program"]),
        ("verify.py", 'print(f"sai {x}")', 'print(f"{x} is wrong")', []),
    ],
)  # fmt: skip
def test_what_a_second_language_lacks_is_found(
    tmp_path: Path, name: str, first: str, other: str, says: list[str]
) -> None:
    for folder, content in ((tmp_path / "vi", first), (tmp_path / "xx", other)):
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
