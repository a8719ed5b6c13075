"""Another year's plan, drafted from this one: recurring duties carried over, once-only ones left as questions.

Cuts in the file's own text, at the places the YAML parser names, so that every comment and line break of what
stays is untouched and the draft differs from its source only where it must.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import yaml

from dondoc.errors import DondocError


class RolloverError(DondocError):
    """A plan that cannot be carried over as asked."""


Cut = tuple[int, int, str]


def rollover(text: str, year: int, adopted_on: date, question: str) -> str:
    """The text of a draft plan of `year`, from the text of a valid plan file.

    Every item stays, under its id, so that its flow does. Obligations marked `once` are dropped; an item left
    without any carries `question` (`{year}` is the source's) for whoever adopts the plan. The printed plan's
    irregularities stay behind: they are about that document. Raises RolloverError when `year` is the plan's own.
    """
    root = yaml.compose(text, yaml.SafeLoader)
    if root is None:
        raise RolloverError("the plan file is empty; give a plan to carry over")
    rows = dict(_pairs(root))
    source = int(rows["year"].value)
    if source == year:
        raise RolloverError(f"the plan is of {year} already; give another year")
    cuts = [
        _scalar(rows["year"], str(year)),
        _scalar(rows["adopted_on"], f"{adopted_on.isoformat()}\ndraft: true"),
        *_irregularities(text, rows.get("irregularities")),
        *(cut for item in rows["items"].value for cut in _item(text, item, question.format(year=source))),
    ]
    cuts.extend(_line(text, rows[name]) for name in ("document", "draft") if name in rows)
    for start, end, new in sorted(cuts, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _pairs(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in node.value:
        yield key.value, value


def _scalar(node: yaml.Node, new: str) -> Cut:
    return node.start_mark.index, node.end_mark.index, new


def _line(text: str, node: yaml.Node) -> Cut:
    """The whole line that the scalar stands in."""
    return text.rfind("\n", 0, node.start_mark.index) + 1, text.find("\n", node.end_mark.index) + 1, ""


def _irregularities(text: str, node: yaml.Node | None) -> Iterator[Cut]:
    if node is not None and node.value:
        start = text.rfind("irregularities:", 0, node.start_mark.index) + len("irregularities:")
        yield start, content_end(text, node), " []\n"


def _item(text: str, item: yaml.Node, question: str) -> Iterator[Cut]:
    node = dict(_pairs(item))["obligations"]
    dropped = [row for row in node.value if _once(row)]
    if dropped and len(dropped) == len(node.value):
        start = text.rfind("obligations:", 0, node.start_mark.index)
        indent = " " * (start - text.rfind("\n", 0, start) - 1)
        new = f"obligations: []\n{indent}question: {json.dumps(question, ensure_ascii=False)}\n"
        yield start, content_end(text, node), new
        return
    for row in dropped:
        yield text.rfind("\n", 0, row.start_mark.index) + 1, content_end(text, row), ""
    gone = {dict(_pairs(row))["id"].value for row in dropped}
    for row in node.value:
        needs = dict(_pairs(row)).get("needs")
        if row not in dropped and needs is not None and gone & {need.value for need in needs.value}:
            kept = [need.value for need in needs.value if need.value not in gone]
            yield _scalar(needs, f"[{', '.join(kept)}]")


def _once(row: yaml.Node) -> bool:
    once = dict(_pairs(row)).get("once")
    return once is not None and once.value == "true"


def content_end(text: str, node: yaml.Node) -> int:
    """Where the node's last line ends: a block's mark runs on over the blank lines and comments that follow it."""
    lines = text[node.start_mark.index : node.end_mark.index].splitlines(keepends=True)
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    end: int = node.start_mark.index + sum(map(len, lines))
    return end
