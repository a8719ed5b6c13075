"""What belongs into an evidence pack: which occurrences a selection means, and which ledger entries concern them.

Both rules rest on the ledger and the plans alone, so that whoever holds a pack can apply them again:
an occurrence belongs to a period when a due date it has, or ever had, lies in it; an entry concerns a selection when
it is about one of its occurrences, names one in its body, or is about a plan, an event, the calendar or standing in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from dondoc.files.uploads import clean_name

_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_OF_PLAN = ("plan.", "event.")
_OF_ALL = ("calendar.", "delegation.")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for; empty means all. `unit` leads. `first` and `last` are days, both included."""

    plan: str = ""
    item: str = ""
    unit: str = ""
    document: str = ""
    first: date | None = None
    last: date | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands in a pack and in the ledger: days ISO, null for none."""
        return {key: value.isoformat() if isinstance(value, date) else value for key, value in asdict(self).items()}


@dataclass(slots=True)
class Traced:
    """What the entries say of one occurrence besides its state: due dates, document numbers, versions of its plan."""

    dues: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    versions: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Survey:
    """The registers as the entries go by. Memory is theirs, not the ledger's."""

    traced: dict[str, Traced] = field(default_factory=dict)
    versions: list[tuple[str, str]] = field(default_factory=list)

    def take(self, entry: Mapping[str, Any]) -> None:
        """One more verified entry."""
        kind, body = entry["kind"], entry["body"]
        if kind in ("plan.adopted", "plan.amended"):
            self.versions.append((entry["plan"], body["digest"]))
        if kind in ("plan.adopted", "plan.amended", "event.recorded"):
            digest = next(version for plan, version in reversed(self.versions) if plan == entry["plan"])
            for row in body.get("register", ()):
                registered = self.traced.setdefault(row["id"], Traced())
                registered.versions.append(digest)
                registered.dues.update([row["due"]] if row["due"] else ())
        known = self.traced.get(entry["occurrence"] or "")
        if known is not None:
            known.dues.update(_dues(kind, body))
            if isinstance(body.get("document"), str):
                known.documents.add(body["document"])

    def chosen(self, selection: Selection, leads: Callable[[str, str], tuple[str, ...]]) -> list[str]:
        """The occurrences a selection means, in the register's order. `leads`: (occurrence, version) → its lead units."""
        return [key for key, known in self.traced.items() if _fits(key, known, selection, leads)]


def _dues(kind: str, body: Mapping[str, Any]) -> Iterator[str]:
    if kind in ("occurrence.opened", "occurrence.amended") and body.get("due"):
        yield body["due"]
    if kind == "occurrence.extended":
        yield body["until"]


def _fits(
    key: str, known: Traced, selection: Selection, leads: Callable[[str, str], tuple[str, ...]]
) -> bool:  # fmt: skip
    plan, item, _ = key.split("/", 2)
    if selection.plan not in ("", plan) or selection.item not in ("", item):
        return False
    if selection.first or selection.last:
        first, last = selection.first or date.min, selection.last or date.max
        if not any(first.isoformat() <= due <= last.isoformat() for due in known.dues):
            return False
    wanted = selection.document.casefold()
    if wanted and not any(wanted in number.casefold() for number in known.documents):
        return False
    return not selection.unit or any(selection.unit in leads(key, version) for version in known.versions)


def concerns(entry: Mapping[str, Any], occurrences: frozenset[str], plans: frozenset[str]) -> bool:
    """Whether an entry concerns these occurrences, which are of these plans."""
    kind = entry["kind"]
    if entry["occurrence"] is not None:
        return entry["occurrence"] in occurrences
    if kind.startswith(_OF_ALL) or (kind.startswith(_OF_PLAN) and entry["plan"] in plans):
        return True
    return names(entry["body"], occurrences)


def names(value: Any, occurrences: frozenset[str]) -> bool:
    """Whether one of these occurrences is named anywhere in a body."""
    if isinstance(value, str):
        return value in occurrences
    if isinstance(value, Mapping):
        return any(names(child, occurrences) for child in value.values())
    return isinstance(value, list | tuple) and any(names(child, occurrences) for child in value)


def member_name(before: str, name: str) -> str:
    """A file's name as every system takes it: ASCII, no path, not too long, unlike any other by what stands `before`."""
    parted = unicodedata.normalize("NFD", clean_name(name).replace("đ", "d").replace("Đ", "D"))
    plain = _PLAIN.sub("-", "".join(c for c in parted if not unicodedata.combining(c))).strip("-.") or "tep"
    stem, dot, extension = plain.rpartition(".")
    if dot:
        return f"{before}-{stem[: _LONGEST_NAME - len(extension)].rstrip('-.')}.{extension}"
    return f"{before}-{plain[:_LONGEST_NAME]}"
