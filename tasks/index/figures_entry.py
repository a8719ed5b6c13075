"""What a month's form says, recorded: whole or corrected figures as a new version, doubtful ones confirmed.

Figures pass the same checks as a file's; what the form does not name stays as the version before has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dondoc.foundation.errors import Fault
from dondoc.index.definitions import FigureError, Metrics
from dondoc.index.figure import Figure, Rejected
from dondoc.index.figure_units import spelt_alike, with_sums
from dondoc.index.figure_versions import Version
from dondoc.index.figures import gather
from dondoc.index.row_parser import figure_rows, headings, read_rows
from dondoc.obligations.acts import Act, ActError
from dondoc.obligations.lifecycle import OWED
from dondoc.obligations.snapshot import Tracked
from dondoc.office.office import Office
from tasks.config.loading import words
from tasks.config.run_context import RunContext
from tasks.index.figure_feeds import feed
from tasks.index.figures_form import FiguresForm
from tasks.index.months import index_rules
from tasks.index.publishing import Indexed, publish_index
from tasks.index.wording import month_words
from tasks.obligations.operator_acts import one_line, person
from tasks.spreadsheets.reading import tables
from tasks.store.figures import confirm, record_figures, versions
from tasks.store.occurrences import tracked_rows
from tasks.store.plans import adopted
from tasks.store.settle import Checked, record_act


@dataclass(frozen=True)
class Entered:
    """What a form recorded, or with a rehearsal would: the lines to show, what was looked at, the entries written."""

    month: str
    lines: tuple[str, ...]
    checked: tuple[Checked, ...]
    seqs: tuple[int, ...]
    indexed: Indexed


def take_figures(context: RunContext, form: FiguresForm) -> Entered:
    """Record, correct or confirm a month's figures, submit an owed month, publish what is ready.

    Raises ActError for what the form lacks or says wrongly; nothing is recorded then.
    """
    actor = f"operator:{person(form.recorded_by)}"
    known, rules = index_rules(context.settings.config)
    row, item = _occurrence(context, form, rules.shape)
    with context.engine.connect() as connection:
        before = versions(connection, context.plan, form.month)
    lines: list[str] = []
    seqs: list[int] = []
    if form.table or form.rows:
        given = _figures(context, form, known, before[-1] if before else None)
        version = None if context.dry_run else record_figures(
            context.engine, row.occurrence.id, form.month, given, (), "form", context.now, actor, context.run,
            one_line(form.reason) if form.reason else None,
        )  # fmt: skip
        if version is None and not context.dry_run:
            raise ActError("figures_same", month=form.month)
        number = version.version if version else len(before) + 1
        seqs += [version.seq] if version else []
        lines.append(rules.words.recorded.format(month=month_words(form.month, rules.words), version=number))
    elif not form.confirm:
        raise ActError("figures_nothing")
    if form.confirm:
        seqs += _confirmed(context, form, actor)
    if context.dry_run:
        return Entered(form.month, tuple(lines), (), (), publish_index(context, item))
    checked = _submitted(context, row, form, lines)
    indexed = publish_index(context, item)
    lines += [*indexed.lines, *feed(context, item, indexed.standing)]
    return Entered(form.month, tuple(lines), (*checked, *indexed.checked), tuple(seqs), indexed)


def _occurrence(context: RunContext, form: FiguresForm, shape: str) -> tuple[Tracked, str]:
    with context.engine.connect() as connection:
        plan = adopted(connection, one_line(form.plan))
        items = [item.id for item in plan.items if item.shape == shape]
        found = [(row, item) for item in items for row in tracked_rows(connection, plan.id, item)]
    of_month = [(row, item) for row, item in found if row.occurrence.period == form.month]
    if not of_month:
        raise ActError("figures_no_month", plan=plan.id, month=form.month)
    return of_month[0]


def _figures(context: RunContext, form: FiguresForm, metrics: Metrics, before: Version | None) -> list[Figure]:
    """The month's whole set: what the form says laid over the version before."""
    if form.closed_on is None:
        raise ActError("figures_open")
    if form.closed_on > context.today:
        raise ActError("figures_closed_later", closed=form.closed_on)
    if before and not form.reason:
        raise ActError("figures_unreasoned", month=form.month, version=before.version)
    year = int(form.month[:4])
    office = context.rules.office
    read = [*_pasted(form, year, metrics, office), *_typed(form, year, metrics, office)]
    reading = gather(year, metrics, read)
    if reading.faults:
        raise ActError("figures_faulty", faults="; ".join(fault.message for fault in reading.faults[:10]))
    found = reading.months.get(form.month)
    if found is None or set(reading.months) != {form.month}:
        raise ActError("figures_of_another", month=form.month)
    rows = [figure for given in (before, found) if given for figure in given.given if not figure.summed]
    totals, shares = with_sums({(figure.code, figure.unit): figure for figure in spelt_alike(rows)}.values())
    present = {figure.code for figure in totals}
    lacking = [code for code in metrics.required if code not in present]
    if lacking:
        raise ActError("figures_lacking", codes=lacking)
    return [*totals, *shares]


def _typed(form: FiguresForm, year: int, metrics: Metrics, office: Office) -> Iterable[Figure | Rejected]:
    assert form.closed_on is not None
    head = ["thang", "ma", "don_vi", "tu_so", "mau_so", "diem", "ngay_chot"]
    table = [(0, head)]
    for number, row in enumerate(form.rows, start=1):
        cells = ("" if value is None else str(value) for value in (row.numerator, row.denominator, row.score))
        table.append((number, [form.month, row.code, row.unit or "", *cells, form.closed_on.isoformat()]))
    return read_rows("form", table, year, metrics, office=office) if form.rows else ()


def _pasted(form: FiguresForm, year: int, metrics: Metrics, office: Office) -> list[Figure | Rejected]:
    """The pasted table; its month and closing date are the form's where it has no such columns."""
    if not form.table:
        return []
    assert form.closed_on is not None
    try:
        ((_, found),) = tables(".csv", form.table.encode("utf-8", "replace"), metrics)
    except FigureError as error:
        return [Rejected(None, None, (Fault("form", error.line, metrics.say(error)),))]
    head, known = headings(found, metrics)
    if head is None:
        return list(read_rows("form", found, year, metrics, office=office))
    added = {"thang": form.month, "ngay_chot": form.closed_on.isoformat()}
    new = [column for column in added if column not in known.values()]
    table = [(head[0], [*new, *head[1]])]
    table += [(line, [*(added[column] for column in new), *raw]) for line, raw in figure_rows(found, metrics)]
    return list(read_rows("form", table, year, metrics, office=office))


def _confirmed(context: RunContext, form: FiguresForm, actor: str) -> list[int]:
    if not form.reason:
        raise ActError("figures_unconfirmed")
    with context.engine.connect() as connection:
        known = versions(connection, context.plan, form.month)
    if not known:
        raise ActError("figures_none", month=form.month)
    if context.dry_run:
        return []
    by, reason = person(form.recorded_by), one_line(form.reason)
    return [confirm(context.engine, known[-1], context.now, actor, by, reason, context.run)]


def _submitted(context: RunContext, row: Tracked, form: FiguresForm, lines: list[str]) -> tuple[Checked, ...]:
    if row.state.status not in OWED or not (form.table or form.rows):
        return ()
    vocabulary: dict[str, Any] = words(context.settings.config)["figures"]
    given = Act(name="submit", note=vocabulary["typed"], signed=form.closed_on, channel="figures")
    lines.append(vocabulary["handed_in"].format(month=form.month))
    return (record_act(context.engine, context.rules, row.occurrence.id, given, context.now, "figures", context.run),)
