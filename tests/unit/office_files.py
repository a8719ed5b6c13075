"""The office's own files under config/, read as tests read them: office, policy, calendar and the plan of a year."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from dondoc.calendar.working_days import Calendar, read_overrides, working_calendar
from dondoc.foundation.yaml_positions import Located, parse_yaml
from dondoc.office.office import Office, read_office
from dondoc.office.policy import Policy, read_policy
from dondoc.plan.plan import Plan
from dondoc.plan.plan_file import read_plan

CONFIG = Path(__file__).parents[2] / "config"


def located(name: str) -> Located:
    """That file of config/, parsed."""
    return parse_yaml((CONFIG / name).read_text(encoding="utf-8"), name)


@cache
def real_office() -> Office:
    """config/office.yaml."""
    return read_office(located("office.yaml"))


@cache
def real_policy() -> Policy:
    """config/policy.yaml."""
    return read_policy(located("policy.yaml"))


@cache
def real_calendar() -> Calendar:
    """Vietnam's, with config/calendars/vietnam.yaml."""
    rules, estimated = read_overrides(located("calendars/vietnam.yaml"))
    return working_calendar(rules, estimated)


@cache
def real_plan(year: int = 2024) -> Plan:
    """config/plans/2024.yaml with its year (and the year of its adoption) changed to `year`."""
    file = located("plans/2024.yaml")
    file.value["year"] = year
    file.value["adopted_on"] = file.value["adopted_on"].replace(year=year)
    return read_plan(file, real_office())
