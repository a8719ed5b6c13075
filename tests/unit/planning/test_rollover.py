"""The next year's draft: what stays, what is dropped, what is asked, and that the draft is always a plan."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import CONFIG, real_calendar, real_office, real_plan, real_policy

from dondoc.foundation.errors import ConfigurationError
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.obligations.lifecycle import Status
from dondoc.obligations.state import State
from dondoc.obligations.timing import Occurrence, occurrences
from dondoc.office.office import Office
from dondoc.office.wording import Wording
from dondoc.plan.plan import Plan
from dondoc.plan.plan_file import read_plan
from dondoc.planning.carry_over import Carry, carry
from dondoc.planning.next_year import RolloverError, rollover

TEXT = (CONFIG / "plans" / "2024.yaml").read_text(encoding="utf-8")
WORDS: dict[str, Any] = {
    **yaml.safe_load((CONFIG / "words/vi/words.yaml").read_text(encoding="utf-8")),
    **yaml.safe_load((CONFIG / "words/vi/runs.yaml").read_text(encoding="utf-8")),
}
ONCE = WORDS["rollover"]["once"]
NOVEMBER = date(2024, 11, 15)


def read(text: str, office: Office | None = None) -> Plan:
    return read_plan(parse_yaml(text, "draft.yaml"), office or real_office())


def drafted(carried: Carry | None = None, year: int = 2025) -> str:
    return rollover(TEXT, year, date(year, 1, 2), ONCE, carried, WORDS["rollover"]["basis"])


def standing(**ends: Status) -> list[tuple[Occurrence, State]]:
    """Every occurrence of 2024, done but for the obligations named in `ends` (by their id, _ for -)."""
    found = []
    for o in occurrences(real_plan(2024), real_policy(), real_calendar()):
        status = ends.get(o.obligation.replace("-", "_"), Status.DONE)
        found.append((o, State(status, o.opens, o.due, o.due, submitted_on=o.due, ended_on=o.due)))
    return found


def carried(office: Office | None = None, year: int = 2025, **ends: Status) -> Carry:
    chosen = office or real_office()
    wording = Wording(WORDS, chosen, real_calendar(), NOVEMBER, portal=False)
    return carry(real_plan(2024), standing(**ends), year, chosen, wording)


def ended(unit: str, day: date, successor: str | None) -> Office:
    units = tuple(
        u.model_copy(update={"valid_to": day, "successor": successor}) if u.id == unit else u
        for u in real_office().units
    )
    return real_office().model_copy(update={"units": units})


def test_a_draft_keeps_every_item_and_every_recurring_duty() -> None:
    draft, plan = read(drafted()), real_plan(2024)
    assert (draft.year, draft.draft, draft.document) == (2025, True, None)
    assert [item.id for item in draft.items] == [item.id for item in plan.items]
    for item in plan.items:
        assert [o.id for o in draft.item(item.id).obligations] == [o.id for o in item.obligations if not o.once]


def test_what_was_done_leaves_no_question_but_those_of_changed_bodies() -> None:
    questions = carried().questions
    assert {"huong-dan-van-phong-cap-huyen", "van-ban-mot-cua"} <= set(questions)
    assert all("tên gọi chỉ đúng đến hết năm 2024" in text for found in questions.values() for text in found)


def test_a_once_only_duty_that_is_not_done_is_proposed_again_with_its_history() -> None:
    found = carried(van_ban_huong_dan=Status.OPEN)
    assert found.kept == {("huong-dan-van-phong-cap-huyen", "van-ban-huong-dan")}
    (asked, _) = found.questions["huong-dan-van-phong-cap-huyen"]
    assert "chưa xong (quý II/2024: quá hạn, hạn 30/06/2024)" in asked
    item = read(drafted(found)).item("huong-dan-van-phong-cap-huyen")
    assert [o.id for o in item.obligations] == ["van-ban-huong-dan"]
    assert item.question
    assert asked in item.question


def test_a_recurring_duty_that_was_missed_is_asked_about() -> None:
    questions = carried(van_ban=Status.MISSED).questions["tham-muu-van-ban"]
    assert "quý I/2024: không thực hiện, hạn 31/03/2024; quý II/2024" in questions[0]


@pytest.mark.parametrize("successor", ["ttcbth", None])
def test_a_unit_that_has_ended_is_flagged_and_becomes_its_successor(successor: str | None) -> None:
    office = ended("phong-nghien-cuu", date(2024, 12, 31), successor)
    found = carried(office)
    draft = read(drafted(found), office).item("tham-muu-van-ban")
    assert draft.lead == ((successor or "phong-nghien-cuu"), "ttpvks")
    assert draft.question
    assert "kết thúc hoạt động ngày 31/12/2024" in draft.question
    assert ("đơn vị tiếp nhận là Trung tâm Công báo và Tin học" in draft.question) is bool(successor)


def test_a_unit_that_ends_within_the_new_year_is_asked_about_and_stays() -> None:
    office = ended("phong-nghien-cuu", date(2025, 6, 30), "ttcbth")
    draft = read(drafted(carried(office)), office).item("tham-muu-van-ban")
    assert draft.lead == ("phong-nghien-cuu", "ttpvks")
    assert "30/06/2025" in str(draft.question)


def test_a_draft_can_be_carried_over_again() -> None:
    first = drafted(carried(van_ban_huong_dan=Status.OPEN))
    again = read(rollover(first, 2026, date(2026, 1, 5), ONCE, Carry(questions={"tham-muu-van-ban": ("Hỏi?",)})))
    assert (again.year, again.draft) == (2026, True)
    assert again.item("tham-muu-van-ban").question == "Hỏi?"


def test_a_basis_of_last_year_is_a_question_that_an_issued_plan_may_not_keep() -> None:
    first = drafted()
    asked = [basis for basis in read(first).basis if basis.startswith("[")]
    assert len(asked) == 1
    assert "1879/QĐ-UBND" in asked[0]
    assert "năm 2025" in asked[0]
    assert len(read(first).basis) == len(real_plan(2024).basis)
    with pytest.raises(ConfigurationError, match="a question left by the draft"):
        read(first.replace("draft: true\n", ""))
    again = rollover(first, 2026, date(2026, 1, 5), ONCE, None, WORDS["rollover"]["basis"])
    (once,) = [basis for basis in read(again).basis if basis.startswith("[")]
    assert once.count("[") == once.count("1879/QĐ-UBND") == 1


def test_an_emptied_item_says_that_it_may_be_deleted_and_may_be() -> None:
    draft = read(drafted())
    (emptied, *_) = [item.id for item in draft.items if not item.obligations]
    assert "xóa cả nhiệm vụ này" in str(draft.item(emptied).question)
    start = drafted().index(f"  - id: {emptied}\n")
    end = drafted().index("  - id: ", start + 1)
    assert emptied not in {item.id for item in read(drafted()[:start] + drafted()[end:]).items}


def test_what_stays_is_untouched_but_for_the_questions() -> None:
    known = set(TEXT.splitlines())
    new = (
        "question:",
        '- "[Căn cứ của năm 2024',
        "year:",
        "adopted_on:",
        "draft:",
        "obligations: []",
        "irregularities: []",
        "needs:",
    )
    assert all(line.lstrip().startswith(new) for line in drafted(carried()).splitlines() if line not in known)


def test_the_plans_own_year_and_an_empty_file_are_one_clear_line() -> None:
    with pytest.raises(RolloverError, match="give another year"):
        drafted(year=2024)
    with pytest.raises(RolloverError, match="is empty"):
        rollover("# nothing\n", 2025, date(2025, 1, 2), ONCE)


ALL = [(item.id, o.id) for item in real_plan(2024).items for o in item.obligations if o.once]


@settings(max_examples=25, deadline=None)
@given(
    kept=st.sets(st.sampled_from(ALL)),
    asked=st.dictionaries(
        st.sampled_from([item.id for item in real_plan(2024).items]),
        st.tuples(st.text(min_size=1, max_size=60).filter(str.isprintable)),
        max_size=5,
    ),
    year=st.sampled_from([2023, 2025, 2028]),
)
def test_whatever_is_carried_the_draft_is_a_plan(
    kept: set[tuple[str, str]], asked: dict[str, tuple[str, ...]], year: int
) -> None:
    draft = read(drafted(Carry(frozenset(kept), {}, asked), year))
    assert {(item.id, o.id) for item in draft.items for o in item.obligations if o.once} == kept
    for item, found in asked.items():
        assert found[0] in str(draft.item(item).question)


@given(day=st.dates(date(2024, 1, 1), date(2026, 12, 31)))
def test_the_holder_of_a_unit_is_always_one_that_still_exists(day: date) -> None:
    office = ended("phong-nghien-cuu", date(2025, 6, 30), "ttcbth")
    holder = office.holding("phong-nghien-cuu", day)
    assert holder is not None
    assert holder.id == ("phong-nghien-cuu" if day <= date(2025, 6, 30) else "ttcbth")
    assert office.holding("hcqt", day + timedelta(days=1)) == office.unit("hcqt")
