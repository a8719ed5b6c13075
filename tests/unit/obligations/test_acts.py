"""What people do: what an act records and whom it tells, and the acts that are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from factories import at, make_facts, make_state
from hypothesis import given
from hypothesis import strategies as st

from dondoc.foundation.errors import ForbiddenTransitionError
from dondoc.ledger.ledger import Head, link
from dondoc.obligations.acts import Act, ActError, ActName, take
from dondoc.obligations.decide import Decision, Facts
from dondoc.obligations.lifecycle import Status

SHA = "ab" * 32


def facts(status: Status = Status.OPEN, **state: Any) -> Facts:
    found = make_facts("ke-hoach-thi-hanh")
    return replace(found, state=make_state(found.occurrence, status, **state))


def done(name: ActName, known: Facts | None = None, day: str = "2024-03-05", **given: Any) -> Decision:
    return take(known or facts(), Act(name, **given), at(day), "unit:hcqt", "run-1")


GIVEN: dict[str, dict[str, Any]] = {
    "acknowledge": {},
    "submit": {"document": "12/KH-VP", "signed": date(2024, 3, 4), "signer": "Chánh Văn phòng"},
    "accept": {},
    "return": {"reason": "thiếu phụ lục"},
    "report_part": {"note": "đã xong phần một"},
    "extend_request": {"until": date(2024, 4, 30), "reason": "chờ ý kiến"},
    "extend": {"until": date(2024, 4, 30), "reason": "đồng ý"},
    "refuse_extension": {"reason": "không đồng ý"},
    "waive": {"document": "96/QĐ-VP", "signed": date(2024, 3, 5), "reason": "gộp kỳ"},
    "raise_difficulty": {"reason": "thiếu số liệu"},
    "answer_difficulty": {"reason": "đã giao Sở"},
}
NEEDS: dict[str, Facts] = {
    "accept": facts(Status.SUBMITTED, submitted_on=date(2024, 3, 4)),
    "return": facts(Status.SUBMITTED, submitted_on=date(2024, 3, 4)),
    "refuse_extension": facts(extension_asked=date(2024, 4, 30)),
    "answer_difficulty": facts(difficulty=True),
}


@pytest.mark.parametrize(
    ("name", "kind", "notice", "told"),
    [
        ("acknowledge", "occurrence.acknowledged", None, []),
        ("submit", "occurrence.submitted", "submitted", ["role:tracker"]),
        ("report_part", "occurrence.partly_done", "partial", ["role:tracker"]),
        ("accept", "occurrence.accepted", "accepted", ["unit:hcqt", "role:head"]),
        ("return", "occurrence.returned", "returned", ["unit:hcqt"]),
        ("extend_request", "occurrence.extension_requested", "extension-requested", ["role:tracker"]),
        ("extend", "occurrence.extended", "extended", ["unit:hcqt", "role:head"]),
        ("refuse_extension", "occurrence.extension_refused", "extension-refused", ["unit:hcqt"]),
        ("waive", "occurrence.waived", "waived", ["unit:hcqt", "role:head"]),
        ("raise_difficulty", "occurrence.difficulty_raised", "difficulty", ["role:tracker"]),
        ("answer_difficulty", "occurrence.difficulty_answered", "difficulty-answered", ["unit:hcqt"]),
    ],
)
def test_each_act_records_its_entry_and_tells_whom_it_concerns(
    name: ActName, kind: str, notice: str | None, told: list[str]
) -> None:
    known = NEEDS.get(name, facts())
    known = replace(known, state=replace(known.state, told_late=("unit:hcqt", "role:head")))
    found = done(name, known, **GIVEN[name])
    assert [d.kind for d in found.entries] == [kind] + ["notice.queued"] * bool(notice)
    assert {(d.actor, d.run, d.occurrence) for d in found.entries} == {("unit:hcqt", "run-1", known.occurrence.id)}
    if notice:
        body = found.entries[1].body
        assert (body["kind"], body["checkpoint"], body["recipients"]) == (notice, f"{notice}-1", told)
        assert body["about"] == found.entries[0].body


def test_of_several_lead_units_the_mail_names_the_one_that_acted() -> None:
    known = facts()
    shared = replace(known, obligation=replace(known.obligation, lead=("hcqt", "ttpvks")))
    assert done("submit", shared, **GIVEN["submit"]).entries[1].body["about"]["by"] == "unit:hcqt"
    assert "by" not in done("submit", known, **GIVEN["submit"]).entries[1].body["about"]


@pytest.mark.parametrize("name", ["submit", "raise_difficulty"])
def test_an_act_taken_again_is_told_under_a_new_key(name: ActName) -> None:
    first = done(name, **GIVEN[name])
    state = first.state if name != "submit" else replace(first.state, status=Status.RETURNED)
    again = done(name, replace(facts(), state=state), **GIVEN[name])
    assert again.entries[1].body["checkpoint"] == first.entries[1].body["checkpoint"].replace("-1", "-2")


def test_difficulties_raised_and_answered_in_turn_never_share_a_key() -> None:
    known, keys = facts(), []
    for name in ("raise_difficulty", "answer_difficulty") * 4:
        found = done(name, known, reason="lý do")
        keys.append(found.entries[1].body["checkpoint"])
        known = replace(known, state=found.state)
    assert len(set(keys)) == len(keys)


def test_a_part_leaves_the_rest_owed_and_must_be_named() -> None:
    assert done("report_part", **GIVEN["report_part"]).state.status is Status.OPEN
    with pytest.raises(ActError, match="needs the note"):
        done("report_part", note=" ")


def test_a_waiver_records_what_it_put_an_end_to() -> None:
    assert done("waive", facts(Status.RETURNED), **GIVEN["waive"]).entries[0].body["was"] == "returned"


def test_a_submission_keeps_its_files_by_their_hashes() -> None:
    found = done("submit", files=(("Kế hoạch.pdf", "application/pdf", 1024, SHA),))
    assert found.entries[0].body["files"] == [
        {"name": "Kế hoạch.pdf", "type": "application/pdf", "size": 1024, "sha256": SHA}
    ]


# -- refused ------------------------------------------------------------------------------------------

BLANKS = ["", "   ", "\n", "\x00", "\u200b", "\u2028", "\ud800", None]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize(
    "name", ["return", "extend_request", "extend", "refuse_extension", "waive", "raise_difficulty", "answer_difficulty"]
)
def test_a_reason_that_says_nothing_is_none(name: ActName, blank: str | None) -> None:
    with pytest.raises(ActError, match="give a reason"):
        done(name, NEEDS.get(name), **{**GIVEN[name], "reason": blank})


@pytest.mark.parametrize("blank", BLANKS)
def test_a_submission_must_hold_something(blank: str | None) -> None:
    with pytest.raises(ActError, match="a document number, a note or a file"):
        done("submit", document=blank, note=blank)
    assert done("submit", note="đã gửi qua trục liên thông").state.status is Status.SUBMITTED


@pytest.mark.parametrize("files", [(("a.pdf", "application/pdf", -1, SHA),), (("a.pdf", "application/pdf", 1, "abc"),)])
def test_a_file_without_its_size_or_hash_is_refused(files: Any) -> None:
    with pytest.raises(ActError, match=r"'a\.pdf' lacks its size or its SHA-256"):
        done("submit", files=files)


@pytest.mark.parametrize("name", ["submit", "waive"])
def test_a_document_cannot_be_dated_after_today(name: ActName) -> None:
    with pytest.raises(ActError, match="the document is dated 06/03/2024, after today"):
        done(name, **{**GIVEN[name], "signed": date(2024, 3, 6)})


def test_today_is_the_offices_day_not_greenwichs() -> None:
    early = at("2024-03-06", 5)  # still 5 March in UTC
    given_act = Act("submit", document="1", signed=date(2024, 3, 6))
    assert take(facts(), given_act, early, "unit:hcqt").state.submitted_on == date(2024, 3, 6)


@pytest.mark.parametrize("changes", [{"document": None}, {"document": "\u200b"}, {"signed": None}])
def test_a_waiver_names_its_decision(changes: dict[str, Any]) -> None:
    with pytest.raises(ActError, match="its number and its date"):
        done("waive", **{**GIVEN["waive"], **changes})


@pytest.mark.parametrize("name", ["extend_request", "extend"])
@pytest.mark.parametrize(
    ("until", "said"),
    [
        (None, "give the new date"),
        (date(2024, 3, 31), "must lie after 31/03/2024"),
        (date(2024, 5, 31), "60 days at most, until 30/05/2024"),
    ],
)
def test_a_new_date_lies_after_the_old_and_within_policy(name: ActName, until: date | None, said: str) -> None:
    with pytest.raises(ActError, match=said):
        done(name, until=until, reason="chờ")
    assert done(name, until=date(2024, 5, 30), reason="chờ").state.status is Status.OPEN


def test_a_new_date_cannot_lie_in_the_past() -> None:
    with pytest.raises(ActError, match="10/04/2024 is already over"):
        done("extend", day="2024-04-11", until=date(2024, 4, 10), reason="đồng ý")
    assert done("extend", day="2024-04-11", until=date(2024, 4, 11), reason="đồng ý").state.extensions == 1


@pytest.mark.parametrize("name", ["extend_request", "extend"])
def test_no_extension_reaches_the_plans_closing_where_it_would_count_as_not_due(name: ActName) -> None:
    found = make_facts("kiem-soat", "bao-cao")  # due 31/12; the plan closes on 22/1/2025
    known = replace(found, state=make_state(found.occurrence))
    with pytest.raises(ActError, match="closes on 22/01/2025"):
        done(name, known, day="2024-12-02", until=date(2025, 1, 22), reason="chờ")
    assert done(name, known, day="2024-12-02", until=date(2025, 1, 21), reason="chờ").entries


def test_an_extension_is_asked_for_on_the_last_day_and_no_later() -> None:
    assert done("extend_request", day="2024-03-31", **GIVEN["extend_request"]).state.extension_asked == date(
        2024, 4, 30
    )
    with pytest.raises(ActError, match="was due on 31/03/2024"):
        done("extend_request", day="2024-04-01", **GIVEN["extend_request"])


def test_an_extension_is_asked_for_as_often_as_policy_says() -> None:
    with pytest.raises(ActError, match=r"policy allows 1 extension\(s\); it has had 1"):
        done("extend_request", facts(extensions=1), **GIVEN["extend_request"])
    with pytest.raises(ActError, match=r"policy allows 1 extension\(s\)"):
        done("extend", facts(extensions=1), **GIVEN["extend"])


def test_one_request_waits_at_a_time() -> None:
    with pytest.raises(ActError, match="already asked for"):
        done("extend_request", facts(extension_asked=date(2024, 4, 15)), **GIVEN["extend_request"])


def test_what_was_not_asked_is_neither_refused_nor_answered() -> None:
    with pytest.raises(ActError, match="nothing to refuse"):
        done("refuse_extension", reason="không")
    with pytest.raises(ActError, match="no difficulty waits"):
        done("answer_difficulty", reason="đã rõ")


@pytest.mark.parametrize(
    "status", [Status.DONE, Status.WAIVED, Status.MISSED, Status.SUPERSEDED, Status.BEFORE_ADOPTION]
)
@pytest.mark.parametrize("name", GIVEN)
def test_nothing_can_be_done_to_what_has_ended(name: ActName, status: Status) -> None:
    with pytest.raises(ForbiddenTransitionError, match=str(status)):
        done(name, facts(status, extension_asked=None), **GIVEN[name])


@pytest.mark.parametrize("name", ["acknowledge", "submit", "accept", "return", "extend_request", "extend"])
def test_a_gated_duty_has_no_date_to_act_on_yet(name: ActName) -> None:
    with pytest.raises(ForbiddenTransitionError, match="gated"):
        done(name, make_facts("chuyen-doi-so"), **GIVEN[name])


# -- what is written ----------------------------------------------------------------------------------


def test_names_and_numbers_are_kept_on_one_line_and_notes_keep_theirs() -> None:
    body = done(
        "submit", document="12/KH-VP\r\nBcc: x", signer="A\u2028B\x85C", note="dòng 1\r\ndòng 2\x00",
        files=(("a\nb.pdf", "text/x\r\nX: y", 1, SHA),),
    ).entries[0].body  # fmt: skip
    assert body["document"] == "12/KH-VP Bcc: x"
    assert body["signer"] == "A B C"
    assert body["note"] == "dòng 1\ndòng 2"
    assert (body["files"][0]["name"], body["files"][0]["type"]) == ("a b.pdf", "text/x X: y")


def test_text_is_kept_composed() -> None:
    assert done("submit", note="Ke\u0302\u0301 hoa\u0323ch").entries[0].body["note"] == "Kế hoạch"


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises(ActError, match="5000 characters long; shorten it to 4000"):
        done("submit", note="a" * 5000)


@given(st.text(), st.text(), st.text())
def test_whatever_people_type_can_be_recorded(document: str, note: str, signer: str) -> None:
    found = done("submit", document=document, note=note + "ghi chú", signer=signer)
    head = Head()
    for draft in found.entries:
        head = link(head, at("2024-03-05"), draft).head
    written = found.entries[0].body
    assert head.seq == 2
    assert all("\n" not in written.get(key, "") for key in ("document", "signer"))
