"""The drop folder as an answer: a month whose figures are complete, valid and closed counts as handed in."""

from __future__ import annotations

from contextlib import suppress

from dondoc.acts import Act
from dondoc.errors import ForbiddenTransitionError
from dondoc.figures import Reading
from dondoc.lifecycle import OWED
from tasks.house import words
from tasks.morning import Morning
from tasks.sources import metrics, read_figures
from tasks.store.occurrences import Row, rows
from tasks.store.plans import adopted
from tasks.store.settle import act

_MOST_FAULTS = 10


def hand_in(morning: Morning, item: str) -> list[str]:
    """Record a submission for each owed month whose figures are in; what was found, a line each, for the artifact.

    Running it twice hands in once: a submitted month is no longer owed. Files with faults hand in nothing and
    stay where they are.
    """
    with morning.engine.connect() as connection:
        plan = adopted(connection, morning.plan)
        owed = [row for row in rows(connection, morning.plan, item) if row.state.status in OWED]
    if not owed:
        return []
    reading = read_figures(morning.settings.figures / str(plan.year), plan.year, metrics(morning.settings.config))
    vocabulary = words(morning.settings.config)["figures"]
    lines = []
    for row in owed:
        month = row.occurrence.period
        if reading.handed_in(month, morning.today):
            if not morning.dry_run:
                _submit(morning, row, reading, vocabulary["note"])
            lines.append(vocabulary["handed_in"].format(month=month))
        else:
            lines.append(vocabulary["waiting"].format(month=month, why=_why(reading, month, vocabulary)))
    lines.extend(str(fault) for fault in reading.faults[:_MOST_FAULTS])
    return lines


def _submit(morning: Morning, row: Row, reading: Reading, note: str) -> None:
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
        act(morning.engine, morning.house, row.occurrence.id, given, morning.now, "figures", morning.run)


def _why(reading: Reading, month: str, vocabulary: dict[str, str]) -> str:
    found = reading.months.get(month)
    if found is None:
        return vocabulary["absent"]
    if found.missing:
        return vocabulary["missing"].format(codes=", ".join(found.missing))
    return vocabulary["faulty"] if found.faults else vocabulary["not_closed"].format(day=f"{found.closed_on:%d/%m/%Y}")
