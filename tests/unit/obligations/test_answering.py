"""What may be answered now, and the allowance of a link."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from factories import make_facts, make_state

from dondoc.obligations.act_table import UNITS_ANSWER
from dondoc.obligations.acts import is_late_now
from dondoc.obligations.allowed_answers import choices, may_answer
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.extension import ExtensionWindow, extension_span
from dondoc.obligations.lifecycle import ENDS, Status
from portal.shell.rate_limit import Allowance


def facts_at(status: Status) -> Facts:
    facts = make_facts("ke-hoach-thi-hanh")
    return replace(facts, state=make_state(facts.occurrence, status))


EARLY, DUE, LATE = date(2024, 3, 22), date(2024, 3, 31), date(2024, 4, 1)


def test_an_open_duty_offers_everything() -> None:
    found = choices(facts_at(Status.OPEN), EARLY, set())
    assert found == UNITS_ANSWER


@pytest.mark.parametrize("status", sorted(ENDS))
def test_an_ended_duty_offers_nothing(status: Status) -> None:
    assert choices(facts_at(status), EARLY, set()) == ()


@pytest.mark.parametrize(
    ("today", "acknowledged", "changes", "missing"),
    [
        (EARLY, True, {}, "acknowledge"),
        (LATE, False, {}, "extend_request"),
        (EARLY, False, {"extensions": 1}, "extend_request"),
        (EARLY, False, {"extension_asked": date(2024, 4, 30)}, "extend_request"),
        (EARLY, False, {"difficulty": True}, "raise_difficulty"),
        (EARLY, False, {"status": Status.SUBMITTED}, "submit"),
    ],
)
def test_what_is_settled_is_not_offered_again(
    today: date, acknowledged: bool, changes: dict[str, object], missing: str
) -> None:
    facts = facts_at(Status.OPEN)
    facts = replace(facts, state=replace(facts.state, **changes))  # type: ignore[arg-type]
    assert missing not in choices(facts, today, {"occurrence.acknowledged"} if acknowledged else set())


def test_an_extension_lies_after_due_within_policy_and_before_the_closing() -> None:
    facts = facts_at(Status.OPEN)
    assert extension_span(facts, DUE) == ExtensionWindow(date(2024, 4, 1), date(2024, 5, 30))
    late_in_year = replace(facts, state=replace(facts.state, due=date(2024, 12, 31)))
    found = extension_span(late_in_year, EARLY)
    assert found
    assert found.last < date(2025, 1, 25)


def test_only_lead_units_and_their_heads_answer() -> None:
    facts = facts_at(Status.OPEN)
    assert [p for p in ("unit:hcqt", "head:hcqt", "unit:ttpvks", "role:tracker", "hcqt") if may_answer(facts, p)] == [
        "unit:hcqt",
        "head:hcqt",
    ]


def test_lateness_is_judged_by_the_documents_date() -> None:
    facts = facts_at(Status.OPEN)
    assert [is_late_now(facts, signed, LATE) for signed in (None, DUE, LATE)] == [True, False, True]
    assert not is_late_now(facts, None, DUE)


def test_an_allowance_comes_back_with_time_and_is_each_links_own() -> None:
    now = [0.0]
    allowance = Allowance(2, 10, lambda: now[0])
    assert [allowance.take("a") for _ in range(3)] == [0, 0, 10]
    assert allowance.take("b") == 0
    now[0] = 10.0
    assert allowance.take("a") == 0
