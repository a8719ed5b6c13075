"""Drafting another year's plan into a file, for people to edit and adopt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from dondoc.carry import carry
from dondoc.house import House
from dondoc.plan import Plan
from dondoc.rollover import rollover
from dondoc.state import State
from dondoc.timing import Occurrence
from dondoc.wording import Wording
from tasks.house import words
from tasks.morning import Morning
from tasks.store.occurrences import rows
from tasks.store.plans import adopted, source_of


def draft_plan(
    plan: Plan,
    text: str,
    year: int,
    adopted_on: date,
    config: Path,
    house: House,
    today: date,
    standing: Iterable[tuple[Occurrence, State]] = (),
) -> str:
    """The text of a draft of `year` from a plan and the text of its file, with what stands unfinished in it `today`."""
    vocabulary = words(config)
    wording = Wording(vocabulary, house.office, house.calendar, today, portal=False)
    taken = carry(plan, standing, year, house.office, wording)
    return rollover(text, year, adopted_on, vocabulary["rollover"]["once"], taken)


def draft_next_year(morning: Morning) -> str:
    """From the policy's day in November on, lay next year's draft under var/drafts, once; its name, or – before that."""
    with morning.engine.connect() as connection:
        plan = adopted(connection, morning.plan)
        source = source_of(connection, plan)
    target = morning.settings.var / "drafts" / f"{plan.family}-{plan.year + 1}.yaml"
    if target.exists():
        return target.name
    text = source or _printed(morning, plan)
    if morning.dry_run or not text or morning.today < morning.house.policy.draft_day(plan.year):
        return "–"
    with morning.engine.connect() as connection:
        standing = [(row.occurrence, row.state) for row in rows(connection, plan.id)]
    house, year = morning.house, plan.year + 1
    first = house.calendar.on_or_after(date(year, 1, 1))
    draft = draft_plan(plan, text, year, first, morning.settings.config, house, morning.today, standing)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    unfinished.write_text(draft, encoding="utf-8")
    unfinished.replace(target)
    return target.name


def _printed(morning: Morning, plan: Plan) -> str:
    """The plan's file under config/plans, for a plan adopted before its text was kept."""
    source = morning.settings.config / "plans" / f"{plan.year}.yaml"
    return source.read_text(encoding="utf-8") if source.exists() else ""
