"""Several plans side by side: each with its own sweep, one mail a mailbox and morning over all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from installation import HCQT, Installation, at

from dondoc.ledger.ledger import SYSTEM, Draft
from dondoc.plan.plan import Plan
from flows.daily_check import daily_check
from flows.sweep import sweep
from tasks.store.chain import append, appending
from tasks.store.plans import adopt
from tasks.store.settle import check_occurrences

pytestmark = pytest.mark.usefixtures("plain_tasks")
OTHER = "cds-2024"


@pytest.fixture
def other(installation: Installation) -> Plan:
    """A second plan of the same year, with the same items."""
    plan = replace(installation.plan, family="cds", title="Kế hoạch chuyển đổi số năm 2024")
    rules = installation.rules
    adopt(installation.engine, plan, rules.policy, rules.calendar, at("2024-01-02", "07:31"), "test")
    return plan


def swept(plan: str, day: str, clock: str = "08:30") -> Any:
    return sweep.fn(plan, as_of=at(day, clock))


def runs(installation: Installation, flow: str) -> list[tuple[str, int]]:
    found = [entry for entry in installation.ledger("run.recorded") if entry["body"]["flow"] == flow]
    return [(entry["plan"], entry["body"].get("mails_sent", 0)) for entry in found]


def test_each_plan_has_its_own_sweep_and_each_mailbox_one_mail(installation: Installation, other: Plan) -> None:
    for plan in (installation.plan.id, other.id):
        check_occurrences(installation.engine, installation.rules, plan, at("2024-01-02", "08:00"))
    swept(installation.plan.id, "2024-01-02")
    swept(other.id, "2024-01-02", "08:31")
    assert set(Counter(installation.post.boxes()).values()) == {1}
    assert [plan for plan, _ in runs(installation, "sweep")] == [installation.plan.id, other.id]
    assert runs(installation, "sweep")[1] == (other.id, 0), "the first sweep has written for both"
    text = installation.post.text(HCQT)
    assert "Kế hoạch: Kế hoạch nhỏ năm 2024" in text
    assert "Kế hoạch: Kế hoạch chuyển đổi số năm 2024" in text
    assert {notice.status for notice in installation.notices()} == {"sent"}


def test_a_sweep_catches_up_for_the_other_plans_before_it_writes(installation: Installation, other: Plan) -> None:
    """After an outage nobody has looked yet: whichever sweep comes first writes everybody's mail."""
    swept(other.id, "2024-01-02")
    sent = installation.post.boxes()
    swept(installation.plan.id, "2024-01-02", "08:31")
    assert installation.post.boxes() == sent
    assert {notice.plan for notice in installation.notices()} == {installation.plan.id, other.id}


def test_what_comes_up_between_two_sweeps_waits_for_the_next_morning(installation: Installation, other: Plan) -> None:
    swept(installation.plan.id, "2024-01-02")
    sent = len(installation.post.boxes())
    given = {"document": "9/QĐ-VP", "signed": at("2024-01-02").date(), "reason": "gộp kỳ"}
    installation.act("ke-hoach/quy-mot/2024-Q1", "waive", at("2024-01-02", "08:30"), **given)
    swept(other.id, "2024-01-02", "08:31")
    assert len(installation.post.boxes()) == sent
    swept(other.id, "2024-01-03")
    assert len(installation.post.boxes()) == sent + 1


def test_a_run_of_the_past_leaves_plans_alone_that_have_lived_longer(installation: Installation, other: Plan) -> None:
    check_occurrences(installation.engine, installation.rules, other.id, at("2024-03-01", "08:00"))
    before = [entry for entry in installation.ledger() if entry["plan"] == other.id]
    swept(installation.plan.id, "2024-02-01")
    assert [entry for entry in installation.ledger() if entry["plan"] == other.id] == before
    assert {notice.status for notice in installation.notices(plan=other.id)} == {"queued"}


def test_a_live_sweep_sends_nothing_of_a_year_that_is_replayed(installation: Installation) -> None:
    replayed = replace(installation.plan, family="cu")
    rules = installation.rules
    adopt(installation.engine, replayed, rules.policy, rules.calendar, at("2024-01-02", "07:31"), "replay")
    check_occurrences(installation.engine, rules, replayed.id, at("2024-01-02", "08:00"))
    sweep.fn(installation.plan.id)  # by the real clock
    assert {notice.status for notice in installation.notices(plan=replayed.id)} == {"queued"}


def test_the_daily_check_looks_after_plans_that_no_sweep_visits_and_after_no_others(
    installation: Installation, other: Plan
) -> None:
    daily_check.fn(as_of=at("2024-01-02", "08:45"))
    assert set(Counter(installation.post.boxes()).values()) == {1}
    assert {notice.plan for notice in installation.notices(status="sent")} == {installation.plan.id, other.id}
    swept(other.id, "2024-01-03")
    before = len(installation.ledger())
    daily_check.fn(as_of=at("2024-01-03", "08:45"))
    kinds = [entry["kind"] for entry in installation.ledger()[before:]]
    assert set(kinds) <= {"witness.published", "run.recorded"}
    daily_check.fn(as_of=at("2024-02-10", "08:45"))  # Tết
    assert [entry["body"]["looked_at"] for entry in installation.ledger("run.recorded")][-1] == []


def test_a_try_again_in_the_night_is_no_sweep_of_that_morning(installation: Installation, other: Plan) -> None:
    body = {"flow": "sweep", "looked_at": [], "entries": [], "retry_only": "…"}
    with appending(installation.engine) as connection:
        append(connection, at("2024-01-03", "00:10"), [Draft("run.recorded", other.id, None, "dondoc", body)])
    swept(installation.plan.id, "2024-01-03")
    assert installation.notices(plan=other.id, status="sent")
    assert SYSTEM not in {plan for plan, _ in runs(installation, "sweep")}
