"""A fresh installation of another office, outside the clone: its configuration, its ports, and the command line on it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from mail_servers import PASSWORD, MailServers, free_port
from moved_clock import MovedClock

REPOSITORY = Path(__file__).resolve().parents[2]
DOMAIN = "huyen.example"
_PORTS = ("PREFECT", "POSTGRES", "PORTAL", "MAIL", "FRONT")


@dataclass
class Place:
    """Where the office keeps what is its own: `config` and `var`, with the environment that says so."""

    config: Path
    environment: dict[str, str]

    def dondoc(self, *words: str, code: int = 0) -> str:
        """One command; what it printed. Fails the test on another exit code."""
        ended, said = self._run(words)
        assert ended == code, f"dondoc {' '.join(words)}: {ended}\n{said}"
        return said

    def said(self, *words: str) -> str:
        """What one command prints, whatever it ends with."""
        return self._run(words)[1]

    def _run(self, words: tuple[str, ...]) -> tuple[int, str]:
        done = subprocess.run(
            [Path(sys.executable).with_name("dondoc"), *words],
            env=self.environment, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr


def mailboxes() -> list[str]:
    """Every address of the office, which is the repository's under a domain of its own."""
    text = (REPOSITORY / "config" / "office.yaml").read_text(encoding="utf-8")
    return sorted(set(re.findall(rf"[\w.+-]+@{re.escape(DOMAIN)}", text.replace("vpub.quangngai.example", DOMAIN))))


def prepare(
    folder: Path, servers: MailServers | None, plan: dict[str, Any], clock: MovedClock | None = None, **trial: Any
) -> Place:
    """Copy the configuration out of the clone and make it the other office's: domain, mail server, plan.

    Without mail servers it is a trial, and its mail stays in the local mailbox. `clock`: whose time its services tell.
    """
    config = folder / "config"
    shutil.copytree(REPOSITORY / "config", config)
    office = config / "office.yaml"
    office.write_text(office.read_text(encoding="utf-8").replace("vpub.quangngai.example", DOMAIN), encoding="utf-8")
    for other in (config / "plans").glob("*.yaml"):
        other.unlink()
    (config / "plans" / "huyen.yaml").write_text(yaml.safe_dump(plan, allow_unicode=True), encoding="utf-8")
    (config / "dondoc.toml").write_text(_settings(servers, **trial) if servers else _TRIAL, encoding="utf-8")
    ports = {f"DONDOC_{name}_PORT": str(free_port()) for name in _PORTS}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DONDOC_", "PREFECT_"))}
    environment = {
        **kept, **ports, **(clock.environment() if clock else {}),
        "DONDOC_CONFIG": str(config), "DONDOC_VAR": str(folder / "var"),
        "DONDOC_MAIL_PASSWORD": PASSWORD, "DONDOC_IMAP_PASSWORD": PASSWORD,
    }  # fmt: skip
    return Place(config, environment)


_TRIAL = """\
[trial]
on = true

[plan]
live = "plans/huyen.yaml"
"""


def small_plan(today: date) -> dict[str, Any]:
    """Three duties of this year, one of them owed every month."""

    def item(name: str, ref: str, lead: str, **timing: Any) -> dict[str, Any]:
        duty = {"id": "ket-qua", "deliverable": "Báo cáo", "phrase": "Định kỳ", "reading": "theo kỳ", "timing": timing}
        return {"id": name, "ref": ref, "title": f"Nhiệm vụ {ref}", "text": "Thực hiện", "shape": "collect",
                "lead": [lead], "obligations": [duty]}  # fmt: skip

    return {
        "plan": "huyen", "year": today.year, "title": "Kế hoạch của huyện năm {year}", "office": "Ủy ban nhân dân huyện",
        "adopted_on": today.replace(day=1).isoformat(),
        "items": [
            item("mot", "I.1", "hcqt", every="month"),
            item("hai", "I.2", "ttpvks", every="month"),
            item("ba", "I.3", "ttcbth", every="month"),
        ],
    }  # fmt: skip


def _settings(servers: MailServers, on: bool = False, guests: tuple[str, ...] = ()) -> str:
    sender = f"dondoc@{DOMAIN}"
    named = ", ".join(f'"{guest}"' for guest in guests)
    return f"""\
[mail]
host = "localhost"
port = {servers.smtp_port}
ca = "{servers.authority.root}"
username = "{sender}"
sender = "{sender}"

[trial]
on = {str(on).lower()}
guests = [{named}]

[reply]
address = "{sender}"
imap_host = "localhost"
imap_port = {servers.imap_port}
imap_ca = "{servers.authority.root}"
imap_user = "{sender}"

[plan]
live = "plans/huyen.yaml"
"""
