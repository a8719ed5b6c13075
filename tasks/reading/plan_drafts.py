"""What was read as a plan file's text, and as a report that shows document and reading side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from dondoc.office.office import Office
from dondoc.office.wording import clean
from dondoc.reading.draft_rows import plan_value, shown_place
from dondoc.reading.reading import Reading
from tasks.reading.plan_text import plan_text

_HALF = 58
_HEADING = """Read from {name} by `dondoc plan read`: a draft. Whatever the document does not say clearly is a question.
Put it right here, delete the question, and say `reading_by` where you confirm a reading; then set draft: false."""


@dataclass(frozen=True)
class Drafted:
    """The plan file's text, its value and what to say about it."""

    text: str
    value: dict[str, Any]

    @property
    def items(self) -> int:
        """How many duties."""
        return len(self.value["items"])

    @property
    def obligations(self) -> int:
        """How many results."""
        return sum(len(item["obligations"]) for item in self.value["items"])

    @property
    def questions(self) -> int:
        """How many duties have a question."""
        return sum("question" in item for item in self.value["items"])

    @property
    def units(self) -> int:
        """How many units office.yaml does not know."""
        return len(self.value.get("new_units", ()))


def drafted(
    reading: Reading, office: Office, adopted_on: date, words: Mapping[str, Any], family: str | None = None
) -> Drafted:
    """The plan file of a reading."""
    value = plan_value(reading, office, adopted_on, words, family)
    return Drafted(plan_text(value, _HEADING.format(name=clean(reading.name))), value)


def side_by_side(reading: Reading, made: Drafted, words: Mapping[str, Any]) -> str:
    """Each duty twice: on the left as printed, on the right as read, its questions below."""
    said = words["report"]
    lines = [
        str(said["title"]).format(reading.name),
        str(said["counts"]).format(made.items, made.obligations, made.questions, made.units),
        "",
        f"{said['document']:<{_HALF}} | {said['reading']}",
    ]
    lines += [f"{said['whole']}: {row['choice']}" for row in made.value.get("irregularities", ())]
    for item, row in zip(reading.items, made.value["items"], strict=True):
        lines.append("=" * (2 * _HALF + 3))
        left = [f"{item.ref}  [{shown_place(item.place, words)}]", *textwrap.wrap(item.text, _HALF)]
        for name, printed in item.printed.items():
            if name != "other":
                note = f" {said['inherited']}" if printed.inherited else ""
                left += textwrap.wrap(
                    f"{said['fields'].get(name, name)}: {clean(printed.text) or said['nothing']}{note}", _HALF
                )
        lines += _beside(left, list(_right(row, said)))
        if "question" in row:
            lines += textwrap.wrap(f"{said['question']}: {row['question']}", 2 * _HALF, subsequent_indent="     ")
    return "\n".join(lines) + "\n"


def _right(row: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[str]:
    yield from textwrap.wrap(f"{row['id']} ({row['shape']})", _HALF)
    for name in ("lead", "coordinating"):
        yield from textwrap.wrap(f"{said['fields'][name]}: {', '.join(row.get(name, ())) or said['nothing']}", _HALF)
    for duty in row["obligations"]:
        yield from textwrap.wrap(f"• {duty['deliverable'] or said['nothing']}", _HALF)
        timing = yaml.safe_dump(duty["timing"], allow_unicode=True, default_flow_style=True, width=1000).strip()
        yield from textwrap.wrap(f"  “{duty['phrase']}” → {timing}", _HALF)


def _beside(left: list[str], right: list[str]) -> list[str]:
    height = max(len(left), len(right))
    padded = zip(left + [""] * (height - len(left)), right + [""] * (height - len(right)), strict=True)
    return [f"{a:<{_HALF}} | {b}".rstrip() for a, b in padded]
