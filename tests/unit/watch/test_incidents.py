"""One incident a cause, told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dondoc.watch.incidents import BrokenRun, causes

START = datetime(2026, 11, 30, 1, tzinfo=UTC)


def run(number: int, state: str, message: str = "") -> BrokenRun:
    return BrokenRun(f"run-{number}", "", state, message, START + timedelta(seconds=number))


def test_runs_that_one_dead_worker_took_down_are_one_cause() -> None:
    (cause,) = causes([run(n, "Crashed", f"Worker may-{n} ended while it ran this") for n in range(33)], ())
    assert len(cause.runs) == 33
    assert cause.runs[0].id == "run-0"


def test_another_message_or_another_state_is_another_cause() -> None:
    found = causes([run(1, "Failed", "disk full"), run(2, "Failed", "no such file"), run(3, "Late")], ())
    assert [cause.state for cause in found] == ["Failed", "Failed", "Late"]


def test_ids_and_numbers_in_a_message_are_no_other_cause() -> None:
    ids = ("0190f3a2-1111-7222-8333-444455556666", "0190f3a2-9999-7222-8333-444455556666")
    assert len(causes([run(n, "Crashed", f"run {one} at 0x7f{n} line {n}") for n, one in enumerate(ids)], ())) == 1


def test_what_was_told_is_not_told_again_unless_its_state_is_another() -> None:
    told = {("run-1", "Late")}
    assert causes([run(1, "Late")], told) == ()
    assert len(causes([run(1, "Crashed")], told)) == 1
