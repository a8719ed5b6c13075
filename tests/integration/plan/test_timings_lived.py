"""Results owed by each unit, events that come again, waiting for another item, and days announced beforehand: lived on a database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from installation import CONFIG, Installation, at

from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.obligations.acts import ActError
from dondoc.obligations.allowed_answers import may_answer
from dondoc.plan.plan import Plan
from dondoc.plan.plan_file import read_plan
from dondoc.planning.amendment import Ruling
from tasks.config.loading import load_rules
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.events import note_event
from tasks.store.amending import amend_plan
from tasks.store.audit import reading_one_moment, verify_store
from tasks.store.occurrences import facts_of, tracked_row

PLAN = """
plan: nho
year: 2024
title: Kế hoạch nhỏ năm {year}
office: Văn phòng
adopted_on: 2024-01-02
events:
  - {id: ky-hop, title: Kỳ họp HĐND tỉnh}
  - {id: ket-luan, title: Có thông báo kết luận kiểm tra, repeats: true}
items:
  - id: bao-cao-chung
    ref: I.1
    title: Báo cáo của từng đơn vị
    text: Từng đơn vị báo cáo
    shape: issue
    lead: [hcqt, ttcbth]
    obligations:
      - {id: tung-don-vi, deliverable: Báo cáo, phrase: "Quý I", timing: {quarter: 1}, each: true}
      - {id: mot-dau-moi, deliverable: Báo cáo chung, phrase: "Quý I", timing: {quarter: 1}, contact: ttcbth}
  - id: khac-phuc
    ref: I.2
    title: Khắc phục sau kiểm tra
    text: Khắc phục
    shape: after_event
    lead: [hcqt]
    obligations:
      - {id: bao-cao, deliverable: Báo cáo khắc phục, phrase: "15 ngày kể từ khi có Thông báo", timing: {after: ket-luan, within_days: 15}}
  - id: trinh-hdnd
    ref: I.3
    title: Trình HĐND
    text: Trình
    shape: after_event
    lead: [hcqt]
    obligations:
      - {id: to-trinh, deliverable: Tờ trình, phrase: "trước kỳ họp HĐND", timing: {before_event: ky-hop, within_days: 10}}
      - {id: tiep-theo, deliverable: Kế hoạch, phrase: "sau khi có báo cáo chung", timing: {after_done: bao-cao-chung/mot-dau-moi, within: 5}}
"""


def lived(make: Callable[..., Installation]) -> Installation:
    return make(plan(PLAN))


def plan(text: str) -> Plan:
    return read_plan(parse_yaml(text, "plan.yaml"), load_rules(CONFIG).office)


def whole(found: Installation) -> None:
    """The ledger says what the tables say, and nothing is missing."""
    with reading_one_moment(found.engine) as connection:
        recounted, broken = verify_store(connection)
    assert broken is None
    assert list(recounted.found) == []
    assert found.states() == found.folded()


def note(found: Installation, event: str, happened: str, document: str, today: str) -> None:
    note_event(found.morning(at(today)), event, date.fromisoformat(happened), document)


def test_one_units_answer_closes_only_its_own_result(make_installation: Callable[..., Installation]) -> None:
    found = lived(make_installation)
    look_at(found.morning(at("2024-03-01")), "bao-cao-chung")
    mine, other = (f"bao-cao-chung/tung-don-vi/2024-Q1@{unit}" for unit in ("hcqt", "ttcbth"))
    found.submit(mine, at("2024-03-04"))
    found.act(mine, "accept", at("2024-03-05"))
    statuses = {key: state["status"] for key, state in found.states().items()}
    assert (statuses[f"nho-2024/{mine}"], statuses[f"nho-2024/{other}"]) == ("done", "open")
    with found.engine.connect() as connection:
        known = facts_of(connection, found.rules, found.plan, tracked_row(connection, f"nho-2024/{other}"))
    assert (may_answer(known, "unit:ttcbth"), may_answer(known, "unit:hcqt")) == (True, False)
    assert {notice.recipient for notice in found.notices(occurrence=f"nho-2024/{other}", kind="assign")} >= {
        "unit:ttcbth"
    }
    assert "unit:hcqt" not in {n.recipient for n in found.notices(occurrence=f"nho-2024/{other}")}
    whole(found)


def test_of_several_lead_units_the_one_named_answers_for_all(make_installation: Callable[..., Installation]) -> None:
    found = lived(make_installation)
    with found.engine.connect() as connection:
        known = facts_of(
            connection, found.rules, found.plan, tracked_row(connection, "nho-2024/bao-cao-chung/mot-dau-moi/2024-Q1")
        )
    assert (may_answer(known, "unit:ttcbth"), may_answer(known, "head:ttcbth")) == (True, True)
    assert not may_answer(known, "unit:hcqt")


def test_each_coming_of_a_repeating_event_opens_an_occurrence_and_the_same_one_twice_does_not(
    make_installation: Callable[..., Installation],
) -> None:
    found = lived(make_installation)
    for day, document in (("2024-03-04", "12/TB"), ("2024-03-04", "12/TB"), ("2024-05-06", "31/TB")):
        note(found, "ket-luan", day, document, day)
    look_at(found.morning(at("2024-05-07")), "khac-phuc")
    cases = {key: state for key, state in found.states().items() if "/khac-phuc/" in key}
    assert {key: state["due"] for key, state in cases.items()} == {
        "nho-2024/khac-phuc/bao-cao/ket-luan.1": "2024-03-19",
        "nho-2024/khac-phuc/bao-cao/ket-luan.2": "2024-05-21",
    }
    assert len(found.ledger("event.recorded")) == 2
    whole(found)


def test_an_amendment_keeps_what_a_repeating_event_opened(make_installation: Callable[..., Installation]) -> None:
    found = lived(make_installation)
    note(found, "ket-luan", "2024-03-04", "12/TB", "2024-03-05")
    changed = plan(PLAN.replace("title: Trình HĐND", "title: Trình HĐND tỉnh"))
    amend_plan(found.engine, changed, Ruling("15/QĐ-VP", date(2024, 3, 6)), found.rules, at("2024-03-07"), "test")
    assert found.states()["nho-2024/khac-phuc/bao-cao/ket-luan.1"]["status"] == "gated"
    whole(found)


def test_what_comes_before_an_event_is_due_before_its_announced_day(
    make_installation: Callable[..., Installation],
) -> None:
    found = lived(make_installation)
    with pytest.raises(ActError, match="after today"):
        note(found, "ket-luan", "2024-07-10", "1/TB", "2024-06-03")
    note(found, "ky-hop", "2024-07-10", "88/TB-HĐND", "2024-06-03")
    look_at(found.morning(at("2024-06-03")), "trinh-hdnd")
    state = found.states()["nho-2024/trinh-hdnd/to-trinh/ky-hop"]
    assert (state["status"], state["opens"], state["due"]) == ("open", "2024-06-03", "2024-06-30")
    whole(found)


def test_what_waits_for_another_item_opens_when_that_is_done(make_installation: Callable[..., Installation]) -> None:
    found = lived(make_installation)
    look_at(found.morning(at("2024-03-01")), "bao-cao-chung")
    waiting = "nho-2024/trinh-hdnd/tiep-theo/xong-bao-cao-chung.mot-dau-moi"
    look_at(found.morning(at("2024-03-04")), "trinh-hdnd")
    assert found.states()[waiting]["status"] == "gated"
    found.submit("bao-cao-chung/mot-dau-moi/2024-Q1", at("2024-03-05"))
    found.act("bao-cao-chung/mot-dau-moi/2024-Q1", "accept", at("2024-03-06"))
    look_at(found.morning(at("2024-03-06")), "trinh-hdnd")
    assert (found.states()[waiting]["status"], found.states()[waiting]["due"]) == ("open", "2024-03-13")
    whole(found)
