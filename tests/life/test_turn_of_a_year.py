"""The same life from December over the new year to the close and ten days beyond, and its twins; `make life LIFE=year`.

The disturbed life adopts next year's plan in December; its twin, to which nothing happens, adopts none. The machine is off
on most mornings. `LIFE=all` walks every working morning, each life with that plan and without.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from functools import cache

import pytest
from lived_year import EVERY_MORNING, LEADER, NEXT, PLAN, Lived, lived

LIVES = [(True, True), (False, False), *([(True, False), (False, True)] if EVERY_MORNING else [])]
every_life = pytest.mark.parametrize(("disturbed", "adopted"), LIVES)


@cache
def life(disturbed: bool, adopted: bool) -> Lived:
    """That life, lived once."""
    return lived(disturbed=disturbed, adopted=adopted)


@every_life
def test_the_plan_closes_after_its_last_duty_and_nothing_of_it_is_left(disturbed: bool, adopted: bool) -> None:
    seen = life(disturbed, adopted)
    assert list(seen.closed_on) == [PLAN]
    assert seen.closed_on[PLAN] > date(2027, 1, 20)
    assert set(seen.statuses.values()) <= {"done", "missed", "before_adoption"}
    assert seen.statuses[f"{PLAN}/mot/ket-qua/2026-12"] == "done", "submitted in time, reviewed after the closing"
    assert {status for _, status in seen.notices} <= {"sent", "withheld"}
    assert seen.unsent == 0
    assert "✗" not in seen.verified
    assert "0 would change" in seen.said["deploy"]


@every_life
def test_the_office_is_asked_for_next_years_plan_until_it_is_adopted(disturbed: bool, adopted: bool) -> None:
    seen = life(disturbed, adopted)
    asked = "no plan of 2027 is adopted" in seen.said["doctor at the end"]
    assert asked is not adopted
    assert (seen.awaited["role:head"] > 0) is not adopted
    assert seen.awaited["role:tracker"] >= 1
    assert (NEXT in seen.said["at the close"]) is adopted


@every_life
def test_every_mail_of_the_year_lies_in_one_mailbox_once(disturbed: bool, adopted: bool) -> None:
    seen = life(disturbed, adopted)
    assert [found for found, number in seen.delivered.items() if number > 1] == []
    assert seen.sent <= {message_id for _, message_id in seen.delivered}
    assert any(box == LEADER for box, _ in seen.delivered)


@pytest.mark.parametrize("twin", LIVES[1:])
def test_whatever_went_wrong_the_same_notices_left_as_without_it(twin: tuple[bool, bool]) -> None:
    ours, theirs = life(*LIVES[0]), life(*twin)
    assert ours.statuses == theirs.statuses
    assert _without_letters(ours.notices) == _without_letters(theirs.notices)
    assert ours.closed_on[PLAN] == theirs.closed_on[PLAN]


def _without_letters(notices: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """A letter's own notice is named by its bytes, which tell the time."""
    return Counter({(re.sub(r"letter-[0-9a-f]+", "letter", key), status): n for (key, status), n in notices.items()})
