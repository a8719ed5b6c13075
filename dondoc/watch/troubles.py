"""What the watchdog saw → what is wrong. A cause hides what follows from it: without a database nothing else is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from dondoc.calendar.working_days import Calendar

# The worker tells Prefect every 30 s that it lives.
HEARTBEAT_LATE = timedelta(minutes=3)
RUNS_WAIT = timedelta(minutes=15)
MAIL_WAITS = timedelta(hours=4)
CERTIFICATE_ENDS = timedelta(days=14)
LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `code` chooses the words, `subject` tells it from others of its kind, `about` fills in."""

    code: str
    subject: str = ""
    about: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What it is, whatever its details say today."""
        return f"{self.code}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows: until when it is valid, or why it could not be verified."""

    server: str
    until: datetime | None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """One look. `now` is in the office's zone. What could not be asked is None; `…_error` says why."""

    now: datetime
    missing: tuple[str, ...]  # names of children that do not run
    free_bytes: int
    database_error: str | None = None
    prefect_error: str | None = None
    heartbeat: datetime | None = None  # the worker's last
    runs_waiting: int = 0  # runs that should have begun `RUNS_WAIT` ago
    unswept: tuple[str, ...] = ()  # plans whose sweep of today is not in the ledger
    mail_waits_since: datetime | None = None
    mail_reply: str = ""
    certificates: tuple[Certificate, ...] = ()


def troubles(seen: Observation) -> tuple[Trouble, ...]:
    """Everything that is wrong and is no consequence of something else in the list."""
    return (*_of_machine(seen), *_of_services(seen), *_of_mail(seen), *_of_certificates(seen))


def _of_machine(seen: Observation) -> Iterator[Trouble]:
    if seen.free_bytes < LEAST_FREE_BYTES:
        yield Trouble("disk", about={"free": str(seen.free_bytes // 1_000_000)})


def _of_services(seen: Observation) -> Iterator[Trouble]:
    if seen.database_error:
        yield Trouble("database", about={"why": seen.database_error})
        return
    if seen.prefect_error:
        yield Trouble("prefect", about={"why": seen.prefect_error})
    gone = [name for name in seen.missing if name not in ("postgres", "prefect")]
    for name in gone:
        yield Trouble("child", name, {"name": name})
    if not seen.prefect_error and "worker" not in gone:
        yield from _of_worker(seen)
    for plan in seen.unswept:
        yield Trouble("unswept", plan, {"plan": plan})


def _of_worker(seen: Observation) -> Iterator[Trouble]:
    late = seen.heartbeat is None or seen.now - seen.heartbeat > HEARTBEAT_LATE
    if late:
        last = f"{seen.heartbeat.astimezone(seen.now.tzinfo):%H:%M %d/%m/%Y}" if seen.heartbeat else "-"
        yield Trouble("heartbeat", about={"last": last})
    elif seen.runs_waiting:
        yield Trouble("runs_wait", about={"number": str(seen.runs_waiting)})


def _of_mail(seen: Observation) -> Iterator[Trouble]:
    since = seen.mail_waits_since
    if since and seen.now - since > MAIL_WAITS:
        shown = f"{since.astimezone(seen.now.tzinfo):%H:%M %d/%m/%Y}"
        yield Trouble("mail_waits", about={"since": shown, "reply": seen.mail_reply or "-"})


def _of_certificates(seen: Observation) -> Iterator[Trouble]:
    for found in seen.certificates:
        if found.refused:
            yield Trouble("certificate_refused", found.server, {"server": found.server, "why": found.refused})
        elif found.until and found.until - seen.now < CERTIFICATE_ENDS:
            until = f"{found.until.astimezone(seen.now.tzinfo):%d/%m/%Y}"
            yield Trouble("certificate_ends", found.server, {"server": found.server, "until": until})


def sweep_owed(
    year: int, adopted: datetime, sweep_at: datetime, deadline: datetime, now: datetime, days: Calendar
) -> bool:
    """Whether the sweep of today should be in the ledger by `now`: a working day of the plan, past the deadline.

    `adopted`: when the plan was; on that day only if that was before the sweep's time. All in the office's zone.
    """
    return now >= deadline and days.is_working(now.date()) and now.date() >= date(year, 1, 1) and adopted < sweep_at
