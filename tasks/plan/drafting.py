"""Drafting another year's plan into a file, for people to edit and adopt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.ledger.ledger import Draft
from dondoc.obligations.decide import Decision, Facts, Verdict, leads
from dondoc.obligations.lifecycle import advance
from dondoc.obligations.state import ENDS, State
from dondoc.obligations.timing import Occurrence
from dondoc.office.rules import Rules
from dondoc.office.wording import Wording
from dondoc.plan.plan import Plan
from dondoc.plan.plan_file import read_plan
from dondoc.planning.carry_over import carry
from dondoc.planning.next_year import rollover
from tasks.config.loading import words
from tasks.config.run_context import RunContext
from tasks.documents.planned import plan_document
from tasks.documents.writing import DOCX
from tasks.store.files import keep_file
from tasks.store.occurrences import tracked_rows
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
    rules: Rules,
    today: date,
    standing: Iterable[tuple[Occurrence, State]] = (),
) -> str:
    """The text of a draft of `year` from a plan and the text of its file, with what stands unfinished in it `today`."""
    vocabulary = words(config)
    wording = Wording(vocabulary, rules.office, rules.calendar, today, portal=False)
    taken = carry(plan, standing, year, rules.office, wording)
    words_of = vocabulary["rollover"]
    return rollover(text, year, adopted_on, words_of["once"], taken, words_of["basis"])


def draft_next_year(context: RunContext) -> str:
    """From the policy's day in November on, lay next year's draft under var/drafts (YAML and .docx) and mail it, once.

    Its name, or – before that day. What somebody edited in the file stays; the mail carries what was drafted.
    """
    with context.engine.connect() as connection:
        plan = adopted(connection, context.plan)
        text = source_of(connection, plan) or _printed(context, plan)
        standing = [(row.occurrence, row.state) for row in tracked_rows(connection, plan.id)]
    folder = context.settings.var / "drafts"
    target = folder / f"{plan.family}-{plan.year + 1}.yaml"
    if context.dry_run or not text or context.today < context.rules.policy.draft_day(plan.year):
        return target.name if target.exists() else "–"
    if not target.exists():
        rules, first = context.rules, context.rules.calendar.on_or_after(date(plan.year + 1, 1, 1))
        config = context.settings.config
        drafted = draft_plan(plan, text, plan.year + 1, first, config, rules, context.today, standing)
        _lay(target.with_suffix(".docx"), _document(context, drafted))
        _lay(target, drafted.encode())
    _tell(context, plan, target)
    return target.name


def _document(context: RunContext, text: str) -> bytes:
    found = read_plan(parse_yaml(text, "draft.yaml"), context.rules.office)
    return plan_document(found, context.rules, context.settings.config, context.now)


def _lay(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.replace(target)


def _tell(context: RunContext, plan: Plan, target: Path) -> None:
    """Queue the draft for the item's lead units and the tracker, on its first occurrence that has not ended."""
    with context.engine.connect() as connection:
        open_ones = [row for row in tracked_rows(connection, plan.id, context.item) if row.state.status not in ENDS]
    if not open_ones or _KEY in open_ones[0].state.settled:
        return
    made = [
        (path.name, media, path.read_bytes()) for path, media in ((target.with_suffix(".docx"), DOCX), (target, YAML))
    ]
    drafted = read_plan(parse_yaml(made[1][2].decode(), target.name), context.rules.office)
    files = [
        {
            "name": name,
            "type": media,
            "size": len(content),
            "sha256": keep_file(context.settings.var / "files", content),
        }
        for name, media, content in made
    ]
    about = {"year": plan.year + 1, "questions": sum(bool(item.question) for item in drafted.items), "files": files}

    def decided(facts: Facts, at: datetime) -> Decision:
        if _KEY in facts.state.settled:  # another run told them meanwhile
            return Decision((), Verdict.NOTHING_OWED, facts.state)
        told = tuple(dict.fromkeys((*leads(facts), "role:tracker")))
        body = {"kind": "draft-plan", "checkpoint": _KEY, "recipients": list(told), "about": about}
        draft = Draft("notice.queued", plan.id, facts.occurrence.id, "dondoc", body, context.run)
        state = advance(facts.state, draft, at.astimezone(facts.policy.zone).date())
        return Decision((draft,), Verdict.NOTHING_OWED, state)

    apply_to(context.engine, context.rules, open_ones[0].occurrence.id, context.now, decided)


def _printed(context: RunContext, plan: Plan) -> str:
    """The plan's file under config/plans, for a plan adopted before its text was kept."""
    source = context.settings.config / "plans" / f"{plan.year}.yaml"
    return source.read_text(encoding="utf-8") if source.exists() else ""
