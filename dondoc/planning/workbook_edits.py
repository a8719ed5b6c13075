"""The edited rows of a plan written into its file's own text: what is unchanged keeps every byte and comment.

Cuts at the places the YAML parser names, as in `rollover`. What was written is read again and must be what was
meant; where a file's layout does not allow that, nothing is written and it says so.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from dondoc.foundation.errors import ConfigurationError, DondocError
from dondoc.foundation.yaml_positions import Located, Path, parse_yaml
from dondoc.office.office import Office
from dondoc.plan.plan_file import read_plan
from dondoc.plan.timings import FORMS, timing_columns
from dondoc.planning.next_year import Cut, content_end
from dondoc.planning.workbook import Edited, RowCells, timing_row
from dondoc.planning.workbook_cells import DUTY, ITEM

_WIDE = 100
_PLAIN = re.compile(r"[^\W\d_][^,\[\]{}:#\n\"'&*!|>%@`]*")


class PlanEditError(DondocError):
    """A change that cannot be written into this file as it is laid out."""


def rows_after(value: Mapping[str, Any], made: Edited) -> list[dict[str, Any]]:
    """The items of the plan file after the edit: changed keys only are replaced."""
    old = {row["id"]: row for row in value["items"]}
    changed: dict[tuple[str, str | None], set[str]] = {}
    for change in made.changes:
        if change.column is not None:
            changed.setdefault(change.key, set()).add(key_of(change.column))
    items = []
    for cells in made.items:
        key, row = cells["id"], dict(old.get(cells["id"]) or item_row(cells))
        row |= {name: found for name, found in item_row(cells).items() if name in changed.get((key, None), ())}
        duties = {duty["id"]: duty for duty in row.get("obligations", ())}
        row["obligations"] = [
            {**duties.get(duty["id"], duty_row(duty)),
             **{name: v for name, v in duty_row(duty).items() if name in changed.get((key, duty["id"]), ())}}
            for duty in made.duties[key]
        ]  # fmt: skip
        items.append(row)
    return items


_OBLIGATION_KEYS = ("deliverable", "phrase", "each", "contact", "reading", "reading_by", "once", "needs")


def key_of(column: str) -> str:
    """The plan file's key of a column: the columns of a timing are one."""
    return column if column in _PLAIN_KEYS else "timing"


_PLAIN_KEYS = frozenset({*ITEM, *_OBLIGATION_KEYS})


def item_row(cells: RowCells) -> dict[str, Any]:
    """An item's row of the plan file, without its obligations."""
    return {column: _plain(cells[column]) for column in ITEM}


def duty_row(cells: RowCells) -> dict[str, Any]:
    """An obligation's row of the plan file."""
    found = {column: _plain(cells[column]) for column in DUTY if column in _PLAIN_KEYS}
    return {**{k: found[k] for k in ("id", "lead", "coordinating", "deliverable", "phrase")},
            "timing": timing_row(cells), **{k: found[k] for k in ("reading", "reading_by", "once", "needs")},
            **{k: found[k] for k in ("each", "contact") if found[k]}}  # fmt: skip


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def faults_of(
    value: Mapping[str, Any], items: list[dict[str, Any]], made: Edited, office: Office
) -> list[tuple[str, str]]:
    """Every fault that `plan check` finds in the edited plan, each with the cell it is about ("" for the file's head)."""
    cells: list[str] = [""]
    lines: dict[Path, int] = {}

    def place(path: Path, key: tuple[str, str | None], column: str) -> None:
        if (key, column) in made.at:
            cells.append(made.at[key, column])
            lines[path] = len(cells)

    for i, row in enumerate(items):
        item, here = (row["id"], None), ("items", i)
        for name in ITEM:
            place((*here, name), item, name)
        place(here, item, "id")
        for j, duty in enumerate(row["obligations"]):
            key, there = (row["id"], duty["id"]), (*here, "obligations", j)
            for name in DUTY:
                place((*there, key_of(name)), key, "form" if key_of(name) == "timing" else name)
            for name, column in _TIMING_KEYS.items():
                place((*there, "timing", name), key, column)
            place(there, key, "id")
    try:
        read_plan(Located("", {**value, "items": items}, lines), office)
    except ConfigurationError as error:
        found = [(cells[min(fault.line, len(cells)) - 1], fault.message) for fault in error.faults]
        return [(at, re.sub(r"at line (\d+)", lambda m: f"at {cells[int(m[1]) - 1]}", said)) for at, said in found]
    return []


_TIMING_KEYS = {key: column for form in FORMS for key, column in timing_columns(form).items()}
_TIMING_KEYS |= {"by": "day", "before": "day"}


def rewritten(text: str, value: Mapping[str, Any], items: list[dict[str, Any]]) -> str:
    """`text` with its items replaced by `items` where they differ. Raises PlanEditError where that cannot be done."""
    if items == value["items"]:
        return text
    text = text if text.endswith("\n") else f"{text}\n"
    root: Any = yaml.compose(text, yaml.SafeLoader)
    try:
        node = {key.value: child for key, child in root.value}["items"]
        cuts = list(_sequence(text, node, value["items"], items, "obligations"))
    except (KeyError, ValueError):
        cuts = []
    new = text
    for start, end, piece in sorted(cuts, key=lambda cut: cut[:2], reverse=True):
        new = new[:start] + piece + new[end:]
    try:
        written = parse_yaml(new, "").value
    except ConfigurationError:
        written = None
    if written != {**value, "items": items}:
        raise PlanEditError("the plan file is laid out in a way this cannot edit; nothing was written: edit it by hand")
    return new


def _sequence(
    text: str, node: Any, old: list[dict[str, Any]], new: list[dict[str, Any]], inner: str | None
) -> Iterator[Cut]:
    """The cuts that turn a block sequence of rows into `new`: rows known by id, new ones after the one before them."""
    nodes = {row["id"]: child for row, child in zip(old, node.value, strict=True)}
    if node.flow_style:
        raise ValueError("a flow sequence")
    dash = node.start_mark.column
    kept = {row["id"] for row in new}
    for row in old:
        if row["id"] not in kept:
            child = nodes[row["id"]]
            yield text.rfind("\n", 0, child.start_mark.index) + 1, _line_end(text, child), ""
    before = {row["id"]: row for row in old}
    place = text.rfind("\n", 0, node.start_mark.index) + 1
    added: dict[int, str] = {}
    for row in new:
        if row["id"] in nodes:
            yield from _mapping(text, nodes[row["id"]], before[row["id"]], row, inner)
            place = _line_end(text, nodes[row["id"]])
        else:
            blank = "\n" if inner else ""
            added[place] = added.get(place, "") + blank + _block([row], dash)
    yield from ((place, place, piece) for place, piece in added.items())


def _mapping(text: str, node: Any, old: Mapping[str, Any], new: Mapping[str, Any], inner: str | None) -> Iterator[Cut]:
    pairs = {key.value: (key, child) for key, child in node.value}
    column = node.start_mark.column
    missing = []
    for name, value in new.items():
        if name == inner:
            yield from _inner(text, pairs[name], old[name], value, column)
        elif name in old and old[name] == value:
            continue
        elif name not in pairs:
            missing.append((name, value))
        else:
            key, child = pairs[name]
            block = getattr(child, "style", None) in ("|", ">") or (
                isinstance(child, yaml.CollectionNode) and not child.flow_style
            )
            piece = _value(value, column, flow=bool(node.flow_style))
            end = content_end(text, child) if block else child.end_mark.index
            yield key.end_mark.index, end, f":{piece}" + ("\n" if block else "")
    if missing and node.flow_style:
        end = node.end_mark.index - 1
        yield end, end, "".join(f", {name}:{_value(value, 0, flow=True)}" for name, value in missing)
    elif missing:
        at = text.rfind("\n", 0, pairs[inner][0].start_mark.index) + 1 if inner else _line_end(text, node)
        yield at, at, "".join(f"{' ' * column}{name}:{_value(value, column)}\n" for name, value in missing)


def _inner(
    text: str, pair: tuple[Any, Any], old: list[dict[str, Any]], new: list[dict[str, Any]], column: int
) -> Iterator[Cut]:
    key, child = pair
    if old and new:
        yield from _sequence(text, child, old, new, None)
    elif old != new:
        end = content_end(text, child) if old else child.end_mark.index
        piece = f":\n{_block(new, column + 2)}".rstrip("\n") if new else ": []"
        yield key.end_mark.index, end, piece + ("\n" if old else "")


def _line_end(text: str, node: Any) -> int:
    """Where the line after a row begins; a flow row ends before its line does."""
    end = content_end(text, node)
    return end if text[end - 1] == "\n" else text.index("\n", end) + 1


def _block(rows: list[dict[str, Any]], dash: int) -> str:
    """New rows as a block sequence whose dashes stand in that column."""
    said = []
    for row in rows:
        lead = " " * dash + "- "
        for name, value in row.items():
            if name == "obligations":
                said.append(f"{lead}{name}:\n{_block(value, dash + 4)}" if value else f"{lead}{name}: []\n")
            else:
                said.append(f"{lead}{name}:{_value(value, dash + 2)}\n")
            lead = " " * (dash + 2)
    return "".join(said)


def _value(value: Any, indent: int, *, flow: bool = False) -> str:
    """A value after its colon: the space before it included. Long text is folded, as in the rest of the file."""
    if value is None or isinstance(value, bool | int):
        return f" {json.dumps(value)}"
    if isinstance(value, dict):
        return " {" + ", ".join(f"{name}:{_value(child, 0, flow=True)}" for name, child in value.items()) + "}"
    if isinstance(value, list):
        if flow or all(len(part) <= 40 for part in value):
            return " [" + ", ".join(_value(part, 0, flow=True).strip() for part in value) + "]"
        return "".join(f"\n{' ' * (indent + 2)}- {json.dumps(part, ensure_ascii=False)}" for part in value)
    if not flow and len(value) + indent > _WIDE and "\n" not in value:
        margin = " " * (indent + 2)
        wrapped = textwrap.wrap(value, _WIDE - indent, break_long_words=False, break_on_hyphens=False)
        return " >-\n" + "\n".join(margin + line for line in wrapped)
    if _PLAIN.fullmatch(value) and yaml.safe_load(value) == value:
        return f" {value}"
    return " " + json.dumps(value, ensure_ascii=False)
