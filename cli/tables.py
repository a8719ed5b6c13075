"""`dondoc progress` and `dondoc scorecard`: a plan's tables from one reading of its ledger."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.days import DAY
from operations.surroundings import config_folder, own_rules, store

if TYPE_CHECKING:
    from dondoc.obligations.snapshot import Snapshot
    from dondoc.office.wording import Wording

_PLAN = click.option("--plan", help="Id of an adopted plan; the one with open duties if left out.")
_UNIT = click.option("--unit", help="Only what this unit leads (id or name).")
_QUARTER = click.option("--quarter", type=click.IntRange(1, 4), help="Only what is due in this quarter.")
_AS_OF = click.option("--as-of", type=DAY, help="As things stood at the end of that day.")


@click.command()
@click.argument("out", type=click.Path(dir_okay=False))
@_PLAN
@_UNIT
@_QUARTER
@_AS_OF
def progress(out: str, plan: str | None, unit: str | None, quarter: int | None, as_of: object) -> None:
    """The progress table as OUT (.xlsx): every occurrence with its due date, result and delay."""
    from tasks.reports.workbooks import Chosen, progress_book

    found, wording = _snapshot(plan, as_of)
    content, rows = progress_book(found, wording, own_rules().policy, Chosen(unit=_unit(unit) or "", quarter=quarter))
    _write(out, content)
    click.echo(f"wrote {out}: {found.plan.id}, {rows} occurrences, ledger entry {found.head.seq}")


@click.command()
@_PLAN
@_UNIT
@_QUARTER
@_AS_OF
@click.option("--json", "as_json", is_flag=True, help="As JSON, every figure with its ledger entries.")
@click.option("--xlsx", type=click.Path(dir_okay=False), help="Write the cards and their proofs here.")
def scorecard(
    plan: str | None, unit: str | None, quarter: int | None, as_of: object, as_json: bool, xlsx: str | None
) -> None:
    """The scorecard of each unit: how its duties ended, how quickly it answered, its score."""
    from dondoc.reports.scorecard import scorecards
    from dondoc.reports.scorecard_sheets import as_json as json_of
    from dondoc.reports.scorecard_sheets import decimal, unit_name
    from dondoc.reports.sheet_model import CountedFrom
    from tasks.obligations.snapshot import traces
    from tasks.reports.workbooks import score_book

    rules = own_rules()
    found, wording = _snapshot(plan, as_of)
    with store().connect() as connection:
        traced = traces(connection, rules, found)
    chosen = _unit(unit)
    cards = scorecards(found.tracked, traced.entries, traced.registered, rules, found.day, quarter)
    cards = tuple(card for card in cards if chosen in (None, card.unit))
    if xlsx:
        _write(xlsx, score_book(found, cards, quarter, wording, rules.policy.scoring))
        click.echo(f"wrote {xlsx}: {found.plan.id}, {len(cards)} cards, ledger entry {found.head.seq}", err=as_json)
    if as_json:
        click.echo(
            json.dumps(
                json_of(cards, CountedFrom.of(found), quarter, rules.policy.scoring), ensure_ascii=False, indent=1
            )
        )
    elif not xlsx:
        words = wording.words["tables"]["scorecard"]
        for card in cards:
            counts = (f"{words['figures'][name].lower()} {card.number(name)}" for name in words["figures"])
            shown = ", ".join(count for count in counts if not count.endswith(" 0"))
            click.echo(
                f"{unit_name(card, rules.office, words)} ({words['roles'][card.role].lower()}): "
                f"{words['score'].lower()} {decimal(card.score, words['none'])}; {shown}"
            )
        click.echo(CountedFrom.of(found).line(wording.words["tables"]["seen"]))


def _snapshot(plan: str | None, as_of: object) -> tuple[Snapshot, Wording]:
    from dondoc.foundation.errors import DondocError
    from dondoc.office.wording import Wording
    from tasks.config.loading import clock, words
    from tasks.obligations.snapshot import snapshot
    from tasks.store.plan_years import default_plan

    engine, rules = store(), own_rules()
    if plan is None:
        with engine.connect() as connection:
            plan = default_plan(connection, rules, clock(rules.policy).date())
        if plan is None:
            raise DondocError("no plan is adopted; adopt one with: dondoc plan adopt")
    day: date | None = as_of.date() if hasattr(as_of, "date") else None
    found = snapshot(engine, rules, plan, clock(rules.policy), day)
    return found, Wording(words(config_folder()), rules.office, rules.calendar, found.day, True)


def _unit(name: str | None) -> str | None:
    from dondoc.foundation.errors import DondocError

    office = own_rules().office
    found = office.find(name) if name else None
    if name and found not in {unit.id for unit in office.units}:
        known = ", ".join(unit.id for unit in office.units)
        raise DondocError(f"no unit {name!r}; the units are: {known}")
    return found


def _write(out: str, content: bytes) -> None:
    Path(out).write_bytes(content)
