"""Monthly figures: what the lead unit dropped into the folder (or an address gave) is checked, recorded and handed in.

Every accepted set is a version of its month; the same numbers again are none, other numbers are a correction. The
first version of an owed month is its submission.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from dondoc.foundation.errors import ForbiddenTransitionError
from dondoc.index.figure_versions import Version, figures_digest, is_new
from dondoc.index.figures import Reading
from dondoc.obligations.acts import Act
from dondoc.obligations.lifecycle import OWED, Status
from dondoc.obligations.snapshot import Tracked
from tasks.config.loading import words
from tasks.config.run_context import RunContext
from tasks.index.figure_source import JSON, from_address
from tasks.index.months import index_rules
from tasks.index.sources import read_figures
from tasks.index.wording import month_words
from tasks.store.figures import record_figures, versions
from tasks.store.files import keep_file
from tasks.store.occurrences import tracked_rows
from tasks.store.plans import adopted
from tasks.store.settle import record_act

_MOST_FAULTS = 10


@dataclass
class HandedIn:
    """What was found, a line each, for the artifact; and the reading it rests on."""

    lines: list[str] = field(default_factory=list)
    reading: Reading | None = None


def hand_in(context: RunContext, item: str) -> HandedIn:
    """Record each month whose figures are in and new, and submit it where it is owed.

    Running it twice records and hands in once. Files with faults hand in nothing and stay where they are.
    """
    with context.engine.connect() as connection:
        plan = adopted(connection, context.plan)
        found = [
            r for r in tracked_rows(connection, context.plan, item) if r.state.status is not Status.BEFORE_ADOPTION
        ]
        known = versions(connection, context.plan)
    metrics, rules = index_rules(context.settings.config)
    store = None if context.dry_run else partial(keep_file, context.settings.var / "files")
    folder = context.settings.figures / str(plan.year)
    reading = read_figures(folder, plan.year, metrics, context.today, store, context.rules.office)
    reading = from_address(
        rules.source, reading, plan.year, metrics, _asked(context, found, reading), context.today, store,
        context.rules.office,
    )  # fmt: skip
    vocabulary = words(context.settings.config)["figures"]
    done = HandedIn(reading=reading)
    for row in found:
        month = row.occurrence.period
        if reading.handed_in(month, context.today):
            version = _record(context, row, reading, known)
            if version:
                done.lines.append(
                    rules.words.recorded.format(month=month_words(month, rules.words), version=version.version)
                )
            if row.state.status in OWED:
                if not context.dry_run:
                    _submit(context, row, reading, vocabulary["note"])
                done.lines.append(vocabulary["handed_in"].format(month=month))
        elif row.state.status in OWED:
            done.lines.append(vocabulary["waiting"].format(month=month, why=_why(reading, month, vocabulary)))
    if any(row.state.status in OWED for row in found):
        done.lines.extend(str(fault) for fault in reading.faults[:_MOST_FAULTS])
    return done


def _asked(context: RunContext, found: list[Tracked], reading: Reading) -> list[str]:
    """The months an address is asked for: owed, in their last days or over, and not in the folder."""
    return [
        row.occurrence.period
        for row in found
        if row.state.status in OWED
        and row.occurrence.period not in reading.months
        and row.occurrence.act_by is not None
        and row.occurrence.act_by <= context.today
    ]


def _record(context: RunContext, row: Tracked, reading: Reading, known: Sequence[Version]) -> Version | None:
    """The month's next version; None where nothing is new, or in a rehearsal."""
    month = row.occurrence.period
    given = reading.months[month].given
    files = reading.files_of(month)
    source = "address" if any(file.media_type == JSON for file in files) else "folder"
    if context.dry_run or not is_new([v for v in known if v.month == month], figures_digest(given), source):
        return None
    return record_figures(
        context.engine, row.occurrence.id, month, given, files, source, context.now, "figures", context.run
    )


def _submit(context: RunContext, row: Tracked, reading: Reading, note: str) -> None:
    month = row.occurrence.period
    files = reading.files_of(month)
    given = Act(
        name="submit",
        note=note.format(files=", ".join(file.name for file in files)),
        signed=reading.months[month].closed_on,
        files=tuple((file.name, file.media_type, file.size, file.sha256) for file in files),
        channel="figures",
    )
    # Another run, or the unit itself, may have handed it in since it was found owed: then it is in.
    with suppress(ForbiddenTransitionError):
        record_act(context.engine, context.rules, row.occurrence.id, given, context.now, "figures", context.run)


def _why(reading: Reading, month: str, vocabulary: dict[str, str]) -> str:
    found = reading.months.get(month)
    if found is None:
        return vocabulary["absent"]
    if found.missing:
        return vocabulary["missing"].format(codes=", ".join(found.missing))
    return vocabulary["faulty"] if found.faults else vocabulary["not_closed"].format(day=f"{found.closed_on:%d/%m/%Y}")
