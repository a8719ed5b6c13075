"""Publishing the monthly index, or holding it and telling the lead unit exactly what is missing or doubtful.

A month is published once for each version of its figures; what holds it is told once, and again after so many working
days while it lasts. Both are notices of the month's own occurrence: they go with the morning's mail.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from dondoc.foundation.canonical import digest
from dondoc.index.blockers import hindrance_words, points
from dondoc.index.figures import Reading
from dondoc.ledger.ledger import Draft
from dondoc.obligations.decide import Decision, Facts, Verdict, leads
from dondoc.obligations.lifecycle import ENDS, Status, advance
from dondoc.obligations.snapshot import Tracked
from tasks.config.run_context import RunContext
from tasks.index.months import IndexMonths, index_months, trend_of
from tasks.index.wording import index_lines, month_words, picture_words, trend_json, unit_lines
from tasks.store.occurrences import tracked_rows
from tasks.store.plans import adopted
from tasks.store.settle import Checked, apply_to
from tasks.store.tables import ledger


@dataclass
class Indexed:
    """What publishing did: a line a month that changed, the months published, what was recorded, and where all stand."""

    lines: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    checked: list[Checked] = field(default_factory=list)
    standing: IndexMonths = field(kw_only=True)


@dataclass(frozen=True)
class _Owed:
    """What one month owes now: entries under a checkpoint that is settled once."""

    checkpoint: str
    kind: str
    facts: dict[str, Any]
    notice: str
    leaders: tuple[str, ...]
    about: dict[str, Any]
    record: bool = True


def publish_index(context: RunContext, item: str, reading: Reading | None = None) -> Indexed:
    """Publish every month that is whole and undoubted and not published yet; hold the others and say why.

    `reading` tells of files that were not accepted. A rehearsal records nothing.
    """
    with context.engine.connect() as connection:
        plan = adopted(connection, context.plan)
        found = {row.occurrence.period: row for row in tracked_rows(connection, context.plan, item)}
        stands = index_months(connection, context.settings.config, context.plan, plan.year)
        since = _held_since(connection, context)
    done = Indexed(standing=stands)
    for month, row in found.items():
        if row.state.status is Status.BEFORE_ADOPTION:
            continue
        owed = _owed(context, stands, month, row, reading, since)
        if owed is None or owed.checkpoint in row.state.settled:
            continue
        if owed.notice == "index":
            done.published.append(month)
            line = stands.rules.words.published.format(
                month=month_words(month, stands.rules.words), total=owed.about["total"]
            )
        else:
            why = "; ".join(owed.about["lines"])
            line = stands.rules.words.held.format(month=month_words(month, stands.rules.words), why=why)
        done.lines.append(line)
        if not context.dry_run:
            done.checked.append(_apply(context, row, owed))
    return done


def _owed(
    context: RunContext,
    stands: IndexMonths,
    month: str,
    row: Tracked,
    reading: Reading | None,
    since: dict[tuple[str, str], date],
) -> _Owed | None:
    version = stands.versions.get(month)
    unaccepted = _unaccepted(context, stands, month, row, reading)
    if unaccepted:
        return _hold(context, stands, month, version.version if version else 0, unaccepted, True, since)
    if version is None:
        return None
    hindered = stands.hindered[month]
    if hindered:
        lacking = any(not hindrance.doubt for hindrance in hindered)
        return _hold(context, stands, month, version.version, hindrance_words(hindered, stands.rules), lacking, since)
    index = stands.indexes[month]
    trend = trend_of(stands, until=month)
    words = stands.rules.words
    facts = {
        "month": month,
        "version": version.version,
        "figures_seq": version.seq,
        "figures_sha256": version.sha256,
        "total": str(index.total.score),
        "groups": [{"name": one.name, "max": one.max, "score": str(one.score)} for one in index.groups],
        "scores": {c.metric.code: str(c.score) for c in index.components if c.score is not None},
        "rules_sha256": digest([[m.code, m.formula, str(m.full_at), m.den0, m.max] for m in stands.metrics.listed]),
    }
    units = stands.units(month)
    if units:
        facts["units"] = [
            {"unit": one.unit, "total": None if one.index.total.score is None else str(one.index.total.score)}
            for one in units
        ]
    about = {
        "month": month_words(month, words),
        "version": version.version,
        "replaces": any(f"index-{earlier}" in row.state.settled for earlier in range(1, version.version)),
        "total": points(index.total.score),
        "lines": [*index_lines(stands, month), *unit_lines(units, context.rules.office, words)],
        "trend": trend_json(trend),
        "alt": picture_words(trend, stands.year, stands.rules),
    }
    return _Owed(f"index-{version.version}", "figures.published", facts, "index", stands.rules.leaders, about)


def _unaccepted(
    context: RunContext, stands: IndexMonths, month: str, row: Tracked, reading: Reading | None
) -> list[str]:
    """What is wrong with a month's file that is there but was not accepted, once it should have been."""
    found = reading.months.get(month) if reading else None
    if reading is None or found is None or found.complete or (row.state.status in ENDS and month in stands.versions):
        return []
    act_by = row.occurrence.act_by
    if found.closed_on > context.today and (act_by is None or context.today < act_by):
        return []  # still being filled in
    names = {metric.code: metric.name for metric in stands.metrics.listed}
    missing = [stands.rules.words.reasons["missing"].format(code=code, name=names[code]) for code in found.missing]
    return [*missing, *(str(fault) for fault in found.faults)][:40]


def _hold(
    context: RunContext, stands: IndexMonths, month: str, version: int, lines: list[str], lacking: bool,
    since: dict[tuple[str, str], date],
) -> _Owed:  # fmt: skip
    key = f"{version}-{digest(lines)[:8]}"
    first = since.get((month, key))
    times = context.rules.calendar.between(first, context.today) // stands.rules.chase_working_days if first else 0
    facts = {"month": month, "version": version, "key": key, "reasons": lines}
    about = {"month": month_words(month, stands.rules.words), "version": version, "lacking": lacking, "lines": lines}
    return _Owed(f"figures-{key}.{times}", "figures.held", facts, "figures", (), about, record=first is None)


def _apply(context: RunContext, row: Tracked, owed: _Owed) -> Checked:
    def decided(facts: Facts, at: datetime) -> Decision:
        if owed.checkpoint in facts.state.settled:
            return Decision((), Verdict.NOTHING_OWED, facts.state)
        known = [facts.office.role(role) for role in owed.leaders]
        recipients = [*leads(facts), *(f"role:{role.id}" for role in known if role and role.email)]
        notice = {"kind": owed.notice, "checkpoint": owed.checkpoint, "recipients": recipients, "about": owed.about}
        bodies = [(owed.kind, owed.facts)] if owed.record else []
        drafts = [
            Draft(kind, context.plan, facts.occurrence.id, "dondoc", body, context.run)
            for kind, body in (*bodies, ("notice.queued", notice))
        ]
        state = facts.state
        for draft in drafts:
            state = advance(state, draft, at.astimezone(facts.policy.zone).date())
        return Decision(tuple(drafts), Verdict.NOTHING_OWED, state)

    return apply_to(context.engine, context.rules, row.occurrence.id, context.now, decided)


def _held_since(connection: sa.Connection, context: RunContext) -> dict[tuple[str, str], date]:
    """(month, key of what holds it) → the day that was first recorded."""
    query = sa.select(ledger.c.at, ledger.c.line).where(ledger.c.plan == context.plan, ledger.c.kind == "figures.held")
    held: dict[tuple[str, str], date] = {}
    for entry in connection.execute(query.order_by(ledger.c.seq)):
        body = json.loads(bytes(entry.line))["body"]
        held.setdefault(
            (body["month"], body["key"]), datetime.fromisoformat(entry.at).astimezone(context.rules.policy.zone).date()
        )
    return held


def with_looks(checked: Sequence[Checked], indexed: Sequence[Checked]) -> list[Checked]:
    """The looks of a run, each with what publishing recorded about the same occurrence before it."""
    before = {found.occurrence: found for found in indexed}
    return [
        Checked(f.occurrence, f.verdict, (*b.entries, *f.entries), (*b.seqs, *f.seqs))
        if (b := before.get(f.occurrence))
        else f
        for f in checked
    ]
