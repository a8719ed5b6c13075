"""What a document prints of one duty, before it is read: its reference, its text, its fields and where they stand."""

from __future__ import annotations

from dataclasses import dataclass, field

from dondoc.reading.document import Place
from dondoc.reading.headings import Field


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed text and its place. `label`: what the document calls the field; `inherited`: from a merged
    cell above; `span`: from which to which character of the line or cell."""

    text: str
    place: Place
    label: str = ""
    inherited: bool = False
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A question that the document leaves: its key in the words, what it is filled with, where, and the other place it speaks of."""

    key: str
    place: Place
    facts: tuple[str, ...] = ()
    other: Place | None = None


@dataclass
class RawItem:
    """One duty as printed. `section`: (number, heading) of what it stands under, from the outside."""

    ref: str
    title: Printed
    text: str
    section: tuple[tuple[str, str], ...]
    fields: dict[Field, Printed] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    parts: list[dict[Field, Printed]] = field(default_factory=list)  # further blocks of one point

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.title.place
