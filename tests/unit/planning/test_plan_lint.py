"""What to look at before the head signs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from dondoc.obligations.timing import occurrences
from dondoc.plan.plan import Plan
from dondoc.plan.timings import ByTiming, UnprintedTiming
from dondoc.planning.plan_lint import CROWDED, Remark, remarks
from tasks.config.loading import load_rules, read_plan_file

CONFIG = Path(__file__).parents[3] / "config"
HOUSE = load_rules(CONFIG)
PLAN = read_plan_file(CONFIG / "plans/2024.yaml", HOUSE.office)


def found(plan: Plan) -> list[Remark]:
    register = occurrences(plan, HOUSE.policy, HOUSE.calendar)
    return remarks(plan, register, HOUSE.office, HOUSE.calendar)


def changed(**duty: object) -> Plan:
    """The plan with its second item's only result changed (one unit leads it, a product, a quarter)."""
    item = PLAN.items[1]
    other = replace(item, obligations=(replace(item.obligations[0], **duty),))  # type: ignore[arg-type]
    return replace(PLAN, items=(PLAN.items[0], other, *PLAN.items[2:]))


def new(plan: Plan) -> list[str]:
    """What is remarked on the second item of the changed plan."""
    return [remark.text for remark in found(plan) if remark.item == 1]


def test_a_sound_duty_gets_no_remark() -> None:
    assert new(PLAN) == []


def test_a_duty_without_product_or_time_is_remarked() -> None:
    assert any("no product" in text for text in new(changed(deliverable="")))
    assert any("no time is printed" in text for text in new(changed(timing=UnprintedTiming(unprinted=True), phrase="")))
    assert any("nobody can read" in text for text in new(changed(timing=UnprintedTiming(unprinted=True), phrase="mai")))


def test_two_units_that_both_lead_need_a_contact() -> None:
    assert any("none answers" in text for text in new(changed(lead=("hcqt", "ttpvks"))))
    assert new(changed(lead=("hcqt", "ttpvks"), contact="hcqt")) == []


def test_a_due_date_on_tet_is_told_with_the_last_working_day_before_it() -> None:
    (text,) = new(changed(timing=ByTiming(by="02-11"), phrase="11/02/2024"))
    assert "inside a holiday" in text
    assert "07/02/2024" in text


def test_a_year_that_is_not_the_plans_and_a_reading_nobody_confirmed_are_remarked() -> None:
    assert any("2019" in text for text in new(changed(phrase="Quý II/2019")))
    assert any("confirmed by nobody" in text for text in new(changed(reading="x", reading_by=None)))


def test_thirty_results_on_one_day_are_remarked() -> None:
    item = PLAN.items[1]
    duties = tuple(replace(item.obligations[0], id=f"d{n}", timing=ByTiming(by="05-15")) for n in range(CROWDED))
    crowded = replace(PLAN, items=(replace(item, obligations=duties),), adopted_on=date(2024, 1, 2))
    assert any(remark.text.startswith(f"{CROWDED} results are due on 15/05/2024") for remark in found(crowded))
