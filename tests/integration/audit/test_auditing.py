"""The daily audit: findings become entries once, are mailed to operator and auditor, and are found in a real Prefect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from installation import CONFIG, Installation, at

import tasks.audit.auditing
from dondoc.ledger.findings import Finding
from dondoc.ledger.ledger import Draft, Head
from tasks.audit.auditing import MOST_RECORDED, attest, audit, record_findings
from tasks.audit.findings_mail import mail_findings
from tasks.config.loading import clock, words
from tasks.config.run_context import RunContext
from tasks.store.chain import append, appending
from tasks.store.runs import verify_chain

OPERATOR = "van-hanh@vpub.quangngai.example"
AUDITOR = "kiem-tra-thanh-tra@vpub.quangngai.example"
PAUSED = Finding("schedule_paused", "II.1.a/2024", {"missed": 2, "moments": ["2024-01-09"], "owed": []})
GONE = Finding("run_gone", "r1", {"entries": "5"})


def told(installation: Installation, address: str) -> int:
    return installation.post.boxes().count(address)


def day(installation: Installation, morning: RunContext, *findings: Finding) -> list[dict[str, Any]]:
    """One day's audit with those findings; the entries it wrote."""
    before = len(installation.ledger("audit"))
    record_findings(morning, findings)
    mail_findings(morning)
    return [entry["body"] for entry in installation.ledger("audit")[before:]]


# -- findings become entries and mail


def test_a_finding_is_recorded_and_mailed_once_and_its_end_too(installation: Installation) -> None:
    first = day(installation, installation.morning(at("2024-01-10")), PAUSED, GONE)
    assert [(body.get("finding"), body.get("state")) for body in first[:2]] == [
        ("schedule_paused", "found"),
        ("run_gone", "found"),
    ]
    assert [body["recipient"] for body in first[2:]] == ["role:operator", "role:auditor"]
    assert "tạm dừng; 2 buổi không được xem (09/01/2024)" in installation.post.text(AUDITOR)
    assert day(installation, installation.morning(at("2024-01-11")), PAUSED, GONE) == []
    healed = day(installation, installation.morning(at("2024-01-12")))
    assert [(body.get("finding"), body.get("state")) for body in healed[:1]] == [("schedule_paused", "healed")]
    assert told(installation, OPERATOR) == told(installation, AUDITOR) == 2
    again = day(installation, installation.morning(at("2024-01-15")), PAUSED)
    assert again[0]["state"] == "found"
    assert isinstance(verify_chain(installation.engine), Head)


def test_nothing_heals_while_not_everything_could_be_looked_at(installation: Installation) -> None:
    day(installation, installation.morning(at("2024-01-10")), PAUSED)
    record_findings(installation.morning(at("2024-01-11")), [], checked=False)
    assert [entry["body"]["state"] for entry in installation.ledger("audit.finding")] == ["found"]


def test_a_refused_mail_is_told_the_next_day_to_that_reader_alone(installation: Installation) -> None:
    installation.post.replies[AUDITOR] = ["451 4.3.0 later"]
    day(installation, installation.morning(at("2024-01-10")), GONE)
    assert (told(installation, OPERATOR), told(installation, AUDITOR)) == (1, 0)
    (mailed,) = day(installation, installation.morning(at("2024-01-11")), GONE)
    assert mailed["recipient"] == "role:auditor"
    assert (told(installation, OPERATOR), told(installation, AUDITOR)) == (1, 1)


def test_a_flood_of_findings_is_cut_and_said(installation: Installation) -> None:
    many = [replace(GONE, subject=f"r{n}") for n in range(MOST_RECORDED + 7)]
    written = day(installation, installation.morning(at("2024-01-10")), *many)
    assert len([body for body in written if "finding" in body]) == MOST_RECORDED + 1
    assert "còn 7 sai khác" in installation.post.text(OPERATOR).lower()


def test_an_incident_is_no_finding_of_the_audit(installation: Installation) -> None:
    body = {"finding": "run_incident", "run": "r", "run_name": "", "state": "Crashed", "message": ""}
    with appending(installation.engine) as connection:
        append(connection, at("2024-01-09"), [Draft("audit.finding", "dondoc", None, "dondoc", body)])
    assert day(installation, installation.morning(at("2024-01-10"))) == []


def test_every_finding_has_its_words_and_no_words_are_idle() -> None:
    known = set(words(CONFIG)["findings"])
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("dondoc", "tasks")
        for path in (CONFIG.parent / folder).rglob("*.py")
    )
    assert {name for name in known if f'"{name}"' not in code} == set()
    assert set(re.findall(r'Finding\(\s*"(\w+)"', code)) - known == set()


# -- against a real Prefect


@pytest.fixture
def live(make_installation: Any, prefect_settings: None) -> Iterator[Installation]:  # noqa: ARG001  (its server)
    """A plan of this year, adopted now and deployed."""
    from prefect.client.orchestration import get_client

    from deployments.apply import apply, deployment_ids
    from deployments.worker import ensure_work_pool
    from tasks.schedule.deployments import compile_plan, installation_deployments

    made: Installation = make_installation()
    ensure_work_pool()
    wanted = [
        *compile_plan(made.engine, made.rules, CONFIG, made.plan),
        *installation_deployments(made.rules, made.settings),
    ]
    with get_client(sync_client=True) as client:
        apply(client, wanted)
    yield made
    with get_client(sync_client=True) as client:
        for (_, name), deployment in deployment_ids(client).items():
            if name in ("nho-2024", "dondoc"):
                client.delete_deployment(deployment)


def test_what_was_done_behind_prefects_back_is_named(live: Installation) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Completed

    from deployments.history import PastRun, recording
    from flows.issue import issue

    def found(client: Any) -> dict[str, Finding]:
        now = clock(live.rules.policy)
        audited = audit(live.engine, live.rules, live.settings, client, now, whole=True)
        return {finding.code: finding for finding in audited.findings}

    def past(hour: str) -> PastRun:
        given = {"plan": live.plan.id, "item": "ke-hoach", "as_of": at("2024-01-10", hour)}
        return PastRun(issue, flow, ours.id, at("2024-01-10", hour), given)

    with get_client(sync_client=True) as client:
        (ours,) = [
            found for found in client.read_deployments() if found.parameters == {"plan": "nho-2024", "item": "ke-hoach"}
        ]
        flow = client.read_flow(ours.flow_id).name
        assert found(client) == {}
        with recording() as recorder:
            states = [recorder.record(past(hour)) for hour in ("08:00", "09:00")]
        gone, forced = [state.state_details.flow_run_id for state in states]
        assert found(client) == {}, "runs as they happened are no finding"
        assert gone is not None
        assert forced is not None
        client.delete_flow_run(gone)
        client.set_flow_run_state(forced, Completed(name="Đúng hạn"), force=True)
        client.pause_deployment(ours.id)
        named = found(client)
    assert set(named) == {"run_gone", "run_forced", "run_state_differs", "schedule_paused"}
    assert named["run_gone"].subject == str(gone)
    assert named["run_forced"].subject == named["run_state_differs"].subject == str(forced)
    assert named["run_state_differs"].about["state"] == "Đúng hạn"


def test_a_check_that_cannot_be_made_is_a_finding_and_stops_nothing(
    live: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.client.orchestration import get_client

    def unreachable(*_: Any, **__: Any) -> None:
        raise ConnectionError("Prefect does not answer")

    with get_client(sync_client=True) as client:
        monkeypatch.setattr(tasks.audit.auditing, "_client", lambda: client)
        monkeypatch.setattr(tasks.audit.auditing, "see", unreachable)
        attest(live.morning(clock(live.rules.policy)))
    (entry,) = live.ledger("audit.finding")
    assert entry["body"]["finding"] == "audit_failed"
    assert "Prefect does not answer" in live.post.text(OPERATOR)
    assert len(live.ledger("witness.published")) == 1


def test_a_broken_ledger_is_mailed_by_the_days_check(live: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.client.orchestration import get_client

    with psycopg.connect(live.owner_url) as connection:
        connection.execute("ALTER TABLE ledger DISABLE TRIGGER ALL")
        connection.execute("UPDATE ledger SET line = replace(convert_from(line, 'UTF8'), 'test', 'tset')::bytea")
    with get_client(sync_client=True) as client:
        monkeypatch.setattr(tasks.audit.auditing, "_client", lambda: client)
        attest(live.morning(clock(live.rules.policy)))
    assert "Mục 1: nội dung không khớp mã băm" in live.post.text(AUDITOR)
