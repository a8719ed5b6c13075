"""An office of one's own: its configuration outside the clone, its document read into it, its units given mailboxes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from reading.made_documents import DUTIES, merged_times

from cli import cli
from dondoc.foundation.errors import ConfigurationError, DondocError
from tasks.config.loading import language_folder, load_rules, shipped
from tasks.config.settings import HOME, read_settings

FLAGS = [
    "--office", "Ủy ban nhân dân huyện", "--tracker", "noi-vu@huyen.example", "--head", "chu-tich@huyen.example",
    "--operator", "cntt@huyen.example", "--mail-host", "mail.huyen.example", "--no-mail-test",
]  # fmt: skip


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "cau-hinh"
    done = run("init", str(made), *FLAGS)
    assert done.exit_code == 0, done.output
    monkeypatch.setenv("DONDOC_CONFIG", str(made))
    return made


def test_only_what_the_office_needs_is_written(folder: Path) -> None:
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) == [
        "documents.yaml", "dondoc.toml", "office.yaml", "plans", "policy.yaml",
    ]  # fmt: skip


def test_what_was_said_stands_in_it_and_the_rest_comes_with_dondoc(folder: Path) -> None:
    office = load_rules(folder).office
    found = read_settings({"DONDOC_CONFIG": str(folder)})
    assert (office.office, office.units) == ("Ủy ban nhân dân huyện", ())
    assert office.address("role:tracker") == "noi-vu@huyen.example"
    assert office.address("role:auditor") is None
    assert found.smtp.host == "mail.huyen.example"
    assert language_folder(folder) == HOME / "config" / "words" / "vi"


def test_a_file_of_the_office_goes_before_the_one_that_comes_with_dondoc(folder: Path) -> None:
    (folder / "calendars").mkdir()
    assert shipped(folder, "calendars") == folder / "calendars"
    assert shipped(folder, "portal/static") == HOME / "config" / "portal" / "static"


def test_a_folder_inside_the_clone_or_written_already_is_refused(folder: Path) -> None:
    for place in (str(folder), str(HOME / "cau-hinh-moi")):
        done = run("init", place, *FLAGS)
        assert isinstance(done.exception, DondocError)
    assert not (HOME / "cau-hinh-moi").exists()


def test_a_document_becomes_a_plan_of_that_office_whose_units_have_mailboxes(folder: Path, tmp_path: Path) -> None:
    name, content, _ = merged_times()
    (tmp_path / name).write_bytes(content)
    plan = folder / "plans" / "2026.yaml"
    read = run(
        "plan", "read", str(tmp_path / name), "--year", "2026", "--output", str(plan), "--report", str(tmp_path / "r")
    )
    assert read.exit_code == 0, read.output
    assert f"read {len(DUTIES)} items" in read.output
    assert DUTIES[0][0][:30] in (tmp_path / "r").read_text(encoding="utf-8")
    assert "no error" in run("plan", "check", str(plan)).output

    refused = run("plan", "adopt", str(plan))
    assert "plan units" in str(refused.exception)

    text = plan.read_text(encoding="utf-8")
    plan.write_text(re.sub(r"email: null", "email: don-vi@huyen.example", text, count=2), encoding="utf-8")
    some = run("plan", "units", str(plan))
    assert some.exit_code == 1
    assert "2 unit(s) put into" in some.output
    assert len(load_rules(folder).office.units) == 2

    plan.write_text(
        plan.read_text(encoding="utf-8").replace("email: null", "email: don-vi@huyen.example"), encoding="utf-8"
    )
    assert run("plan", "units", str(plan)).exit_code == 0
    assert "new_units" not in plan.read_text(encoding="utf-8")
    assert "no error" in run("plan", "check", str(plan)).output


def test_only_a_draft_may_name_units_that_the_office_lacks(folder: Path, tmp_path: Path) -> None:
    name, content, _ = merged_times()
    (tmp_path / name).write_bytes(content)
    plan = folder / "plans" / "2026.yaml"
    run("plan", "read", str(tmp_path / name), "--year", "2026", "--output", str(plan))
    plan.write_text(plan.read_text(encoding="utf-8").replace("draft: true", "draft: false"), encoding="utf-8")
    failed = run("plan", "check", str(plan))
    assert isinstance(failed.exception, ConfigurationError)
    assert "plan units" in str(failed.exception)


def test_a_workbook_begins_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DONDOC_CONFIG", raising=False)
    book, plan = tmp_path / "w.xlsx", tmp_path / "w.yaml"
    assert run("plan", "export", str(book), str(HOME / "config/plans/2024.yaml")).exit_code == 0
    head = ("--plan", "cchc", "--year", "2024", "--title", "Kế hoạch năm 2024", "--adopted-on", "2024-01-02")
    assert run("plan", "import", str(book), *head, "--output", str(plan)).exit_code == 0
    assert "33 items, 57 obligations, 152 occurrences; no error" in run("plan", "check", str(plan)).output


def test_a_workbook_that_begins_a_plan_needs_its_head(tmp_path: Path) -> None:
    book = tmp_path / "w.xlsx"
    assert run("plan", "export", str(book), "--blank").exit_code == 0
    assert "needs --plan, --year and --title" in run("plan", "import", str(book)).output
    empty = run("plan", "import", str(book), "--plan", "cchc", "--year", "2026", "--title", "Kế hoạch")
    assert empty.exit_code == 1
    assert "write at least one" in empty.output


def test_a_document_given_as_a_plan_workbook_points_to_plan_read(tmp_path: Path) -> None:
    from reading.made_documents import nested_numbers

    name, content, _ = nested_numbers()
    (tmp_path / name).write_bytes(content)
    done = run("plan", "import", str(tmp_path / name), "--plan", "a-b", "--year", "2026", "--title", "x")
    assert done.exit_code == 1
    assert "dondoc plan read" in done.output
