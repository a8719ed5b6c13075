"""Drafting another year's plan into a file, for people to edit and adopt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from dondoc.foundation.yaml_positions import parse
from dondoc.ledger.ledger import Draft
from dondoc.obligations.decide import Decision, Facts, Verdict, leads
from dondoc.obligations.lifecycle import advance
from dondoc.obligations.state import ENDS, State
from dondoc.obligations.timing import Occurrence
from dondoc.office.rules import House
from dondoc.office.wording import Wording
from dondoc.plan.plan import Plan
from dondoc.plan.plan_file import read_plan
from dondoc.planning.carry_over import carry
from dondoc.planning.next_year import rollover
from tasks.config.loading import words
from tasks.config.run_context import Morning
from tasks.documents.planned import plan_document
from tasks.documents.writing import DOCX
from tasks.store.files import keep
from tasks.store.occurrences import rows
from tasks.store.plans import adopted, source_of
from tasks.store.settle import apply_to

_KEY = "draft-plan"
YAML = "application/yaml"


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
    words_of = vocabulary["rollover"]
    return rollover(text, year, adopted_on, words_of["once"], taken, words_of["basis"])


def draft_next_year(morning: Morning) -> str:
    """From the policy's day in November on, lay next year's draft under var/drafts (YAML and .docx) and mail it, once.

    Its name, or – before that day. What somebody edited in the file stays; the mail carries what was drafted.
    """
    with morning.engine.connect() as connection:
        plan = adopted(connection, morning.plan)
        text = source_of(connection, plan) or _printed(morning, plan)
        standing = [(row.occurrence, row.state) for row in rows(connection, plan.id)]
    folder = morning.settings.var / "drafts"
    target = folder / f"{plan.family}-{plan.year + 1}.yaml"
    if morning.dry_run or not text or morning.today < morning.house.policy.draft_day(plan.year):
        return target.name if target.exists() else "–"
    if not target.exists():
        house, first = morning.house, morning.house.calendar.on_or_after(date(plan.year + 1, 1, 1))
        config = morning.settings.config
        drafted = draft_plan(plan, text, plan.year + 1, first, config, house, morning.today, standing)
        _lay(target.with_suffix(".docx"), _document(morning, drafted))
        _lay(target, drafted.encode())
    _tell(morning, plan, target)
    return target.name


def _document(morning: Morning, text: str) -> bytes:
    found = read_plan(parse(text, "draft.yaml"), morning.house.office)
    return plan_document(found, morning.house, morning.settings.config, morning.now)


def _lay(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.replace(target)


def _tell(morning: Morning, plan: Plan, target: Path) -> None:
    """Queue the draft for the item's lead units and the tracker, on its first occurrence that has not ended."""
    with morning.engine.connect() as connection:
        open_ones = [row for row in rows(connection, plan.id, morning.item) if row.state.status not in ENDS]
    if not open_ones or _KEY in open_ones[0].state.settled:
        return
    made = [
        (path.name, media, path.read_bytes()) for path, media in ((target.with_suffix(".docx"), DOCX), (target, YAML))
    ]
    drafted = read_plan(parse(made[1][2].decode(), target.name), morning.house.office)
    files = [
        {"name": name, "type": media, "size": len(content), "sha256": keep(morning.settings.var / "files", content)}
        for name, media, content in made
    ]
    about = {"year": plan.year + 1, "questions": sum(bool(item.question) for item in drafted.items), "files": files}

    def decided(facts: Facts, at: datetime) -> Decision:
        if _KEY in facts.state.settled:  # another run told them meanwhile
            return Decision((), Verdict.NOTHING_OWED, facts.state)
        told = tuple(dict.fromkeys((*leads(facts), "role:tracker")))
        body = {"kind": "draft-plan", "checkpoint": _KEY, "recipients": list(told), "about": about}
        draft = Draft("notice.queued", plan.id, facts.occurrence.id, "dondoc", body, morning.run)
        state = advance(facts.state, draft, at.astimezone(facts.policy.zone).date())
        return Decision((draft,), Verdict.NOTHING_OWED, state)

    apply_to(morning.engine, morning.house, open_ones[0].occurrence.id, morning.now, decided)


def _printed(morning: Morning, plan: Plan) -> str:
    """The plan's file under config/plans, for a plan adopted before its text was kept."""
    source = morning.settings.config / "plans" / f"{plan.year}.yaml"
    return source.read_text(encoding="utf-8") if source.exists() else ""
