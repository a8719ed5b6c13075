"""What is true of a plan, read in one snapshot: now from the kept states, at an earlier moment from the ledger itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dondoc.documents.form_settings import Settings
from dondoc.documents.kinds import Wanted, facts
from dondoc.documents.lines import Registered, Standing
from dondoc.documents.marked_text import Document, DocumentError
from dondoc.ledger.ledger import GENESIS, Head
from dondoc.obligations.outcomes import LATE
from dondoc.obligations.state import State
from dondoc.office.rules import House
from dondoc.office.wording import Wording
from dondoc.plan.plan import Plan
from dondoc.reports.plan_heat import heat_map
from dondoc.verification.completeness import recount
from tasks.config.loading import words
from tasks.documents.templates import document_settings, fill
from tasks.documents.writing import document_bytes
from tasks.reports.charts import heat_map_chart
from tasks.store import tables
from tasks.store.chain import head
from tasks.store.occurrences import Row, rows
from tasks.store.plans import adopted, version


def standing(
    engine: sa.Engine, house: House, config: Path, plan: str, now: datetime, as_of: datetime | None = None
) -> Standing:
    """The plan as the ledger stands, or as it stood at `as_of`. Raises AdoptionError, DocumentError before adoption."""
    moment = (as_of or now).astimezone(house.policy.zone)
    wording = Wording(words(config), house.office, house.calendar, moment.date(), portal=False)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        found, at, registered = _then(connection, plan, moment) if as_of else _now(connection, plan)
    return Standing(found, house, wording, moment, at, registered)


def written(document: Wanted, about: Standing, config: Path, pictures: dict[str, bytes] | None = None) -> bytes:
    """The .docx of a document; reports carry the year's map of duties by unit and month unless given another picture.

    Raises DocumentError, ConfigurationError.
    """
    settings = document_settings(config, about.house.office)
    if pictures is None and document.kind in ("progress", "year-summary"):
        pictures = {"chart": _map(about)}
    filled = said(document, about, config, settings)
    return document_bytes(filled, settings, about.house.office, about.moment, pictures or {})


def _map(about: Standing) -> bytes:
    duties = [(line.due, line.units, line.outcome in LATE) for line in about.lines if line.outcome != "before_adoption"]
    words = about.wording.words["pictures"]
    return heat_map_chart(heat_map(duties, about.plan.year, about.today, about.house.office, words), "png")


def said(document: Wanted, about: Standing, config: Path, settings: Settings) -> Document:
    """What a document says, before it is set in its form."""
    return fill(config, document.template(settings), facts(document, about, settings), settings)


_Read = tuple[Plan, Head, tuple[Registered, ...]]


def _now(connection: sa.Connection, plan: str) -> _Read:
    known = [Registered(row.occurrence, row.state, row.item, row.obligation) for row in rows(connection, plan)]
    return adopted(connection, plan), head(connection), tuple(known)


def _then(connection: sa.Connection, plan: str, moment: datetime) -> _Read:
    """Folded again from the plan's entries up to that moment, under the version that was in force."""
    adopted(connection, plan)  # a plan nobody adopted is refused by name
    until = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    found = recount(_entries(connection, plan, until))
    if not found.states:
        raise DocumentError(f"{plan} was not adopted by {moment:%d/%m/%Y %H:%M}; give a later moment")
    if len(found.found):
        raise DocumentError(f"the ledger cannot be folded ({found.found.kept[0].code}); run: dondoc ledger verify")
    was = version(connection, plan, found.plans[plan].digest)
    known = [
        _under(was, row, found.states[row.occurrence.id])
        for row in rows(connection, plan)
        if row.occurrence.id in found.states
    ]
    ledger = tables.ledger
    query = sa.select(ledger.c.seq, ledger.c.hash).where(ledger.c.at <= until).order_by(ledger.c.seq.desc()).limit(1)
    last = connection.execute(query).first()
    return was, Head(last.seq, last.hash) if last else Head(0, GENESIS), tuple(known)


def _under(plan: Plan, row: Row, state: State) -> Registered:
    """An occurrence as that version of the plan words it; one that had left it before, as the version it stands under."""
    try:
        item = plan.item(row.occurrence.item)
        return Registered(row.occurrence, state, item, item.obligation(row.occurrence.obligation))
    except KeyError:
        return Registered(row.occurrence, state, row.item, row.obligation)


def _entries(connection: sa.Connection, plan: str, until: str) -> Iterator[dict[str, Any]]:
    ledger = tables.ledger
    query = sa.select(ledger.c.line).where(ledger.c.plan == plan, ledger.c.at <= until).order_by(ledger.c.seq)
    for line in connection.execution_options(yield_per=1000).execute(query).scalars():
        yield json.loads(bytes(line))
