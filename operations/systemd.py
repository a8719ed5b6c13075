"""systemd units for production: one a child, restarted whatever ends it, and a timer for the watchdog.

With them systemd is the keeper: `dondoc up` then only brings tables, plans and deployments up to date.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

TARGET = "dondoc.target"
_KEPT = ("HOME", "PATH", "LANG", "NO_PROXY", "no_proxy")


def units(names: Sequence[str], command: str, home: Path, user: str, environment: Mapping[str, str]) -> dict[str, str]:
    """File name → text of every unit. `names`: the children in the order they start; `command`: the path of `dondoc`."""
    found = {TARGET: _target(names), "dondoc-prepare.service": _prepare(command, home, user, environment)}
    for name in names:
        found[f"dondoc-{name}.service"] = _service(name, command, home, user, environment)
    found["dondoc-watchdog.service"] = _watchdog(command, home, user, environment)
    found["dondoc-watchdog.timer"] = _TIMER
    return found


def chosen_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What of the caller's environment the units carry on: where this installation lies and which ports it has.

    No secret: those stay in files (`DONDOC_…_FILE`, var/secrets).
    """
    secret = ("PASSWORD", "SECRET", "DATABASE_URL", "STORE_URL")
    ours = {
        name: value
        for name, value in environ.items()
        if name.startswith("DONDOC_") and (name.endswith("_FILE") or not any(word in name for word in secret))
    }
    return {**{name: environ[name] for name in _KEPT if name in environ}, **ours}


def write_units(folder: Path, found: Mapping[str, str]) -> list[Path]:
    """Write the units that are not there in this text; the files that were written."""
    written = []
    for name, text in found.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            draft = path.with_name(f".{name}.new")
            draft.write_text(text, encoding="utf-8")
            os.chmod(draft, 0o644)
            draft.replace(path)
            written.append(path)
    return written


def _target(names: Sequence[str]) -> str:
    wants = " ".join([*(f"dondoc-{name}.service" for name in names), "dondoc-watchdog.timer"])
    return f"[Unit]\nDescription=dondoc\nWants={wants}\n\n[Install]\nWantedBy=multi-user.target\n"


def _prepare(command: str, home: Path, user: str, environment: Mapping[str, str]) -> str:
    return (
        "[Unit]\nDescription=dondoc: databases and tables of this version\n"
        "After=network-online.target postgresql.service dondoc-postgres.service\nWants=network-online.target\n"
        f"PartOf={TARGET}\n\n"
        f"[Service]\nType=oneshot\nRemainAfterExit=yes\n{_common(home, user, environment)}"
        f"ExecStart={_quoted(command)} service prepare\nRestart=on-failure\nRestartSec=10\n"
    )


def _service(name: str, command: str, home: Path, user: str, environment: Mapping[str, str]) -> str:
    before = "network-online.target" if name == "postgres" else "dondoc-prepare.service"
    needs = "" if name == "postgres" else f"Requires={before}\n"
    return (
        f"[Unit]\nDescription=dondoc: {name}\nAfter={before}\n{needs}PartOf={TARGET}\nStartLimitIntervalSec=0\n\n"
        f"[Service]\n{_common(home, user, environment)}ExecStart={_quoted(command)} service run {name}\n"
        "Restart=always\nRestartSec=5\nTimeoutStopSec=60\n"
        f"KillMode=mixed\n\n[Install]\nWantedBy={TARGET}\n"
    )


def _watchdog(command: str, home: Path, user: str, environment: Mapping[str, str]) -> str:
    return (
        "[Unit]\nDescription=dondoc: watchdog\nAfter=network-online.target\n\n"
        f"[Service]\nType=oneshot\n{_common(home, user, environment)}ExecStart={_quoted(command)} service watch\n"
        "SuccessExitStatus=1\nTimeoutStartSec=300\n"
    )


_TIMER = (
    "[Unit]\nDescription=dondoc: watchdog, every minute\n\n"
    "[Timer]\nOnBootSec=2min\nOnUnitActiveSec=1min\nAccuracySec=5s\n\n[Install]\nWantedBy=timers.target\n"
)


def _common(home: Path, user: str, environment: Mapping[str, str]) -> str:
    lines = "".join(f"Environment={_assignment(name, value)}\n" for name, value in sorted(environment.items()))
    return f"User={user}\nUMask=0077\nWorkingDirectory={home}\n{lines}"


def _assignment(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{name}={escaped}"'


def _quoted(command: str) -> str:
    return shlex.quote(command.replace("%", "%%"))
