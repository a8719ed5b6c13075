"""What the watchdog makes of what it saw: causes, not their consequences."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dondoc.calendar.working_days import working_calendar
from dondoc.watch.troubles import Certificate, Observation, sweep_owed, troubles

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 30, 9, 5, tzinfo=ZONE)
WELL = Observation(NOW, (), 50_000_000_000, heartbeat=NOW - timedelta(seconds=40))


def found(**changes: object) -> list[str]:
    return [trouble.key for trouble in troubles(replace(WELL, **changes))]  # type: ignore[arg-type]


def test_an_installation_that_is_well_has_no_trouble() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"free_bytes": 900_000_000}, ["disk:"]),
        ({"missing": ("worker",)}, ["child:worker"]),
        ({"heartbeat": NOW - timedelta(minutes=4)}, ["heartbeat:"]),
        ({"heartbeat": None}, ["heartbeat:"]),
        ({"runs_waiting": 3}, ["runs_wait:"]),
        ({"unswept": ("cchc-2026", "cds-2026")}, ["unswept:cchc-2026", "unswept:cds-2026"]),
        ({"mail_waits_since": NOW - timedelta(hours=5)}, ["mail_waits:"]),
        ({"mail_waits_since": NOW - timedelta(hours=3)}, []),
        ({"certificates": (Certificate("a:443", NOW + timedelta(days=13)),)}, ["certificate_ends:a:443"]),
        ({"certificates": (Certificate("a:443", NOW + timedelta(days=15)),)}, []),
        ({"certificates": (Certificate("a:443", None, "self-signed"),)}, ["certificate_refused:a:443"]),
        ({"certificates": (Certificate("a:443", None),)}, []),
    ],
)
def test_each_thing_that_is_wrong_is_one_trouble(changes: dict[str, object], expected: list[str]) -> None:
    assert found(**changes) == expected


def test_without_a_database_only_the_database_is_named() -> None:
    everything = {"missing": ("postgres", "worker"), "prefect_error": "refused", "heartbeat": None}
    assert found(database_error="refused", **everything) == ["database:"]


def test_a_worker_that_cannot_tell_a_dead_prefect_that_it_lives_is_not_named() -> None:
    assert found(prefect_error="refused", missing=("prefect",), heartbeat=None) == ["prefect:"]


def test_a_worker_that_does_not_run_is_named_once() -> None:
    assert found(missing=("worker",), heartbeat=None, runs_waiting=7) == ["child:worker"]


DAYS = working_calendar()
MONDAY = datetime(2026, 11, 30, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "adopted", "year", "owed"),
    [
        (MONDAY.replace(hour=9), MONDAY - timedelta(days=30), 2026, True),
        (MONDAY.replace(hour=8, minute=59), MONDAY - timedelta(days=30), 2026, False),
        (MONDAY.replace(hour=9) - timedelta(days=1), MONDAY - timedelta(days=30), 2026, False),  # a Sunday
        (MONDAY.replace(hour=11), MONDAY.replace(hour=10), 2026, False),  # adopted after this morning's sweep
        (MONDAY.replace(hour=9), MONDAY - timedelta(days=2), 2027, False),  # next year's plan
    ],
)
def test_a_sweep_is_owed_on_the_plans_working_days_once_its_time_is_past(
    now: datetime, adopted: datetime, year: int, owed: bool
) -> None:
    sweep_at = datetime.combine(now.date(), MONDAY.time(), ZONE).replace(hour=8, minute=30)
    deadline = sweep_at.replace(hour=9, minute=0)
    assert sweep_owed(year, adopted, sweep_at, deadline, now, DAYS) is owed
