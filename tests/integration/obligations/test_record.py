"""The operator's forms on a real database: every act, every refusal, rehearsals, unknown ids, the same thing twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from installation import CONFIG, ZONE, Installation, at
from pydantic import ValidationError

import tasks.runs.operator_run
from dondoc.ledger.ledger import Head
from dondoc.obligations.act_table import ACTS
from flows.record import record, record_event
from tasks.config.loading import words
from tasks.obligations.operator_forms import EventForm, RecordForm, act_labels
from tasks.store.runs import verify_chain
from tasks.store.settle import check_occurrences

PLAN = "nho-2024"
FIRST = f"{PLAN}/ke-hoach/quy-mot/2024-Q1"
WHO = "Nguyễn Thị Ánh, chuyên viên CNTT"
NAMES = words(CONFIG)["states"]
DAY = "2024-02-05"
GIVEN: dict[str, dict[str, Any]] = {
    "Nộp kết quả": {"document": "12/KH-VP", "signed": date(2024, 2, 2), "signer": "Chánh Văn phòng", "note": "đủ"},
    "Duyệt": {"note": "đạt"},
    "Trả lại": {"reason": "Thiếu phụ lục"},
    "Đề nghị gia hạn": {"reason": "Chờ số liệu", "until": date(2024, 4, 10)},
    "Cho gia hạn": {"reason": "Đồng ý", "until": date(2024, 4, 10)},
    "Từ chối gia hạn": {"reason": "Không đủ lý do"},
    "Cho miễn thực hiện": {"reason": "Không phát sinh", "document": "5/QĐ-VP", "signed": date(2024, 2, 1)},
    "Nêu vướng mắc": {"reason": "Chưa có phần mềm"},
    "Trả lời vướng mắc": {"reason": "Đã cấp"},
    "Đã tiếp nhận nhiệm vụ": {},
}
BEFORE = {
    "Duyệt": ["Nộp kết quả"],
    "Trả lại": ["Nộp kết quả"],
    "Từ chối gia hạn": ["Đề nghị gia hạn"],
    "Trả lời vướng mắc": ["Nêu vướng mắc"],
}


@pytest.fixture
def opened(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    installation.published = []  # type: ignore[attr-defined]
    monkeypatch.setattr(tasks.runs.operator_run, "publish", lambda *given: installation.published.append(given[2:]))  # type: ignore[attr-defined]
    check_occurrences(installation.engine, installation.rules, PLAN, at("2024-01-03", "08:00"))
    return installation


def fill(act: str, occurrence: str = FIRST, *, day: str = DAY, dry_run: bool = False, **given: Any) -> Any:
    asked = {**GIVEN[act], "recorded_by": WHO, **given}
    form = RecordForm(occurrence=occurrence, act=act, **asked)  # type: ignore[arg-type]
    return record.fn(form, as_of=at(day, "10:00"), dry_run=dry_run)


def published(installation: Installation) -> tuple[str, str]:
    return installation.published[-1]  # type: ignore[attr-defined, no-any-return]


def acts(installation: Installation) -> list[dict[str, Any]]:
    return [entry for entry in installation.ledger("occurrence.") if entry["kind"] != "occurrence.opened"]


@pytest.mark.parametrize("act", GIVEN)
def test_every_act_is_recorded_once_with_who_and_for_whom(opened: Installation, act: str) -> None:
    for earlier in BEFORE.get(act, []):
        assert fill(earlier).name == NAMES["recorded"]
    state = fill(act)
    assert (state.is_completed(), state.name) == (True, "Đã ghi nhận"), state.message
    entry = acts(opened)[-1]
    party = "role:tracker" if ACTS[act_labels()[act]].by == "office" else "unit:hcqt"
    assert entry["actor"] == f"operator:{WHO} for {party}"
    assert entry["body"]["channel"] == "prefect"
    for name, value in GIVEN[act].items():
        assert entry["body"][name] == (value.isoformat() if isinstance(value, date) else value)
    run = opened.ledger("run.recorded")[-1]
    assert (run["plan"], run["body"]["flow"], run["body"]["recorded_by"]) == (PLAN, "record", WHO)
    assert entry["seq"] in run["body"]["entries"]
    title, artifact = published(opened)
    assert title == f"2024-02-05 · {act.lower()}: {FIRST}"
    assert str(entry["seq"]) in state.message
    assert WHO in artifact
    assert ("Thư về việc này" in artifact) == (act != "Đã tiếp nhận nhiệm vụ")
    assert opened.folded() == opened.states()
    assert isinstance(verify_chain(opened.engine), Head)


def test_the_artifact_says_what_moved_and_which_mail_follows(opened: Installation) -> None:
    fill("Cho gia hạn")
    _, artifact = published(opened)
    assert "31/03/2024 → **10/04/2024**" in artifact
    assert "gia hạn → Phòng Hành chính - Quản trị" in artifact
    assert "08:30 06/02/2024" in artifact
    assert "| Ghi thay cho |" not in artifact, "what was left empty is not shown"


@pytest.mark.parametrize("act", GIVEN)
def test_a_rehearsal_says_the_same_and_writes_nothing(opened: Installation, act: str) -> None:
    for earlier in BEFORE.get(act, []):
        fill(earlier)
    before = len(opened.ledger()), opened.states(), opened.notices()
    state = fill(act, dry_run=True)
    assert (state.is_completed(), state.name) == (True, NAMES["recordable"])
    assert (len(opened.ledger()), opened.states(), opened.notices()) == before
    assert published(opened)[0].startswith("[thử] ")


REFUSED = [
    ("Nộp kết quả", {"document": " ", "note": None}, "cần số văn bản hoặc ghi chú"),
    ("Nộp kết quả", {"signed": date(2024, 2, 6)}, "Ngày ký 06/02/2024 sau hôm nay"),
    ("Duyệt", {}, "đang ở trạng thái “Đang thực hiện”; lúc này không “duyệt” được"),
    ("Cho gia hạn", {"reason": None}, "cần lý do"),
    ("Cho gia hạn", {"until": None}, "Gia hạn đến ngày"),
    ("Cho gia hạn", {"until": date(2024, 3, 30)}, "phải sau hạn hiện nay, 31/03/2024"),
    ("Cho gia hạn", {"until": date(2025, 6, 1)}, "nhiều nhất 60 ngày; xin chọn từ 01/04/2024 đến 30/05/2024"),
    ("Từ chối gia hạn", {}, "Không có đề nghị gia hạn"),
    ("Trả lời vướng mắc", {}, "Không có vướng mắc"),
    ("Cho miễn thực hiện", {"document": None}, "phải có quyết định"),
    ("Nộp kết quả", {"on_behalf_of": "ttpvks"}, "“ttpvks” không chủ trì nhiệm vụ này; ghi một trong: hcqt."),
    ("Đã tiếp nhận nhiệm vụ", {"on_behalf_of": "phòng ma"}, "không chủ trì, không phối hợp"),
    ("Nộp kết quả", {"on_behalf_of": "role:tracker"}, "không chủ trì"),
    ("Cho gia hạn", {"on_behalf_of": "hcqt"}, "không có quyền quyết định"),
    ("Cho gia hạn", {"on_behalf_of": "operator"}, "tracker, deputy, head"),
    ("Đã tiếp nhận nhiệm vụ", {"recorded_by": "\u200b .\u200b"}, "Ghi họ tên"),
]


@pytest.mark.parametrize(("act", "given", "says"), REFUSED)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_refusal_is_one_line_in_vietnamese_under_its_own_name(
    opened: Installation, act: str, given: dict[str, Any], says: str, dry_run: bool
) -> None:
    before = len(acts(opened)), opened.states(), opened.notices(), len(opened.ledger())
    state = fill(act, **given, dry_run=dry_run)
    assert (state.is_failed(), state.name) == (True, "Không ghi được")
    assert says in state.message
    assert "\n" not in state.message
    assert (len(acts(opened)), opened.states(), opened.notices()) == before[:3]
    assert len(opened.ledger()) == before[3] + (not dry_run), "only the run's own entry"
    if not dry_run:
        assert says in opened.ledger("run.recorded")[-1]["body"]["refused"]
    assert "không ghi được" in published(opened)[0]


@pytest.mark.parametrize(
    ("party", "actor"),
    [
        ("hcqt", "unit:hcqt"),
        ("unit:hcqt", "unit:hcqt"),
        ("P. HCQT", "unit:hcqt"),
        ("Phòng Hành chính - Quản trị", "unit:hcqt"),
        ("ttcbth", "unit:ttcbth"),
    ],
)
def test_a_party_is_found_by_id_or_name(opened: Installation, party: str, actor: str) -> None:
    assert fill("Đã tiếp nhận nhiệm vụ", on_behalf_of=party).name == NAMES["recorded"]
    assert acts(opened)[-1]["actor"].endswith(f" for {actor}")


def test_a_leader_decides_in_the_trackers_place(opened: Installation) -> None:
    fill("Cho gia hạn", on_behalf_of="Chánh Văn phòng")
    assert acts(opened)[-1]["actor"].endswith(" for role:head")


def test_an_unknown_occurrence_names_the_nearest(opened: Installation) -> None:
    state = fill("Duyệt", f"{PLAN}/ke-hoach/quy-mott/2024-Q1")
    assert state.name == NAMES["not_recorded"]
    assert FIRST in state.message
    assert opened.ledger("run.recorded")[-1]["plan"] == PLAN
    state = fill("Duyệt", "hoàn toàn không có\n# x")
    assert "dondoc status" in state.message
    assert opened.ledger("run.recorded")[-1]["plan"] == "dondoc"
    assert not acts(opened)
    assert isinstance(verify_chain(opened.engine), Head)


def test_an_id_without_its_plan_is_enough_where_it_is_clear(opened: Installation) -> None:
    assert fill("Đã tiếp nhận nhiệm vụ", " ke-hoach/quy-mot/2024-Q1 ").name == NAMES["recorded"]
    assert acts(opened)[-1]["occurrence"] == FIRST


def test_the_same_submission_twice_is_recorded_once(opened: Installation) -> None:
    assert fill("Nộp kết quả").name == NAMES["recorded"]
    again = fill("Nộp kết quả")
    assert again.name == NAMES["not_recorded"]
    assert "“Chờ duyệt”" in again.message
    assert len(acts(opened)) == 1


def test_a_run_started_again_records_nothing_more(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.config.run_context._run_id", lambda: "run-1")
    assert fill("Đã tiếp nhận nhiệm vụ").name == NAMES["recorded"]
    again = fill("Đã tiếp nhận nhiệm vụ")
    assert again.name == NAMES["not_recorded"]
    assert "đã ghi rồi" in again.message
    assert len(acts(opened)) == 1


def test_a_date_of_signing_that_looks_mistyped_is_asked_back_and_taken_when_confirmed(opened: Installation) -> None:
    state = fill("Nộp kết quả", signed=date(2006, 2, 2))
    assert state.name == NAMES["not_recorded"]
    assert "Ngày ký 02/02/2006 sớm hơn nhiều so với kỳ này" in state.message
    assert acts(opened) == []
    assert fill("Nộp kết quả", signed=date(2006, 2, 2), confirm_signed=True).name == NAMES["recorded"]
    assert acts(opened)[-1]["body"]["early"] == "2006-02-02"


def test_a_time_that_is_not_now_is_refused_without_an_entry(opened: Installation) -> None:
    before = len(opened.ledger())
    early = fill("Đã tiếp nhận nhiệm vụ", day="2023-12-01")
    ahead = fill("Đã tiếp nhận nhiệm vụ", day=f"{datetime.now(ZONE) + timedelta(days=40):%Y-%m-%d}")
    assert (early.name, ahead.name) == (NAMES["not_recorded"],) * 2
    assert "sớm hơn mục cuối" in early.message
    assert "ở tương lai" in ahead.message
    assert len(opened.ledger()) == before


def test_text_that_would_break_a_line_or_a_table_does_not(opened: Installation) -> None:
    hostile = "A\nB|<script>\u202e\x00 C"
    assert fill("Đã tiếp nhận nhiệm vụ", recorded_by=hostile, note=hostile).name == NAMES["recorded"]
    entry = acts(opened)[-1]
    assert entry["actor"] == "operator:A B|<script> C for unit:hcqt"
    _, artifact = published(opened)
    assert "<script>" not in artifact.replace("`", "")


@pytest.mark.parametrize(
    "bad", [{"act": "xóa"}, {"recorded_by": ""}, {"recorded_by": None}, {"occurrence": ""}, {"x": 1}]
)
def test_a_form_of_the_wrong_type_never_reaches_the_flow(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RecordForm(**{"occurrence": FIRST, "act": "Duyệt", "recorded_by": WHO, **bad})


# -- outside events

EVENT = {"plan": PLAN, "event": "kh-tinh", "happened_on": date(2024, 2, 1), "document": "210/KH-UBND"}


def tell(*, dry_run: bool = False, **given: Any) -> Any:
    form = EventForm(**{**EVENT, "recorded_by": WHO, **given})
    return record_event.fn(form, as_of=at(DAY, "10:00"), dry_run=dry_run)


def test_an_event_opens_what_waited_for_it_and_counts_once(opened: Installation) -> None:
    assert tell(dry_run=True).name == NAMES["recordable"]
    assert not opened.ledger("event.recorded")
    state = tell()
    assert (state.is_completed(), state.name) == (True, "Đã ghi nhận")
    (entry,) = opened.ledger("event.recorded")
    assert (entry["actor"], entry["body"]["document"]) == (f"operator:{WHO}", "210/KH-UBND")
    (found,) = [state for key, state in opened.states().items() if "chuyen-doi-so" in key]
    assert found["status"] == "open"
    _, artifact = published(opened)
    assert "giao → Trung tâm Công báo và Tin học" in artifact
    for dry_run in (False, True):
        again = tell(dry_run=dry_run)
        assert (again.name, "từ trước" in again.message) == (NAMES["not_recorded"], True)
    assert len(opened.ledger("event.recorded")) == 1
    assert opened.folded() == opened.states()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"event": "x"}, "không có sự kiện “x”; có: kh-tinh"),
        ({"plan": "x-2024"}, "Kế hoạch x-2024 chưa được áp dụng"),
        ({"happened_on": date(2024, 2, 6)}, "sau hôm nay"),
        ({"document": "\u200b"}, "điền cả hai"),
        ({"recorded_by": "--"}, "Ghi họ tên"),
    ],
)
def test_an_event_told_badly_is_refused(opened: Installation, given: dict[str, Any], says: str) -> None:
    state = tell(**given)
    assert state.name == NAMES["not_recorded"]
    assert says in state.message
    assert not opened.ledger("event.recorded")
