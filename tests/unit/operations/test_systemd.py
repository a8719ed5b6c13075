"""The units that systemd gets: complete, restarted whatever ends a child, without secrets."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from operations.systemd import chosen_environment, units, write_units

NAMES = ("postgres", "prefect", "mailbox", "portal", "front", "worker")
ENVIRONMENT = {"DONDOC_VAR": '/srv/đôn đốc/100%"var"', "DONDOC_CONFIG": "/etc/dondoc"}


def made(folder: Path) -> dict[str, str]:
    return units(NAMES, "/opt/dondoc/.venv/bin/dondoc", folder, "root", ENVIRONMENT)


def test_every_child_has_a_unit_that_is_always_restarted(tmp_path: Path) -> None:
    found = made(tmp_path)
    for name in NAMES:
        assert "Restart=always" in found[f"dondoc-{name}.service"]
        assert f"dondoc-{name}.service" in found["dondoc.target"]
    assert "dondoc-watchdog.timer" in found["dondoc.target"]


def test_no_secret_is_written_into_a_unit() -> None:
    environ = {
        "DONDOC_MAIL_PASSWORD": "x", "DONDOC_LINK_SECRET": "x", "DONDOC_DATABASE_URL": "x", "PREFECT_API_AUTH_STRING": "x",
        "DONDOC_MAIL_PASSWORD_FILE": "/run/secrets/mail", "DONDOC_PREFECT_PORT": "4300",
    }  # fmt: skip
    assert chosen_environment(environ) == {
        "DONDOC_MAIL_PASSWORD_FILE": "/run/secrets/mail", "DONDOC_PREFECT_PORT": "4300",
    }  # fmt: skip


def test_a_value_with_spaces_percent_and_quotes_is_one_value(tmp_path: Path) -> None:
    assert r'Environment="DONDOC_VAR=/srv/đôn đốc/100%%\"var\""' in made(tmp_path)["dondoc-worker.service"]


def test_writing_twice_writes_nothing_new(tmp_path: Path) -> None:
    assert len(write_units(tmp_path, made(tmp_path))) == len(NAMES) + 4
    assert write_units(tmp_path, made(tmp_path)) == []
    assert not list(tmp_path.glob(".*"))


def test_systemd_itself_finds_nothing_wrong_where_it_is_installed(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    found = units(NAMES, "/bin/true", tmp_path, "root", ENVIRONMENT)
    paths = write_units(tmp_path, found)
    if analyze:
        checked = subprocess.run([analyze, "verify", *map(str, paths)], capture_output=True, text=True, check=False)
        assert (checked.returncode, [line for line in checked.stderr.splitlines() if "dondoc" in line]) == (0, [])
