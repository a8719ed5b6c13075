"""The flows' own functions on a real database, a real drop folder and a real SMTP server; no Prefect server is asked."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from installation import CONFIG, TTCBTH, ZONE, Installation, at

import tasks.index.figures
from dondoc.foundation.errors import ClockError
from dondoc.ledger.ledger import Break, Draft, Head
from dondoc.obligations.acts import ActError
from dondoc.obligations.decide import FAILING, Verdict
from dondoc.watch.incidents import BrokenRun
from flows.after_event import after_event
from flows.collect import collect
from flows.continuous import continuous
from flows.inspection import inspection
from flows.issue import issue
from flows.next_year import next_year
from flows.report import leaders_report, report
from flows.sweep import sweep
from tasks.config.loading import words
from tasks.obligations.run_result import final_state, render_artifact, run_name
from tasks.runs.incidents import tell_operator
from tasks.store.chain import append, appending
from tasks.store.runs import verify_chain
from tasks.store.settle import Checked, check_occurrences

pytestmark = pytest.mark.usefixtures("plain_tasks")
PLAN = "nho-2024"
NAMES = words(CONFIG)["verdicts"]
OPERATOR = "van-hanh@vpub.quangngai.example"


def run(flow: Any, day: str, clock: str = "08:00", **given: Any) -> Any:
    return flow.fn(PLAN, **given, as_of=at(day, clock))


def everything(installation: Installation) -> tuple[int, dict[str, Any], list[Any], int]:
    return len(installation.ledger()), installation.states(), installation.notices(), len(installation.post.accepted)


# -- rehearsals

REHEARSED = [
    (issue, {"item": "ke-hoach"}), (collect, {"item": "chi-so"}), (inspection, {"item": "kiem-soat"}),
    (continuous, {"item": "phan-anh"}), (after_event, {"item": "chuyen-doi-so"}), (report, {"item": "bao-cao"}),
    (next_year, {"item": "ke-hoach"}), (leaders_report, {}), (sweep, {}),
]  # fmt: skip


@pytest.mark.parametrize(("flow", "given"), REHEARSED, ids=[flow.fn.__name__ for flow, _ in REHEARSED])
def test_a_rehearsal_writes_and_sends_nothing(installation: Installation, flow: Any, given: dict[str, Any]) -> None:
    before = everything(installation)
    state = run(flow, "2024-04-05", **given, dry_run=True)
    assert everything(installation) == before
    assert not installation.settings.var.exists()
    if flow in (issue, collect, continuous):
        assert state.name == NAMES["overdue"]


def test_a_rehearsal_says_what_it_would_do(installation: Installation) -> None:
    morning = installation.morning(at("2024-04-05"), "ke-hoach", dry_run=True)
    looked = check_occurrences(
        installation.engine, installation.rules, PLAN, morning.now, item="ke-hoach", dry_run=True
    )
    queued = {entry.body["kind"] for found in looked for entry in found.entries if entry.kind == "notice.queued"}
    assert queued == {"overdue", "assign"}
    vocabulary = words(CONFIG)
    assert run_name(morning, looked, vocabulary) == "[thử] 2024-04-05 · báo quá hạn: 1, giao: 1"
    artifact = render_artifact(morning, looked, None, {})
    assert "chạy thử" in artifact
    assert "báo quá hạn → Phòng Hành chính - Quản trị" in artifact
    assert "#" not in artifact.partition("|---")[2], "nothing is recorded, so no entry has a number"


def test_a_rehearsal_of_the_future_is_allowed_and_the_future_itself_is_not(installation: Installation) -> None:
    ahead = datetime.now(ZONE) + timedelta(days=40)
    with pytest.raises(ClockError, match="lies ahead of the clock; rehearse it with dry_run") as caught:
        sweep.fn(PLAN, as_of=ahead)
    assert "\n" not in str(caught.value)
    assert len(installation.ledger()) == 1
    sweep.fn(PLAN, as_of=ahead, dry_run=True)
    assert len(installation.ledger()) == 1


def test_a_moment_without_a_zone_is_the_offices(installation: Installation) -> None:
    issue.fn(PLAN, "ke-hoach", as_of=at("2024-01-10", "08:00").replace(tzinfo=None))
    assert installation.ledger("run.recorded")[0]["at"] == "2024-01-10T01:00:00.000Z"


# -- the mornings


def test_a_run_names_its_entries_and_its_state(installation: Installation) -> None:
    state = run(issue, "2024-01-02", item="ke-hoach")
    assert (state.name, state.is_completed()) == (NAMES["assigned"], True)
    (recorded,) = installation.ledger("run.recorded")
    others = [e["seq"] for e in installation.ledger() if e["kind"] not in ("plan.adopted", "run.recorded")]
    assert recorded["body"]["entries"] == others
    assert recorded["body"]["looked_at"][0] == {"occurrence": f"{PLAN}/ke-hoach/quy-mot/2024-Q1", "verdict": "assigned"}
    assert run(issue, "2024-04-01", item="ke-hoach").is_failed()
    again = run(issue, "2024-04-01", "08:10", item="ke-hoach")
    assert (again.name, again.is_failed()) == (NAMES["overdue"], True), "late is late, also when nothing new is said"


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_gravest_verdict_names_the_state(verdict: Verdict) -> None:
    lightest = Checked("p/i/o/x", Verdict.NOTHING_OWED, (), ())
    state = final_state([lightest, Checked("p/i/o/y", verdict, (), ()), lightest], words(CONFIG))
    assert state.name == NAMES[verdict.value]
    assert state.is_failed() == (verdict in FAILING)
    assert state.is_completed() != state.is_failed()


def test_no_occurrence_at_all_owes_nothing() -> None:
    assert final_state([], words(CONFIG)).name == NAMES["nothing_owed"]


def test_a_missed_week_leaves_one_entry_an_occurrence_and_one_mail_a_mailbox(installation: Installation) -> None:
    """The stack was down from Thursday 28/3 to Friday 5/4: three checkpoints of one duty passed unseen."""
    for day in ("2024-01-02", "2024-02-01", "2024-03-01", "2024-03-22", "2024-03-26"):
        run(sweep, day, "08:30")
    installation.post.accepted.clear()
    before = {n.key for n in installation.notices()}
    seen = len(installation.ledger())
    state = run(sweep, "2024-04-05", "08:30")
    assert state.name == words(CONFIG)["states"]["posted"]
    fresh = [n for n in installation.notices() if n.key not in before]
    queued = [e for e in installation.ledger("notice.queued") if e["seq"] > seen]
    assert set(Counter(e["occurrence"] for e in queued if e["body"]["kind"] != "escalate").values()) == {1}
    assert set(Counter((n.occurrence, n.recipient) for n in fresh).values()) == {1}
    assert set(Counter(installation.post.boxes()).values()) == {1}
    (late,) = [e["body"] for e in queued if e["occurrence"] == f"{PLAN}/ke-hoach/quy-mot/2024-Q1"]
    assert (late["kind"], late["covers"]) == ("overdue", ["remind-1", "last-call"])
    assert installation.folded() == installation.states()


def test_a_sweep_does_nothing_twice(installation: Installation) -> None:
    run(sweep, "2024-04-05", "08:30")
    before = everything(installation)
    state = run(sweep, "2024-04-05", "08:40")
    assert state.name == words(CONFIG)["states"]["swept"]
    after = everything(installation)
    assert after[1:] == before[1:]
    assert after[0] == before[0] + 1, "one entry: the run itself"


def test_a_broken_chain_fails_the_sweep_and_says_where(installation: Installation) -> None:
    run(sweep, "2024-01-10", "08:30")
    with psycopg.connect(installation.owner_url) as connection:
        connection.execute("ALTER TABLE ledger DISABLE TRIGGER ALL")
        connection.execute("DELETE FROM ledger WHERE seq = 3")
    assert isinstance(verify_chain(installation.engine), Break)
    state = run(sweep, "2024-01-11", "08:30")
    assert (state.name, state.is_failed()) == (words(CONFIG)["states"]["chain_broken"], True)
    assert state.message.startswith("hỏng tại mục 4")


def test_the_plan_closes_once_and_everything_has_an_outcome(installation: Installation) -> None:
    run(sweep, "2024-12-31", "08:30")
    run(sweep, "2025-01-23", "08:30")
    run(sweep, "2025-01-24", "08:30")
    (closed,) = installation.ledger("plan.closed")
    assert sum(closed["body"]["outcomes"].values()) == len(installation.states())
    assert set(closed["body"]["outcomes"]) == {"missed", "superseded"}
    assert installation.folded() == installation.states()


# -- an outside event


def test_an_event_opens_what_waited_for_it(whole_plan: Installation) -> None:
    def look_at(day: str, **event: Any) -> Any:
        return after_event.fn("cchc-2024", "ke-hoach-chuyen-doi-so-nam-sau", **event, as_of=at(day, "08:00"))

    assert look_at("2024-12-02").name == NAMES["awaits_event"]
    event = {"event": "kh-chuyen-doi-so-tinh", "happened_on": date(2024, 12, 9), "document": "250/KH-UBND"}
    assert look_at("2024-12-10", **event).name == NAMES["assigned"]
    (state,) = [state for key, state in whole_plan.states().items() if "ke-hoach-chuyen-doi-so-nam-sau" in key]
    assert (state["status"], state["due"]) == ("open", "2024-12-30")
    again = look_at("2024-12-11", **event)
    assert again.name == NAMES["open"]
    assert len(whole_plan.ledger("event.recorded")) == 1
    sweep.fn("cchc-2024", as_of=at("2024-12-11", "08:30"))
    assert whole_plan.post.boxes().count(TTCBTH) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"event": "kh-tinh"}, "needs the day it happened and the document"),
        ({"event": "kh-tinh", "happened_on": date(2024, 12, 9), "document": " "}, "give both"),
        ({"event": "kh-tinh", "happened_on": date(2024, 12, 31), "document": "1"}, "after today"),
        ({"event": "x", "happened_on": date(2024, 12, 9), "document": "1"}, "knows no event 'x'"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_an_event_told_badly_is_refused_with_one_line(
    installation: Installation, given: dict[str, Any], says: str, dry_run: bool
) -> None:
    with pytest.raises(ActError, match=says) as caught:
        run(after_event, "2024-12-10", item="chuyen-doi-so", **given, dry_run=dry_run)
    assert "\n" not in str(caught.value)
    assert len(installation.ledger()) == 1


# -- the drop folder


@pytest.fixture
def figures(installation: Installation) -> Path:
    folder = installation.settings.figures / "2024"
    folder.mkdir(parents=True)
    run(collect, "2024-01-02", item="chi-so")
    return folder


def drop(folder: Path, month: str) -> None:
    sample = next((CONFIG / "demo/figures/2024").glob(f"*{month}.*"))
    shutil.copy(sample, folder)


def month(installation: Installation, name: str) -> dict[str, Any]:
    return installation.states()[f"{PLAN}/chi-so/ket-qua/{name}"]


def test_figures_in_the_folder_are_handed_in_once(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-01")
    run(collect, "2024-01-30", item="chi-so")
    found = month(installation, "2024-01")
    assert (found["status"], found["signed_on"]) == ("submitted", "2024-01-29")
    run(collect, "2024-01-31", item="chi-so")
    (submitted,) = installation.ledger("occurrence.submitted")
    (file,) = submitted["body"]["files"]
    assert (file["name"], submitted["body"]["channel"], submitted["actor"]) == (
        "so-lieu-2024-01.csv",
        "figures",
        "figures",
    )
    assert file["sha256"] == hashlib.sha256((figures / "so-lieu-2024-01.csv").read_bytes()).hexdigest()
    assert installation.folded() == installation.states()


def test_figures_not_yet_closed_wait(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-01")
    run(collect, "2024-01-26", item="chi-so")
    assert month(installation, "2024-01")["status"] == "open"
    assert "chốt số liệu ngày 29/01/2024" in installation.ledger("run.recorded")[-1]["body"]["figures"][0]


@pytest.mark.parametrize(
    "broken", [b"", b"\xff\xfe\x00", b"PK\x03\x04rubbish", b"thang,ma\n2024-01,=1+1\n", b"\0" * 50]
)
def test_a_broken_file_hands_in_nothing_and_says_why(installation: Installation, figures: Path, broken: bytes) -> None:
    (figures / "so-lieu-2024-01.csv").write_bytes(broken)
    run(collect, "2024-01-30", item="chi-so")
    assert month(installation, "2024-01")["status"] == "open"
    assert not installation.ledger("occurrence.submitted")
    lines = installation.ledger("run.recorded")[-1]["body"]["figures"]
    assert any(line.startswith("so-lieu-2024-01.csv:") for line in lines)


def test_a_number_that_is_text_faults_its_month_and_not_the_next(installation: Installation, figures: Path) -> None:
    run(collect, "2024-02-01", item="chi-so")
    drop(figures, "2024-01")
    drop(figures, "2024-02")
    january = figures / "so-lieu-2024-01.csv"
    january.write_text(january.read_text("utf-8").replace(",16,16,", ",mười sáu,16,", 1), "utf-8")
    run(collect, "2024-03-05", item="chi-so")
    assert month(installation, "2024-01")["status"] == "open"
    assert month(installation, "2024-02")["status"] == "submitted"


def test_a_month_handed_in_by_hand_meanwhile_does_not_fail_the_run(
    installation: Installation, figures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(figures, "2024-01")
    read = tasks.index.figures.read_figures

    def read_slowly(*given: Any) -> Any:
        installation.submit("chi-so/ket-qua/2024-01", at("2024-01-30", "08:00"))
        return read(*given)

    monkeypatch.setattr(tasks.index.figures, "read_figures", read_slowly)
    assert run(collect, "2024-01-30", item="chi-so").name == NAMES["awaits_review"]
    assert len(installation.ledger("occurrence.submitted")) == 1


# -- leaders, operator


def test_leaders_hear_of_what_is_late_once_a_month_and_else_nothing(installation: Installation) -> None:
    run(leaders_report, "2024-01-10")
    assert not installation.notices(kind="report")
    run(sweep, "2024-02-29", "08:00")
    run(leaders_report, "2024-02-29", "08:10")
    run(leaders_report, "2024-02-29", "08:20")
    told = installation.notices(kind="report")
    assert {n.recipient for n in told} == {"role:head", "role:deputy"}
    assert [line["occurrence"] for line in told[0].body["late"]] == [f"{PLAN}/chi-so/ket-qua/2024-01"]
    assert installation.folded() == installation.states()


def broken(run: str, state: str, message: str, name: str = "") -> BrokenRun:
    return BrokenRun(run, name, state, message, datetime(2024, 3, 22, 8, tzinfo=ZONE))


def test_an_incident_is_recorded_and_mailed_to_the_operator(installation: Installation) -> None:
    bad = broken("run-1", "Crashed", "mất\0 <b>điện</b>\n" * 500, "2024-03-22 · nhắc: 2\r\nBcc: x@y.example")
    state = tell_operator([bad])
    assert (state.name, state.is_completed()) == (words(CONFIG)["states"]["incident_told"], True)
    assert installation.post.boxes() == [OPERATOR]
    assert b"\nBcc:" not in installation.post.accepted[0][2]
    (finding,) = installation.ledger("audit.finding")
    assert (finding["plan"], finding["body"]["run"], len(finding["body"]["message"])) == ("dondoc", "run-1", 1000)
    assert isinstance(verify_chain(installation.engine), Head)


def test_what_fails_of_one_cause_is_one_incident_in_one_mail(installation: Installation) -> None:
    storm = [broken(f"run-{n}", "Crashed", f"Worker host-{n} ended while it ran this") for n in range(33)]
    tell_operator([*storm, broken("run-34", "Failed", "disk full")])
    assert len(installation.post.accepted) == 1
    assert [(f["body"]["state"], f["body"]["number"]) for f in installation.ledger("audit.finding")] == [
        ("Crashed", 33), ("Failed", 1),
    ]  # fmt: skip
    again = tell_operator([*storm])
    assert (again.name, len(installation.post.accepted)) == (words(CONFIG)["states"]["no_incident"], 1)


def test_an_operator_out_of_reach_fails_the_incident_and_is_told_the_next_time(installation: Installation) -> None:
    installation.post.refuse(OPERATOR)
    state = tell_operator([broken("run-1", "Failed", "")])
    assert state.is_failed()
    assert "550" in str(state.message)
    assert len(installation.ledger("audit.finding")) == 1
    installation.post.replies.clear()
    assert tell_operator([broken("run-1", "Failed", "")]).is_completed()


def test_an_incident_whose_text_is_half_a_character_is_told_all_the_same(installation: Installation) -> None:
    assert tell_operator([broken("run-1", "Crashed", "\udfff", "tên \ud800")]).is_completed()
    assert isinstance(verify_chain(installation.engine), Head)


def test_runs_of_two_plans_share_one_chain(installation: Installation) -> None:
    with appending(installation.engine) as connection:
        append(connection, datetime.now(ZONE), [Draft("audit.finding", "dondoc", None, "x", {})])
    run(sweep, "2024-01-10", "08:30")
    assert isinstance(verify_chain(installation.engine), Head), "a replayed year follows entries of today"
