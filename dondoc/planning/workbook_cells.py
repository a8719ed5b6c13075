"""One cell of the plan's workbook ↔ one value of the plan file: names, dates and lists as clerks write them.

Text is compared NFC, without doubled or trailing spaces: how an office program stores it is no change of the plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from dondoc.foundation.names import name_key
from dondoc.office.office import Office
from dondoc.office.wording import clean
from dondoc.plan.timing_values import one_or_more
from dondoc.plan.timings import FORMS, timing_columns

CellKind = Literal[
    "text", "lines", "units", "own_units", "shape", "form", "cadence", "flag", "number", "numbers", "day", "days",
    "rule", "ids", "item",
]  # fmt: skip
SheetWords = Mapping[str, Any]

ITEM: dict[str, CellKind] = {
    "id": "text", "ref": "text", "title": "text", "shape": "shape", "lead": "units", "coordinating": "units",
    "text": "text", "basis": "lines", "question": "text",
}  # fmt: skip
DUTY: dict[str, CellKind] = {
    "item": "item", "id": "text", "deliverable": "text", "phrase": "text", "form": "form", "number": "numbers",
    "day": "days", "opens": "day", "year": "number", "from": "text", "to": "text", "every": "cadence",
    "by_day": "rule", "before_day": "rule", "event": "text", "within": "number", "days": "number",
    "reference": "text", "continuous": "flag", "lead": "own_units", "coordinating": "own_units", "each": "flag",
    "contact": "text", "reading": "text", "reading_by": "text", "once": "flag", "needs": "ids",
}  # fmt: skip
REQUIRED = frozenset({"ref", "title", "shape", "text", "form"})
# What each form of timing is written in; `form` itself is not listed.
TIMING: dict[str, tuple[str, ...]] = {form: tuple(timing_columns(form).values()) for form in FORMS}
TIMING_COLUMNS = (
    "number", "day", "opens", "year", "from", "to", "every", "by_day", "before_day", "event", "within", "days",
    "reference", "continuous",
)  # fmt: skip

_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}))?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


class CellError(Exception):
    """A cell that cannot be read: the key of its message and what the message says."""

    def __init__(self, key: str, **said: Any) -> None:
        super().__init__(key)
        self.key, self.said = key, said


@dataclass(frozen=True, slots=True)
class CellContext:
    """What reading and showing cells needs: names, words, the plan's year."""

    office: Office
    words: SheetWords
    shapes: Mapping[str, str]
    year: int
    last_year: int = 0

    def choices(self, kind: CellKind) -> Mapping[str, str]:
        """code → word of a column that takes one of a list."""
        known = {"shape": self.shapes, "form": self.words["forms"], "cadence": self.words["cadences"]}
        return known.get(kind) or {"true": self.words["flags"]["yes"], "false": self.words["flags"]["no"]}

    def read(self, kind: CellKind, raw: Any) -> Any:
        """The value of a cell as openpyxl gave it. Raises CellError."""
        if kind == "day":
            return self._day(raw)
        if kind == "days":
            return self._days(raw)
        if kind == "number":
            return _number(raw)
        if kind in ("numbers", "rule") and not isinstance(raw, date):
            return _several(raw, _number if kind == "numbers" else _rule)
        if isinstance(raw, date):
            raw = f"{raw:%d/%m/%Y}"
        text = norm("" if raw is None else str(raw))
        if kind in ("units", "own_units"):
            units = tuple(self._unit(name) for name in re.split(r"[;\n]", text) if name.strip())
            return units or (None if kind == "own_units" else ())
        if kind == "lines":
            return tuple(line for line in text.split("\n") if line)
        if kind == "ids":
            return tuple(part for part in re.split(r"[;,\s]+", text) if part)
        if kind in ("text", "item"):
            return text or None
        return self._choice(kind, text)

    def show(self, kind: CellKind, value: Any) -> str | int | date:
        """The value as its cell shows it; "" for none."""
        if value is None or value == ():
            return ""
        if kind in ("units", "own_units"):
            return str(self.words["separator"]).join(self.office.name_of(party) for party in value)
        if kind == "lines":
            return "\n".join(value)
        if kind == "ids":
            return str(self.words["separator"]).join(value)
        if kind in ("day", "days"):
            days = [_shown(day, self.year) for day in one_or_more(value)]
            return days[0] if len(days) == 1 else str(self.words["separator"]).join(f"{d:%d/%m/%Y}" for d in days)
        if kind in ("numbers", "rule") and isinstance(value, tuple):
            return str(self.words["separator"]).join(str(part) for part in value)
        if kind == "flag":
            return str(self.words["flags"]["yes"]) if value else ""
        if kind in ("shape", "form", "cadence"):
            return str(self.choices(kind).get(value, value))
        return value if isinstance(value, int) else str(value)

    def said(self, kind: CellKind, value: Any) -> str:
        """The value in a list of changes."""
        shown = self.show(kind, value)
        if shown == "":
            return str(self.words["flags"]["no"] if kind == "flag" else self.words["none"])
        return f"{shown:%d/%m/%Y}" if isinstance(shown, date) else str(shown).replace("\n", " | ")

    def _unit(self, name: str) -> str:
        found = self.office.find(name)
        if found is None:
            near = self.office.suggest(name)
            hint = self.words["faults"]["near"].format(name=self.office.name_of(near)) if near else ""
            raise CellError("unit", value=name.strip(), near=hint)
        return found

    def _choice(self, kind: CellKind, text: str) -> Any:
        known = self.choices(kind)
        if not text:
            return False if kind == "flag" else None
        found = next((code for code, word in known.items() if name_key(text) in (name_key(word), name_key(code))), None)
        if found is None:
            raise CellError("choice", value=text, known=", ".join(known.values()))
        return found == "true" if kind == "flag" else found

    def _days(self, raw: Any) -> Any:
        if isinstance(raw, date) or raw is None:
            return self._day(raw)
        return _several(raw, self._day)

    def _day(self, raw: Any) -> str | None:
        if isinstance(raw, datetime | date):
            year, month, day = raw.year, raw.month, raw.day
        else:
            text = norm("" if raw is None else str(raw))
            if not text:
                return None
            if match := _ISO.match(text):
                year, month, day = (int(part) for part in match.groups())
            elif match := _DAY.fullmatch(text):
                day, month, year = int(match[1]), int(match[2]), int(match[3] or self.year)
            else:
                raise CellError("day", value=text, year=self.year)
        if not self.year <= year <= max(self.year, self.last_year):
            raise CellError("year", value=f"{day:02}/{month:02}/{year}", year=self.year)
        try:
            date(year, month, day)
        except ValueError:
            raise CellError("day", value=f"{day:02}/{month:02}/{year}", year=self.year) from None
        return f"{month:02}-{day:02}" if year == self.year else f"{year}-{month:02}-{day:02}"


def norm(text: str) -> str:
    """Text as it is compared and kept: NFC, single spaces, no empty ends, nothing unseen; line breaks stay."""
    text = text.replace("\r\n", "\n").replace("_x000D_", "")
    return "\n".join(clean(line) for line in text.split("\n")).strip("\n")


def _several(raw: Any, read: Callable[[Any], Any]) -> Any:
    """One value, or several that stand apart by semicolons, as a tuple."""
    if not isinstance(raw, str):
        return read(raw)
    values = tuple(read(part) for part in raw.split(";") if part.strip())
    return None if not values else values[0] if len(values) == 1 else values


def _rule(raw: Any) -> int | str | None:
    text = norm("" if raw is None else str(raw)).casefold()
    return int(text) if text.isdigit() else text or None


def _shown(day: str, year: int) -> date:
    try:
        return date.fromisoformat(day if len(day) > 5 else f"{year}-{day}")
    except ValueError:
        return date(year, 2, 28)


def _number(raw: Any) -> int | None:
    text = norm("" if raw is None else str(raw))
    if not text:
        return None
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    if not re.fullmatch(r"\d{1,4}", text):
        raise CellError("number", value=text)
    return int(text)
