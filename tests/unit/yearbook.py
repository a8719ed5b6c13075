"""The walked year of `test_year` as a ledger export, and as what tables and scorecards are made from."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from functools import cache
from typing import Any

import yaml
from factories import ZONE, at
from office_files import CONFIG, real_calendar, real_office, real_plan, real_policy
from test_year import year

from dondoc.ledger.ledger import Draft, Head, link
from dondoc.obligations.snapshot import Tracked
from dondoc.office.rules import Rules
from dondoc.office.wording import Wording
from dondoc.reports.scorecard import Trace
from dondoc.reports.sheet_model import CountedFrom

HOUSE = Rules(real_office(), real_policy(), real_calendar())
WORDS: dict[str, Any] = {
    **yaml.safe_load((CONFIG / "words/vi/words.yaml").read_text(encoding="utf-8")),
    "tables": yaml.safe_load((CONFIG / "words/vi/tables.yaml").read_text(encoding="utf-8")),
}


@cache
def export() -> tuple[bytes, ...]:
    """The whole year as canonical lines: the adoption, then every entry in the order of its day."""
    duties = year().duties
    register = [
        {"id": d.facts.occurrence.id, "opens": _iso(d.facts.occurrence.opens), "due": _iso(d.facts.occurrence.due),
         "event": d.facts.occurrence.event, "before_adoption": d.facts.occurrence.before_adoption}
        for d in duties.values()
    ]  # fmt: skip
    plan = real_plan()
    drafts = [(plan.adopted_on, Draft("plan.adopted", plan.id, None, "test", {"register": register}))]
    drafts += sorted(
        ((day, draft) for duty in duties.values() for draft, day in duty.entries), key=lambda pair: pair[0]
    )
    head, lines = Head(), []
    for day, draft in drafts:
        entry = link(head, at(day.isoformat()), draft)
        head = entry.head
        lines.append(entry.line)
    return tuple(lines)


@cache
def seen() -> CountedFrom:
    """The year's ledger, up to its last entry."""
    last = json.loads(export()[-1])
    moment = datetime.fromisoformat(last["at"]).astimezone(ZONE)
    plan = real_plan()
    return CountedFrom(plan.id, plan.title, last["seq"], last["hash"], moment, moment.date())


@cache
def tracked() -> tuple[Tracked, ...]:
    """Every occurrence with its state at the end."""
    return tuple(Tracked(d.facts.occurrence, d.state, d.facts.item, d.facts.obligation) for d in year().duties.values())


@cache
def traces() -> dict[str, list[Trace]]:
    """The entries of each occurrence."""
    found: dict[str, list[Trace]] = defaultdict(list)
    for line in export():
        entry = json.loads(line)
        if entry["occurrence"]:
            day = datetime.fromisoformat(entry["at"]).astimezone(ZONE).date()
            found[entry["occurrence"]].append(Trace(entry["seq"], entry["kind"], day))
    return dict(found)


def wording() -> Wording:
    """The office's words on the ledger's last day."""
    return Wording(WORDS, HOUSE.office, HOUSE.calendar, seen().today, True)


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None
