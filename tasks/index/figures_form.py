"""The typed form of a month's figures: entered whole, corrected, or confirmed as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dondoc.calendar.typed_days import Day
from tasks.obligations.operator_forms import OperatorForm, asked, optional


class FigureRow(BaseModel):
    """One metric: an empty cell is a figure not available, never 0."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    code: str = asked(0, max_length=60)
    numerator: int | None = optional(1)
    denominator: int | None = optional(2)
    score: str | None = optional(3, max_length=20)
    unit: str | None = optional(4, max_length=80)

    @property
    def said(self) -> str:
        """The row on one line; an empty cell is three dots."""
        counts = "/".join("…" if count is None else str(count) for count in (self.numerator, self.denominator))
        return f"{self.code} {counts}" + "".join(f" ({text})" for text in (self.score, self.unit) if text)


class FiguresForm(OperatorForm):
    """A month's figures: the whole table, some metrics corrected, or doubtful ones confirmed."""

    plan: str = asked(0, min_length=1, max_length=100)
    month: str = asked(1, pattern=r"^20\d\d-(0[1-9]|1[0-2])$")
    closed_on: Day | None = optional(2)
    table: str | None = optional(3, max_length=200_000)
    rows: tuple[FigureRow, ...] = Field(default=(), json_schema_extra={"position": 4}, max_length=60)
    confirm: bool = Field(default=False, json_schema_extra={"position": 5})
    reason: str | None = optional(6, max_length=1000)
    recorded_by: str = asked(7, min_length=2, max_length=120)

    def answers(self, forms: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """(label, value) of what was filled in: a pasted table by its number of lines, rows one after another."""
        words, shown = forms[type(self).__name__], dict[str, Any]()
        if self.table:
            shown["table"] = words["pasted"].format(count=len(self.table.strip().splitlines()))
        if self.rows:
            shown["rows"] = "; ".join(row.said for row in self.rows)
        if self.confirm:
            shown["confirm"] = words["ticked"]
        return [
            (str(words["fields"][name]["title"]), shown.get(name, getattr(self, name)))
            for name in type(self).model_fields
            if getattr(self, name) not in (None, "", (), False)
        ]

    @property
    def about(self) -> str:
        """What the form is about: the plan's id."""
        return self.plan
