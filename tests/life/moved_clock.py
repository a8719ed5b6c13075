"""A clock that a test moves, for every process that is started with its environment (moved_clock.c, compiled here).

Services, commands, PostgreSQL, Postfix and Dovecot tell the same moved time; waiting stays real. Nothing of it is known to
the code under test.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

_SOURCE = Path(__file__).with_name("moved_clock.c")


def install(packages: Iterable[str]) -> None:
    """Install Debian's packages. What they bring is not started: a test starts its own."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", *command], check=True, env=quiet, stdout=subprocess.DEVNULL)


class MovedClock:
    """A clock in `folder` that shows `start` (aware) now and then runs on; it is only ever moved forward."""

    def __init__(self, folder: Path, start: datetime) -> None:
        self._file, self._library = folder / "clock", folder / "moved_clock.so"
        self._zone = start.tzinfo
        self._file.write_bytes(bytes(8))
        self._file.chmod(0o644)
        self._write(start)
        if not shutil.which("cc"):
            install(["gcc", "libc6-dev"])
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", self._library, _SOURCE, "-ldl"], check=True)

    def now(self) -> datetime:
        """What the clock shows, in the zone of its start."""
        return datetime.now(self._zone) + self._moved_by

    def move(self, moment: datetime) -> None:
        """Show `moment` from now on; every process sees it at once."""
        assert moment > self.now(), f"a clock does not go back to {moment:%d/%m/%Y %H:%M}"
        self._write(moment)

    def environment(self) -> dict[str, str]:
        """What a process is started with to read this clock."""
        return {"LD_PRELOAD": str(self._library), "MOVED_CLOCK": str(self._file)}

    def _write(self, moment: datetime) -> None:
        self._moved_by = moment - datetime.now(self._zone)
        # In place: who reads it has it mapped.
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", self._moved_by // timedelta(microseconds=1) * 1000))
