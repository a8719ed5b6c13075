"""Every act is followed by a Prefect run that moves the item's schedule: on a real Prefect server, and without one."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from installation import Installation, at
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowFilter
from servers import free_port

import cli.acts
import deployments.act_followup
from cli.acts import submit
from deployments.act_followup import follow_up, moved
from deployments.apply import MovedSchedule
from deployments.engine import run_to_end
from dondoc.foundation.errors import DondocError
from operations.installation import Installation as Deployed
from operations.stack.prefect_server import client_environment
from operations.stack.settings import LOOPBACK, Stack
from tasks.config.settings import read_settings, settings
from tasks.obligations.act_followup import follow, follow_missed, read_recorded_act
from tasks.obligations.events import note_event
from tasks.obligations.operator_acts import take_act
from tasks.obligations.operator_forms import RecordForm
from tasks.store.runs import verify_chain
from tasks.store.settle import Checked, check_occurrences

NEXT = "ke-hoach/quy-mot/2024-Q1"
CHECK = "kiem-soat/kiem-tra/2024"
DAY = at("2024-03-04", "10:00")
QUIET = at("2024-03-05")


@pytest.fixture
def opened(installation: Installation) -> Installation:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-01-03", "08:00"))
    return installation


@pytest.fixture
def deployed(
    opened: Installation,
    prefect_stack: Stack,
    prefect_settings: None,  # noqa: ARG001  (Prefect's client in this process)
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Installation]:
    """The small plan on Prefect; runs are asked for and left for the test to run."""
    environment = client_environment(prefect_stack)
    for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING"):
        monkeypatch.setenv(name, environment[name])
    settings.cache_clear()
    opened.settings = read_settings(os.environ)
    of(opened).deploy(with_automations=False)
    yield opened
    with get_client(sync_client=True) as client:  # each test's entries begin at the same numbers
        for flow in client.read_flows(flow_filter=FlowFilter.model_validate({"name": {"like_": "dondoc · Sau"}})):
            client.delete_flow(flow.id)


def of(installation: Installation) -> Deployed:
    return Deployed(installation.engine, installation.rules, installation.settings)


def runs() -> list[Any]:
    with get_client(sync_client=True) as client:
        named = FlowFilter.model_validate({"name": {"like_": "dondoc · Sau ghi nhận"}})
        return client.read_flow_runs(flow_filter=named)


def ask(installation: Installation, seq: int) -> int:
    return follow(installation.engine, installation.settings, seq)


def ask_missed(installation: Installation, day: str) -> int:
    return follow_missed(installation.engine, installation.settings, installation.plan.id, day)


def extend(installation: Installation) -> Checked:
    return installation.act(NEXT, "extend", DAY, "role:tracker", reason="Đồng ý", until=date(2024, 4, 12))


def mornings(installation: Installation, item: str) -> list[date]:
    (found,) = of(installation).compile(installation.plan, item)
    return [morning.date() for morning in found.mornings]


def test_an_act_asked_for_twice_is_followed_by_one_run_under_its_items_tags(deployed: Installation) -> None:
    seq = deployed.submit(NEXT, DAY).seqs[0]
    assert (ask(deployed, seq), ask(deployed, seq)) == (1, 1)
    (run,) = runs()
    assert run.name == "2024-03-04 · II.1.e · nộp kết quả: quý I/2024"
    assert {"2024", "II.1.e", "ke-hoach"} <= set(run.tags)
    assert run.parameters == {"plan": "nho-2024", "item": "ke-hoach", "seq": seq}


def test_the_run_moves_the_items_mornings_and_says_whose_act_it_follows(deployed: Installation) -> None:
    before = mornings(deployed, "ke-hoach")
    seq = extend(deployed).seqs[0]
    ask(deployed, seq)
    (run,) = runs()
    run.parameters["as_of"] = QUIET.isoformat()
    state = run_to_end(follow_up, "dondoc · Sau ghi nhận", run)
    assert (state.is_completed(), state.name) == (True, "Đã ghi nhận"), state.message
    assert "12/04/2024" in str(state.message)

    entry = deployed.ledger("run.recorded")[-1]
    assert (entry["body"]["follows"], entry["run"]) == (seq, str(run.id))
    assert entry["occurrence"] == f"nho-2024/{NEXT}"
    after = mornings(deployed, "ke-hoach")
    assert {date.fromisoformat(day) for day in entry["body"]["mornings_added"]} == {
        day for day in set(after) - set(before) if day >= QUIET.date()
    }
    assert date(2024, 3, 29) in before  # the last call of the old date
    assert "2024-03-29" in entry["body"]["mornings_removed"]
    assert of(deployed).deploy(dry_run=True).changed == 0
    assert ask_missed(deployed, "2024-03-06") == 0
    with get_client(sync_client=True) as client:
        of_run = ArtifactFilter.model_validate({"flow_run_id": {"any_": [run.id]}})
        (artifact,) = client.read_artifacts(artifact_filter=of_run)
    assert f"#{seq}" in str(artifact.data)


def test_a_rehearsal_moves_and_records_nothing(deployed: Installation) -> None:
    seq = extend(deployed).seqs[0]
    head = verify_chain(deployed.engine)
    state = follow_up.fn("nho-2024", "ke-hoach", seq, as_of=QUIET, dry_run=True)
    assert "12/04/2024" in str(state.message)
    assert verify_chain(deployed.engine) == head
    assert of(deployed).deploy(dry_run=True).updated == ["II.1.e · Kế hoạch theo dõi thi hành pháp luật/nho-2024"]


def test_a_run_that_broke_off_is_asked_for_again_once_a_day(deployed: Installation) -> None:
    seq = deployed.submit(NEXT, DAY).seqs[0]
    ask(deployed, seq)
    (run,) = runs()
    _crash(run.id)
    assert [ask_missed(deployed, day) for day in ("2024-03-05", "2024-03-05", "2024-03-06")] == [1, 1, 1]
    assert len(runs()) == 3


def _crash(run: UUID) -> None:
    from prefect.states import Crashed

    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run, Crashed(), force=True)


def test_an_event_is_followed_for_each_item_that_waited(deployed: Installation) -> None:
    morning = replace(deployed.morning(DAY), settings=deployed.settings)
    note_event(morning, "kh-tinh", date(2024, 3, 1), "210/KH-UBND")
    (run,) = runs()
    assert run.name == "2024-03-04 · II.6.d · ghi sự kiện: kh-tinh"
    state = follow_up.fn("nho-2024", "chuyen-doi-so", run.parameters["seq"], as_of=QUIET)
    assert state.is_completed()
    waited = deployed.ledger("occurrence.opened")[-1]["occurrence"]
    assert waited.startswith("nho-2024/chuyen-doi-so/")
    assert deployed.ledger("run.recorded")[-1]["occurrence"] == waited


def test_the_command_line_and_prefects_form_ask_for_it_too(
    deployed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.acts, "store", lambda: deployed.engine)
    monkeypatch.setattr(cli.acts, "own_rules", lambda: deployed.rules)
    monkeypatch.setattr("tasks.config.loading.clock", lambda *_: DAY)
    asked = [f"nho-2024/{NEXT}", "--document", "12/KH-VP", "--signed", "02/01/2006", "--actor", "unit:P. HCQT"]
    refused = CliRunner().invoke(submit, asked)
    assert "long before its period opens" in str(refused.exception)
    said = CliRunner().invoke(submit, [*asked, "--confirm-signed"])
    assert said.exit_code == 0, said.output
    assert deployed.ledger("occurrence.submitted")[-1]["actor"] == "unit:hcqt"
    form = RecordForm(occurrence=NEXT, act="Duyệt", recorded_by="Nguyễn Văn An")
    take_act(replace(deployed.morning(DAY), settings=deployed.settings), form)
    assert sorted(run.name.split(" · ")[2] for run in runs()) == ["duyệt: quý I/2024", "nộp kết quả: quý I/2024"]
    acts = [e["seq"] for e in deployed.ledger("occurrence.") if e["kind"] != "occurrence.opened"]
    assert sorted(run.parameters["seq"] for run in runs()) == acts


def test_what_follows_an_acceptance_opens_at_once_and_its_end_is_the_runs_state(
    opened: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployments.act_followup, "moved", lambda *_: MovedSchedule())
    check_occurrences(opened.engine, opened.rules, "nho-2024", at("2024-04-02"))
    opened.submit(CHECK, at("2024-04-03"))
    seq = opened.act(CHECK, "accept", at("2024-04-03", "10:00"), "role:tracker").seqs[0]
    state = follow_up.fn("nho-2024", "kiem-soat", seq, as_of=at("2024-04-03", "10:01"))
    assert state.name == "Đúng hạn"
    assert opened.ledger("occurrence.opened")[-1]["occurrence"] == "nho-2024/kiem-soat/bao-cao/2024"


def test_what_has_ended_has_no_coming_mornings(opened: Installation) -> None:
    before = mornings(opened, "ke-hoach")
    given = {"reason": "Không phát sinh", "document": "5/QĐ-VP", "signed": date(2024, 3, 1)}
    opened.act(NEXT, "waive", DAY, "role:tracker", **given)
    after = mornings(opened, "ke-hoach")
    assert [day for day in after if day <= DAY.date()] == [day for day in before if day <= DAY.date()]
    assert {date(2024, 3, 8), date(2024, 3, 29)} <= set(before) - set(after)
    assert [m.date() for m in of(opened).compile_as_adopted(opened.plan)[0].mornings] == before


def test_without_prefect_the_act_stands_and_the_next_sweep_asks(
    opened: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    silent = replace(opened.settings, prefect_api=f"http://{LOOPBACK}:{free_port()}/api")
    seq = opened.submit(NEXT, DAY).seqs[0]
    with caplog.at_level(logging.WARNING, "dondoc.following"):
        assert follow(opened.engine, silent, seq) == 0
    assert f"entry {seq}" in caplog.text
    assert opened.ledger("occurrence.submitted")[-1]["seq"] == seq


def test_a_closed_plan_asks_for_nothing_more(opened: Installation) -> None:
    silent = replace(opened.settings, prefect_api=f"http://{LOOPBACK}:{free_port()}/api")
    opened.submit(NEXT, DAY)
    with opened.engine.begin() as connection:
        connection.execute(sa.text("UPDATE plan SET closed_seq = 1"))
    assert follow_missed(opened.engine, silent, "nho-2024", "2024-03-05") == 0


def test_only_an_act_is_followed(opened: Installation) -> None:
    with opened.engine.connect() as connection, pytest.raises(DondocError, match="entry 1 is no act"):
        read_recorded_act(connection, 1)


def test_an_item_that_is_not_deployed_is_left_so(deployed: Installation) -> None:
    other = replace(deployed.plan, items=(replace(deployed.plan.items[0], title="Tên khác"),))
    seen: list[Any] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deployments.act_followup, "adopted", lambda *_: other)
        seen.append(moved(replace(deployed.morning(DAY), settings=deployed.settings), "ke-hoach"))
    assert seen == [MovedSchedule()]
