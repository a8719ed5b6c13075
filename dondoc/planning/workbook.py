"""A plan file's items and obligations as rows of cells, and what a workbook's rows change in them.

Rows are known by their ids, so their order means nothing. What the workbook does not show of the file (its head,
events, irregularities, comments) cannot change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from dondoc.foundation.names import name_key, unmarked
from dondoc.plan.timings import form_of, timing_columns
from dondoc.planning.workbook_cells import (
    DUTY,
    ITEM,
    REQUIRED,
    TIMING,
    TIMING_COLUMNS,
    CellContext,
    CellError,
    CellKind,
    norm,
)

RowCells = dict[str, Any]
Key = tuple[str, str | None]  # an item, or an item's obligation


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row of a sheet: raw values by column, and the address of each cell ("Nghĩa vụ!C7")."""

    raw: Mapping[str, Any]
    at: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WorkbookChange:
    """One change: which row, which column (None: the row itself is new or gone), what it was and becomes."""

    key: Key
    column: str | None
    before: Any = None
    after: Any = None


@dataclass
class Edited:
    """What a workbook makes of a plan file: the new rows, their cells' addresses, the changes, the faults.

    `fresh`: it begins a plan.
    """

    fresh: bool = False
    items: list[RowCells] = field(default_factory=list)
    duties: dict[str, list[RowCells]] = field(default_factory=dict)
    at: dict[tuple[Key, str], str] = field(default_factory=dict)
    changes: list[WorkbookChange] = field(default_factory=list)
    faults: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


def item_cells(row: Mapping[str, Any], context: CellContext) -> RowCells:
    """An item of the plan file as the cells of its row."""
    return {column: _cell(kind, row.get(column), context) for column, kind in ITEM.items()}


def duty_cells(item: str, row: Mapping[str, Any], context: CellContext) -> RowCells:
    """An obligation of the plan file as the cells of its row."""
    cells = {column: _cell(kind, row.get(column), context) for column, kind in DUTY.items() if column not in _OF_TIMING}
    return {**{column: cells.get(column) for column in DUTY}, **timing_cells(row["timing"]), "item": item}


_OF_TIMING = frozenset({"form", *TIMING_COLUMNS})


def timing_cells(timing: Mapping[str, Any]) -> RowCells:
    """A timing of the plan file as cells."""
    form = form_of(timing)
    found: RowCells = dict.fromkeys(TIMING_COLUMNS) | {"form": form, "continuous": False}
    for key, column in timing_columns(form or "unprinted").items():
        value = timing.get(key)
        known = tuple(value) if isinstance(value, list) else value
        found[column] = bool(value) if column == "continuous" else norm(known) if isinstance(known, str) else known
    return found


def timing_row(cells: RowCells) -> dict[str, Any]:
    """The timing of the plan file from its cells."""
    form = cells["form"]
    shown = timing_columns(form)
    row: dict[str, Any] = {} if form in shown else {form: True}
    for key, column in shown.items():
        value = cells[column]
        if value is not None and value is not False:
            row[key] = list(value) if isinstance(value, tuple) else value
    return row


def edited(
    value: Mapping[str, Any],
    items: Sequence[SheetRow],
    duties: Sequence[SheetRow],
    context: CellContext,
    *,
    fresh: bool = False,
) -> Edited:
    """What the workbook's rows make of the plan file `value`. Faults are collected, not raised.

    `fresh`: the workbook begins a plan, and the ids it holds are the plan's own.
    """
    made = Edited(fresh=fresh)
    before_items = {row["id"]: item_cells(row, context) for row in value["items"]}
    before_duties: dict[Key, RowCells] = {
        (row["id"], duty["id"]): duty_cells(row["id"], duty, context)
        for row in value["items"]
        for duty in row["obligations"]
    }
    known: dict[Key, RowCells] = {(key, None): cells for key, cells in before_items.items()}
    found_items = {key[0]: cells for key, cells in _rows(items, ITEM, known, context, made)}
    names = _names(found_items)
    found_duties = dict(_rows(duties, DUTY, before_duties, context, made, names))
    made.items = _in_order(list(before_items), found_items)
    made.duties = {item["id"]: [] for item in made.items}
    for key in sorted(found_duties, key=lambda key: list(before_duties).index(key) if key in before_duties else 9999):
        made.duties[key[0]].append(found_duties[key])
    _compare(known, {(key, None): cells for key, cells in found_items.items()}, ITEM, made)
    _compare(before_duties, found_duties, DUTY, made)
    return made


def _rows(
    rows: Sequence[SheetRow],
    kinds: Mapping[str, CellKind],
    known: Mapping[Key, RowCells],
    context: CellContext,
    made: Edited,
    names: Mapping[str, list[str]] | None = None,
) -> Iterator[tuple[Key, RowCells]]:
    """Each row that can be read, by its key; new ones get an id."""
    first: dict[Key, str] = {}
    taken = {str(key[1] or key[0]) for key in known}
    for row in rows:
        cells, bad = _read(row, kinds, context, made)
        item = _item_of(row, cells, names, context, made) if names is not None else cells["id"]
        if names is not None and item is None:
            continue
        new = cells["id"] is None
        if new:
            cells["id"] = _new_id(str(cells.get("title") or cells.get("deliverable") or "x"), taken)
            taken.add(str(cells["id"]))
        key: Key = (cells["id"], None) if names is None else (str(item), cells["id"])
        if key in first:
            made.faults.append((row.at["id"], "duplicate", {"value": cells["id"], "cell": first[key]}))
            continue
        new = new or (made.fresh and key not in known)
        if not new and key not in known:
            made.faults.append((row.at["id"], "unknown_id", {"value": cells["id"]}))
            continue
        first[key] = row.at["id"]
        made.at |= {(key, column): cell for column, cell in row.at.items()}
        if bad and new:
            continue
        # What cannot be read stays as it was, so that the rest is checked in the same round.
        yield (
            key,
            {
                **cells,
                **{column: known[key][column] for column in bad},
                **({"item": item} if names is not None else {}),
            },
        )


def _read(
    row: SheetRow, kinds: Mapping[str, CellKind], context: CellContext, made: Edited
) -> tuple[RowCells, set[str]]:
    """The row's values, and the columns that cannot be read (a timing counts as one)."""
    cells: RowCells = {}
    bad: set[str] = set()

    def fault(column: str, key: str, **said: Any) -> None:
        made.faults.append((row.at[column], key, said))
        bad.update((column,) if column not in _OF_TIMING else _OF_TIMING)

    for column, kind in kinds.items():
        try:
            cells[column] = context.read(kind, row.raw.get(column))
        except CellError as error:
            fault(column, error.key, **error.said)
            cells[column] = () if kind in ("units", "lines", "ids") else None
            continue
        if column in REQUIRED and cells[column] is None:
            fault(column, "required")
    if "form" in kinds and cells["form"]:
        used = TIMING[cells["form"]]
        needed = timing_columns(cells["form"]).get(cells["form"])
        if needed and cells[needed] is None and not bad & _OF_TIMING:
            fault(needed, "required")
        for column in TIMING_COLUMNS:
            if cells[column] not in (None, False) and column not in used:
                fault(column, "unused", form=context.words["forms"][cells["form"]])
    return cells, bad


_LIKE = "~"  # before a title's key: a title may be spelt otherwise, a printed reference (II.6.d, II.6.đ) may not


def _names(items: Mapping[str, RowCells]) -> dict[str, list[str]]:
    """id, title and printed reference → the ids of the items so called."""
    found: dict[str, list[str]] = {}
    for key, cells in items.items():
        for name in {key, cells["title"], cells["ref"]} - {None}:
            found.setdefault(str(name).casefold(), []).append(key)
        found.setdefault(_LIKE + name_key(cells["title"] or ""), []).append(key)
    return found


def _item_of(
    row: SheetRow, cells: RowCells, names: Mapping[str, list[str]] | None, context: CellContext, made: Edited
) -> str | None:
    said = str(cells["item"] or "")
    called = names.get(said.casefold(), names.get(_LIKE + name_key(said), [])) if names and said else []
    if len(called) == 1:
        return called[0]
    about = {"value": said, "sheet": context.words["sheets"]["items"]}
    made.faults.append((row.at["item"], "which_item" if called else "no_item", about))
    return None


def _in_order(before: Sequence[str], found: Mapping[str, RowCells]) -> list[RowCells]:
    """The file's order; a new item follows the one above it in the sheet."""
    order = [key for key in before if key in found]
    above: str | None = None
    for key in found:
        if key not in order:
            order.insert(order.index(above) + 1 if above in order else 0, key)
        above = key
    return [found[key] for key in order]


def _compare(
    before: Mapping[Key, RowCells], after: Mapping[Key, RowCells], kinds: Mapping[str, CellKind], made: Edited
) -> None:
    for key, cells in before.items():
        if key not in after:
            made.changes.append(WorkbookChange(key, None, before=cells))
            continue
        for column in kinds:
            if cells[column] != after[key][column]:
                made.changes.append(WorkbookChange(key, column, cells[column], after[key][column]))
    made.changes += [
        WorkbookChange(key, None, after=deepcopy(cells)) for key, cells in after.items() if key not in before
    ]


def _cell(kind: CellKind, value: Any, context: CellContext) -> Any:
    if kind in ("units", "own_units"):
        if value is None:
            return None if kind == "own_units" else ()
        return tuple(context.office.find(name) or name for name in value)
    if kind in ("lines", "ids"):
        return tuple(norm(part) for part in value or ())
    if kind == "flag":
        return bool(value)
    return norm(value) or None if isinstance(value, str) else value


def _new_id(text: str, taken: set[str]) -> str:
    """An id from the words of a title: without marks, at most 40 characters, used nowhere else."""
    slug = re.sub(r"[^a-z0-9]+", "-", unmarked(text)).strip("-")[:40].rstrip("-")
    slug = slug if re.match(r"[a-z].", slug) else f"moi-{slug}".rstrip("-")
    number, found = 1, slug
    while found in taken:
        number += 1
        found = f"{slug}-{number}"
    return found
