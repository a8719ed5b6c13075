"""What README, handbook and decisions say exists: commands, options, make targets, links, folders, the example item."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import COMMANDS, cli
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.office.office import read_office
from dondoc.plan.plan_file import read_plan

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SMALL = 200_000

# Put together here, so that this file is no hit itself.
FORBIDDEN = tuple("/".join(parts) for parts in (("", "work", ""), ("", "root", ""), ("py" + "pi.org", "simple")))
INDEX_OPTIONS = ("index-url", "extra-index", "find-links", "trusted-host")


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def fences(page: Path, info: str | None = None) -> list[str]:
    """The code blocks of a page; those with that info string only, if given."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [text for given, text in found if info is None or given.strip() == info]


def snippets(page: Path) -> Iterator[str]:
    """Every piece of code on a page: the lines of its blocks, then its inline spans."""
    for block in fences(page):
        yield from block.splitlines()
    yield from SPAN.findall(FENCE.sub("", page.read_text(encoding="utf-8")))


def told(program: str) -> list[tuple[str, list[str]]]:
    """(page, words after `program`) for each call of it in the documentation."""
    found = []
    for page in PAGES:
        for snippet in snippets(page):
            words = (
                shlex.split(snippet.replace("[", " ").replace("]", " "), comments=True) if program in snippet else []
            )
            if words and words[0].rpartition("/")[2] == program:
                found.append((page_id(page), words[1:]))
    return found


def resolve(words: list[str]) -> None:
    """Follow a command line through click's tree. Raises AssertionError with the first word that does not exist."""
    command: click.Command = cli
    for word in words:
        if word == "…":
            continue
        if word.startswith("-"):
            options = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
            assert word.partition("=")[0] in options | {"--help", "-h"}, f"{command.name} has no option {word}"
        elif isinstance(command, click.Group):
            inner = command.get_command(click.Context(command), word)
            assert inner is not None, f"{command.name} has no command {word}"
            command = inner


def test_every_dondoc_command_told_of_exists() -> None:
    calls = told("dondoc")
    assert len(calls) > 40
    wrong = []
    for page, words in calls:
        try:
            resolve(words)
        except AssertionError as error:
            wrong.append(f"{page}: dondoc {' '.join(words)}: {error}")
    assert wrong == []


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    for words in (["prove"], ["plan", "amend"], ["deploy", "--fast"], ["up", "--json"]):
        with pytest.raises(AssertionError):
            resolve(words)


def test_the_readme_tells_of_every_command() -> None:
    spans = {word for span in snippets(ROOT / "README.md") for word in span.replace("[", " ").replace("]", " ").split()}
    assert set(COMMANDS) <= spans


def test_every_make_target_told_of_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    calls = told("make")
    assert calls
    wanted = {word for _, words in calls for word in words if re.fullmatch(r"[a-z]+", word)}
    assert {"up", "test"} <= wanted <= targets


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_relative_link_and_picture_resolves(page: Path) -> None:
    links = [link.partition("#")[0] for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))]
    broken = [link for link in links if link and "://" not in link and not (page.parent / link).exists()]
    assert broken == []


def test_pictures_are_small_and_used() -> None:
    pictures = sorted((ROOT / "docs" / "images").glob("*"))
    used = {(page.parent / link).resolve() for page in PAGES for link in LINK.findall(page.read_text(encoding="utf-8"))}
    assert [picture.name for picture in pictures if picture not in used] == []
    assert [picture.name for picture in pictures if picture.stat().st_size > SMALL] == []


def test_every_folder_of_the_readme_exists() -> None:
    (tree,) = [block for block in fences(ROOT / "README.md", "") if block.startswith("dondoc/ ")]
    folders = [line.split()[0] for line in tree.splitlines()]
    assert len(folders) > 5
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []


def test_the_example_item_fits_into_the_plan() -> None:
    (example,) = fences(ROOT / "README.md", "yaml plan-item")
    config = ROOT / "config"
    office = read_office(parse_yaml((config / "office.yaml").read_text(encoding="utf-8"), "office.yaml"))
    text = (config / "plans" / "2024.yaml").read_text(encoding="utf-8")
    before = read_plan(parse_yaml(text, "2024.yaml"), office)
    plan = read_plan(parse_yaml(f"{text.rstrip()}\n\n{example}", "2024.yaml"), office)
    assert plan.items[:-1] == before.items
    assert [obligation.timing.kind for obligation in plan.items[-1].obligations] == ["quarter", "recurring"]


def test_the_changelog_begins_with_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    heading = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert heading is not None
    assert heading[1] == version


def test_every_decision_is_in_the_index_and_short() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    pages = sorted(folder.glob("[0-9]*.md"))
    assert [page.name for page in pages if f"({page.name})" not in index] == []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 40, page.name
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], page.name


def test_the_schema_for_editors_is_the_present_one() -> None:
    done = CliRunner().invoke(cli, ["plan", "schema"])
    assert done.exit_code == 0
    kept = (ROOT / "config" / "schema" / "plan.schema.json").read_text(encoding="utf-8")
    assert json.loads(kept) == json.loads(done.output)
    assert kept == done.output, "rewrite it with: make schema"


def test_help_is_quick_it_imports_neither_prefect_nor_sqlalchemy() -> None:
    code = (
        "import sys, click.testing, cli as c; "
        "click.testing.CliRunner().invoke(c.cli, ['--help']); "
        "sys.exit(' '.join({'prefect', 'sqlalchemy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@cache
def ours() -> tuple[Path, ...]:
    """The files under version control and those about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def test_no_file_names_this_machine_or_an_index() -> None:
    hits = []
    for path in ours():
        text = path.read_text(encoding="utf-8", errors="replace")
        hits += [f"{page_id(path)}: {word}" for word in FORBIDDEN if word in text]
    assert hits == []


def test_locks_pin_by_hash_and_name_no_index() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert len(locks) == 3
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert [word for word in INDEX_OPTIONS if word in text] == [], lock.name
        assert "://" not in text, lock.name
        pinned = re.findall(r"^[A-Za-z0-9._-]+==", text, re.MULTILINE)
        assert pinned
        assert text.count("--hash=sha256:") >= len(pinned), lock.name
