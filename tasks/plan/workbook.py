"""A plan file as an .xlsx for people to edit, and what they made of it. Nothing is written here but the bytes.

Ids stand first, grey and refused by a validation when typed over; units, kinds and events have drop-downs. The file
knows which text it was made from: it goes back onto that text only.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

import openpyxl
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from dondoc.index.definitions import FigureError
from dondoc.office.office import Office
from dondoc.planning.workbook import Edited, SheetRow, WorkbookChange, duty_cells, edited, item_cells
from dondoc.planning.workbook_cells import DUTY, ITEM, CellContext, norm
from dondoc.planning.workbook_edits import faults_of, rewritten, rows_after
from tasks.reading.plan_text import plan_text
from tasks.spreadsheets.reading import refuse_bomb
from tasks.spreadsheets.strict_form import usual_form
from tasks.spreadsheets.writing import GRID, HEADING, SHEET_FONT, height, packed, print_setup, put

_LOCKED = PatternFill("solid", fgColor="E6E6E6")
_ROOM = 2000  # rows that validations reach and a sheet may have
_UNPACKED = 64_000_000


@dataclass
class Returned:
    """What a workbook makes of a plan file. `text` is the new file; faults are "file: cell: message", in words."""

    text: str
    changes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def fingerprint(text: str) -> str:
    """What ties a workbook to the text it was made from."""
    return hashlib.sha256(text.encode()).hexdigest()


def export_plan(text: str, value: Mapping[str, Any], context: CellContext) -> bytes:
    """The plan file `text` (parsed: `value`) as a workbook."""
    words, book = context.words, Workbook()
    book.remove(book.worksheets[0])
    plan = f"{value['plan']}-{value['year']}"
    _notes(book.create_sheet(words["sheets"]["notes"]), plan, context)
    _fill(
        book.create_sheet(words["sheets"]["items"]),
        "items",
        [item_cells(row, context) for row in value["items"]],
        context,
    )
    duties = [duty_cells(row["id"], duty, context) for row in value["items"] for duty in row["obligations"]]
    _fill(book.create_sheet(words["sheets"]["duties"]), "duties", duties, context)
    _lists(book, value, plan, fingerprint(text), context)
    book.active = 1
    return packed(book, datetime.combine(value["adopted_on"], time(), UTC))


def _notes(page: Worksheet, plan: str, context: CellContext) -> None:
    words = context.words
    page.column_dimensions["A"].width = 110
    lines = [words["title"].format(plan=plan), *(line.format(plan=plan, year=context.year) for line in words["notes"])]
    for n, line in enumerate(lines, 1):
        put(page.cell(n, 1), line)
        page.cell(n, 1).font = Font(SHEET_FONT, 14 if n == 1 else 12, bold=n == 1)
        page.cell(n, 1).alignment = Alignment(wrap_text=True, vertical="top")
        page.row_dimensions[n].height = 17 * max(1, -(-len(line) // 115)) + 6
    print_setup(page, words["page"])


def _fill(page: Worksheet, sheet: str, rows: Sequence[Mapping[str, Any]], context: CellContext) -> None:
    kinds, headings = (
        (ITEM, context.words["headings"]["items"]) if sheet == "items" else (DUTY, context.words["headings"]["duties"])
    )
    for n, column in enumerate(headings, 1):
        page.column_dimensions[get_column_letter(n)].width = headings[column]["width"]
        put(page.cell(1, n), headings[column]["heading"])
        page.cell(1, n).font, page.cell(1, n).fill, page.cell(1, n).border = (
            Font(SHEET_FONT, 11, bold=True),
            HEADING,
            GRID,
        )
        page.cell(1, n).alignment = Alignment("center", "center", wrap_text=True)
        for line, row in enumerate(rows, 2):
            shown = context.show(kinds[column], row[column])
            cell = page.cell(line, n)
            put(cell, None if shown == "" else shown, as_it_is=True)
            cell.font, cell.border = Font(SHEET_FONT, 11, color="606060" if column == "id" else None), GRID
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if column == "id":
                cell.fill = _LOCKED
            if isinstance(shown, date):
                cell.number_format = "dd/mm/yyyy"
        _validate(page, column, kinds[column], get_column_letter(n), context)
    for line, row in enumerate(rows, 2):
        across = [(str(context.show(kinds[column], row[column])), headings[column]["width"]) for column in headings]
        height(page, line, across, most=137)
    page.row_dimensions[1].height = 48
    page.freeze_panes = "C2" if sheet == "items" else "D2"
    page.auto_filter.ref = f"A1:{get_column_letter(len(headings))}{len(rows) + 1}"
    page.print_title_rows = "1:1"
    print_setup(page, context.words["page"])


_LISTS = {"units": "A", "own_units": "A", "shape": "B", "form": "C", "cadence": "D", "flag": "E", "event": "F"}


def _validate(page: Worksheet, column: str, kind: str, letter: str, context: CellContext) -> None:
    """Ids refuse typing; lists offer, and refuse what is not in them except where several units may stand."""
    wanted = "event" if column == "event" else kind
    if column == "id":
        rule = DataValidation(type="custom", formula1="FALSE", allow_blank=True, showErrorMessage=True)
        rule.error = context.words["locked"]
    elif wanted in _LISTS:
        source = f"'{context.words['sheets']['lists']}'!${_LISTS[wanted]}$1:${_LISTS[wanted]}$200"
        several = kind in ("units", "own_units")
        rule = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=not several)
        rule.prompt, rule.showInputMessage = context.words["prompt"], True
    else:
        return
    rule.add(f"{letter}2:{letter}{_ROOM}")
    page.add_data_validation(rule)


def _lists(book: Workbook, value: Mapping[str, Any], plan: str, mark: str, context: CellContext) -> None:
    page = book.create_sheet(context.words["sheets"]["lists"])
    page.sheet_state = "hidden"
    office = context.office
    columns = {
        "A": [*(unit.name for unit in office.units), *(group.name for group in office.groups)],
        **{letter: list(context.choices(kind).values()) for kind, letter in _LISTS.items() if letter in "BCDE"},  # type: ignore[arg-type]
        "F": [event["id"] for event in value.get("events") or ()],
        "H": [plan, mark],
    }
    for letter, names in columns.items():
        for line, name in enumerate(names, 1):
            put(page[f"{letter}{line}"], name)


def import_plan(
    content: bytes, file: str, text: str, value: Mapping[str, Any], context: CellContext, office: Office
) -> Returned:
    """What the workbook `content` (named `file` in faults) makes of the plan file `text`. Faults are returned, all at once."""
    words, back = context.words, Returned(text)

    def fault(at: str, key: str, **said: Any) -> None:
        where = f"{file}: {at}: " if at else f"{file}: "
        back.faults.append(where + words["faults"][key].format(**said))

    book = _open(content)
    if book is None:
        fault("", "broken")
        return back
    sheets = {norm(page.title): page for page in book.worksheets}
    for name in words["sheets"].values():
        if name not in sheets and name != words["sheets"]["notes"]:
            fault("", "not_ours", sheet=name)
    if back.faults:
        return back
    lists = sheets[words["sheets"]["lists"]]
    if lists["H2"].value != fingerprint(text):
        fault("", "stale", plan=lists["H1"].value or "")
        return back
    rows = {
        kind: list(_rows(sheets[words["sheets"][kind]], words["headings"][kind], fault)) for kind in ("items", "duties")
    }
    if back.faults and not all(rows.values()):
        return back
    made = edited(value, rows["items"], rows["duties"], context)
    for at, key, said in made.faults:
        fault(at, key, **said)
    items = rows_after(value, made)
    for at, message in faults_of(value, items, made, office):
        fault(at, "plan", message=message)
    if not back.faults:
        back.changes = [_said(change, made, value, context) for change in made.changes]
        back.text = rewritten(text, value, items)
    return back


def begin_plan(content: bytes, file: str, head: Mapping[str, Any], context: CellContext) -> Returned:
    """A new plan file from a workbook: `head` (plan, year, title, office, adopted_on) and the rows of its sheets."""
    words, back = context.words, Returned("")

    def fault(at: str, key: str, **said: Any) -> None:
        where = f"{file}: {at}: " if at else f"{file}: "
        back.faults.append(where + words["faults"][key].format(**said))

    book = _open(content)
    sheets = {norm(page.title): page for page in book.worksheets} if book else {}
    if book is None or not {words["sheets"]["items"], words["sheets"]["duties"]} <= sheets.keys():
        fault("", "broken" if book is None else "not_ours", sheet=words["sheets"]["items"])
        return back
    rows = {
        kind: list(_rows(sheets[words["sheets"][kind]], words["headings"][kind], fault)) for kind in ("items", "duties")
    }
    if back.faults:
        return back
    value = {**head, "items": []}
    made = edited(value, rows["items"], rows["duties"], context, fresh=True)
    for at, key, said in made.faults:
        fault(at, key, **said)
    items = rows_after(value, made)
    value["events"] = [{"id": event, "title": event} for event in dict.fromkeys(_awaited(items))]
    for at, message in faults_of(value, items, made, context.office):
        fault(at, "plan", message=message)
    if not back.faults:
        back.text = plan_text({**value, "items": items}, f"Begun from the workbook {file} by `dondoc plan import`.")
    return back


def _awaited(items: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The ids of the events that results wait for."""
    for item in items:
        for duty in item["obligations"]:
            yield from (duty["timing"][key] for key in ("after", "before_event") if duty["timing"].get(key))


def _open(content: bytes) -> Workbook | None:
    try:
        refuse_bomb(content, _UNPACKED)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(io.BytesIO(usual_form(content)), data_only=False, keep_links=False)
    except (FigureError, Exception):  # a broken workbook fails anywhere inside openpyxl, in every way there is
        return None


def _rows(page: Worksheet, headings: Mapping[str, Any], fault: Any) -> Iterator[SheetRow]:
    """The filled rows under the headings; none where a column is missing or cells are merged."""
    wanted = {norm(row["heading"]).casefold(): column for column, row in headings.items()}
    place: dict[str, int] = {}
    sound = True
    for n, cell in enumerate(page[1], 1):
        heading = norm(str(cell.value)) if cell.value is not None else ""
        known = wanted.get(heading.casefold())
        if heading and (known is None or known in place):
            fault(f"{page.title}!{cell.coordinate}", "twice" if known else "unknown_column", heading=heading)
            sound = False
        elif known:
            place[known] = n
    for column in headings:
        if column not in place:
            fault(page.title, "column", heading=headings[column]["heading"])
            sound = False
    for merged in page.merged_cells.ranges:
        fault(f"{page.title}!{merged.coord}", "merged")
        sound = False
    if not sound:
        return
    for number, line in enumerate(page.iter_rows(min_row=2, max_row=min(page.max_row, _ROOM)), 2):
        if all(cell.value is None or not str(cell.value).strip() for cell in line):
            continue
        for cell in line:
            at = f"{page.title}!{cell.coordinate}"
            if cell.data_type in ("f", "e"):
                fault(at, "formula" if cell.data_type == "f" else "error", value=cell.value)
            elif cell.column not in place.values() and cell.value is not None:
                fault(at, "beside", value=str(cell.value)[:40])
        yield SheetRow(
            {column: page.cell(number, n).value for column, n in place.items()},
            {column: f"{page.title}!{page.cell(number, n).coordinate}" for column, n in place.items()},
        )


def _said(change: WorkbookChange, made: Edited, value: Mapping[str, Any], context: CellContext) -> str:
    """One change in words: which duty, which column, old → new."""
    words, (item, duty) = context.words, change.key
    titles = {row["id"]: f"{row['ref']} · {row['title']}" for row in value["items"]}
    titles = {**{cells["id"]: f"{cells['ref']} · {cells['title']}" for cells in made.items}, **titles}
    where = titles[item] if duty is None else f"{titles[item]} ({duty})"
    if change.column is None:
        cells = change.after or change.before
        verb = ("added" if change.after else "removed") + ("_item" if duty is None else "_duty")
        return str(words["changes"][verb]).format(
            where=titles[item], id=duty or item, what=cells.get("deliverable", "")
        )
    kind, headings = (ITEM, "items") if duty is None else (DUTY, "duties")
    return str(words["changes"]["field"]).format(
        where=where,
        field=words["headings"][headings][change.column]["heading"],
        before=context.said(kind[change.column], change.before),
        after=context.said(kind[change.column], change.after),
    )
