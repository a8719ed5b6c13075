"""`dondoc plan lint`: what to look at before the head signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from operations.surroundings import load_plan, own_rules, plan_path, store

if TYPE_CHECKING:
    from dondoc.office.rules import Rules
    from dondoc.plan.plan import Plan
    from dondoc.planning.plan_lint import Remark, UnitRecord


@click.command("lint")
@click.argument("file", required=False)
@click.option("--no-history", is_flag=True, help="Do not look how the units did in earlier plans.")
def lint_(file: str | None, *, no_history: bool) -> None:
    """What to look at in the plan FILE before it is signed, with file:line, and how its units did last time; exit 1 if anything."""
    from dondoc.foundation.yaml_positions import parse_yaml
    from dondoc.obligations.timing import occurrences
    from dondoc.planning.plan_lint import remarks

    path, rules = plan_path(file), own_rules()
    plan = load_plan(path)
    located = parse_yaml(path.read_text(encoding="utf-8"), str(path))
    found = remarks(plan, occurrences(plan, rules.policy, rules.calendar), rules.office, rules.calendar)
    for remark in found:
        line = located.line(_path(remark))
        ref = f"{plan.items[remark.item].ref}: " if remark.item is not None else ""
        click.echo(f"{path}:{line}: {ref}{remark.text}")
    if not no_history:
        for unit, record in _history(plan, rules).items():
            took = f", half of them within {record.days} days" if record.days is not None else ""
            click.echo(f"{rules.office.unit_name(unit)}: {record.ended} results before, {record.late} late{took}")
    click.echo(f"{len(found)} thing(s) to look at")
    if found:
        raise click.exceptions.Exit(1)


def _path(remark: Remark) -> tuple[str | int, ...]:
    if remark.item is None:
        return ("title",)
    return (
        ("items", remark.item)
        if remark.obligation is None
        else ("items", remark.item, "obligations", remark.obligation)
    )


def _history(plan: Plan, rules: Rules) -> Mapping[str, UnitRecord]:
    """How the units that lead here did in the latest plan of an earlier year; nothing where there is none, or no database."""
    from dondoc.foundation.errors import DondocError
    from dondoc.obligations.timing import owed_obligation
    from dondoc.planning.plan_lint import records
    from tasks.config.loading import today
    from tasks.store.occurrences import tracked_rows
    from tasks.store.plans import adopted, adopted_ids

    try:
        engine = store()
    except DondocError:
        return {}
    with engine.connect() as connection:
        earlier = [
            found
            for found in (adopted(connection, known) for known in adopted_ids(connection))
            if found.year < plan.year
        ]
        if not earlier:
            return {}
        before = earlier[-1]
        register = [
            (
                rules.office.members(owed_obligation(before.item(row.occurrence.item), row.occurrence).lead),
                row.occurrence,
                row.state,
            )
            for row in tracked_rows(connection, before.id)
        ]
    here = set(
        rules.office.members(tuple(party for item in plan.items for duty in item.obligations for party in duty.lead))
    )
    return {unit: record for unit, record in records(register, today(rules.policy)).items() if unit in here}
