"""The configuration is read again when a file changes, words and mail templates too, and not when none does."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import pytest
from office_files import CONFIG

from dondoc.foundation.errors import ConfigurationError
from tasks.config.kept import kept
from tasks.config.loading import language_folder, load_rules, mail_templates, words


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    for name in ("words", "calendars"):
        shutil.copytree(CONFIG / name, folder / name)
    for name in ("office.yaml", "policy.yaml"):
        shutil.copy(CONFIG / name, folder)
    return folder


def rewrite(path: Path, old: str, new: str) -> None:
    """Change a text, as an editor would, at a later time than before: two writes may fall into one tick of the clock."""
    text, before = path.read_text(encoding="utf-8"), path.stat().st_mtime_ns
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_words_are_read_again_when_their_file_changes_and_only_then(config: Path) -> None:
    before = words(config)
    assert words(config) is before
    rewrite(config / "words/vi/words.yaml", before["statuses"]["done"], "Xong rồi")
    assert words(config)["statuses"]["done"] == "Xong rồi"


def test_a_mail_template_is_read_again_when_its_file_changes(config: Path) -> None:
    (config / "words/vi/mail/mau.j2").write_text("cũ", encoding="utf-8")
    mails = mail_templates(config)
    assert mails.get_template("mau.j2").render() == "cũ"
    rewrite(config / "words/vi/mail/mau.j2", "cũ", "mới")
    assert mail_templates(config) is mails
    assert mails.get_template("mau.j2").render() == "mới"


def test_office_policy_and_calendar_are_read_again_when_one_of_them_changes_or_comes(config: Path) -> None:
    before = load_rules(config)
    assert load_rules(config) is before
    (config / "calendars/tinh.yaml").write_text("days:\n  - {date: 2024-03-22, name: Nghỉ, source: số 1}\n")
    after = load_rules(config)
    assert (before.calendar.is_working(date(2024, 3, 22)), after.calendar.is_working(date(2024, 3, 22))) == (
        True,
        False,
    )


def test_a_fault_is_told_until_it_is_mended_and_the_language_is_read_again(config: Path) -> None:
    assert language_folder(config).name == "vi"
    rewrite(config / "office.yaml", "language: vi", "language: fr")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="there is no folder words/fr"):
            language_folder(config)
    rewrite(config / "office.yaml", "language: fr", "language: vi")
    assert language_folder(config).name == "vi"


def test_a_file_of_the_same_time_but_another_size_is_another_file(tmp_path: Path) -> None:
    file = tmp_path / "f"
    seen: list[str] = []

    def read() -> str:
        seen.append(file.read_text())
        return seen[-1]

    for text in ("a", "b", "bb"):
        file.write_text(text)
        os.utime(file, ns=(7, 7))
        kept(("test", tmp_path), [file], read)
    assert seen == ["a", "bb"]


def test_a_template_of_the_same_time_but_another_size_is_another_template(config: Path) -> None:
    file = config / "words/vi/mail/mau.j2"
    for text in ("a", "bb"):
        file.write_text(text, encoding="utf-8")
        os.utime(file, ns=(7 * 10**9, 7 * 10**9))
        assert mail_templates(config).get_template("mau.j2").render() == text


def test_the_name_of_a_kind_of_mail_is_read_again(config: Path) -> None:
    before = words(config)["run_names"]["remind"]
    rewrite(config / "words/vi/mail/remind/words.yaml", f"run: {before}", "run: nhắc việc khác")
    assert words(config)["run_names"]["remind"] == "nhắc việc khác"
