"""Drafting another year's plan into a file, for people to edit and adopt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from dondoc.decide import Verdict
from dondoc.rollover import rollover
from tasks.house import words
from tasks.morning import Morning
from tasks.store.plans import adopted
from tasks.store.settle import Looked


def draft_plan(source: Path, year: int, adopted_on: date, config: Path) -> str:
    """The text of a draft of `year` from the plan file `source`."""
    return rollover(source.read_text(encoding="utf-8"), year, adopted_on, words(config)["rollover_question"])


def draft_next_year(morning: Morning, looked: Sequence[Looked]) -> str:
    """When the duty opens, lay next year's draft under var/drafts, once; its path, or what stands in the way."""
    with morning.engine.connect() as connection:
        plan = adopted(connection, morning.plan)
    target = morning.settings.var / "drafts" / f"{plan.family}-{plan.year + 1}.yaml"
    opened = any(found.verdict is Verdict.ASSIGNED for found in looked)
    if morning.dry_run or not opened or target.exists():
        return target.name if target.exists() else "–"
    source = morning.settings.config / "plans" / f"{plan.year}.yaml"
    if not source.exists():
        return "–"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = draft_plan(source, plan.year + 1, date(plan.year + 1, 1, 2), morning.settings.config)
    unfinished = target.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(target)
    return target.name
