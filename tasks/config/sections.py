"""What config/dondoc.toml may say: one model a section, every key with its default and its limits."""

from __future__ import annotations

from datetime import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork

Tls = Literal["none", "starttls", "tls"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RescueSection(_Section):
    """The server that takes over while the first does not take our mail; none where `host` is empty."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    tls: Tls = "starttls"
    ca: str = ""
    username: str = ""


class MailSection(_Section):
    """The server mail leaves by; where `host` is empty every mail stays in the local mailbox."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    tls: Tls = "starttls"
    ca: str = ""
    username: str = ""
    sender: str = "dondoc@localhost.example"
    sender_name: str = ""
    limit_per_minute: int = Field(default=120, ge=1, le=100_000)
    rescue: RescueSection = RescueSection()


class TrialSection(_Section):
    """Whether the installation begins as a trial, and whom real mail reaches until it goes live."""

    on: bool = False
    guests: tuple[str, ...] = ()


class ReplySection(_Section):
    address: str = ""
    lmtp: str = ""
    imap_host: str = ""
    imap_port: int = Field(default=993, ge=1, le=65535)
    imap_tls: Tls = "tls"
    imap_ca: str = ""
    imap_user: str = ""
    imap_folder: str = "INBOX"
    imap_done: str = "dondoc-da-xu-ly"


class PortalSection(_Section):
    base_url: str = ""
    front_url: str = ""
    upload_mb: int = Field(default=20, ge=1, le=200)
    hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[IPvAnyNetwork, ...] = ()


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


class ConfigurationFile(_Section):
    """config/dondoc.toml."""

    mail: MailSection = MailSection()
    trial: TrialSection = TrialSection()
    reply: ReplySection = ReplySection()
    portal: PortalSection = PortalSection()
    figures: FiguresSection = FiguresSection()
    plan: PlanSection = PlanSection()
    witness: WitnessSection = WitnessSection()
    audit: AuditSection = AuditSection()
    retention: RetentionSection = RetentionSection()
    watch: WatchSection = WatchSection()
