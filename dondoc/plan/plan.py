"""The plan as plain values: Plan, Item, Obligation. `plan_file` reads and validates them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel

from dondoc.foundation.canonical import digest
from dondoc.office.policy import Shape
from dondoc.office.wording import clean, shortened
from dondoc.plan.timing_json import timing_json
from dondoc.plan.timings import Timing

Direction = Literal["at_least", "at_most", "exactly"]
# What Prefect forbids in a flow's name, as the full-width sign that reads the same.
_SAFE = str.maketrans({"/": "／", "%": "％", "&": "＆", "<": "＜", ">": "＞"})
_LONGEST_NAME = 140


@dataclass(frozen=True, slots=True)
class Target:
    """What the plan wants reached: "100 % hồ sơ". `value` as printed; `unit` what is counted; `direction` which way."""

    value: str
    unit: str
    direction: Direction = "at_least"


@dataclass(frozen=True, slots=True)
class Obligation:
    """One deliverable with one timing. `needs` are obligation ids of the same item that come first.

    `deliverable` is "" where the plan prints none. `each`: the units that owe one result each, instead of one together.
    `contact`: of several lead units the one that answers for all (đầu mối).
    """

    id: str
    deliverable: str
    phrase: str
    timing: Timing
    reading: str | None
    reading_by: str | None
    once: bool
    needs: tuple[str, ...]
    lead: tuple[str, ...]
    coordinating: tuple[str, ...]
    each: tuple[str, ...] = ()
    contact: str | None = None
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where the plan's document prints something: page and line from 1, a cell, and from which to which character."""

    page: int | None = None
    line: int | None = None
    cell: str | None = None
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One numbered duty of the plan: one Prefect flow. `lead` and `coordinating` are unit or group ids as printed.

    `source` and `time_source`: where the document prints it and its time, where the plan was read from one.
    """

    id: str
    ref: str
    title: str
    text: str
    shape: Shape
    lead: tuple[str, ...]
    coordinating: tuple[str, ...]
    basis: tuple[str, ...]
    obligations: tuple[Obligation, ...]
    question: str | None = None
    source: Source | None = None
    time_source: Source | None = None

    @property
    def heading(self) -> str:
        """The printed reference and title."""
        return f"{self.ref} · {self.title}"

    @property
    def flow_name(self) -> str:
        """The Prefect flow's name, the same every year: the heading with what Prefect forbids made harmless."""
        return shortened(clean(self.heading).translate(_SAFE), _LONGEST_NAME)

    def obligation(self, obligation_id: str) -> Obligation:
        """The obligation of that id. Raises KeyError."""
        for obligation in self.obligations:
            if obligation.id == obligation_id:
                return obligation
        raise KeyError(obligation_id)


@dataclass(frozen=True, slots=True)
class Event:
    """An outside event that opens gated occurrences; `repeats`: each time it comes, new ones."""

    id: str
    title: str
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Irregularity:
    """Something odd in the printed plan, and the choice taken. None is silently mended."""

    where: str
    printed: str
    choice: str


@dataclass(frozen=True)
class Plan:
    """A yearly plan. `adopted_on`: what fell due before it is listed, never chased.

    `parts`: (number, heading) of the parts that its items stand in, as printed. `to_year`: the last year of a plan
    over several.
    """

    family: str
    year: int
    title: str
    office: str
    adopted_on: date
    document: str | None
    basis: tuple[str, ...]
    events: tuple[Event, ...]
    irregularities: tuple[Irregularity, ...]
    items: tuple[Item, ...]
    draft: bool = False
    parts: tuple[tuple[str, str], ...] = ()
    to_year: int | None = None

    @property
    def last_year(self) -> int:
        """The last year the plan runs in."""
        return self.to_year or self.year

    @property
    def id(self) -> str:
        """`family-year`, e.g. cchc-2024."""
        return f"{self.family}-{self.year}"

    def item(self, item_id: str) -> Item:
        """The item of that id. Raises KeyError."""
        return self._items[item_id]

    def part_of(self, ref: str) -> tuple[str, str]:
        """(number, heading) of the part in which an item of that printed reference stands; ("", "") outside all."""
        within = [part for part in self.parts if ref == part[0] or ref.startswith(f"{part[0]}.")]
        return max(within, key=lambda part: len(part[0]), default=("", ""))

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the plan's canonical JSON: the same plan, the same digest, however its file is laid out."""
        return digest(plan_to_json(self))


def item_tags(plan: Plan, item: Item) -> tuple[str, ...]:
    """What an item's runs are found by in Prefect, those that follow its acts too: plan, year, printed reference, id."""
    return (plan.id, str(plan.year), item.ref, item.id)


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as a JSON object (dates ISO), complete: `plan_from_json` reads it back."""
    value = asdict(plan)
    value["adopted_on"] = plan.adopted_on.isoformat()
    _without_defaults(value, {"parts": (), "to_year": None})  # a plan without them keeps the digest it always had
    for event in value["events"]:
        _without_defaults(event, {"repeats": False})
    for item in value["items"]:
        _without_defaults(item, {"source": None, "time_source": None})
        for obligation in item["obligations"]:
            _without_defaults(obligation, {"each": (), "contact": None, "targets": ()})
    result: dict[str, Any] = _plain(value)
    return result


def _without_defaults(row: dict[str, Any], defaults: dict[str, Any]) -> None:
    for key, default in defaults.items():
        if row[key] == default:
            del row[key]


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return timing_json(value)
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    return value
