"""Where one installation keeps its files, which ports it answers on and which secrets it holds.

Layout of the root folder (`var/`): pg (database files), run/*.json (one a child), log/*.log, secrets (0600),
prefect (PREFECT_HOME), mail (the local mailbox).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dondoc.foundation.errors import DondocError
from tasks.config.secret_file import read_or_make

LOOPBACK = "127.0.0.1"
CHILD_MARK = "DONDOC_CHILD"  # of a child's environment: its name, a random part, and the installation's folder


class StackError(DondocError):
    """The stack cannot be started, stopped or read; the message says what to do."""


@dataclass(frozen=True)
class Port:
    """A TCP port on loopback and the environment variable that moves it."""

    name: str
    number: int
    variable: str


@dataclass(frozen=True)
class Stack:
    """One installation. `database_url` (an administrator's URL) replaces the embedded PostgreSQL."""

    root: Path
    prefect_port: int = 4200
    postgres_port: int = 5442
    portal_port: int = 8642
    mail_port: int = 2525
    front_port: int = 8643
    database_url: str | None = None

    @property
    def data_directory(self) -> Path:
        """Files of the embedded PostgreSQL."""
        return self.root / "pg"

    @property
    def run_directory(self) -> Path:
        """One JSON file a running child."""
        return self.root / "run"

    @property
    def log_directory(self) -> Path:
        """One log a child; appended to, never cut."""
        return self.root / "log"

    @property
    def secrets_directory(self) -> Path:
        """Passwords, one a file, readable by the owner only."""
        return self.root / "secrets"

    @property
    def mail_directory(self) -> Path:
        """The local mailbox, one .eml a message."""
        return self.root / "mail"

    @property
    def prefect_home(self) -> Path:
        """PREFECT_HOME: profiles and result storage stay inside the root."""
        return self.root / "prefect"

    @property
    def prefect_url(self) -> str:
        """Address of Prefect itself, without a trailing slash; people open `front_url`."""
        return f"http://{LOOPBACK}:{self.prefect_port}"

    @property
    def prefect_api_url(self) -> str:
        """Address of Prefect's API."""
        return f"{self.prefect_url}/api"

    @property
    def portal_url(self) -> str:
        """Address of the portal and the mailbox page."""
        return f"http://{LOOPBACK}:{self.portal_port}"

    @property
    def front_url(self) -> str:
        """Address of Prefect's pages behind the portal's sign-in."""
        return f"http://{LOOPBACK}:{self.front_port}"

    @property
    def kept_by_systemd(self) -> bool:
        """Whether `dondoc service install` has given the children to systemd."""
        return (self.root / "systemd").exists()

    @property
    def embedded(self) -> bool:
        """Whether this installation runs its own PostgreSQL."""
        return self.database_url is None

    def port(self, name: str) -> Port:
        """The port called prefect, postgres, portal, mail or front."""
        number: int = getattr(self, f"{name}_port")
        return Port(name, number, f"DONDOC_{name.upper()}_PORT")

    def log_file(self, name: str) -> Path:
        """Where the child called `name` writes its output."""
        return self.log_directory / f"{name}.log"

    def create_directories(self) -> None:
        """Create the layout. Raises StackError where the disk refuses."""
        try:
            for directory in (self.root.parent, self.root):
                # The folders above are made as the caller makes folders; ours is for our own account alone.
                directory.mkdir(mode=0o700 if directory == self.root else 0o777, parents=True, exist_ok=True)
            for name in ("run", "log", "prefect", "mail", "secrets"):
                (self.root / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StackError(f"cannot create {self.root}: {error.strerror}; choose another with DONDOC_VAR") from error

    def secret(self, name: str) -> str:
        """The password called `name`, made on first use and the same ever after.

        Raises StackError where the database exists and the folder of its passwords is gone: a new one would open nothing.
        """
        path = self.secrets_directory / name
        if self.embedded and (self.data_directory / "PG_VERSION").exists():
            self.refuse_lost_secrets(name)
        return read_or_make(path, lambda: secrets.token_urlsafe(24))

    def refuse_lost_secrets(self, name: str) -> None:
        """Raises StackError where the password `name` is missing: nothing is made up beside an existing database."""
        # The superuser's is made before the database: where it is missing, the folder was lost, not yet to be filled.
        first = self.secrets_directory / ("postgres_superuser" if self.embedded else name)
        if not first.exists():
            raise StackError(
                f"{first} is missing, but the database it opens exists: bring {self.secrets_directory} back from a copy "
                "(dondoc backup --with-secrets makes one). Without a copy: move this folder away and restore the newest "
                "backup (dondoc restore), which gives the database new passwords. Nothing was made up"
            )

    def link_environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What signs the links in mail, and where they lead when no address is configured: this machine's own.

        Without a secret of ours where `environ` brings one, itself or as a file.
        """
        address = {"DONDOC_PORTAL_URL": self.portal_url}
        if environ.get("DONDOC_LINK_SECRET") or environ.get("DONDOC_LINK_SECRET_FILE"):
            return address
        return {"DONDOC_LINK_SECRET": self.secret("links"), **address}

    @property
    def prefect_auth_string(self) -> str:
        """`user:password` of Prefect's API and UI."""
        return "ops:" + self.secret("prefect")


def from_environment(environ: Mapping[str, str], default_root: Path) -> Stack:
    """The stack as the environment sets it. Raises StackError on a port that is not 1-65535 or is named twice."""
    numbers = {name: _port_number(environ, name, default) for name, default in _DEFAULT_PORTS.items()}
    _refuse_shared_ports(numbers)
    return Stack(
        root=Path(environ.get("DONDOC_VAR") or default_root).expanduser().resolve(),
        prefect_port=numbers["prefect"],
        postgres_port=numbers["postgres"],
        portal_port=numbers["portal"],
        mail_port=numbers["mail"],
        front_port=numbers["front"],
        database_url=environ.get("DONDOC_DATABASE_URL") or None,
    )


_DEFAULT_PORTS = {"prefect": 4200, "postgres": 5442, "portal": 8642, "mail": 2525, "front": 8643}


def _port_number(environ: Mapping[str, str], name: str, default: int) -> int:
    variable = f"DONDOC_{name.upper()}_PORT"
    text = environ.get(variable) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise StackError(f"{variable}={text!r} is not a port: give a number from 1 to 65535")
    return int(text)


def _refuse_shared_ports(numbers: Mapping[str, int]) -> None:
    seen: dict[int, str] = {}
    for name, number in numbers.items():
        if number in seen:
            raise StackError(
                f"port {number} is set for both {seen[number]} and {name}: "
                f"change DONDOC_{name.upper()}_PORT or DONDOC_{seen[number].upper()}_PORT"
            )
        seen[number] = name
