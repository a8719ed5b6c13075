"""What `dondoc up` says comes up is the morning on which something really happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import pytest
from installation import Installation, at

from flows.sweep import sweep
from operations.coming_up import coming
from operations.installation import Installation as Deployed
from tasks.store.plans import adopt
from tasks.store.settle import check_occurrences

FRIDAY, SATURDAY, MONDAY = "2024-03-08", "2024-03-09", "2024-03-11"


def deployed(installation: Installation) -> Deployed:
    return Deployed(installation.engine, installation.rules, installation.settings)


@pytest.fixture
def late(make_installation: Callable[..., Installation]) -> Callable[[datetime], Deployed]:
    """The small plan under another name, adopted at a moment of the test's choosing; the first one is done with."""

    def adopted(moment: datetime) -> Deployed:
        here = make_installation()
        for item in here.plan.items:
            check_occurrences(here.engine, here.rules, here.plan.id, at(FRIDAY, "08:00"), item=item.id)
        second = replace(here.plan, family="muon", adopted_on=date(2024, 3, 1))
        adopt(here.engine, second, here.rules.policy, here.rules.calendar, moment, "test")
        return deployed(here)

    return adopted


@pytest.mark.parametrize("moment", [at(FRIDAY, "16:00"), at(SATURDAY, "10:00"), at("2024-03-10", "23:00")])
def test_a_plan_adopted_late_or_on_a_weekend_begins_on_the_next_working_morning(
    late: Callable[[datetime], Deployed], moment: datetime
) -> None:
    here = late(moment)
    said = coming(here, moment)
    assert said.startswith("11/03/2024 08:")
    # It is true: on that morning as many items are looked at with something to record.
    looked = check_occurrences(here.engine, here.rules, "muon-2024", at(MONDAY), dry_run=True)
    owed = {found.occurrence.split("/")[1] for found in looked if found.entries}
    assert len(owed) > 1
    assert f": {len(owed)} items" in said


def test_a_plan_adopted_in_the_night_begins_the_same_morning(late: Callable[[datetime], Deployed]) -> None:
    moment = at(MONDAY, "03:00")
    assert coming(late(moment), moment).startswith("11/03/2024 08:")


@pytest.mark.usefixtures("plain_tasks")
def test_where_nothing_is_left_to_do_it_is_the_next_morning_of_an_item(installation: Installation) -> None:
    sweep.fn(installation.plan.id, as_of=at(MONDAY))
    here, now = deployed(installation), at(MONDAY, "09:00")
    first = min(
        morning
        for found in here.compile(installation.plan)
        for morning in found.mornings
        if "item" in found.parameters and morning > now.replace(tzinfo=None)
    )
    assert coming(here, now).startswith(f"{first:%d/%m/%Y %H:%M}: ")


def test_of_several_plans_the_first_morning_counts_and_the_items_of_all(installation: Installation) -> None:
    now = at("2024-01-02", "07:45")
    alone = coming(deployed(installation), now)
    following = replace(installation.plan, year=2025, adopted_on=date(2025, 1, 2))
    adopt(installation.engine, following, installation.rules.policy, installation.rules.calendar, now, "test")
    assert coming(deployed(installation), now) == alone, "next year's plan begins next year"
    twin = replace(installation.plan, family="hai")
    adopt(installation.engine, twin, installation.rules.policy, installation.rules.calendar, now, "test")
    once, both = (int(said.split(": ")[1].split()[0]) for said in (alone, coming(deployed(installation), now)))
    assert both == 2 * once


def test_without_a_plan_nothing_is_scheduled(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    here = deployed(installation)
    monkeypatch.setattr(Deployed, "adopted", lambda _self: [])
    assert coming(here, at(MONDAY)) == "nothing is scheduled"
