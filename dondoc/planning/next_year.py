"""Another year's plan, drafted from this one: recurring duties carried over, once-only ones left as questions.

Cuts in the file's own text, at the places the YAML parser names, so that every comment and line break of what
stays is untouched and the draft differs from its source only where it must.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date

import yaml

from dondoc.foundation.errors import DondocError
from dondoc.planning.carry_over import Carry


class RolloverError(DondocError):
    """A plan that cannot be carried over as asked."""


Cut = tuple[int, int, str]


def rollover(
    text: str, year: int, adopted_on: date, question: str, carry: Carry | None = None, basis: str = "{basis}"
) -> str:
    """The text of a draft plan of `year`, from the text of a valid plan file.

    Every item stays, under its id, so that its flow does. Obligations marked `once` are dropped unless `carry` keeps
    them; an item left without any carries `question` (`{year}` is the source's), any item the questions of `carry`,
    for whoever adopts the plan. Ended units become their successors. The printed plan's irregularities stay behind:
    they are about that document. A basis that names its year is asked for again, in the words of `basis` (`{year}`,
    `{next}`, `{basis}`). Raises RolloverError when `year` is the plan's own.
    """
    root = yaml.compose(text, yaml.SafeLoader)
    if root is None:
        raise RolloverError("the plan file is empty; give a plan to carry over")
    rows = dict(_pairs(root))
    source = int(rows["year"].value)
    if source == year:
        raise RolloverError(f"the plan is of {year} already; give another year")
    taken = carry or Carry()
    cuts = [
        _scalar(rows["year"], str(year)),
        _scalar(rows["adopted_on"], f"{adopted_on.isoformat()}\ndraft: true"),
        *_irregularities(text, rows.get("irregularities")),
        *_bases(text, rows.get("basis"), source, year, basis),
        *(cut for item in rows["items"].value for cut in _item(text, item, question.format(year=source), taken)),
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


def _bases(text: str, node: yaml.Node | None, source: int, year: int, asked: str) -> Iterator[Cut]:
    """The bases that are of the source's year: next year's document stands on others, which nobody knows yet."""
    for known in node.value if node is not None else ():
        if re.search(rf"\{{year\}}|\b{source}\b", known.value):
            printed = known.value.replace("{year}", str(source)).replace("{next_year}", str(year))
            if printed.startswith("["):  # asked for already, by the draft this plan came from
                printed = printed.strip("[]").partition(": ")[2] or printed
            said = json.dumps(asked.format(year=source, next=year, basis=printed), ensure_ascii=False)
            block = known.style in ("|", ">")
            end = content_end(text, known) if block else known.end_mark.index
            yield known.start_mark.index, end, f"{said}\n" if block else said


def _item(text: str, item: yaml.Node, once: str, carry: Carry) -> Iterator[Cut]:
    rows = dict(_pairs(item))
    node, item_id = rows["obligations"], rows["id"].value
    dropped = [row for row in node.value if _once(row) and (item_id, _id(row)) not in carry.kept]
    emptied = bool(dropped) and len(dropped) == len(node.value)
    start = text.rfind("obligations:", 0, node.start_mark.index)
    indent = " " * (start - text.rfind("\n", 0, start) - 1)
    asked = " ".join((*((once,) if emptied else ()), *carry.questions.get(item_id, ())))
    yield from _asked(text, rows.get("question"), asked, start, indent)
    if emptied:
        yield start, content_end(text, node), "obligations: []\n"
    else:
        yield from _dropped(text, node, dropped)
    kept = [row for row in node.value if row not in dropped]
    for parties in (rows, *(dict(_pairs(row)) for row in kept)):
        for name in ("lead", "coordinating"):
            for party in getattr(parties.get(name), "value", None) or ():
                if isinstance(party, yaml.Node) and party.value in carry.successors:
                    yield _scalar(party, carry.successors[party.value])


def _asked(text: str, there: yaml.Node | None, asked: str, start: int, indent: str) -> Iterator[Cut]:
    """The item's question: a new line before its obligations, or instead of the one that stands there."""
    said = json.dumps(asked, ensure_ascii=False)
    if asked and there is not None:
        yield there.start_mark.index, content_end(text, there), f"{said}\n"
    elif asked:
        yield start, start, f"question: {said}\n{indent}"


def _dropped(text: str, node: yaml.Node, dropped: list[yaml.Node]) -> Iterator[Cut]:
    for row in dropped:
        yield text.rfind("\n", 0, row.start_mark.index) + 1, content_end(text, row), ""
    gone = {_id(row) for row in dropped}
    for row in node.value:
        needs = dict(_pairs(row)).get("needs")
        if row not in dropped and needs is not None and gone & {need.value for need in needs.value}:
            kept = [need.value for need in needs.value if need.value not in gone]
            yield _scalar(needs, f"[{', '.join(kept)}]")


def _id(row: yaml.Node) -> str:
    return str(dict(_pairs(row))["id"].value)


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
