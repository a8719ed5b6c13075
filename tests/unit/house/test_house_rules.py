"""The house: imports run one way, the domain is pure, modules are small and plainly named. Read from syntax trees."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("dondoc", "tasks", "flows", "portal", "deployments", "operations", "cli", "bench")

# What each package may import of the house, besides itself.
MAY_IMPORT = {
    "dondoc": set[str](),
    "tasks": {"dondoc"},
    "flows": {"dondoc", "tasks"},
    "portal": {"dondoc", "tasks"},
    "deployments": {"dondoc", "tasks", "flows"},
    "operations": {"dondoc", "tasks", "flows", "portal", "deployments"},
    "cli": set(PACKAGES) - {"bench"},
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
FOREIGN = {"handle_DATA", "handle_data", "data_received", "data_directory"}
EMPTY = {"manager", "helper", "helpers", "util", "utils", "handler", "process", "data", "info"}

# Only ever imported by their full name, never run as a script, so they shadow nothing.
SHADOWS: set[str] = set()
# Names that say nothing by themselves: each was once defined in up to six modules, each time as something else.
OVERUSED = {"line", "kind", "row", "standing", "desk", "plain", "said"}
MOST_SHARED = 40  # public names that more than one module of the product defines
FULLEST = 24  # modules flat in one folder; more wants rooms by subject

FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@cache
def trees() -> dict[Path, ast.Module]:
    """The syntax tree of every module, read once, when the first rule asks."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


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
    assert [found for path, tree in trees().items() for found in forbidden_imports(path, tree)] == []


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def arrows(trees: dict[Path, ast.Module]) -> dict[str, set[str]]:
    """Module → the modules of the house that it imports, wherever in the file that stands."""
    known = {module_of(path) for path in trees}
    found: dict[str, set[str]] = {module: set() for module in known}
    for path, tree in trees.items():
        for name, _ in imports(path, tree):
            if name in known and name != module_of(path):
                found[module_of(path)].add(name)
    # `from a import b` names the package and the module; what counts is the module.
    return {
        module: {n for n in names if not any(other.startswith(f"{n}.") for other in names)}
        for module, names in found.items()
    }


def between_siblings(found: dict[str, set[str]]) -> dict[str, dict[str, set[str]]]:
    """Folder → its packages and modules → those of the same folder that they import."""
    halls: dict[str, dict[str, set[str]]] = {}
    for module, names in found.items():
        for name in names:
            ours, theirs = module.split("."), name.split(".")
            depth = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
            if depth is not None:
                hall = halls.setdefault(".".join(ours[:depth]), {})
                hall.setdefault(ours[depth], set()).add(theirs[depth])
    return halls


def circles(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" → ".join(error.args[1])]
    return []


def test_no_file_and_no_package_imports_itself_in_a_circle() -> None:
    found = arrows(trees())
    assert circles(found) == []
    assert {hall: circles(graph) for hall, graph in between_siblings(found).items() if circles(graph)} == {}


def test_no_folder_is_a_flat_hall() -> None:
    rooms = Counter(relative(path.parent) for path in FILES if path.stem != "__init__")
    assert {folder: number for folder, number in rooms.items() if number > FULLEST} == {}


def test_flows_do_not_import_flows() -> None:
    found = [
        f"{relative(path)}:{line} imports {name}"
        for path, tree in trees().items()
        if package_of(path) == "flows"
        for name, line in imports(path, tree)
        if name.split(".")[0] == "flows"
    ]
    assert found == []


def test_the_domain_never_asks_the_clock_nor_reads_a_file() -> None:
    domain = {path: tree for path, tree in trees().items() if package_of(path) == "dondoc"}
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
    assert [found for path, tree in trees().items() for found in empty_names(path, tree)] == []


def public_names(tree: ast.Module) -> set[str]:
    """What a module defines for others: functions, classes and constants at its top without an underscore."""
    named = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = {node.name for node in tree.body if isinstance(node, named)}
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        found |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return {name for name in found if not name.startswith("_")}


def defined_in(trees: dict[Path, ast.Module]) -> dict[str, list[Path]]:
    """Public name → the modules of the product that define it; a migration's are Alembic's."""
    found: dict[str, list[Path]] = {}
    for path, tree in trees.items():
        if package_of(path) != "bench" and "versions" not in path.parts:
            for name in public_names(tree):
                found.setdefault(name, []).append(path)
    return found


def test_few_names_are_defined_in_more_than_one_module() -> None:
    shared = {name: [relative(p) for p in paths] for name, paths in defined_in(trees()).items() if len(paths) > 1}
    assert len(shared) <= MOST_SHARED, shared


def test_no_public_name_is_a_word_that_could_mean_anything() -> None:
    assert {name: paths for name, paths in defined_in(trees()).items() if name.lower() in OVERUSED} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [relative(p) for p, tree in trees().items() if tree.body and not ast.get_docstring(tree)]
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
    "line",
    ["from datetime import date", "from dondoc.plan.plan import Plan", "from .plan import Plan", "import calendar"],
)
def test_an_allowed_import_is_left_alone(line: str) -> None:
    assert forbidden_imports(SAMPLE, ast.parse(line)) == []


def test_a_circle_is_seen_between_files_and_between_packages() -> None:
    at = ROOT / "dondoc"
    trees = {
        at / "plan" / "plan.py": ast.parse("from dondoc.office import policy"),
        at / "office" / "policy.py": ast.parse(""),
        at / "office" / "units.py": ast.parse("if True:\n    from dondoc.plan.plan import Plan"),
    }
    assert circles(arrows(trees)) == []
    assert circles(between_siblings(arrows(trees))["dondoc"])
    trees[at / "office" / "policy.py"] = ast.parse("import dondoc.plan.plan")
    assert circles(arrows(trees))


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


def test_public_names_are_seen_however_they_are_defined() -> None:
    text = "class A: ...\ndef b(): c = 1\nasync def d(): ...\nE, F = 1, 2\ng: int = 3\n_h = 4\nif True:\n    i = 5"
    assert public_names(ast.parse(text)) == {"A", "b", "d", "E", "F", "g"}
