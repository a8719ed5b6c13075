"""The transition table, pair by pair, and the state as a fold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest
from factories import make_facts, make_occurrence, make_plan, make_state
from hypothesis import given
from hypothesis import strategies as st

from dondoc.foundation.errors import ForbiddenTransitionError
from dondoc.ledger.ledger import ENTRY_KINDS, Draft
from dondoc.obligations.lifecycle import (
    ENDS,
    OWED,
    TRANSITIONS,
    State,
    Status,
    advance,
    fold,
    from_json,
    initial,
    may_follow,
    to_json,
)

OCCURRENCE = make_occurrence("ke-hoach-thi-hanh")
DAY = date(2024, 3, 5)

# The whole table once more, typed by hand: for each status what may follow, and where it leads.
TABLE: dict[str, dict[str, str]] = {
    "gated": {"opened": "open", "amended": "gated", "waived": "waived", "superseded": "superseded"},
    "planned": {
        "opened": "open", "submitted": "submitted", "difficulty_raised": "planned", "difficulty_answered": "planned",
        "amended": "planned", "waived": "waived", "superseded": "superseded", "missed": "missed",
    },
    "open": {
        "submitted": "submitted", "partly_done": "open", "acknowledged": "open", "extension_requested": "open", "extended": "open",
        "extension_refused": "open", "difficulty_raised": "open", "difficulty_answered": "open",
        "amended": "open", "waived": "waived", "superseded": "superseded", "missed": "missed",
    },
    "returned": {
        "submitted": "submitted", "partly_done": "returned", "acknowledged": "returned", "extension_requested": "returned",
        "extended": "returned", "extension_refused": "returned", "difficulty_raised": "returned",
        "difficulty_answered": "returned", "amended": "returned", "waived": "waived", "superseded": "superseded", "missed": "missed",
    },
    "submitted": {
        "accepted": "done", "returned": "returned", "extension_refused": "submitted",
        "difficulty_raised": "submitted", "difficulty_answered": "submitted",
        "amended": "submitted", "waived": "waived", "superseded": "superseded", "missed": "missed",
    },
    "done": {}, "waived": {}, "superseded": {}, "missed": {}, "before_adoption": {},
}  # fmt: skip
MOVES = sorted(kind for kind in ENTRY_KINDS if kind.startswith("occurrence."))
BODY: dict[str, Any] = {
    "opens": "2024-01-01",
    "due": "2024-03-31",
    "until": "2024-04-30",
    "policy": {"remind": [5], "last_call": True, "escalation": [{"after": 3, "roles": ["tracker"]}]},
}


def entry(kind: str, /, **body: Any) -> Draft:
    return Draft(kind, OCCURRENCE.plan, OCCURRENCE.id, "dondoc", {**BODY, **body})


def test_the_table_speaks_of_every_status() -> None:
    assert set(TABLE) == {status.value for status in Status}


@pytest.mark.parametrize(("status", "kind"), list(product(Status, MOVES)))
def test_each_pair_is_allowed_or_forbidden_as_the_table_says(status: Status, kind: str) -> None:
    state = make_state(OCCURRENCE, status)
    after = TABLE[status.value].get(kind.removeprefix("occurrence."))
    assert may_follow(status, kind) is (after is not None)
    if after is None:
        with pytest.raises(ForbiddenTransitionError, match=str(status)):
            advance(state, entry(kind), DAY)
    else:
        assert advance(state, entry(kind), DAY).status == Status(after)


def test_the_program_has_no_pair_that_the_table_lacks() -> None:
    assert {
        (status.value, kind.removeprefix("occurrence."), after.value) for (status, kind), after in TRANSITIONS.items()
    } == {(status, kind, after) for status, row in TABLE.items() for kind, after in row.items()}


def test_ends_have_no_exits_and_everything_else_can_end() -> None:
    assert {status.value for status, row in ((Status(s), r) for s, r in TABLE.items()) if not row} == {
        s.value for s in ENDS
    }
    for status in set(Status) - ENDS:
        assert set(TABLE[status.value].values()) & {end.value for end in ENDS}


def test_every_status_can_be_reached() -> None:
    reached = {initial(OCCURRENCE).status, initial(make_occurrence("chuyen-doi-so")).status}
    reached.add(initial(replace(OCCURRENCE, before_adoption=True)).status)
    for _ in Status:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}
    assert reached == set(Status)


def test_what_is_owed_is_open_or_returned() -> None:
    assert {Status.OPEN, Status.RETURNED} == OWED


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("kind", sorted(ENTRY_KINDS - set(MOVES)))
def test_entries_that_are_not_about_a_status_move_none(status: Status, kind: str) -> None:
    body = {"kind": "remind", "checkpoint": "remind-5", "checkpoints": [], "recipients": [], "step": 1}
    assert may_follow(status, kind)
    assert advance(make_state(OCCURRENCE, status), entry(kind, **body), DAY).status is status


def test_a_new_occurrence_is_planned_gated_or_before_adoption() -> None:
    assert initial(OCCURRENCE).status is Status.PLANNED
    assert initial(make_occurrence("chuyen-doi-so")).status is Status.GATED
    plan = make_plan(adopted_on=date(2024, 4, 1))
    assert initial(make_occurrence("ke-hoach-thi-hanh", plan=plan)).status is Status.BEFORE_ADOPTION


def test_an_end_is_dated_by_the_entry_that_brought_it() -> None:
    assert advance(make_state(OCCURRENCE), entry("occurrence.waived"), DAY).ended_on == DAY


def test_opening_freezes_the_policy_and_the_dates() -> None:
    state = advance(initial(OCCURRENCE), entry("occurrence.opened"), DAY)
    assert (state.opened_on, state.opens, state.due) == (DAY, date(2024, 1, 1), date(2024, 3, 31))
    assert (state.escalation, state.rhythm) == (((3, ("tracker",)),), ((5,), True))


def test_an_extension_keeps_the_original_date() -> None:
    state = advance(make_state(OCCURRENCE), entry("occurrence.extended"), DAY)
    assert (state.original_due, state.due, state.extensions) == (date(2024, 3, 31), date(2024, 4, 30), 1)


def test_lateness_goes_by_the_documents_date_else_by_the_submission() -> None:
    signed = advance(make_state(OCCURRENCE), entry("occurrence.submitted", signed="2024-03-01"), DAY)
    unsigned = advance(make_state(OCCURRENCE), entry("occurrence.submitted"), DAY)
    assert (signed.finished_on, signed.submitted_on) == (date(2024, 3, 1), DAY)
    assert unsigned.finished_on == DAY


def test_a_return_takes_back_the_submission_and_starts_the_reminders_again() -> None:
    submitted = advance(make_state(OCCURRENCE), entry("occurrence.submitted", signed="2024-03-01"), DAY)
    state = advance(submitted, entry("occurrence.returned"), DAY)
    assert (state.finished_on, state.revision, state.revised_on, state.returns) == (None, 1, DAY, 1)


def test_handing_in_withdraws_a_request_for_more_time() -> None:
    asked = advance(make_state(OCCURRENCE), entry("occurrence.extension_requested"), DAY)
    assert asked.extension_asked == date(2024, 4, 30)
    assert advance(asked, entry("occurrence.submitted"), DAY).extension_asked is None
    assert advance(asked, entry("occurrence.extension_refused"), DAY).extension_asked is None
    assert advance(asked, entry("occurrence.extended"), DAY).extension_asked is None


# -- deliveries ---------------------------------------------------------------------------------------


def delivery(
    kind: str, /, checkpoint: str = "overdue", notice: str = "overdue", recipient: str = "unit:hcqt", **body: Any
) -> Draft:
    return entry(f"notice.{kind}", kind=notice, checkpoint=checkpoint, recipient=recipient, **body)


def told_late(state: State, *leads: str, checkpoint: str = "overdue") -> State:
    told = {"recipients": [*leads, "unit:phoi-hop"], "leads": list(leads)}
    return advance(state, entry("notice.queued", kind="overdue", checkpoint=checkpoint, **told), DAY)


def test_the_accepted_overdue_notice_starts_the_clock_of_escalation_once() -> None:
    first = advance(told_late(make_state(OCCURRENCE), "unit:hcqt"), delivery("sent"), date(2024, 4, 1))
    assert first.late_notice_accepted_on == date(2024, 4, 1)
    assert advance(first, delivery("sent"), date(2024, 4, 2)).late_notice_accepted_on == date(2024, 4, 1)


def test_with_two_lead_units_it_starts_when_the_last_of_them_is_told() -> None:
    state = told_late(make_state(OCCURRENCE), "unit:a", "unit:b")
    one = advance(state, delivery("sent", recipient="unit:a"), date(2024, 4, 1))
    assert one.late_notice_accepted_on is None
    assert advance(one, delivery("sent", recipient="unit:b"), date(2024, 4, 3)).late_notice_accepted_on == date(
        2024, 4, 3
    )
    lost = advance(one, delivery("failed", recipient="unit:b", final=True), date(2024, 4, 4))
    assert (lost.late_notice_accepted_on, lost.late_notice_failed_on) == (date(2024, 4, 4), None)


def test_a_coordinating_unit_that_is_told_does_not_start_it() -> None:
    state = told_late(make_state(OCCURRENCE), "unit:hcqt")
    assert advance(state, delivery("sent", recipient="unit:phoi-hop"), DAY) == state


@pytest.mark.parametrize("notice", ["remind", "assign", "escalate", "missed"])
def test_no_other_notice_starts_it(notice: str) -> None:
    state = make_state(OCCURRENCE)
    assert advance(state, delivery("sent", notice=notice), DAY) == state
    assert advance(state, delivery("failed", notice=notice, final=True), DAY) == state


@pytest.mark.parametrize("revision", ["occurrence.extended", "occurrence.returned"])
def test_a_late_delivery_of_an_older_overdue_notice_does_not_start_it(revision: str) -> None:
    status = Status.SUBMITTED if revision.endswith("returned") else Status.OPEN
    state = told_late(make_state(OCCURRENCE, status), "unit:hcqt")
    state = told_late(advance(state, entry(revision), DAY), "unit:hcqt", checkpoint="overdue~1")
    assert advance(state, delivery("sent", "overdue"), DAY) == state
    assert advance(state, delivery("failed", "overdue", final=True), DAY) == state
    assert advance(state, delivery("sent", "overdue~1"), DAY).late_notice_accepted_on == DAY


def test_a_bounce_takes_the_acceptance_back_and_only_a_final_one_counts_as_an_answer() -> None:
    sent = advance(told_late(make_state(OCCURRENCE), "unit:hcqt"), delivery("sent"), DAY)
    bounced = advance(sent, delivery("bounced"), DAY)
    assert (bounced.late_notice_accepted_on, bounced.late_notice_failed_on) == (None, None)
    assert advance(sent, delivery("bounced", final=True), DAY).late_notice_failed_on == DAY
    assert advance(sent, delivery("failed"), DAY).late_notice_failed_on is None


def test_a_single_mail_held_back_is_not_a_look_at_the_end() -> None:
    done = make_state(OCCURRENCE, Status.DONE)
    held = advance(done, entry("notice.withheld", checkpoints=["assign"], recipient="unit:hcqt"), DAY)
    assert held.end_seen is False
    assert advance(done, entry("notice.withheld", checkpoints=["assign"]), DAY).end_seen is True


# -- folding and keeping ------------------------------------------------------------------------------


def test_folding_is_advancing_entry_by_entry() -> None:
    entries = [
        (entry("occurrence.opened"), date(2024, 1, 2)),
        (entry("occurrence.submitted", signed="2024-03-04"), date(2024, 3, 5)),
        (entry("occurrence.accepted"), date(2024, 3, 7)),
    ]
    state = initial(OCCURRENCE)
    for draft, day in entries:
        state = advance(state, draft, day)
    assert fold(OCCURRENCE, entries) == state
    assert (state.status, state.signed_on, state.ended_on) == (Status.DONE, date(2024, 3, 4), date(2024, 3, 7))


texts = st.text(max_size=8)
dates = st.none() | st.dates()
states = st.builds(
    State,
    status=st.sampled_from(Status),
    **dict.fromkeys(("opens", "due", "original_due", "revised_on", "opened_on", "submitted_on", "signed_on", "ended_on", "extension_asked", "late_notice_accepted_on", "late_notice_failed_on"), dates),
    **{name: st.integers(0, 9) for name in ("revision", "extensions", "submissions", "returns")},
    **{name: st.booleans() for name in ("end_seen", "difficulty")},
    settled=st.lists(texts).map(tuple),
    told_late=st.lists(texts).map(tuple),
    late_notice_awaits=st.lists(texts).map(tuple),
    late_notice_reached=st.lists(texts).map(tuple),
    steps_done=st.lists(st.integers(1, 9)).map(tuple),
    escalation=st.lists(st.tuples(st.integers(0, 60), st.lists(texts).map(tuple))).map(tuple),
    rhythm=st.none() | st.tuples(st.lists(st.integers(1, 60)).map(tuple), st.booleans()),
    document=st.none() | texts,
)  # fmt: skip


@given(states)
def test_a_state_survives_its_json(state: State) -> None:
    assert from_json(json.loads(json.dumps(to_json(state)))) == state


def test_a_states_json_is_what_the_facts_hold() -> None:
    state = make_facts("ke-hoach-thi-hanh").state
    assert to_json(state)["due"] == "2024-03-31"
