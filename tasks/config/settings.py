"""What this installation is: config/dondoc.toml, overridden by the environment. Read once a process."""

from __future__ import annotations

import os
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from dondoc.foundation.errors import ConfigurationError, DondocError, Fault
from dondoc.mail.mail import Address
from dondoc.mail.mime import MailError, checked_address
from dondoc.mail.reply_addresses import LONGEST_BASE, ReplyTo
from tasks.config.sections import (
    AuditSection,
    ConfigurationFile,
    MailSection,
    ReplySection,
    RescueSection,
    RetentionSection,
    Tls,
    TrialSection,
    WitnessSection,
)

__all__ = ["HOME", "Imap", "RetentionSection", "Settings", "SettingsError", "Smtp", "WitnessSection", "settings"]

HOME = Path(__file__).resolve().parents[2]


class SettingsError(DondocError):
    """A setting that is missing or impossible."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """A server mail goes through. `limit_per_minute` 0 is no limit; an empty `username` means no sign-in.

    `ca`: a PEM file of roots that are trusted beside the system's.
    """

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: Tls = "starttls"
    limit_per_minute: int = 0
    timeout: float = 30.0
    ca: Path | None = None

    @property
    def name(self) -> str:
        """The server as people know it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Imap:
    """The mailbox that answers and bounces are read from; what was read is moved to `done`."""

    host: str
    port: int
    tls: Tls
    user: str
    password: str = field(repr=False)
    folder: str
    done: str
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings as flows, portal and commands use them. `store_url` is the limited role's.

    `smtp` is the server mail leaves by; where none is configured it is the local `mailbox`, and no mail leaves.
    """

    config: Path
    var: Path
    store_url: str
    smtp: Smtp
    mailbox: Smtp
    rescue: Smtp | None
    trial: TrialSection
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
    trusted_proxies: tuple[str, ...] = ()  # whose word on a visitor's address is taken
    front_url: str | None = None  # where people open Prefect's pages, where configured
    reply_base: str = ""
    lmtp: str = ""
    imap: Imap | None = None
    sweep_by: time = time(9, 0)  # the office's time
    ping_url: str = ""

    @property
    def mail_stays(self) -> bool:
        """Whether every mail stays in the local mailbox, because no server is configured."""
        return self.smtp == self.mailbox

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
    """Settings from `environ` over the file. Raises ConfigurationError with every fault of the file.

    Two ports, two names: DONDOC_MAIL_PORT is the local mailbox's, DONDOC_MAIL_HOST_PORT that of the office's server.
    """
    config = Path(environ.get("DONDOC_CONFIG") or HOME / "config")
    var = Path(environ.get("DONDOC_VAR") or HOME / "var")
    file = read_file(config / "dondoc.toml")
    mail = file.mail
    # The local mailbox needs neither protection nor a limit.
    mailbox = Smtp("127.0.0.1", _port(environ, "DONDOC_MAIL_PORT", 2525), tls="none", limit_per_minute=100_000)
    host = "" if environ.get("DONDOC_MAIL_KEPT") else environ.get("DONDOC_MAIL_HOST") or mail.host
    return Settings(
        config=config,
        var=var,
        store_url=environ.get("DONDOC_STORE_URL", ""),
        smtp=_server(config, mail, host, environ) if host else mailbox,
        mailbox=mailbox,
        rescue=_rescue(config, mail, environ) if host and mail.rescue.host else None,
        trial=file.trial,
        sender=Address(mail.sender, mail.sender_name),
        link_secret=secret_from(environ, "DONDOC_LINK_SECRET") or "",
        upload_mb=file.portal.upload_mb,
        base_url=environ.get("DONDOC_BASE_URL") or file.portal.base_url or environ.get("DONDOC_PORTAL_URL") or None,
        portal_hosts=file.portal.hosts,
        trusted_proxies=tuple(map(str, file.portal.trusted_proxies)),
        front_url=environ.get("DONDOC_FRONT_URL") or file.portal.front_url or None,
        figures=_figures(environ.get("DONDOC_FIGURES") or file.figures.folder, var),
        live_plan=config / file.plan.live if file.plan.live else None,
        witness=file.witness,
        audit=file.audit,
        retention=file.retention,
        # The local mailbox takes answers by itself; a real server must be told where they go.
        reply_base=_base(file.reply.address or ("" if host else mail.sender)),
        lmtp=file.reply.lmtp,
        imap=_imap(config, file.reply, environ),
        sweep_by=file.watch.sweep_by,
        ping_url=file.watch.ping_url,
        prefect_api=environ.get("PREFECT_API_URL", ""),
        prefect_auth=environ.get("PREFECT_API_AUTH_STRING", ""),
    )


def _figures(folder: str, var: Path) -> Path:
    """The figures' folder below var, or the absolute one. Files written before say "var/…" and mean the same."""
    return var / Path(folder.removeprefix("var/")).expanduser()


def _server(config: Path, mail: MailSection, host: str, environ: Mapping[str, str]) -> Smtp:
    return Smtp(
        host=host,
        port=_port(environ, "DONDOC_MAIL_HOST_PORT", mail.port),
        username=mail.username,
        password=secret_from(environ, "DONDOC_MAIL_PASSWORD") or "",
        tls=mail.tls,
        limit_per_minute=mail.limit_per_minute,
        ca=_roots(config, mail.ca, "[mail] ca"),
    )


def _rescue(config: Path, mail: MailSection, environ: Mapping[str, str]) -> Smtp:
    section: RescueSection = mail.rescue
    return Smtp(
        host=section.host,
        port=section.port,
        username=section.username,
        password=secret_from(environ, "DONDOC_MAIL_RESCUE_PASSWORD") or "",
        tls=section.tls,
        limit_per_minute=mail.limit_per_minute,
        ca=_roots(config, section.ca, "[mail.rescue] ca"),
    )


def _roots(config: Path, name: str, key: str) -> Path | None:
    """The PEM file of private roots, below the configuration folder or absolute. Raises SettingsError."""
    if not name:
        return None
    path = config / name
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:
        why = "is no PEM certificate" if isinstance(error, ssl.SSLError) else f"cannot be read: {error.strerror}"
        raise SettingsError(f"{key} in dondoc.toml: {path} {why}; give the office's root certificates, PEM") from None
    return path


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


def _imap(config: Path, section: ReplySection, environ: Mapping[str, str]) -> Imap | None:
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
        _roots(config, section.imap_ca, "[reply] imap_ca"),
    )


def read_file(path: Path) -> ConfigurationFile:
    """The parsed dondoc.toml. Raises ConfigurationError."""
    try:
        return ConfigurationFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
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
