"""The corners of a life's end: what each end is called when it is first seen, and what stays without a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from factories import at, make_facts, make_policy
from walking import Duty, said

from dondoc.obligations.decide import Facts, Verdict, decide, end_verdict, is_late
from dondoc.obligations.lifecycle import ENDS, Status
from dondoc.obligations.timing import cadence
from dondoc.plan.timings import ContinuousTiming, EveryTiming, ReferenceTiming


def ended(status: Status) -> Facts:
    """A duty that came to that end without a look at it since."""
    facts = make_facts("ke-hoach-thi-hanh")
    return replace(facts, state=replace(facts.state, status=status, ended_on=date(2024, 3, 1)))


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (Status.MISSED, Verdict.MISSED),
        (Status.SUPERSEDED, Verdict.SUPERSEDED),
        (Status.WAIVED, Verdict.WAIVED),
        (Status.DONE, Verdict.DONE_ON_TIME),
        (Status.BEFORE_ADOPTION, Verdict.NOTHING_OWED),
    ],
)
def test_the_first_look_after_an_end_says_which_it_was(status: Status, verdict: Verdict) -> None:
    assert end_verdict(ended(status).state) is verdict
    assert decide(ended(status), at("2024-03-04")).verdict is verdict


def test_only_an_end_has_a_day_on_which_it_ended() -> None:
    duty = Duty(make_facts("ke-hoach-thi-hanh"))
    duty.look("2024-01-02")
    duty.submit("2024-02-01")
    duty.act("2024-02-02", "return", reason="thiếu phụ lục")
    assert duty.state.status not in ENDS
    assert duty.state.ended_on is None
    duty.submit("2024-02-05")
    duty.act("2024-02-06", "accept")
    assert duty.state.ended_on == date(2024, 2, 6)


def test_what_was_due_when_it_was_superseded_is_withheld_as_superseded() -> None:
    """Its event came late, so that it is due on the closing day, with reminders that nobody sent: superseded, and said why it is silent."""
    duty = Duty(make_facts("chuyen-doi-so", event_on=date(2024, 12, 31)))
    duty.look("2024-12-31")
    found = decide(duty.facts, at("2025-01-22"))
    assert found.verdict is Verdict.SUPERSEDED
    (held,) = [draft for draft in found.entries if draft.kind == "notice.withheld"]
    assert held.body["reason"] == "superseded"
    assert said(found)[0] == "superseded not_due_at_close"


def test_a_submission_without_a_day_is_not_waited_for_and_never_late() -> None:
    facts = make_facts("ke-hoach-thi-hanh")
    state = replace(facts.state, status=Status.SUBMITTED, submitted_on=None, submissions=1)
    found = decide(replace(facts, state=state), at("2024-04-15"))
    assert found.verdict is Verdict.AWAITS_REVIEW
    assert [draft for draft in found.entries if draft.kind == "notice.queued"] == []
    assert not is_late(state)


@pytest.mark.parametrize(
    ("timing", "own"),
    [
        (ContinuousTiming(continuous=True), "continuous"),
        (ReferenceTiming(reference="NQ 131"), "by_reference"),
        (EveryTiming(every="policy"), "recurring"),
    ],
)
def test_policy_gives_a_cadence_only_where_the_plan_prints_none(timing: object, own: str) -> None:
    obligation = make_facts("chi-so").obligation
    policy = make_policy()
    assert cadence(obligation, policy) is None
    chosen = policy.cadence.model_copy(update={own: "half-year"})
    assert cadence(replace(obligation, timing=timing), policy.model_copy(update={"cadence": chosen})) == "half-year"  # type: ignore[arg-type]
