"""What a look at one occurrence decides, through whole lives of occurrences."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from factories import OFFICE, at, make_facts, make_office, make_plan, make_policy
from hypothesis import given
from hypothesis import strategies as st
from walking import Duty, said

from dondoc.foundation.errors import ForbiddenTransitionError
from dondoc.obligations.acts import ActError
from dondoc.obligations.decide import FAILING, GRAVITY, Verdict, decide, is_late, owed, planned, waits_until
from dondoc.obligations.lifecycle import Status
from dondoc.office.policy import EscalationStep, Rhythm

PREFIX = "cchc-2024/"


def quarter(**changes: Any) -> Duty:
    """The plan due in the first quarter: hcqt leads, every unit coordinates; due Sunday 31/3."""
    return Duty(make_facts("ke-hoach-thi-hanh", **changes))


def late_since_april(delivered: str | None = "2024-04-01") -> Duty:
    duty = quarter()
    duty.look("2024-01-02")
    duty.look("2024-04-01")
    if delivered:
        duty.deliver(delivered)
    return duty


def gated(**changes: Any) -> Duty:
    return Duty(make_facts("chuyen-doi-so", **changes))


# -- opening and reminding ----------------------------------------------------------------------------


def test_nothing_is_said_of_a_duty_whose_day_has_not_come() -> None:
    duty = Duty(make_facts("chi-so", period="2024-03"))
    for moment in ((("2024-02-29"), 8), ("2024-03-01", 7)):
        found = duty.look(*moment)
        assert (found.entries, found.verdict) == ((), Verdict.NOTHING_OWED)
    assert duty.look("2024-03-01").verdict is Verdict.ASSIGNED


def test_it_opens_on_the_first_working_morning_and_tells_lead_and_coordinating_units_once() -> None:
    duty = quarter()
    found = duty.look("2024-01-02")
    assert said(found) == ["opened", "assign assign"]
    assert found.verdict is Verdict.ASSIGNED
    assert [recipient for _, recipient, _ in duty.notices()] == ["unit:hcqt", "unit:ttpvks", "unit:ttcbth"]


def test_opening_records_the_policy_then_in_force() -> None:
    found = quarter().look("2024-01-02")
    assert found.entries[0].body == {
        "opens": "2024-01-01",
        "due": "2024-03-31",
        "policy": {
            "remind": [15, 5, 1],
            "last_call": True,
            "escalation": [
                {"after": 3, "roles": ["unit_head"]},
                {"after": 7, "roles": ["tracker"]},
                {"after": 10, "roles": ["deputy", "head"]},
            ],
        },
    }


def test_a_policy_changed_afterwards_does_not_change_what_was_frozen() -> None:
    duty = quarter()
    duty.look("2024-01-02")
    other = make_policy().model_copy(
        update={
            "escalation": (EscalationStep(after_working_days=1, roles=("head",)),),
            "rhythm": {**make_policy().rhythm, "issue": Rhythm(remind=(2,), last_call=False)},
        }
    )
    duty.with_facts(policy=other)
    assert said(duty.look("2024-03-08")) == ["remind remind-15"]
    duty.look("2024-04-01")
    duty.deliver("2024-04-01")
    assert said(duty.look("2024-04-02")) == []
    assert [key for key, _, _ in duty.notices("escalate")] == []


def test_a_year_of_mornings_sends_each_reminder_on_its_own_morning_to_the_lead_only() -> None:
    duty = quarter()
    spoken = {}
    for n in range(1, 90):
        day = date(2024, 1, 1) + timedelta(days=n)
        if make_facts("chi-so").calendar.is_working(day):
            found = said(duty.look(day.isoformat()))
            if found:
                spoken[f"{day:%d/%m}"] = found
    assert spoken == {
        "02/01": ["opened", "assign assign"],
        "08/03": ["remind remind-15"],
        "22/03": ["remind remind-5"],
        "28/03": ["remind remind-1"],
        "29/03": ["last-call last-call"],
    }
    assert {recipient for _, recipient, kind in duty.notices() if kind != "assign"} == {"unit:hcqt"}


# -- catching up --------------------------------------------------------------------------------------


def test_after_an_outage_the_missed_reminders_become_the_one_that_is_right_today() -> None:
    duty = quarter()
    duty.look("2024-01-02")
    found = duty.look("2024-03-26")
    assert said(found) == ["remind remind-5"]
    assert found.entries[0].body["covers"] == ["remind-15"]
    assert duty.look("2024-03-27").entries == ()
    assert said(duty.look("2024-03-28")) == ["remind remind-1"]


def test_an_outage_up_to_the_last_day_ends_in_a_last_call() -> None:
    duty = quarter()
    duty.look("2024-01-02")
    found = duty.look("2024-03-29", 10)
    assert said(found) == ["last-call last-call"]
    assert found.entries[0].body["covers"] == ["remind-15", "remind-5", "remind-1"]


def test_an_outage_past_the_due_date_ends_in_the_overdue_notice_and_nothing_milder() -> None:
    duty = quarter()
    duty.look("2024-01-02")
    found = duty.look("2024-04-03")
    assert (said(found), found.verdict) == (["overdue overdue"], Verdict.OVERDUE)
    assert found.entries[0].body["covers"] == ["remind-15", "remind-5", "remind-1", "last-call"]


def test_a_duty_first_seen_in_mid_window_is_assigned_and_not_also_reminded() -> None:
    found = quarter().look("2024-03-26")
    assert said(found) == ["opened", "assign assign"]
    assert found.entries[1].body["covers"] == ["remind-15", "remind-5"]


def test_a_duty_first_seen_when_late_is_opened_and_overdue() -> None:
    found = quarter().look("2024-05-02")
    assert (said(found), found.verdict) == (["opened", "overdue overdue"], Verdict.OVERDUE)
    assert found.entries[1].body["covers"] == ["assign", "remind-15", "remind-5", "remind-1", "last-call"]


def test_between_its_mornings_an_open_duty_is_open_and_owes_nothing() -> None:
    duty = quarter()
    duty.look("2024-01-02")
    found = duty.look("2024-02-01")
    assert (found.entries, found.verdict) == ((), Verdict.OPEN)


# -- overdue and escalation ---------------------------------------------------------------------------


def test_the_last_day_itself_is_not_late_and_the_weekend_after_it_says_nothing() -> None:
    duty = Duty(make_facts("kiem-soat", "kiem-tra"))  # due Friday 29/11
    duty.look("2024-04-01")
    assert duty.look("2024-11-29", 23).verdict is Verdict.REMINDED
    weekend = duty.look("2024-11-30")
    assert (weekend.entries, weekend.verdict) == ((), Verdict.OVERDUE)
    assert said(duty.look("2024-12-02")) == ["overdue overdue"]


def test_the_overdue_notice_goes_to_the_lead_units_once() -> None:
    duty = late_since_april()
    assert duty.notices("overdue") == [("overdue", "unit:hcqt", "overdue")]
    assert duty.look("2024-04-02").entries == ()
    assert duty.look("2024-04-03").verdict is Verdict.OVERDUE


def test_each_step_of_escalation_waits_its_working_days_from_the_accepted_notice() -> None:
    duty = late_since_april()
    raised = {}
    for n in range(2, 20):
        found = duty.look(f"2024-04-{n:02}")
        if found.entries:
            raised[n] = said(found)
    assert raised == {
        4: ["raised", "escalate escalate-1"],
        10: ["skipped told_before"],  # the tracker heads the unit: nobody is reported to themselves
        15: ["raised", "escalate escalate-3"],
    }
    assert [recipient for _, recipient, _ in duty.notices("escalate")] == ["head:hcqt", "role:deputy", "role:head"]


def test_a_tracker_who_does_not_head_the_unit_is_told_at_his_own_step() -> None:
    duty = late_since_april()
    duty.with_facts(
        office=make_office(
            OFFICE.replace(
                "email: truong-hcqt@vp.example}\n  - {id: deputy", "email: theo-doi@vp.example}\n  - {id: deputy"
            )
        )
    )
    assert said(duty.look("2024-04-10")) == ["raised", "escalate escalate-1", "raised", "escalate escalate-2"]
    assert [recipient for _, recipient, _ in duty.notices("escalate")] == ["head:hcqt", "role:tracker"]


def test_escalation_waits_while_the_overdue_notice_has_not_been_accepted() -> None:
    duty = late_since_april(delivered=None)
    assert duty.look("2024-04-30").entries == ()
    duty.deliver("2024-05-02")
    assert duty.look("2024-05-04").entries == ()  # Saturday, worked for 29/4
    assert said(duty.look("2024-05-06")) == ["raised", "escalate escalate-1"]


def test_a_bounced_notice_stops_the_clock_until_another_route_answers() -> None:
    duty = late_since_april()
    duty.deliver("2024-04-02", "bounced")
    assert duty.look("2024-04-10").entries == ()
    duty.note("2024-04-10", "notice.sent", {"kind": "overdue", "checkpoint": "overdue", "recipient": "unit:hcqt"})
    assert duty.look("2024-04-12").entries == ()
    assert said(duty.look("2024-04-15")) == ["raised", "escalate escalate-1"]


def test_an_overdue_notice_that_no_address_takes_escalates_from_the_last_refusal() -> None:
    duty = late_since_april(delivered=None)
    duty.deliver("2024-04-03", "failed", final=False)
    assert duty.look("2024-04-09").entries == ()
    duty.note(
        "2024-04-09",
        "notice.failed",
        {"kind": "overdue", "checkpoint": "overdue", "recipient": "unit:hcqt", "final": True},
    )
    assert duty.look("2024-04-11").entries == ()
    assert said(duty.look("2024-04-12")) == ["raised", "escalate escalate-1"]


def test_after_an_outage_every_step_that_has_come_due_is_raised_once() -> None:
    duty = late_since_april()
    assert said(duty.look("2024-04-15")) == [
        "raised", "escalate escalate-1", "skipped told_before", "raised", "escalate escalate-3",
    ]  # fmt: skip
    assert duty.look("2024-04-15").entries == ()


def test_a_step_that_reaches_nobody_is_skipped_and_said_so_and_the_next_goes_on() -> None:
    duty = gated(event_on=date(2024, 6, 3))
    duty.look("2024-06-03")
    duty.look("2024-06-25")
    duty.deliver("2024-06-25")
    skipped = duty.look("2024-06-28")
    assert said(skipped) == ["skipped no_address"]  # ttcbth has no head's address
    assert duty.look("2024-07-01").entries == ()
    assert said(duty.look("2024-07-04")) == ["raised", "escalate escalate-2"]


def test_a_role_without_an_address_is_skipped() -> None:
    text = OFFICE.replace(", email: truong-hcqt@vp.example}\n  - {id: deputy", "}\n  - {id: deputy")
    duty = late_since_april()
    duty.with_facts(office=make_office(text))
    assert said(duty.look("2024-04-10")) == ["raised", "escalate escalate-1", "skipped no_address"]


def test_coordinating_units_hear_of_lateness_where_policy_says_so() -> None:
    duty = quarter(policy=make_policy().model_copy(update={"coordinating_told": ("overdue",)}))
    duty.look("2024-01-02")
    duty.look("2024-04-01")
    assert [r for _, r, _ in duty.notices("overdue")] == ["unit:hcqt", "unit:ttpvks", "unit:ttcbth"]
    assert [r for _, r, _ in duty.notices("assign")] == ["unit:hcqt"]


# -- submission, return, extension, waiver ------------------------------------------------------------


def test_what_is_handed_in_is_not_chased_and_that_is_recorded() -> None:
    duty = quarter()
    duty.look("2024-01-02")
    duty.submit("2024-03-21")
    found = duty.look("2024-03-22")
    assert (said(found), found.verdict) == (["withheld submitted"], Verdict.AWAITS_REVIEW)
    assert found.entries[0].body["checkpoints"] == ["remind-15", "remind-5"]


def test_the_tracker_is_reminded_again_and_again_of_a_submission_that_waits_and_then_the_deputy_too() -> None:
    duty = quarter()
    duty.look("2024-01-02")
    duty.submit("2024-01-03")
    assert duty.look("2024-01-05").entries == ()
    first = duty.look("2024-01-08")
    assert said(first) == ["review review-1.1"]
    assert first.entries[0].body["recipients"] == ["role:tracker"]
    assert duty.look("2024-01-09").entries == ()
    second = duty.look("2024-01-16")  # 11/01 was missed: only the latest reminder is sent
    assert said(second) == ["review review-1.3"]
    assert second.entries[0].body["recipients"] == ["role:tracker", "role:deputy"]
    duty.act("2024-01-17", "return", reason="thiếu phụ lục")
    duty.submit("2024-01-18")
    assert said(duty.look("2024-01-23")) == ["review review-2.1~1"]


def test_a_duty_met_on_time_says_so_once_and_then_owes_nothing() -> None:
    duty = quarter()
    duty.look("2024-01-02")
    duty.submit("2024-03-04")
    duty.act("2024-03-05", "accept")
    found = duty.look("2024-03-08")
    assert (said(found), found.verdict) == (["withheld done"], Verdict.DONE_ON_TIME)
    again = duty.look("2024-03-22")
    assert (said(again), again.verdict) == (["withheld done"], Verdict.NOTHING_OWED)


def test_a_duty_met_late_says_so() -> None:
    duty = late_since_april()
    duty.submit("2024-04-02")
    duty.act("2024-04-02", "accept")
    assert duty.look("2024-04-04").verdict is Verdict.DONE_LATE


def test_a_duty_met_on_the_last_day_itself_is_on_time() -> None:
    duty = late_since_april()
    duty.submit("2024-04-02", signed="2024-03-31")
    assert not is_late(duty.state)
    assert is_late(replace(duty.state, signed_on=date(2024, 4, 1)))
    assert not is_late(replace(duty.state, signed_on=None, submitted_on=None))


def test_a_document_signed_in_time_is_on_time_even_when_handed_in_late() -> None:
    duty = late_since_april()
    duty.submit("2024-04-02", signed="2024-03-28")
    duty.act("2024-04-02", "accept")
    assert not is_late(duty.state)
    assert duty.look("2024-04-04").verdict is Verdict.DONE_ON_TIME


def test_everyone_who_was_told_it_was_late_is_told_when_it_is_done() -> None:
    duty = late_since_april()
    duty.look("2024-04-10")
    duty.submit("2024-04-11")
    found = duty.act("2024-04-12", "accept")
    assert found.entries[1].body["recipients"] == ["unit:hcqt", "head:hcqt"]


def test_a_duty_returned_after_its_due_date_is_overdue_again_and_escalates_from_there() -> None:
    duty = quarter()
    duty.look("2024-01-02")
    duty.submit("2024-03-29")
    duty.look("2024-04-01")
    duty.act("2024-04-08", "return", reason="thiếu chữ ký")
    found = duty.look("2024-04-09")
    assert (said(found), found.verdict) == (["overdue overdue~1"], Verdict.OVERDUE)
    duty.deliver("2024-04-09")
    assert duty.look("2024-04-11").entries == ()
    assert said(duty.look("2024-04-12")) == ["raised", "escalate escalate-1~1"]


def test_a_duty_returned_in_time_is_reminded_only_of_what_still_lies_ahead() -> None:
    duty = quarter()
    duty.look("2024-01-02")
    duty.submit("2024-03-11")
    duty.act("2024-03-25", "return", reason="thiếu phụ lục")
    assert duty.look("2024-03-26").entries == ()
    assert said(duty.look("2024-03-28")) == ["remind remind-1~1"]
    assert said(duty.look("2024-03-29")) == ["last-call last-call~1"]


def test_a_duty_handed_in_before_it_opened_and_returned_still_escalates() -> None:
    duty = Duty(make_facts("chi-so", period="2024-03"))
    duty.submit("2024-02-20")
    duty.act("2024-02-21", "return", reason="chưa hết kỳ")
    duty.look("2024-04-01")
    duty.deliver("2024-04-01")
    assert said(duty.look("2024-04-04")) == ["raised", "escalate escalate-1~1"]


def test_a_duty_handed_in_and_accepted_before_it_opened_is_never_assigned() -> None:
    duty = Duty(make_facts("chi-so", period="2024-03"))
    duty.submit("2024-02-20")
    duty.act("2024-02-21", "accept")
    duty.look("2024-03-01")
    duty.look("2025-01-22")
    assert [kind for _, _, kind in duty.notices()] == ["submitted", "accepted"]


def test_an_extension_moves_what_lies_ahead_and_lateness() -> None:
    duty = quarter()
    duty.look("2024-01-02")
    duty.look("2024-03-26")
    duty.act("2024-03-27", "extend_request", until=date(2024, 4, 30), reason="chờ ý kiến")
    duty.act("2024-03-28", "extend", until=date(2024, 4, 30), reason="đồng ý")
    assert duty.look("2024-04-01").entries == ()
    assert said(duty.look("2024-04-05")) == ["remind remind-15~1"]  # 26/4 is act-by: 29/4 and 30/4 are days off
    assert duty.state.original_due == date(2024, 3, 31)
    assert duty.look("2024-04-30").verdict is Verdict.REMINDED
    assert said(duty.look("2024-05-02")) == ["overdue overdue~1"]


def test_an_extension_granted_after_the_overdue_notice_starts_anew() -> None:
    duty = late_since_april()
    duty.act("2024-04-02", "extend", until=date(2024, 4, 12), reason="đồng ý")
    assert duty.look("2024-04-04").entries == ()  # no step: it is not late now
    assert duty.look("2024-04-11").verdict is Verdict.REMINDED
    assert said(duty.look("2024-04-15")) == ["overdue overdue~1"]
    duty.deliver("2024-04-15")
    assert said(duty.look("2024-04-19")) == ["raised", "escalate escalate-1~1"]


def test_a_waived_duty_is_not_chased_and_those_told_it_was_late_are_told() -> None:
    duty = late_since_april()
    duty.look("2024-04-04")
    found = duty.act("2024-04-05", "waive", document="96/QĐ-VP", signed=date(2024, 4, 5), reason="gộp kỳ")
    assert found.entries[1].body["recipients"] == ["unit:hcqt", "head:hcqt"]
    later = duty.look("2024-04-10")
    assert (said(later), later.verdict) == (["withheld waived"], Verdict.WAIVED)
    assert duty.look("2024-04-11").verdict is Verdict.NOTHING_OWED


# -- events and predecessors --------------------------------------------------------------------------


def test_a_gated_duty_waits_for_its_event_and_opens_with_it() -> None:
    duty = gated()
    waiting = duty.look("2024-06-03")
    assert (waiting.entries, waiting.verdict) == ((), Verdict.AWAITS_EVENT)
    duty.with_facts(event_on=date(2024, 12, 9))
    found = duty.look("2024-12-10")
    assert said(found) == ["opened", "assign assign"]
    assert (duty.state.opens, duty.state.due) == (date(2024, 12, 9), date(2024, 12, 30))
    assert duty.state.original_due == date(2024, 12, 30)


def test_an_event_on_a_sunday_opens_it_then_and_assigns_it_on_monday() -> None:
    duty = gated(event_on=date(2024, 12, 8))
    assert said(duty.look("2024-12-08")) == ["opened"]
    assert said(duty.look("2024-12-09")) == ["assign assign"]


def report(**changes: Any) -> Duty:
    """The report that needs the inspection before it: open from 1/4, due 31/12."""
    return Duty(make_facts("kiem-soat", "bao-cao", **changes))


def test_a_duty_waits_for_the_one_before_it_and_its_reminders_are_withheld() -> None:
    duty = report(needs_done=False)
    first = duty.look("2024-04-01")
    assert (first.entries, first.verdict) == ((), Verdict.AWAITS_PREDECESSOR)
    held = duty.look("2024-11-19")
    assert (said(held), held.verdict) == (["withheld awaits_predecessor"], Verdict.AWAITS_PREDECESSOR)
    assert duty.look("2024-11-20").entries == ()
    duty.with_facts(needs_done=True)
    assert said(duty.look("2024-11-21")) == ["opened", "assign assign"]


def test_a_duty_opens_at_the_latest_so_many_working_days_before_act_by() -> None:
    duty = report(needs_done=False)
    latest = waits_until(duty.facts)
    assert latest == date(2024, 12, 10)  # 15 working days before 31/12
    assert duty.look("2024-12-09").verdict is Verdict.AWAITS_PREDECESSOR
    assert said(duty.look("2024-12-10")) == ["opened", "assign assign"]


def test_a_duty_whose_predecessor_never_comes_is_still_overdue_after_an_outage() -> None:
    duty = report(needs_done=False)
    assert said(duty.look("2025-01-02")) == ["opened", "overdue overdue"]


def test_a_gated_duty_also_waits_for_the_one_before_it() -> None:
    duty = gated(event_on=date(2024, 9, 3), needs_done=False)
    duty.with_facts(policy=make_policy().model_copy(update={"predecessor_wait_working_days": 5}))
    assert duty.look("2024-09-04").verdict is Verdict.AWAITS_PREDECESSOR
    assert waits_until(duty.facts) == date(2024, 9, 17)  # due 24/9
    assert said(duty.look("2024-09-17")) == ["opened", "assign assign"]


# -- closing and adoption -----------------------------------------------------------------------------


def test_what_is_still_owed_at_the_closing_is_missed_and_all_who_were_told_hear_it() -> None:
    duty = late_since_april()
    duty.look("2024-04-10")
    assert duty.look("2025-01-21").verdict is Verdict.OVERDUE
    found = duty.look("2025-01-22")
    assert (said(found), found.verdict) == (["missed", "missed close"], Verdict.MISSED)
    assert [r for _, r, _ in duty.notices("missed")] == [
        "unit:hcqt",
        "head:hcqt",
        "role:deputy",
        "role:head",
        "role:tracker",
    ]
    assert duty.look("2025-01-22").entries == ()
    assert duty.look("2025-02-03").entries == ()


def test_what_was_handed_in_before_the_closing_waits_for_its_review_after_it_and_is_in_time() -> None:
    duty = Duty(make_facts("kiem-soat", "bao-cao"))
    duty.look("2024-12-16")
    duty.submit("2024-12-30")
    for day in ("2025-01-22", "2025-02-10", "2025-03-10"):
        assert duty.look(day).verdict is Verdict.AWAITS_REVIEW
    duty.act("2025-03-10", "accept")
    assert duty.look("2025-03-11").verdict is Verdict.DONE_ON_TIME


def test_what_is_returned_on_the_closing_day_can_be_handed_in_again_for_as_long_as_a_review_may_take() -> None:
    duty = Duty(make_facts("kiem-soat", "bao-cao"))
    duty.look("2024-12-16")
    duty.submit("2024-12-30")
    duty.act("2025-01-22", "return", reason="thiếu phụ lục")
    assert duty.look("2025-01-22", 16).verdict is Verdict.OVERDUE
    again = Duty(duty.facts, list(duty.entries))
    again.submit("2025-02-03")  # Tết lies between
    assert again.look("2025-02-04").verdict is Verdict.AWAITS_REVIEW
    assert duty.look("2025-02-03").verdict is Verdict.OVERDUE
    assert duty.look("2025-02-04").verdict is Verdict.MISSED


def test_what_was_returned_long_before_the_closing_is_missed_there() -> None:
    duty = Duty(make_facts("kiem-soat", "bao-cao"))
    duty.look("2024-12-16")
    duty.submit("2024-12-30")
    duty.act("2025-01-10", "return", reason="thiếu phụ lục")
    assert duty.look("2025-01-22").verdict is Verdict.MISSED


def test_a_gated_duty_whose_event_never_came_is_superseded_not_missed() -> None:
    duty = gated()
    found = duty.look("2025-01-22")
    assert (said(found), found.verdict) == (["superseded not_due_at_close"], Verdict.SUPERSEDED)


def test_a_duty_whose_event_came_late_in_the_year_is_superseded_at_the_closing() -> None:
    duty = gated(event_on=date(2024, 12, 31))
    duty.look("2024-12-31")
    assert duty.state.due == date(2025, 1, 22)
    assert duty.look("2025-01-22").verdict is Verdict.SUPERSEDED


def test_a_duty_whose_event_came_but_which_nobody_looked_at_is_missed_not_superseded() -> None:
    duty = gated(event_on=date(2024, 6, 3))
    assert said(duty.look("2025-01-22")) == ["opened", "missed", "missed close"]


def test_a_duty_never_opened_for_want_of_its_predecessor_is_missed_too() -> None:
    assert report(needs_done=False).look("2025-01-22").verdict is Verdict.MISSED


def test_what_was_handed_in_before_the_closing_stays_with_the_tracker() -> None:
    duty = late_since_april()
    duty.submit("2025-01-20")
    assert duty.look("2025-01-22").verdict is Verdict.AWAITS_REVIEW
    duty.act("2025-01-23", "accept")
    assert duty.look("2025-01-24").verdict is Verdict.DONE_LATE


def test_what_fell_due_before_adoption_is_never_chased() -> None:
    plan = make_plan(adopted_on=date(2024, 4, 1))
    duty = quarter(plan=plan)
    assert duty.state.status is Status.BEFORE_ADOPTION
    for day in ("2024-04-01", "2024-04-15", "2024-12-31", "2025-01-22"):
        assert duty.look(day).verdict is Verdict.NOTHING_OWED
    assert duty.notices() == []


def test_a_plan_adopted_in_mid_window_assigns_on_the_first_morning_after() -> None:
    duty = quarter(plan=make_plan(adopted_on=date(2024, 3, 16)))
    assert duty.look("2024-03-15").entries == ()
    assert said(duty.look("2024-03-18")) == ["opened", "assign assign"]
    assert said(duty.look("2024-03-22")) == ["remind remind-5"]


# -- what must hold of any life -----------------------------------------------------------------------

mornings = st.dates(date(2024, 1, 1), date(2025, 2, 10)).map(date.isoformat)
steps = st.one_of(
    st.tuples(st.just("look"), mornings),
    st.tuples(st.sampled_from(["sent", "bounced", "failed", "final"]), mornings),
    st.tuples(
        st.sampled_from(
            ["submit", "accept", "return", "extend_request", "extend", "waive", "acknowledge", "raise_difficulty"]
        ),
        mornings,
    ),
)
lives = st.sampled_from(["ke-hoach-thi-hanh", "kiem-soat", "chi-so", "phan-anh", "chuyen-doi-so"])


def take_step(duty: Duty, name: Any, day: str) -> None:
    if name == "look":
        duty.look(day)
    elif name in ("sent", "bounced", "failed"):
        duty.deliver(day, name)
    elif name == "final":
        duty.deliver(day, "failed", final=True)
    else:
        moment = date.fromisoformat(day)
        until = (duty.state.due or moment) + timedelta(days=20)
        try:
            duty.act(day, name, document="1/QĐ", signed=moment, reason="có lý do", until=until)
        except (ActError, ForbiddenTransitionError):
            assert duty.state == duty.facts.state


@given(lives, st.lists(steps, max_size=40), st.booleans())
def test_whatever_happens_in_whatever_order_no_notice_goes_to_anyone_twice(
    item: str, life: list[tuple[str, str]], needs_done: bool
) -> None:
    duty = Duty(make_facts(item, needs_done=needs_done, event_on=date(2024, 7, 1) if item == "chuyen-doi-so" else None))
    for name, day in life:
        take_step(duty, name, day)
        if name == "look":
            assert decide(duty.facts, at(day)).entries == ()  # the same look again finds nothing to do
    sent = [(checkpoint, recipient) for checkpoint, recipient, _ in duty.notices()]
    assert len(set(sent)) == len(sent)


@given(lives, st.lists(steps, max_size=25))
def test_in_any_forward_life_the_closing_leaves_nothing_without_an_outcome(
    item: str, life: list[tuple[str, str]]
) -> None:
    duty = Duty(make_facts(item))
    for name, day in sorted(life, key=lambda step: step[1]):
        if day < "2025-01-22":
            take_step(duty, name, day)
    verdict = duty.look("2025-01-22").verdict
    assert duty.state.status in (Status.SUBMITTED, Status.DONE, Status.WAIVED, Status.MISSED, Status.SUPERSEDED)
    assert (duty.state.status is Status.SUBMITTED) == (verdict is Verdict.AWAITS_REVIEW)
    assert (duty.state.status is Status.SUPERSEDED) == (
        item == "chuyen-doi-so" and duty.state.status is not Status.WAIVED
    )


@given(lives, st.lists(mornings, max_size=15))
def test_one_look_sends_at_most_one_notice_besides_escalation(item: str, days: list[str]) -> None:
    duty = Duty(make_facts(item))
    for day in sorted(days):
        found = duty.look(day)
        queued = [d.body["kind"] for d in found.entries if d.kind == "notice.queued"]
        assert len([kind for kind in queued if kind != "escalate"]) <= 1
        assert (found.verdict is Verdict.OVERDUE) == owed(duty.state, at(day).date())
        duty.deliver(day)


def test_planned_points_of_a_gated_duty_are_none() -> None:
    facts = make_facts("chuyen-doi-so")
    assert planned(facts, facts.state) == ()


def test_gravity_ranks_lateness_above_everything_and_only_lateness_fails_a_run() -> None:
    assert {Verdict.MISSED, Verdict.OVERDUE} == FAILING
    assert max(GRAVITY[verdict] for verdict in FAILING) < min(GRAVITY[verdict] for verdict in set(Verdict) - FAILING)


@pytest.mark.parametrize("status", Status)
def test_only_what_is_open_or_returned_and_past_due_is_owed(status: Status) -> None:
    state = replace(make_facts("ke-hoach-thi-hanh").state, status=status)
    assert owed(state, date(2024, 4, 1)) is (status in (Status.OPEN, Status.RETURNED))
    assert not owed(state, date(2024, 3, 31))
    assert not owed(replace(state, due=None), date(2024, 4, 1))
