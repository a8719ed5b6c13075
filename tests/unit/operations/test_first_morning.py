"""The demonstration goes live on the last working morning: on any day of any year somebody then has a duty to answer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from office_files import CONFIG, real_calendar, real_office, real_policy

from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.mail.links import expiry
from dondoc.obligations.checkpoints import closing_day
from dondoc.obligations.decide import Facts, decide
from dondoc.obligations.lifecycle import initial
from dondoc.obligations.timing import occurrences
from dondoc.plan.plan import Plan
from dondoc.plan.plan_file import read_plan
from dondoc.planning.next_year import rollover
from operations.first_morning import last_morning

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def morning(moment: str) -> date:
    return last_morning(datetime.fromisoformat(moment).replace(tzinfo=ZONE), real_policy(), real_calendar())


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-22T23:00", date(2026, 11, 20)),  # a Sunday
        ("2026-11-23T08:29", date(2026, 11, 20)),  # a Monday before the mail
        ("2026-11-23T08:30", date(2026, 11, 23)),
        ("2026-11-23T00:00", date(2026, 11, 20)),
        ("2027-01-01T12:00", date(2026, 12, 31)),  # New Year's Day belongs to the old plan's last morning
        ("2027-01-04T09:00", date(2027, 1, 4)),
    ],
)
def test_the_last_morning_is_the_last_on_which_mail_went_out(now: str, day: date) -> None:
    assert morning(now) == day


@cache
def draft(year: int, day: date) -> Plan:
    text = rollover((CONFIG / "plans/2024.yaml").read_text(encoding="utf-8"), year, day, "{year}?")
    return read_plan(parse_yaml(text, "draft.yaml"), real_office())


def assigned(now: datetime) -> int:
    """How many duties are given out, with a link that is good at `now`, when a draft goes live then."""
    policy, calendar, office = real_policy(), real_calendar(), real_office()
    day = last_morning(now, policy, calendar)
    plan = draft(day.year, day)
    closes = closing_day(plan.year, policy, calendar)
    found = 0
    for occurrence in occurrences(plan, policy, calendar):
        item, state = plan.item(occurrence.item), initial(occurrence)
        facts = Facts(
            occurrence, item, item.obligation(occurrence.obligation), state, office, policy, calendar, plan.year,
            plan.adopted_on, needs_done=not occurrence.needs,
        )  # fmt: skip
        decision = decide(facts, datetime.combine(day, policy.look_at, tzinfo=ZONE))
        given = any(entry.body.get("kind") == "assign" for entry in decision.entries)
        found += given and expiry(decision.state.due, closes, ZONE) > now
    return found


@pytest.mark.parametrize("clock", ["08:29", "08:31"])
def test_whatever_the_day_somebody_has_something_to_answer(clock: str) -> None:
    turn = (date(2026, 12, 30) + timedelta(days=n) for n in range(7))
    for day in (*turn, *(date(2027, month, 28) for month in range(1, 13, 2)), date(2027, 2, 7), date(2026, 11, 22)):
        assert assigned(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE)) >= 5, day
