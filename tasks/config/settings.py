"""What this installation is: config/dondoc.toml, overridden by the environment. Read once a process."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dondoc.foundation.errors import ConfigurationError, DondocError, Fault
from dondoc.mail.mail import Address
from dondoc.mail.mime import MailError, checked_address
from dondoc.mail.reply_addresses import LONGEST_BASE, ReplyTo

HOME = Path(__file__).resolve().parents[2]


class SettingsError(DondocError):
    """A setting that is missing or impossible."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """The server mail goes through. `limit_per_minute` 0 is no limit; an empty `username` means no sign-in."""

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: Literal["none", "starttls", "tls"] = "starttls"
    limit_per_minute: int = 0
    timeout: float = 30.0


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MailSection(_Section):
    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["none", "starttls", "tls"] = "starttls"
    username: str = ""
    sender: str = "dondoc@localhost.example"
    sender_name: str = ""
    limit_per_minute: int = Field(default=120, ge=1, le=100_000)


class ReplySection(_Section):
    address: str = ""
    lmtp: str = ""
    imap_host: str = ""
    imap_port: int = Field(default=993, ge=1, le=65535)
    imap_tls: Literal["none", "starttls", "tls"] = "tls"
    imap_user: str = ""
    imap_folder: str = "INBOX"
    imap_done: str = "dondoc-da-xu-ly"


class PortalSection(_Section):
    base_url: str = ""
    front_url: str = ""
    upload_mb: int = Field(default=20, ge=1, le=200)
    hosts: tuple[str, ...] = ()


class FiguresSection(_Section):
    """Where the lead unit drops the monthly figures. `folder` is relative to var unless absolute."""

    folder: str = "figures"


class PlanSection(_Section):
    live: str = ""


class WitnessSection(_Section):
    """Where the ledger's head is kept outside the database. `folders` are relative to var unless absolute."""

    folders: tuple[str, ...] = ()
    mail_to: tuple[str, ...] = ()
    stamp_url: str = ""
    stamp_ca: str = ""


class AuditSection(_Section):
    """How the ledger is compared with Prefect's history."""

    clock_tolerance_minutes: int = Field(default=15, ge=11, le=24 * 60)
    history_days: int = Field(default=8, ge=1, le=3660)


class WatchSection(_Section):
    """The watchdog: by when the day's sweep must be done (the office's time), and the address it pings."""

    sweep_by: time = time(9, 0)
    ping_url: str = Field(default="", pattern=r"^(https?://\S+)?$")


class RetentionSection(_Section):
    """When a run is copied into the record, and how long Prefect keeps it after its end: 0 means for good."""

    copy_after_days: int = Field(default=2, ge=0, le=365)
    keep_runs_days: int = Field(default=0, ge=0, le=36600)


class File(_Section):
    """config/dondoc.toml."""

    mail: MailSection = MailSection()
    reply: ReplySection = ReplySection()
    portal: PortalSection = PortalSection()
    figures: FiguresSection = FiguresSection()
    plan: PlanSection = PlanSection()
    witness: WitnessSection = WitnessSection()
    audit: AuditSection = AuditSection()
    retention: RetentionSection = RetentionSection()
    watch: WatchSection = WatchSection()


@dataclass(frozen=True, slots=True)
class Imap:
    """The mailbox that answers and bounces are read from; what was read is moved to `done`."""

    host: str
    port: int
    tls: Literal["none", "starttls", "tls"]
    user: str
    password: str = field(repr=False)
    folder: str
    done: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings as flows, portal and commands use them. `store_url` is the limited role's."""

    config: Path
    var: Path
    store_url: str
    smtp: Smtp
    sender: Address
    base_url: str | None
    link_secret: str
    upload_mb: int
    figures: Path
    live_plan: Path | None
    witness: WitnessSection
    audit: AuditSection
    retention: RetentionSection
    prefect_api: str = ""  # address of Prefect's API, and `user:password`; empty where no Prefect is asked
    prefect_auth: str = ""
    portal_hosts: tuple[str, ...] = ()
    front_url: str | None = None  # where people open Prefect's pages, where configured
    reply_base: str = ""
    lmtp: str = ""
    imap: Imap | None = None
    sweep_by: time = time(9, 0)  # the office's time
    ping_url: str = ""

    @property
    def reply_to(self) -> ReplyTo | None:
        """What makes the addresses that mail is answered at; None where answers by mail are not set up."""
        return ReplyTo(self.reply_base, self.link_secret) if self.reply_base and self.link_secret else None

    @property
    def mail_domain(self) -> str:
        """The domain of our Message-IDs."""
        return self.sender.address.partition("@")[2]


@cache
def settings() -> Settings:
    """This process's settings. Raises ConfigurationError or SettingsError."""
    return read_settings(os.environ)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from `environ` over the file. Raises ConfigurationError with every fault of the file."""
    config = Path(environ.get("DONDOC_CONFIG") or HOME / "config")
    var = Path(environ.get("DONDOC_VAR") or HOME / "var")
    file = read_file(config / "dondoc.toml")
    mail = file.mail
    host = environ.get("DONDOC_MAIL_HOST") or mail.host
    local = not host
    return Settings(
        config=config,
        var=var,
        store_url=environ.get("DONDOC_STORE_URL", ""),
        smtp=Smtp(
            host=host or "127.0.0.1",
            port=_port(environ, "DONDOC_MAIL_PORT", 2525 if local else mail.port),
            username=mail.username,
            password=secret_from(environ, "DONDOC_MAIL_PASSWORD") or "",
            tls="none" if local or host == "127.0.0.1" else mail.tls,
            # The local mailbox needs no protection.
            limit_per_minute=100_000 if local or host == "127.0.0.1" else mail.limit_per_minute,
            timeout=30.0,
        ),
        sender=Address(mail.sender, mail.sender_name),
        link_secret=secret_from(environ, "DONDOC_LINK_SECRET") or "",
        upload_mb=file.portal.upload_mb,
        base_url=environ.get("DONDOC_BASE_URL") or file.portal.base_url or environ.get("DONDOC_PORTAL_URL") or None,
        portal_hosts=file.portal.hosts,
        front_url=environ.get("DONDOC_FRONT_URL") or file.portal.front_url or None,
        figures=_figures(environ.get("DONDOC_FIGURES") or file.figures.folder, var),
        live_plan=config / file.plan.live if file.plan.live else None,
        witness=file.witness,
        audit=file.audit,
        retention=file.retention,
        # The local mailbox takes answers by itself; a real server must be told where they go.
        reply_base=_base(file.reply.address or (mail.sender if local else "")),
        lmtp=file.reply.lmtp,
        imap=_imap(file.reply, environ),
        sweep_by=file.watch.sweep_by,
        ping_url=file.watch.ping_url,
        prefect_api=environ.get("PREFECT_API_URL", ""),
        prefect_auth=environ.get("PREFECT_API_AUTH_STRING", ""),
    )


def _figures(folder: str, var: Path) -> Path:
    """The figures' folder below var, or the absolute one. Files written before say "var/…" and mean the same."""
    return var / Path(folder.removeprefix("var/")).expanduser()


def _base(address: str) -> str:
    if address:
        try:
            checked_address(address)
        except MailError as error:
            raise SettingsError(f"[reply] address in dondoc.toml: {error}") from None
        if len(address.partition("@")[0]) > LONGEST_BASE or "+" in address:
            raise SettingsError(
                f"[reply] address {address!r}: the part before @ may have {LONGEST_BASE} characters and no plus sign"
            )
    return address


def _imap(section: ReplySection, environ: Mapping[str, str]) -> Imap | None:
    if not section.imap_host:
        return None
    return Imap(
        section.imap_host,
        section.imap_port,
        section.imap_tls,
        section.imap_user,
        secret_from(environ, "DONDOC_IMAP_PASSWORD") or "",
        section.imap_folder,
        section.imap_done,
    )


def read_file(path: Path) -> File:
    """The parsed dondoc.toml. Raises ConfigurationError."""
    try:
        return File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing; restore it from the repository, or set DONDOC_CONFIG") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([Fault(str(path), 1, f"not valid TOML: {error}")]) from None
    except ValidationError as error:
        faults = [Fault(str(path), 1, f"{'.'.join(map(str, e['loc']))}: {e['msg']}") for e in error.errors()]
        raise ConfigurationError(faults) from None


def secret_from(environ: Mapping[str, str], name: str) -> str | None:
    """The secret `name` of the environment, or of the file that `name`_FILE names. Raises SettingsError for no file."""
    if environ.get(name):
        return environ[name]
    path = environ.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}_FILE={path} cannot be read: {error.strerror}; correct the path") from None


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise SettingsError(f"{name}={text!r} is not a port: give a number from 1 to 65535")
    return int(text)
