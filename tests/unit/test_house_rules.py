"""The house: imports run one way, the domain is pure, modules are small and plainly named. Read from syntax trees."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dondoc", "tasks", "flows", "portal", "deployments", "bench")

# What each package may import of the house, besides itself.
MAY_IMPORT = {
    "dondoc": set[str](),
    "tasks": {"dondoc"},
    "flows": {"dondoc", "tasks"},
    "portal": {"dondoc", "tasks"},
    "deployments": set(PACKAGES),
    "bench": set(PACKAGES),
}
# What would let the domain touch the world.
IMPURE = {
    "prefect", "sqlalchemy", "psycopg", "alembic", "httpx", "requests", "http", "fastapi", "starlette",
    "aiosmtplib", "aiosmtpd", "smtplib", "os", "subprocess", "socket", "shutil", "tempfile", "pathlib", "time",
    "random", "secrets", "asyncio", "threading", "multiprocessing",
    "urllib.request",
}  # fmt: skip
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("uuid", "uuid4")}
READERS = {"open", "input", "print", "exec", "eval", "__import__"}
# Names that say nothing. Whole words only: `processed_on` or `database` say something, `process` and `data` do not.
# Not ours to choose: the hooks that aiosmtpd and html.parser call, and PostgreSQL's own name of its folder.
FOREIGN = {"handle_DATA", "handle_data", "data_directory"}
EMPTY = {"manager", "helper", "helpers", "util", "utils", "handler", "process", "data", "info"}

# Only ever imported by their full name, never run as a script, so they shadow nothing.
SHADOWS = {"dondoc/calendar.py"}

FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def imports(path: Path, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """(dotted name, line) of everything imported, also inside functions and under TYPE_CHECKING."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = path.relative_to(ROOT).parts[: -node.level]
                base = ".".join((*parts, *([base] if base else [])))
            yield base, node.lineno
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def forbidden_imports(path: Path, tree: ast.Module) -> list[str]:
    package = package_of(path)
    allowed = MAY_IMPORT[package] | {package}
    return [
        f"{relative(path)}:{line} imports {name}"
        for name, line in imports(path, tree)
        if name.split(".")[0] in set(PACKAGES) - allowed
        or (package == "dondoc" and {name, name.split(".")[0]} & IMPURE)
    ]


def impure_calls(path: Path, tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in READERS:
            found.append(f"{relative(path)}:{node.lineno} calls {called.id}")
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name | ast.Attribute):
            owner = called.value.id if isinstance(called.value, ast.Name) else called.value.attr
            if (owner, called.attr) in CLOCKS:
                found.append(f"{relative(path)}:{node.lineno} calls {owner}.{called.attr}")
    return found


def words(name: str) -> set[str]:
    """The words of a name in either_case or EitherCase."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def empty_names(path: Path, tree: ast.Module) -> list[str]:
    names = [(path.stem if path.stem != "__init__" else path.parent.name, 1)]
    named = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    names += [(node.name, node.lineno) for node in ast.walk(tree) if isinstance(node, named)]
    return [
        f"{relative(path)}:{line} is named {name}"
        for name, line in names
        if name not in FOREIGN and words(name) & EMPTY
    ]


def test_there_is_a_house_to_look_at() -> None:
    assert {package_of(path) for path in FILES} == set(PACKAGES)
    assert len([path for path in FILES if package_of(path) == "dondoc"]) > 15


def test_imports_run_one_way_and_the_domain_imports_nothing_that_touches_the_world() -> None:
    assert [found for path, tree in TREES.items() for found in forbidden_imports(path, tree)] == []


def test_flows_do_not_import_flows() -> None:
    found = [
        f"{relative(path)}:{line} imports {name}"
        for path, tree in TREES.items()
        if package_of(path) == "flows"
        for name, line in imports(path, tree)
        if name.split(".")[0] == "flows"
    ]
    assert found == []


def test_the_domain_never_asks_the_clock_nor_reads_a_file() -> None:
    domain = {path: tree for path, tree in TREES.items() if package_of(path) == "dondoc"}
    assert [found for path, tree in domain.items() for found in impure_calls(path, tree)] == []


def test_no_module_is_named_like_one_of_pythons() -> None:
    named = {relative(path) for path in FILES if path.stem in sys.stdlib_module_names}
    assert named - SHADOWS == set()
    assert named >= SHADOWS  # a module that is gone needs no exception


def test_no_package_is_named_like_one_of_pythons() -> None:
    assert set(PACKAGES) & sys.stdlib_module_names == set()


def test_modules_stay_small() -> None:
    sizes = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: size for name, size in sizes.items() if size > 300} == {}


def test_names_say_something() -> None:
    assert [found for path, tree in TREES.items() for found in empty_names(path, tree)] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [relative(p) for p, tree in TREES.items() if tree.body and not ast.get_docstring(tree)]
    assert silent == []


# -- the rules themselves see what they should ----------------------------------------------------------

SAMPLE = ROOT / "dondoc" / "sample.py"


@pytest.mark.parametrize(
    "line",
    [
        "import os", "import os.path", "from os import path", "import sqlalchemy as sa", "from tasks import house",
        "from tasks.store.tables import ledger", "from ..tasks import house", "from prefect import flow",
        "def f():\n    import socket", "if True:\n    from flows.issue import x",
    ],
)  # fmt: skip
def test_a_forbidden_import_is_seen_wherever_it_stands(line: str) -> None:
    assert forbidden_imports(SAMPLE, ast.parse(line))


@pytest.mark.parametrize(
    "line", ["from datetime import date", "from dondoc.plan import Plan", "from .plan import Plan", "import calendar"]
)
def test_an_allowed_import_is_left_alone(line: str) -> None:
    assert forbidden_imports(SAMPLE, ast.parse(line)) == []


@pytest.mark.parametrize(
    "line", ["datetime.now(UTC)", "datetime.datetime.now()", "date.today()", "open('x')", "uuid.uuid4()"]
)
def test_an_impure_call_is_seen(line: str) -> None:
    assert impure_calls(SAMPLE, ast.parse(line))


@pytest.mark.parametrize(
    "name", ["process", "read_data", "DataReader", "PlanManager", "get_info", "HTTPHandler", "utils"]
)
def test_an_empty_name_is_seen(name: str) -> None:
    assert empty_names(SAMPLE, ast.parse(f"def {name}(): pass"))


@pytest.mark.parametrize("name", ["processed_on", "database", "updated", "Informed", "information", "candidate"])
def test_a_name_that_only_contains_such_letters_is_left_alone(name: str) -> None:
    assert empty_names(SAMPLE, ast.parse(f"def {name}(): pass")) == []
