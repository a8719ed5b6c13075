"""Asking Prefect, the database, the disk and the mail server how they are: every answer is a value, a failure too."""

from __future__ import annotations

import base64
import json
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from dondoc.office.rules import Rules
from dondoc.watch.troubles import RUNS_WAIT, Certificate, Observation, sweep_owed
from tasks.config.settings import Settings
from tasks.store import tables
from tasks.store.connect import engine
from tasks.watch.certificates import certificate_of

_PATIENCE = 10.0  # seconds
_POOL = "dondoc"


@dataclass(frozen=True, slots=True)
class _Store:
    """What the database says."""

    error: str | None = None
    unswept: tuple[str, ...] = ()
    mail_waits_since: datetime | None = None
    mail_reply: str = ""


@dataclass(frozen=True, slots=True)
class _Prefect:
    """What Prefect says."""

    error: str | None = None
    heartbeat: datetime | None = None
    runs_waiting: int = 0


def observe(
    settings: Settings, rules: Rules, missing: tuple[str, ...], now: datetime, certificates: tuple[Certificate, ...]
) -> Observation:
    """Everything as it is at `now`. `missing`: children that do not run; `certificates`: as last seen."""
    store, prefect = _ask_store(settings, rules, now), _ask_prefect(settings, now)
    return Observation(
        now=now,
        missing=missing,
        free_bytes=shutil.disk_usage(settings.var).free,
        database_error=store.error,
        prefect_error=prefect.error,
        heartbeat=prefect.heartbeat,
        runs_waiting=prefect.runs_waiting,
        unswept=store.unswept,
        mail_waits_since=store.mail_waits_since,
        mail_reply=store.mail_reply,
        certificates=certificates,
    )


def look_at_certificates(settings: Settings) -> tuple[Certificate, ...]:
    """The certificates of our own addresses, of the mail server and of the reply mailbox, as those servers show them now."""
    asked = {(host, port): (starttls, ca) for host, port, starttls, ca in _secured(settings)}
    return tuple(certificate_of(*where, starttls, str(ca) if ca else None) for where, (starttls, ca) in asked.items())


def _secured(settings: Settings) -> Iterator[tuple[str, int, str, Path | None]]:
    for address in (settings.base_url, settings.front_url):
        parts = urlsplit(address or "")
        if parts.scheme == "https" and parts.hostname:
            yield parts.hostname, parts.port or 443, "", None
    if settings.smtp.tls != "none":
        yield (
            settings.smtp.host,
            settings.smtp.port,
            ("smtp" if settings.smtp.tls == "starttls" else ""),
            settings.smtp.ca,
        )
    if settings.imap and settings.imap.tls == "tls":
        yield settings.imap.host, settings.imap.port, "", settings.imap.ca


def _ask_prefect(settings: Settings, now: datetime) -> _Prefect:
    try:
        workers = _post(settings, f"work_pools/{_POOL}/workers/filter", {})
        waiting = {
            "state": {"name": {"any_": ["Scheduled", "Late", "Pending"]}},
            "expected_start_time": {"before_": (now - RUNS_WAIT).astimezone(UTC).isoformat()},
        }
        count = _post(settings, "flow_runs/count", {"flow_runs": waiting})
    except (OSError, ValueError) as error:  # a refused connection, a timeout, an answer that is no JSON
        return _Prefect(error=_line(error))
    beats = [datetime.fromisoformat(worker["last_heartbeat_time"]) for worker in workers]
    return _Prefect(heartbeat=max(beats, default=None), runs_waiting=int(count))


def _post(settings: Settings, path: str, question: dict[str, Any]) -> Any:
    secret = base64.b64encode(settings.prefect_auth.encode()).decode()
    request = urllib.request.Request(
        f"{settings.prefect_api}/{path}",
        json.dumps(question).encode(),
        {"content-type": "application/json", "authorization": f"Basic {secret}"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=_PATIENCE) as response:
        return json.load(response)


def _ask_store(settings: Settings, rules: Rules, now: datetime) -> _Store:
    asking = engine(settings.store_url, pool_size=1)
    try:
        with asking.connect() as connection:
            connection.exec_driver_sql("SET statement_timeout = '20s'")
            return _read_store(connection, settings, rules, now)
    except sa.exc.SQLAlchemyError as error:
        return _Store(error=_line(error))
    finally:
        asking.dispose()


def _read_store(connection: sa.Connection, settings: Settings, rules: Rules, now: datetime) -> _Store:
    mail = tables.mail
    oldest = connection.execute(
        sa.select(mail.c.morning, mail.c.reply).where(mail.c.status == "ready").order_by(mail.c.morning).limit(1)
    ).first()
    # A mail is written on its morning's sweep.
    since = datetime.combine(oldest.morning, rules.policy.sweep_at, now.tzinfo) if oldest else None
    return _Store(
        unswept=tuple(_unswept(connection, settings, rules, now)),
        mail_waits_since=since,
        mail_reply=(oldest.reply or "") if oldest else "",
    )


def _unswept(connection: sa.Connection, settings: Settings, rules: Rules, now: datetime) -> Iterator[str]:
    p, ledger = tables.plan, tables.ledger
    adopted = sa.select(p.c.id, p.c.year, ledger.c.at).join(ledger, ledger.c.seq == p.c.adopted_seq)
    deadline = datetime.combine(now.date(), settings.sweep_by, now.tzinfo)
    sweep_at = datetime.combine(now.date(), rules.policy.sweep_at, now.tzinfo)
    for row in connection.execute(adopted.where(p.c.closed_seq.is_(None)).order_by(p.c.id)):
        at = datetime.fromisoformat(row.at).astimezone(now.tzinfo)
        owed = sweep_owed(row.year, at, sweep_at, deadline, now, rules.calendar)
        if owed and not _swept(connection, row.id, now):
            yield row.id


def _swept(connection: sa.Connection, plan: str, now: datetime) -> bool:
    ledger = tables.ledger
    midnight = datetime.combine(now.date(), time(0), now.tzinfo).astimezone(UTC)
    lines = sa.select(ledger.c.line).where(
        ledger.c.kind == "run.recorded", ledger.c.plan == plan, ledger.c.at >= f"{midnight:%Y-%m-%dT%H:%M:%S}"
    )
    return any(json.loads(bytes(line))["body"].get("flow") == "sweep" for line in connection.scalars(lines))


def _line(error: BaseException) -> str:
    text = str(getattr(error, "orig", None) or error).strip()
    return (text.splitlines() or [type(error).__name__])[0][:300]
