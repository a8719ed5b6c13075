"""Ratios that other items owe and the monthly figures already hold (seed II.2.i): handed in with them."""

from __future__ import annotations

import re
from contextlib import suppress

from dondoc.foundation.errors import ForbiddenTransitionError
from dondoc.obligations.acts import Act
from dondoc.obligations.lifecycle import OWED
from tasks.config.run_context import RunContext
from tasks.index.months import IndexMonths
from tasks.index.wording import ratio_words
from tasks.store.occurrences import tracked_rows
from tasks.store.plans import adopted
from tasks.store.settle import record_act

_PERIOD = re.compile(r"(\d{4})(?:-(?:(Q|H)(\d)|(\d{2})))?")


def feed(context: RunContext, item: str, stands: IndexMonths) -> list[str]:
    """Hand in the ratios of every owed period whose months are all recorded, with every count; a line each."""
    with context.engine.connect() as connection:
        plan = adopted(connection, context.plan)
        owed = [
            (fed, row)
            for fed in stands.rules.feeds
            for row in tracked_rows(connection, plan.id, fed.item)
            if row.occurrence.obligation == fed.obligation and row.state.status in OWED
        ]
    lines = []
    for fed, row in owed:
        months = months_of(row.occurrence.period)
        if not months or not all(stands.shown(month) for month in months):
            continue
        ratios = [ratio_words(stands, months, code) for code in fed.codes]
        if None in ratios:
            continue
        said = ", ".join(f"{int(month[5:]):02}/{month[:4]}" for month in months)
        joined = "; ".join(ratio for ratio in ratios if ratio)
        note = stands.rules.words.feed.format(months=said, ref=plan.item(item).ref, ratios=joined)
        lines.append(f"{plan.item(fed.item).ref}, {row.occurrence.period}: {joined}")
        if not context.dry_run:
            given = Act(name="submit", note=note, channel="figures")
            # The unit may have handed it in since it was found owed: then it is in.
            with suppress(ForbiddenTransitionError):
                record_act(context.engine, context.rules, row.occurrence.id, given, context.now, "figures", context.run)
    return lines


def months_of(period: str) -> list[str]:
    """The months of a period's label (2024-03, 2024-Q1, 2024-H2, 2024); none for another label."""
    match = _PERIOD.fullmatch(period)
    if not match:
        return []
    year, kind, number, month = match.groups()
    if month:
        return [period]
    size = {"Q": 3, "H": 6}.get(kind or "", 12)
    first = (int(number) - 1) * size if number else 0
    return [f"{year}-{first + place:02}" for place in range(1, size + 1)]
