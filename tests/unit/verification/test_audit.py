"""The ledger against Prefect's history, as values: every way to tamper with a run is named, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import at

from dondoc.ledger.findings import Finding
from dondoc.schedule.deployments import Deployment
from dondoc.verification.audit import (
    AuditRules,
    PrefectRun,
    RecordedRun,
    StateMoment,
    ahead,
    clock_differs,
    compare,
    later_runs,
    new_and_healed,
)
from dondoc.verification.audit_deployments import PresentDeployment, Schedule, plan_findings

START = at("2026-11-23")
NOW = at("2026-11-24")
RULES = AuditRules(
    now=NOW,
    tolerance=timedelta(minutes=15),
    states={"posted": "Đã gửi thư", "swept": "Đã quét"},
    verdicts={"overdue": "Quá hạn", "reminded": "Đã nhắc", "nothing_owed": "Không còn nợ", "done_on_time": "Đúng hạn"},
    quiet={"dondoc · Ghi nhận": frozenset({"Không ghi được"}), "dondoc · Nhận thư": frozenset({"Không có thư mới"})},
)


def moments(*named: tuple[str, str]) -> tuple[StateMoment, ...]:
    return tuple(StateMoment(kind, name, START + timedelta(seconds=n)) for n, (kind, name) in enumerate(named))


def run(kind: str = "FAILED", name: str = "Quá hạn", **changes: Any) -> PrefectRun:
    history = moments(("SCHEDULED", "Scheduled"), ("PENDING", "Pending"), ("RUNNING", "Running"), (kind, name))
    made = PrefectRun("r1", "2026-11-23 · nhắc: 1", "II.1.a", False, False, kind, name, START, START, history)
    return replace(made, **changes)


def named(*verdicts: str, **changes: Any) -> RecordedRun:
    body = {"flow": "issue", "looked_at": [{"occurrence": "x", "verdict": verdict} for verdict in verdicts]}
    return replace(RecordedRun("r1", 5, 7, START, START, body), **changes)


def codes(runs: list[PrefectRun], entries: list[RecordedRun], rules: AuditRules = RULES) -> list[str]:
    found = compare({one.id: one for one in runs}, {one.id: one for one in entries}, rules)
    return [finding.code for finding in found]


LATE = named("reminded", "overdue")


def test_a_run_whose_history_and_entries_agree_is_no_finding() -> None:
    assert codes([run()], [LATE]) == []
    assert codes([run("COMPLETED", "Đã nhắc")], [named("reminded", "nothing_owed")]) == []
    assert codes([run("COMPLETED", "Không còn nợ")], [named()]) == []


@pytest.mark.parametrize(("sent", "name"), [(3, "Đã gửi thư"), (0, "Đã quét")])
def test_a_sweeps_state_follows_from_the_mails_it_sent(sent: int, name: str) -> None:
    swept = replace(LATE, recorded={"flow": "sweep", "looked_at": [], "mails_sent": sent})
    assert codes([run("COMPLETED", name)], [swept]) == []
    assert codes([run("COMPLETED", "Đúng hạn")], [swept]) == ["run_state_differs"]


@pytest.mark.parametrize(
    ("flow", "state"),
    [("receive_mail", "Đã nhận thư"), ("enter_figures", "Đã ghi nhận"), ("daily_check", "Đã kiểm tra")],
)
def test_what_a_flow_of_our_own_says_of_itself_is_no_forgery(flow: str, state: str) -> None:
    recorded = replace(LATE, recorded={"flow": flow, "looked_at": [{"occurrence": "x", "verdict": "overdue"}]})
    assert codes([run("COMPLETED", state)], [recorded]) == []


def test_a_run_that_is_gone_is_named_unless_it_was_copied_and_then_pruned() -> None:
    assert codes([], [LATE]) == ["run_gone"]
    pruned = replace(RULES, pruned={"r1"})
    assert codes([], [LATE], pruned) == ["run_gone"], "it was not copied"
    assert codes([], [LATE], replace(RULES, copied={"r1"})) == ["run_gone"], "nobody let it go"
    assert codes([], [LATE], replace(pruned, copied={"r1"})) == []


def runs_and_entries(numbers: range) -> tuple[list[PrefectRun], list[RecordedRun]]:
    """Runs that recorded, one an hour, and their entries."""
    hours = {n: START + timedelta(hours=n) for n in numbers}
    runs = [run(id=f"r{n}", started=hours[n], ended=hours[n]) for n in numbers]
    return runs, [
        replace(LATE, id=f"r{n}", first_seq=10 * n, last_seq=10 * n + 2, first_at=hours[n], last_at=hours[n])
        for n in numbers
    ]


def test_a_lost_database_of_prefects_is_one_finding_not_one_a_run() -> None:
    _, entries = runs_and_entries(range(986))
    found = list(compare({}, {one.id: one for one in entries}, RULES))
    assert [(one.code, one.about["number"]) for one in found] == [("history_lost", 986)]


def test_a_database_made_anew_is_one_finding_also_when_it_has_runs_again() -> None:
    runs, entries = runs_and_entries(range(40))
    assert codes(runs[30:], entries, replace(RULES, now=START + timedelta(days=3))) == ["history_lost"]


def test_single_runs_that_are_gone_among_others_are_named_each() -> None:
    runs, entries = runs_and_entries(range(20))
    assert codes([one for one in runs if one.id not in ("r5", "r7")], entries) == ["run_gone", "run_gone"]


def test_a_ledger_older_than_prefects_history_is_one_finding() -> None:
    runs, entries = runs_and_entries(range(20))
    (found,) = compare({one.id: one for one in runs}, {one.id: one for one in entries[:12]}, RULES)
    assert (found.code, found.about["number"], found.about["last"]) == ("ledger_older", 8, 112)


def test_a_run_that_somebody_set_to_completed_by_hand_makes_no_ledger_older() -> None:
    runs, entries = runs_and_entries(range(5))
    by_hand = run("COMPLETED", "Completed", id="x", ended=START + timedelta(days=1))
    assert later_runs([*runs, by_hand], {one.id: one for one in entries}, RULES) == []


def test_no_deployment_of_ours_in_prefect_is_one_finding() -> None:
    wanted = [replace(WANTED, flow=f"II.{n}") for n in range(39)]
    found = list(plan_findings(wanted, {}, {}, NOW))
    assert [(one.code, one.about["number"]) for one in found] == [("deployments_gone", 39)]


def test_a_green_state_over_a_late_duty_is_named() -> None:
    assert codes([run("COMPLETED", "Đúng hạn")], [LATE]) == ["run_state_differs"]
    assert codes([run("COMPLETED", "Quá hạn")], [LATE]) == ["run_state_differs"]


def test_a_state_s_former_name_is_no_other_state() -> None:
    older = replace(RULES, former={"Quá hạn": ["Trễ hạn"]})
    assert codes([run("FAILED", "Trễ hạn")], [LATE]) == ["run_state_differs"]
    assert codes([run("FAILED", "Trễ hạn")], [LATE], older) == []
    assert codes([run("COMPLETED", "Trễ hạn")], [LATE], older) == ["run_state_differs"]


def test_a_technical_end_after_the_entry_is_an_incident_not_a_forgery() -> None:
    for kind, name in (("CRASHED", "Crashed"), ("FAILED", "Failed")):
        assert codes([run(kind, name)], [LATE]) == []


def test_a_state_set_after_the_end_is_named_also_when_it_was_set_back() -> None:
    back = (*(run().history or ()), *moments(("COMPLETED", "Đúng hạn"), ("FAILED", "Quá hạn")))
    assert codes([run(history=back)], [LATE]) == ["run_forced"]
    assert codes([run(history=None)], [LATE]) == [], "not looked at"


def test_a_run_set_to_an_end_without_running_is_named() -> None:
    set_done = moments(("SCHEDULED", "Scheduled"), ("COMPLETED", "Đúng hạn"))
    assert codes([run("COMPLETED", "Đúng hạn", history=set_done)], []) == ["run_unrecorded", "run_never_ran"]
    cancelled = moments(("SCHEDULED", "Scheduled"), ("CANCELLED", "Cancelled"))
    assert codes([run("CANCELLED", "Cancelled", history=cancelled)], []) == ["run_never_ran"]
    crashed = moments(("SCHEDULED", "Scheduled"), ("PENDING", "Pending"), ("CRASHED", "Crashed"))
    assert codes([run("CRASHED", "Crashed", history=crashed)], []) == []


def test_times_of_states_that_go_backwards_are_named() -> None:
    history = run().history or ()
    edited = (*history[:2], replace(history[2], at=START - timedelta(days=1)), history[3])
    assert codes([run(history=edited)], [LATE]) == ["run_times"]


def test_a_run_without_an_entry_is_named_unless_it_records_nothing_by_intent() -> None:
    assert codes([run("COMPLETED", "Đã nhắc")], []) == ["run_unrecorded"]
    assert codes([run("COMPLETED", "Đã nhắc", rehearsal=True)], []) == []
    assert codes([run("FAILED", "Không ghi được", flow="dondoc · Ghi nhận")], []) == []
    assert codes([run("COMPLETED", "Không có thư mới", flow="dondoc · Nhận thư")], []) == []
    assert codes([run("COMPLETED", "Không có thư mới")], []) == ["run_unrecorded"], "an item's flow has no such state"
    assert codes([run("FAILED", "Failed")], []) == []
    running = run("RUNNING", "Running", history=moments(("SCHEDULED", "Scheduled"), ("RUNNING", "Running")))
    assert codes([running], []) == []


@pytest.mark.parametrize("minutes", [-16, 16, -60 * 24 * 30])
def test_entries_outside_their_runs_time_are_a_clock_that_jumped(minutes: int) -> None:
    moved = START + timedelta(minutes=minutes)
    entry = replace(LATE, first_at=moved, last_at=moved)
    assert codes([run()], [entry]) == ["clock_entry"]
    assert codes([run(told=True)], [entry]) == [], "it was given its time"
    near = replace(LATE, first_at=START - timedelta(minutes=14), last_at=START + timedelta(minutes=14))
    assert codes([run()], [near]) == []


def test_clocks_are_compared_within_their_tolerance() -> None:
    theirs = datetime.now(UTC)
    assert list(clock_differs(theirs + timedelta(minutes=14), theirs, RULES.tolerance)) == []
    assert list(clock_differs(theirs, None, RULES.tolerance)) == []
    (found,) = clock_differs(theirs + timedelta(minutes=16), theirs, RULES.tolerance)
    assert found.code == "clock_server"
    assert [f.code for f in ahead([replace(LATE, last_at=NOW + timedelta(hours=1))], NOW, RULES.tolerance)] == [
        "clock_ahead"
    ]


# -- what is new, what is healed

PAUSED, GONE = Finding("schedule_paused", "a/2026", {"missed": 1}), Finding("run_gone", "r1")


def test_a_finding_is_new_once_and_healed_once() -> None:
    assert new_and_healed([PAUSED, PAUSED, GONE], {}) == ([PAUSED, GONE], [])
    later = Finding("schedule_paused", "a/2026", {"missed": 2})
    assert new_and_healed([later], {PAUSED.key: PAUSED}) == ([], []), "the same, a day later"
    assert new_and_healed([], {PAUSED.key: PAUSED}) == ([], [PAUSED])


def test_what_was_done_to_a_runs_history_is_never_healed() -> None:
    assert new_and_healed([], {GONE.key: GONE}) == ([], [])


# -- deployments

WANTED = Deployment(
    flow="II.1.a", name="2026", entrypoint="flows.issue.issue", parameters={"plan": "p", "item": "i"},
    tags=("dondoc", "2026"), description="Phiếu\n", mornings=tuple(datetime.fromisoformat(f"2026-11-{day}T08:00") for day in (20, 23, 30)),
    timezone="Asia/Ho_Chi_Minh", slug="cac-buoi-sang-2026",
)  # fmt: skip
KEY = ("II.1.a", "2026")
STANDING = PresentDeployment(
    entrypoint="flows.issue.issue", parameters={"item": "i", "plan": "p"}, tags=("2026", "dondoc"), description="Phiếu",
    paused=False, created=at("2026-11-22"),
    schedules=(
        Schedule("DTSTART:20200101T000000\nRDATE:20261120T080000,20261123T080000,20261130T080000", "Asia/Ho_Chi_Minh",
                 True, "cac-buoi-sang-2026"),
    ),
)  # fmt: skip


def of_plan(found: PresentDeployment | None) -> list[Finding]:
    standing = {KEY: found} if found else {}
    return list(plan_findings([WANTED], standing, {("p", "i"): ["p/i/o/2026-Q4"]}, NOW))


def test_a_deployment_as_prefect_keeps_it_is_no_finding() -> None:
    assert of_plan(STANDING) == []


def test_a_missing_deployment_is_named() -> None:
    assert [finding.code for finding in of_plan(None)] == ["deployment_missing"]


SCHEDULE = STANDING.schedules[0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"entrypoint": "flows.sweep.sweep"}, "entrypoint"),
        ({"parameters": {"plan": "p", "item": "i", "dry_run": True}}, "parameters"),
        ({"tags": ("dondoc",)}, "tags"),
        ({"description": "khác"}, "description"),
        ({"schedules": ()}, "schedule"),
        ({"schedules": (SCHEDULE, SCHEDULE)}, "schedule"),
        ({"schedules": (replace(SCHEDULE, timezone="UTC"),)}, "schedule"),
        ({"schedules": (replace(SCHEDULE, rrule="RDATE:20261120T080000"),)}, "schedule"),
        ({"schedules": (replace(SCHEDULE, rrule="FREQ=DAILY"),)}, "schedule"),
        ({"schedules": (replace(SCHEDULE, rrule=f"{SCHEDULE.rrule}\nEXDATE:20261130T080000"),)}, "schedule"),
    ],
)
def test_every_edit_of_a_deployment_is_named(change: dict[str, Any], field: str) -> None:
    (found,) = of_plan(replace(STANDING, **change))
    assert (found.code, found.about["fields"]) == ("deployment_differs", [field])


@pytest.mark.parametrize("change", [{"paused": True}, {"schedules": (replace(SCHEDULE, active=False),)}])
def test_a_pause_is_named_with_the_mornings_missed_since_it_was_deployed_and_what_is_owed(
    change: dict[str, Any],
) -> None:
    (found,) = of_plan(replace(STANDING, **change))
    assert found.code == "schedule_paused"
    assert found.about == {"missed": 1, "moments": ["2026-11-23"], "owed": ["p/i/o/2026-Q4"]}
    looked = datetime(2026, 11, 23, 1, tzinfo=UTC)
    (found,) = of_plan(replace(STANDING, **change, runs_at={looked}))
    assert found.about["missed"] == 0
