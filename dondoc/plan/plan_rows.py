"""The plan file's rows as its schema has them, each value refused with what to write instead."""

from __future__ import annotations

import json
import re
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from dondoc.foundation.names import unmarked
from dondoc.office.policy import Shape
from dondoc.plan.plan import Direction
from dondoc.plan.timings import Timing

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,59}")


def _slug(value: Any) -> Any:
    if isinstance(value, str) and not _SLUG.fullmatch(value):
        near = re.sub(r"[^a-z0-9]+", "-", unmarked(value)).strip("-")[:60]
        instead = near if _SLUG.fullmatch(near) else "bao-cao-quy"
        raise ValueError(f"{value!r} is no id; write small letters without marks, digits and '-': {instead}")
    return value


def _parties(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError(f"{value!r} is one name, a list is wanted; write [{json.dumps(value, ensure_ascii=False)}]")
    return value


def _reference(value: Any) -> Any:
    if type(value) in (int, float):
        raise ValueError(f'{value} is read as a number; put the printed reference in quotes, e.g. "1.10"')
    return value


Slug = Annotated[str, BeforeValidator(_slug), WithJsonSchema({"type": "string", "pattern": f"^{_SLUG.pattern}$"})]
Parties = Annotated[tuple[str, ...], BeforeValidator(_parties)]
Reference = Annotated[str, BeforeValidator(_reference), Field(min_length=1, max_length=20)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TargetRow(_Row):
    """What the plan wants reached: 100 % of the files."""

    value: str = Field(description="the printed number")
    unit: str = Field(description="what is counted, as printed")
    direction: Direction = Field(default="at_least", description="whether more, less or exactly that is wanted")

    @field_validator("value", mode="before")
    @classmethod
    def _as_printed(cls, value: Any) -> Any:
        return str(value) if type(value) in (int, float) else value


class ObligationRow(_Row):
    """One deliverable with one timing."""

    id: Slug
    lead: Parties | None = Field(default=None, min_length=1)
    coordinating: Parties | None = None
    each: bool = Field(default=False, description="each lead unit owes a result of its own (các xã, các sở)")
    contact: str | None = Field(default=None, description="the lead unit that answers for all of them (đầu mối)")
    deliverable: str | None = Field(description="as printed; null where the plan prints none")
    targets: tuple[TargetRow, ...] = ()
    phrase: str = Field(description='as printed; "" where the plan prints no time')
    timing: Timing
    reading: str | None = None
    reading_by: str | None = None
    once: bool = False
    needs: tuple[str, ...] = ()


class SourceRow(_Row):
    """Where the document prints it."""

    page: int | None = Field(default=None, ge=1)
    line: int | None = Field(default=None, ge=1)
    cell: str | None = None
    span: tuple[int, int] | None = Field(default=None, description="from which to which character")


class ItemSourceRow(SourceRow):
    """Where the document prints the duty, and its time."""

    time: SourceRow | None = None


class NewUnitRow(_Row):
    """A unit that a document names and office.yaml does not know yet; only a draft may hold one."""

    id: Slug
    name: str = Field(min_length=1)
    variants: tuple[str, ...] = ()
    email: str | None = Field(default=None, description="its mailbox; then: dondoc plan units")


class ItemRow(_Row):
    """One numbered duty."""

    id: Slug
    ref: Reference
    title: str = Field(min_length=1, max_length=500, description="as printed; Prefect's name of it is shortened")
    text: str
    shape: Shape
    lead: Parties = Field(min_length=1)
    coordinating: Parties = ()
    basis: tuple[str, ...] = ()
    obligations: tuple[ObligationRow, ...] = ()
    question: str | None = None
    source: ItemSourceRow | None = Field(default=None, description="where the document prints it")


class EventRow(_Row):
    """What gives gated obligations their dates."""

    id: Slug
    title: str
    repeats: bool = Field(default=False, description="each time it is recorded a new occurrence opens")


class IrregularityRow(_Row):
    where: str
    printed: str
    choice: str


class PlanFile(_Row):
    """A plan of dondoc, for a year or for several."""

    plan: Slug
    year: int = Field(ge=2000, le=2100)
    to_year: int | None = Field(default=None, ge=2000, le=2100, description="the last year of a plan over several")
    title: str
    office: str
    document: str | None = None
    adopted_on: date
    draft: bool = False
    basis: tuple[str, ...] = ()
    irregularities: tuple[IrregularityRow, ...] = ()
    parts: dict[str, str] = Field(default={}, description='headings of the parts, by number: {II.1: "Về …"}')
    new_units: tuple[NewUnitRow, ...] = Field(default=(), description="units still to be put into office.yaml")
    events: tuple[EventRow, ...] = ()
    items: tuple[ItemRow, ...] = Field(min_length=1)


# What each key is written like, for whoever left it out or wrote something else.
ROW_EXAMPLES = {
    "plan": "cchc", "year": "2026", "title": "Kế hoạch cải cách hành chính năm {year}", "office": "Văn phòng UBND tỉnh",
    "adopted_on": "2026-01-05", "items": "[…] with at least one item", "id": "bao-cao-quy", "ref": '"II.2.a"',
    "text": "the duty as printed", "shape": "issue", "lead": "[hcqt]", "obligations": "[…] with at least one obligation",
    "deliverable": "Báo cáo (or deliverable: null where the plan prints none)", "phrase": '"Quý I/{year}"',
    "timing": '{quarter: 1} or {before: "11-30"}', "where": '"II.2.a"', "printed": '"as printed"', "choice": '"how it is taken"',
    "value": '"100"', "unit": '"% hồ sơ"',
}  # fmt: skip
# How newcomers call a key, unmarked and run together.
_CALLED = {
    "sanpham": "deliverable", "ketqua": "deliverable", "thoigian": "phrase", "thoihan": "timing", "chutri": "lead",
    "donvichutri": "lead", "phoihop": "coordinating", "donviphoihop": "coordinating", "ten": "title", "tieude": "title",
    "noidung": "text", "kyhieu": "ref", "cancu": "basis", "loai": "shape", "nhiemvu": "items", "nghiavu": "obligations",
    "kehoach": "plan", "nam": "year", "coquan": "office", "ngayapdung": "adopted_on", "cachhieu": "reading",
}  # fmt: skip


def key_meant(path: tuple[str | int, ...], key: str) -> str | None:
    """What to write instead of an unknown key at a path of the plan file; None where no key is known there."""
    names = [part for part in path if isinstance(part, str)]
    rows: dict[str, type[_Row]] = {
        "": PlanFile, "items": ItemRow, "obligations": ObligationRow, "events": EventRow,
        "irregularities": IrregularityRow, "targets": TargetRow, "new_units": NewUnitRow, "source": ItemSourceRow,
    }  # fmt: skip
    found = rows.get(names[-1] if names else "")
    known = list(found.model_fields) if found else []
    called = _CALLED.get(re.sub(r"[^a-z]", "", unmarked(key)))
    close = [called] if called in known else get_close_matches(key.casefold(), known, n=1, cutoff=0.7)
    return close[0] if close else f"one of {', '.join(known)}" if known else None
