"""config/indexes/<id>/figures.yaml: which figures a month owes (QĐ 766/QĐ-TTg), how files name them, and what units are told.

The columns and limits stand in that file too; the messages, which a unit reads, in figures.yaml of the language folder.
"""

from __future__ import annotations

from decimal import Decimal
from difflib import get_close_matches
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dondoc.foundation import names
from dondoc.foundation.errors import DondocError
from dondoc.foundation.schema_faults import validated
from dondoc.foundation.yaml_positions import Located

FigureColumn = Literal["thang", "ma", "ten", "don_vi", "tu_so", "mau_so", "lan", "diem", "ngay_chot"]
Confidence = Literal["high", "medium", "low"]

LONGEST_HEADING = 80  # of a heading, code or name worth comparing

# Every message a reading may need, and what may be filled in.
MESSAGES: dict[str, str] = {
    "no_folder": "folder",
    "folder_unreadable": "folder",
    "too_many_files": "count limit",
    "file_unreadable": "",
    "file_too_big": "size limit",
    "still_written": "",
    "unsupported": "suffix",
    "old_or_locked": "",
    "encoding": "",
    "csv_broken": "",
    "xlsx_broken": "",
    "xlsx_too_big": "limit",
    "row_hidden": "",
    "too_many_rows": "limit",
    "no_header": "columns",
    "header_missing": "column",
    "header_twice": "column",
    "header_misspelt": "text column",
    "too_many_cells": "text",
    "formula": "column text",
    "month_empty": "",
    "month_bad": "text",
    "month_outside": "text year",
    "code_empty": "",
    "code_unknown": "text",
    "code_unknown_near": "text code name",
    "unit_bad": "text",
    "unit_long": "text limit",
    "unit_group": "text",
    "unit_measure": "text",
    "number_text": "column text",
    "number_negative": "column text",
    "number_separator": "column text",
    "number_fraction": "column text",
    "number_long": "column text",
    "exceeds": "numerator denominator",
    "score_bad": "text",
    "score_high": "text code max",
    "version_bad": "text",
    "date_empty": "",
    "date_bad": "text",
    "date_impossible": "text",
    "date_early": "text month",
    "date_late": "text month limit",
    "address_silent": "why",
    "address_too_big": "limit",
    "address_no_json": "",
    "address_no_rows": "path",
    "conflict": "month code place",
    "month_blank": "month",
}


class FigureError(DondocError):
    """A cell, row or file that cannot be read: the key of its message, its line, and what the message quotes."""

    def __init__(self, key: str, line: int = 1, **values: str) -> None:
        super().__init__(key)
        self.key, self.line, self.values = key, line, values


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnNames(_Frozen):
    """A column as it is called in messages, and every other heading it is known by."""

    name: str
    required: bool = True
    aliases: tuple[str, ...] = ()


class Metric(_Frozen):
    """One component figure. `needs`: the columns without which it counts as not available.

    `formula`, `full_at` and `den0` say how its score follows from its counts (dondoc.index.scores).
    """

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    group: str
    name: str
    max: int = Field(ge=0, le=100)
    needs: tuple[Literal["tu_so", "mau_so"], ...] = ("tu_so", "mau_so")
    optional: bool = False
    own_code: bool = False
    formula: Literal["ratio", "zero_only", "none"] = "ratio"
    full_at: Decimal = Field(default=Decimal(1), gt=0, le=1)
    den0: Literal["0", "max", "unknown"] = "unknown"
    confidence: Confidence = "medium"
    note: str = ""


class MetricGroup(_Frozen):
    """A group of metrics as the portal shows it, and its points."""

    name: str
    max: int = Field(ge=0, le=100)


class Limits(_Frozen):
    """Where a file stops being a plausible drop of figures."""

    files: int = Field(ge=1)
    file_bytes: int = Field(ge=1)
    unpacked_bytes: int = Field(ge=1)
    rows: int = Field(ge=1)
    closing_days: int = Field(ge=0)


class Metrics(_Frozen):
    """figures.yaml. `listed` are its metrics, in its order; `whole` names the whole where a unit is asked for.

    `measures` are what counts are made of, which a column called "đơn vị" may mean instead of bodies.
    """

    source: str
    confidence: str
    groups: dict[str, MetricGroup]
    columns: dict[FigureColumn, ColumnNames]
    limits: Limits
    ignored: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    listed: tuple[Metric, ...] = Field(alias="metrics", min_length=1)
    messages: dict[str, str]

    @property
    def required(self) -> tuple[str, ...]:
        """The codes a complete month holds."""
        return tuple(metric.code for metric in self.listed if not metric.optional)

    def find(self, code: str) -> Metric | None:
        """The metric of that code, in either case; None if there is none."""
        return next((metric for metric in self.listed if metric.code == code.upper()), None)

    def suggest(self, code: str) -> Metric | None:
        """The metric whose code or name is nearest in spelling; None if nothing is near."""
        known = {folded_heading(text): metric for metric in self.listed for text in (metric.code, metric.name)}
        near = get_close_matches(folded_heading(code), list(known), n=1, cutoff=0.6)
        return known[near[0]] if near else None

    def headings(self) -> dict[str, FigureColumn]:
        """Every heading a column is known by, folded."""
        return {
            folded_heading(text): column
            for column, called in self.columns.items()
            for text in (column, called.name, *called.aliases)
        }

    def say(self, error: FigureError) -> str:
        """The message of `error`, in one line."""
        return self.messages[error.key].format(**{name: printable(text) for name, text in error.values.items()})


def folded_heading(text: str) -> str:
    """Letters and digits only, without case or diacritics: how headings and codes are compared."""
    return names.fold(text[:LONGEST_HEADING])


def printable(text: str, longest: int = 200) -> str:
    """`text` fit for a one-line message: printable and bounded."""
    line = "".join(c if c.isprintable() else "?" for c in text)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def read_metrics(located: Located) -> Metrics:
    """The metrics of a parsed figures.yaml. Raises ConfigurationError with every fault."""
    metrics = validated(Metrics, located)
    seen: set[str] = set()
    for i, metric in enumerate(metrics.listed):
        if metric.code in seen:
            located.fault(("metrics", i, "code"), f"the code {metric.code!r} is used twice; codes are unique")
        if metric.group not in metrics.groups:
            located.fault(
                ("metrics", i, "group"), f"no group is called {metric.group!r}; known: {', '.join(metrics.groups)}"
            )
        seen.add(metric.code)
    for column in FigureColumn.__args__:  # type: ignore[attr-defined]
        if column not in metrics.columns:
            located.fault(("columns",), f"the column {column!r} is missing; add its name and aliases")
    known: dict[str, FigureColumn] = {}
    for column, called in metrics.columns.items():
        for text in (column, called.name, *called.aliases):
            if known.setdefault(folded_heading(text), column) != column:
                located.fault(
                    ("columns", column),
                    f"the heading {text!r} already stands for {known[folded_heading(text)]}; keep one",
                )
    _check_messages(metrics, located)
    located.check()
    return metrics


def _check_messages(metrics: Metrics, located: Located) -> None:
    for key in MESSAGES.keys() - metrics.messages.keys():
        located.fault(("messages",), f"the message {key!r} is missing; add it")
    for key, text in metrics.messages.items():
        if key not in MESSAGES:
            located.fault(
                ("messages", key), f"the message {key!r} is not known here; remove it or correct its spelling"
            )
            continue
        names = MESSAGES[key].split()
        try:
            text.format(**dict.fromkeys(names, "x"))
        except (KeyError, IndexError, ValueError, AttributeError):
            may = ", ".join(f"{{{name}}}" for name in names) or "nothing"
            located.fault(("messages", key), f"the message {key!r} cannot be filled in; it may hold {may} in braces")
