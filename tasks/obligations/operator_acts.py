"""What an operator records from Prefect's run form: the occurrence found, the party checked, the act taken or refused."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from difflib import get_close_matches

import sqlalchemy as sa

from dondoc.obligations.act_table import ACTS, ActName
from dondoc.obligations.acts import Act, ActError
from dondoc.obligations.state import State
from dondoc.office.rules import Rules
from dondoc.plan.plan import Item
from tasks.config.run_context import RunContext
from tasks.obligations.act_followup import follow
from tasks.obligations.operator_forms import RecordForm
from tasks.store import tables
from tasks.store.occurrences import UnknownOccurrenceError, tracked_row
from tasks.store.plans import adopted
from tasks.store.settle import Checked, record_act, rehearse

DECIDING = ("tracker", "deputy", "head")


@dataclass(frozen=True)
class Recorded:
    """What was recorded, or with `dry_run` would be: the occurrence as it stood before and stands after."""

    item: Item
    found: Checked
    actor: str
    party: str
    before: State
    after: State


def take_act(context: RunContext, form: RecordForm) -> Recorded:
    """Find, check and record what `form` says. Raises RefusedError; nothing is recorded then."""
    with context.engine.connect() as connection:
        occurrence = find_occurrence(connection, form.occurrence)
        standing = tracked_row(connection, occurrence)
        item = adopted(connection, standing.occurrence.plan).item(standing.occurrence.item)
        _check_once(connection, occurrence, context.run)
    party = find_party(context.rules, item, form.name, form.on_behalf_of)
    actor = f"operator:{person(form.recorded_by)} for {party}"
    given = _act(form)
    if context.dry_run:
        found, after = rehearse(context.engine, context.rules, occurrence, given, context.now, actor, context.run)
        return Recorded(item, found, actor, party, standing.state, after)
    found = record_act(context.engine, context.rules, occurrence, given, context.now, actor, context.run)
    follow(context.engine, context.settings, found.seqs[0])
    with context.engine.connect() as connection:
        after = tracked_row(connection, occurrence).state
    return Recorded(item, found, actor, party, standing.state, after)


def of_plan(context: RunContext, occurrence: str) -> RunContext:
    """The same surroundings for the plan that an occurrence's id names; as they are where it names none."""
    plan = one_line(occurrence).partition("/")[0]
    with context.engine.connect() as connection:
        known = connection.scalar(sa.select(tables.plan.c.id).where(tables.plan.c.id == plan))
    return replace(context, plan=known) if known else context


def find_occurrence(connection: sa.Connection, given: str) -> str:
    """The registered id that `given` names, with its plan in front or, where that is clear, without."""
    asked = one_line(given).strip(" `'\"“”/")
    ids: list[str] = list(connection.scalars(sa.select(tables.occurrence.c.id).order_by(tables.occurrence.c.id)))
    if asked in ids:
        return asked
    short = {found: found.partition("/")[2] for found in ids}
    same = [found for found in ids if short[found] == asked]
    if len(same) == 1:
        return same[0]
    near = same or get_close_matches(asked, ids, n=3, cutoff=0.5)
    near = near or [f for s in get_close_matches(asked, short.values(), n=3, cutoff=0.5) for f in ids if short[f] == s]
    if near:
        raise UnknownOccurrenceError("no_occurrence_like", occurrence=asked[:300], near=near[:5])
    raise UnknownOccurrenceError("no_occurrence", occurrence=asked[:300])


def find_party(rules: Rules, item: Item, name: ActName, given: str | None) -> str:
    """Whom the operator speaks for, as `unit:…` or `role:…`. Raises ActError for one who may not do that act."""
    office, by = rules.office, ACTS[name].by
    leads = by == "lead"
    concerned = tuple(dict.fromkeys(item.lead if leads else (*item.lead, *item.coordinating)))
    units = tuple(dict.fromkeys((*concerned, *office.members(concerned))))
    asked = one_line(given or "")
    kind, colon, rest = asked.partition(":")
    named = rest.strip() if colon and kind in ("unit", "role") else asked
    if by != "office":
        if not named and len(office.members(item.lead)) > 1:
            raise ActError("which_lead", units=units)
        unit = office.find(named) if named else item.lead[0]
        if unit not in units or kind == "role":
            raise ActError("not_leading" if leads else "not_concerned", party=asked, units=units)
        return f"unit:{unit}"
    roles = {role.id: role.title for role in office.roles if role.id in DECIDING}
    role = office.find_role(named) if named else "tracker"
    if role not in roles or kind == "unit":
        raise ActError("not_deciding", party=asked, roles=list(roles))
    return f"role:{role}"


def person(given: str) -> str:
    """Who records, on one line and without signs nobody sees. Raises ActError when nothing is left."""
    name = one_line(given)
    if sum(c.isalnum() for c in name) < 2:
        raise ActError("nameless")
    return name


def one_line(text: str) -> str:
    """NFC, one line, no control or invisible characters."""
    plain = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text))
    return " ".join(plain.split())


def _check_once(connection: sa.Connection, occurrence: str, run: str | None) -> None:
    # A run started again after its worker died: what it recorded stands, and mail goes out once.
    ledger = tables.ledger
    query = sa.select(ledger.c.seq).where(ledger.c.occurrence == occurrence, ledger.c.run == run)
    if run is not None and (seq := connection.scalar(query.limit(1))) is not None:
        raise ActError("run_recorded", seq=seq)


def _act(form: RecordForm) -> Act:
    return Act(
        name=form.name,
        document=form.document,
        signed=form.signed,
        signer=form.signer,
        note=form.note,
        reason=form.reason,
        until=form.until,
        channel="prefect",
        confirmed=form.signed if form.confirm_signed else None,
    )
