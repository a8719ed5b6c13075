"""The plan as plain values: Plan, Item, Obligation, Timing. `planfile` reads and validates them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal

from dondoc.calendar.periods import Cadence
from dondoc.foundation.canonical import digest
from dondoc.office.policy import Shape

TimingKind = Literal["month", "quarter", "by-date", "recurring", "continuous", "after-event", "by-reference"]
MonthDay = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Timing:
    """When an obligation is due, relative to the plan's year.

    `number` is the month or quarter; `day` and `opens` are (month, day); `inclusive` False means
    "trước ngày D", which excludes D; `every` None means the cadence comes from the policy; `continuous`
    marks a by-reference duty that the phrase also calls "thường xuyên".
    """

    kind: TimingKind
    number: int | None = None
    day: MonthDay | None = None
    inclusive: bool = True
    opens: MonthDay | None = None
    every: Cadence | None = None
    event: str | None = None
    within: int | None = None
    reference: str | None = None
    continuous: bool = False


@dataclass(frozen=True, slots=True)
class Obligation:
    """One deliverable with one timing. `needs` are obligation ids of the same item that come first."""

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


@dataclass(frozen=True, slots=True)
class Item:
    """One numbered duty of the plan: one Prefect flow. `lead` and `coordinating` are unit or group ids as printed."""

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

    @property
    def flow_name(self) -> str:
        """The Prefect flow's name, the same every year."""
        return f"{self.ref} · {self.title}"

    def obligation(self, obligation_id: str) -> Obligation:
        """The obligation of that id. Raises KeyError."""
        for obligation in self.obligations:
            if obligation.id == obligation_id:
                return obligation
        raise KeyError(obligation_id)


@dataclass(frozen=True, slots=True)
class Event:
    """An outside event that opens gated occurrences."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Irregularity:
    """Something odd in the printed plan, and the choice taken. None is silently mended."""

    where: str
    printed: str
    choice: str


@dataclass(frozen=True)
class Plan:
    """A yearly plan. `adopted_on`: what fell due before it is listed, never chased.

    `parts`: (number, heading) of the parts that its items stand in, as printed.
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
        return digest(to_json(self))


def item_tags(plan: Plan, item: Item) -> tuple[str, ...]:
    """What an item's runs are found by in Prefect, those that follow its acts too: plan, year, printed reference, id."""
    return (plan.id, str(plan.year), item.ref, item.id)


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan as a JSON object (dates ISO), complete: `planfile.from_json` reads it back."""
    value = asdict(plan)
    value["adopted_on"] = plan.adopted_on.isoformat()
    if not plan.parts:
        del value["parts"]  # a plan without them keeps the digest it always had
    result: dict[str, Any] = _plain(value)
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    return value
