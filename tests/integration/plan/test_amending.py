"""A plan amended in mid-year, after some of it was told, done and late: nothing is edited away, nothing sent twice."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from installation import CONFIG, HCQT, TTCBTH, TTPVKS, Installation, at

from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.plan.plan import Plan
from dondoc.plan.plan_file import read_plan
from dondoc.plan.timings import EveryTiming
from dondoc.planning.amendment import Amendment, AmendmentError, Ruling
from dondoc.reports.scorecard import scorecards
from dondoc.schedule.deployments import Compiler
from tasks.config.loading import words
from tasks.mail.delivery import deliver
from tasks.obligations.run_result import templates
from tasks.obligations.snapshot import snapshot, traces
from tasks.store.amending import amend_plan
from tasks.store.audit import verify_store
from tasks.store.occurrences import tracked_row
from tasks.store.plans import AdoptionError, adopted
from tasks.store.settle import check_occurrences

RULING = Ruling("21/QĐ-VP", date(2024, 4, 9), "Theo chỉ đạo của UBND tỉnh")


def edited(installation: Installation, *changes: tuple[str, str]) -> Plan:
    """The installation's plan with pieces of its text replaced."""
    from installation import PLAN

    text = PLAN
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return read_plan(parse_yaml(text, "plan.yaml"), installation.rules.office)


def mornings(installation: Installation, first: str, last: str) -> None:
    """Every working morning of that stretch: looked at, and its mail sent."""
    calendar = installation.rules.calendar
    day = calendar.on_or_after(date.fromisoformat(first))
    while day <= date.fromisoformat(last):
        check_occurrences(installation.engine, installation.rules, installation.plan.id, at(day.isoformat(), "08:00"))
        deliver(installation.morning(at(day.isoformat())))
        day = calendar.add(day, 1)


def put_in_force(installation: Installation, plan: Plan, day: str = "2024-04-10") -> Amendment | None:
    return amend_plan(installation.engine, plan, RULING, installation.rules, at(day, "15:00"), "operator")


def whole(installation: Installation) -> None:
    """The ledger verifies, is complete, and folds to what the tables say."""
    with installation.engine.connect() as connection:
        recounted, broken = verify_store(connection)
    assert broken is None
    assert recounted.found.kept == []
    assert installation.folded() == installation.states()
    keys = [notice.key for notice in installation.notices()]
    assert len(keys) == len(set(keys))
    sent = Counter((mail.address, mail.message_id) for mail in installation.mails())
    assert set(sent.values()) == {1}


MOVED = 'Kế hoạch rà soát, phrase: "Quý II/{year}.", timing: {quarter: 2}'
CHANGES = (
    (MOVED, MOVED.replace("{quarter: 2}", '{by: "09-30", opens: "04-01"}')),  # its period, and so its id, changes
    ("lead: [ttcbth]\n    coordinating: [hcqt]", "lead: [hcqt]\n    coordinating: [ttcbth]"),
    (
        '{by: "12-31", opens: "04-01"}, needs: [kiem-tra]}',
        '{by: "12-20", opens: "04-01"}, needs: [kiem-tra]}\n'
        '      - {id: khac-phuc, deliverable: khắc phục, phrase: trước ngày 15/12, timing: {before: "12-15"}}',
    ),
    ("timing: {every: month}", "timing: {every: quarter}"),
)


@pytest.fixture
def amended(installation: Installation) -> tuple[Installation, Amendment]:
    """January to 9 April, then four changes at once."""
    installation.post  # noqa: B018  (the mailbox is open)
    mornings(installation, "2024-01-02", "2024-01-31")
    installation.submit("chi-so/ket-qua/2024-01", at("2024-01-31", "10:00"))
    installation.act("chi-so/ket-qua/2024-01", "accept", at("2024-02-01", "10:00"))
    mornings(installation, "2024-02-02", "2024-04-09")
    found = put_in_force(installation, edited(installation, *CHANGES))
    assert found is not None
    return installation, found


def test_the_difference_is_recorded_with_its_decision(amended: tuple[Installation, Amendment]) -> None:
    installation, found = amended
    (entry,) = installation.ledger("plan.amended")
    body = entry["body"]
    assert (body["document"], body["signed"]) == ("21/QĐ-VP", "2024-04-09")
    assert body["difference"] == found.difference()
    assert "nho-2024/ke-hoach/quy-hai/2024-Q2" in body["difference"]["dropped"]
    assert "nho-2024/ke-hoach/quy-hai/2024" in body["difference"]["added"]
    assert "nho-2024/phan-anh/niem-yet/2024-Q2" in body["difference"]["moved"]
    assert "nho-2024/kiem-soat/khac-phuc/2024" in body["difference"]["added"]
    assert body["difference"]["kept"] == ["nho-2024/chi-so/ket-qua/2024-01"]
    whole(installation)


def test_what_has_ended_keeps_its_outcome_and_the_version_it_ended_under(
    amended: tuple[Installation, Amendment],
) -> None:
    installation, _ = amended
    with installation.engine.connect() as connection:
        ended = tracked_row(connection, "nho-2024/chi-so/ket-qua/2024-01")
        dropped = tracked_row(connection, "nho-2024/chi-so/ket-qua/2024-02")
        assert adopted(connection, "nho-2024").item("chi-so").obligations[0].timing == EveryTiming(every="quarter")
    assert (ended.state.status, ended.obligation.timing) == ("done", EveryTiming(every="month"))
    assert (dropped.state.status, dropped.obligation.timing) == ("superseded", EveryTiming(every="month"))


def test_the_units_are_told_once_what_is_theirs_and_what_no_longer_is(amended: tuple[Installation, Amendment]) -> None:
    installation, _ = amended
    mornings(installation, "2024-04-11", "2024-04-12")
    assert "đơn vị chủ trì nhiệm vụ này nay là Phòng Hành chính" in " ".join(installation.post.text(TTCBTH).split())
    assert "chuyển từ Trung tâm Công báo và Tin học sang Phòng" in " ".join(installation.post.text(HCQT).split())
    assert "không còn trong kế hoạch" in " ".join(installation.post.text(TTPVKS).split())
    kinds = Counter((n.kind, n.occurrence, n.recipient) for n in installation.notices() if n.kind == "relieved")
    assert kinds["relieved", "nho-2024/phan-anh/niem-yet/2024-Q2", "unit:ttcbth"] == 1
    whole(installation)


def test_reminders_and_lateness_follow_the_new_register(amended: tuple[Installation, Amendment]) -> None:
    installation, _ = amended
    mornings(installation, "2024-04-11", "2024-10-10")
    asked = [n for n in installation.notices() if n.occurrence == "nho-2024/phan-anh/niem-yet/2024-Q2"]
    after = {n.recipient for n in asked if n.kind in ("remind", "last-call", "overdue") and "~1" in n.checkpoint}
    assert after == {"unit:hcqt"}
    late = {n.occurrence for n in installation.notices() if n.kind == "overdue"}
    assert "nho-2024/ke-hoach/quy-hai/2024" in late
    assert not {key for key in late if key.startswith("nho-2024/ke-hoach/quy-hai/2024-Q2")}
    whole(installation)


def test_running_it_again_changes_nothing(amended: tuple[Installation, Amendment]) -> None:
    installation, _ = amended
    before = len(installation.ledger())
    assert put_in_force(installation, edited(installation, *CHANGES), "2024-04-11") is None
    assert len(installation.ledger()) == before


def test_what_was_already_due_when_it_was_added_is_never_chased(installation: Installation) -> None:
    mornings(installation, "2024-01-02", "2024-01-05")
    old = "{id: quy-hai, deliverable"
    put_in_force(
        installation,
        edited(
            installation,
            (old, '{id: quy-nua, deliverable: Báo cáo, phrase: Quý I, timing: {by: "03-29"}}\n      - ' + old),
        ),
    )
    with installation.engine.connect() as connection:
        assert tracked_row(connection, "nho-2024/ke-hoach/quy-nua/2024").state.status == "before_adoption"
    whole(installation)


def test_an_amended_plan_can_be_amended_back(amended: tuple[Installation, Amendment]) -> None:
    installation, _ = amended
    mornings(installation, "2024-04-11", "2024-04-12")
    back = put_in_force(installation, edited(installation, CHANGES[0], CHANGES[2], CHANGES[3]), "2024-04-15")
    assert back is not None
    assert "nho-2024/phan-anh/niem-yet/2024-Q2" in back.difference()["moved"]
    whole(installation)


def test_what_an_amendment_dropped_comes_back_only_under_another_id(
    amended: tuple[Installation, Amendment],
) -> None:
    installation, _ = amended
    before = installation.ledger()
    with pytest.raises(AmendmentError, match="give the obligation 'quy-hai' another id"):
        put_in_force(installation, edited(installation), "2024-04-15")
    assert installation.ledger() == before


@pytest.mark.parametrize(
    ("ruling", "change", "says"),
    [
        (Ruling("", date(2024, 1, 3)), (), "names its decision"),
        (Ruling("1/QĐ", date(2024, 2, 3)), (), "after today"),
        (RULING, (("adopted_on: 2024-01-02", "adopted_on: 2024-01-03"),), "keeps adopted_on"),
    ],
)
def test_an_amendment_that_lacks_something_changes_nothing(
    installation: Installation, ruling: Ruling, change: tuple[tuple[str, str], ...], says: str
) -> None:
    plan = edited(installation, ("title: Kế hoạch nhỏ", "title: Kế hoạch khác"), *change)
    before = installation.ledger()
    with pytest.raises(AdoptionError, match=says):
        amend_plan(installation.engine, plan, ruling, installation.rules, at("2024-01-05"), "operator")
    assert installation.ledger() == before


LATER = "timing: {quarter: 1}", "timing: {quarter: 3}"
Q1, Q3 = "nho-2024/ke-hoach/quy-mot/2024-Q1", "nho-2024/ke-hoach/quy-mot/2024-Q3"


def test_what_was_accepted_is_not_asked_for_again_in_the_period_it_is_moved_to(installation: Installation) -> None:
    mornings(installation, "2024-01-02", "2024-03-15")
    installation.submit("ke-hoach/quy-mot/2024-Q1", at("2024-03-15", "10:00"))
    installation.act("ke-hoach/quy-mot/2024-Q1", "accept", at("2024-03-18", "10:00"))
    told = len(installation.notices(occurrence=Q1))
    found = put_in_force(installation, edited(installation, LATER))
    assert found is not None
    assert found.difference() == {"added": [], "dropped": [], "moved": [], "reworded": [], "kept": [Q1]}
    mornings(installation, "2024-04-11", "2024-10-08")
    assert Q3 not in installation.states()
    assert installation.states()[Q1]["status"] == "done"
    assert len(installation.notices(occurrence=Q1)) == told
    whole(installation)


def test_what_waits_for_review_is_not_lost_and_gets_the_new_days(installation: Installation) -> None:
    mornings(installation, "2024-01-02", "2024-03-15")
    installation.submit("ke-hoach/quy-mot/2024-Q1", at("2024-03-15", "10:00"))
    found = put_in_force(installation, edited(installation, LATER))
    assert found is not None
    assert found.difference()["moved"] == [Q1]
    state = installation.states()[Q1]
    assert (state["status"], state["due"], state["document"]) == ("submitted", "2024-09-30", "1/KH")
    assert Q3 not in installation.states()
    installation.act("ke-hoach/quy-mot/2024-Q1", "return", at("2024-04-12", "10:00"), reason="theo hạn mới")
    mornings(installation, "2024-04-15", "2024-10-08")
    late = [n for n in installation.notices(occurrence=Q1) if n.kind == "overdue"]
    assert len(late) == 1
    whole(installation)


def test_what_is_open_and_moved_earlier_is_late_from_the_next_morning_and_said_once(installation: Installation) -> None:
    mornings(installation, "2024-01-02", "2024-04-09")
    bound = '{before: "11-30", opens: "04-01"}'
    put_in_force(installation, edited(installation, (bound, '{by: "04-05", opens: "04-01"}')))
    mornings(installation, "2024-04-11", "2024-04-16")
    key = "nho-2024/kiem-soat/kiem-tra/2024"
    assert installation.states()[key]["due"] == "2024-04-05"
    kinds = Counter((n.kind, n.recipient) for n in installation.notices(occurrence=key))
    assert kinds["amended", "unit:ttpvks"] == kinds["overdue", "unit:ttpvks"] == kinds["assign", "unit:ttpvks"] == 1
    whole(installation)


def test_the_schedule_and_the_tables_follow_the_amended_plan(amended: tuple[Installation, Amendment]) -> None:
    installation, _ = amended
    mornings(installation, "2024-04-11", "2024-04-16")
    with installation.engine.connect() as connection:
        plan = adopted(connection, "nho-2024")
    compiler = Compiler(installation.rules, words(CONFIG), templates(CONFIG).get_template("deployment.md.j2"))
    (made,) = (d for d in compiler.deployments(plan) if d.parameters.get("item") == "ke-hoach")
    assert date(2024, 9, 30) in {morning.date() for morning in made.mornings}  # the last call of its new day
    found = snapshot(installation.engine, installation.rules, "nho-2024", at("2024-04-16", "12:00"))
    with installation.engine.connect() as connection:
        traced = traces(connection, installation.rules, found)
    cards = scorecards(found.tracked, traced.entries, traced.registered, installation.rules, found.day)
    by_unit = {card.unit: card for card in cards if card.role == "lead"}
    (entry,) = installation.ledger("plan.amended")
    added = "nho-2024/kiem-soat/khac-phuc/2024"
    assert added in {proof.occurrence for proof in by_unit["ttpvks"].figures["open"]}
    assert traced.registered[added] == entry["seq"]
    assert "nho-2024/phan-anh/niem-yet/2024-Q2" in {p.occurrence for p in by_unit["hcqt"].figures["open"]}
    assert by_unit["ttpvks"].number("superseded") == len(entry["body"]["difference"]["dropped"]) - 1  # one is hcqt's
