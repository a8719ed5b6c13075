"""A date of signing long before the period, or in an earlier year: asked back by every channel that can ask, and marked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from factories import at, make_facts, make_state

from dondoc.obligations.acts import Act, ActError, ActName, faults, take
from dondoc.obligations.lifecycle import Status

PLANNED = make_facts("ke-hoach-thi-hanh")
FACTS = replace(PLANNED, state=make_state(PLANNED.occurrence, Status.OPEN))  # opens 01/01/2024, due 31/03/2024
EARLY = date(2006, 3, 20)
TODAY = date(2024, 3, 22)


def codes(name: ActName = "submit", **given: Any) -> list[tuple[str, str]]:
    act = Act(name, **{"document": "12/BC-VP", "note": "x", **given})
    return [(fault.code, fault.field) for fault in faults(FACTS, act, TODAY)]


@pytest.mark.parametrize("channel", ["portal", "cli", "prefect"])
@pytest.mark.parametrize("name", ["submit", "report_part"])
@pytest.mark.parametrize("signed", [EARLY, date(2023, 12, 31), date(2023, 3, 20), date(204, 3, 20)])
def test_it_is_asked_back_until_that_very_date_is_confirmed(channel: str, name: ActName, signed: date) -> None:
    asked = [("signed_early", "signed")]
    assert codes(name, channel=channel, signed=signed) == asked
    assert codes(name, channel=channel, signed=signed, confirmed=date(2005, 1, 1)) == asked, "another was confirmed"
    assert codes(name, channel=channel, signed=signed, confirmed=signed) == []


@pytest.mark.parametrize("signed", [date(2024, 1, 1), date(2024, 3, 20), None])
def test_an_ordinary_date_is_not_asked_back(signed: date | None) -> None:
    assert codes(channel="portal", signed=signed) == []


def test_a_date_after_today_is_told_as_that() -> None:
    assert codes(channel="portal", signed=date(2024, 3, 25)) == [("signed_later", "signed")]


@pytest.mark.parametrize("name", ["submit", "report_part"])
def test_what_is_insisted_on_is_taken_and_marked_for_the_reviewer(name: ActName) -> None:
    act = Act(name, document="1", note="x", signed=EARLY, confirmed=EARLY, channel="portal")
    entry, notice = take(FACTS, act, at("2024-03-22"), "unit:hcqt").entries
    assert entry.body["early"] == "2006-03-20"
    assert notice.body["about"]["early"] == "2006-03-20"
    assert "confirmed" not in entry.body


def test_the_command_line_says_how_to_confirm() -> None:
    with pytest.raises(
        ActError, match=r"dated 20/03/2006, long before its period opens on 01/01/2024; .*--confirm-signed"
    ):
        take(FACTS, Act("submit", document="1", signed=EARLY, channel="cli"), at("2024-03-22"), "unit:hcqt")


def test_a_decision_of_last_year_may_waive() -> None:
    assert not any(code == "signed_early" for code, _ in codes("waive", signed=date(2023, 5, 1), reason="x"))
