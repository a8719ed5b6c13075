"""The plan file (YAML) at the edge: its schema, and every fault in it at once with file:line.

Texts may hold `{year}` and `{next_year}`; timings are relative to the year. So another year is a change
of one number, and `once: true` marks what is meaningful in this year only.
"""

from __future__ import annotations

import calendar as gregorian
import re
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from dondoc.calendar.periods import Cadence
from dondoc.foundation.yaml_positions import Located
from dondoc.office.office import Office
from dondoc.office.policy import Shape
from dondoc.plan.lenient_validation import Neutral, readable
from dondoc.plan.plan import Event, Irregularity, Item, MonthDay, Obligation, Plan, Timing
from dondoc.plan.plan_checks import check_plan

Slug = Field(pattern=r"^[a-z][a-z0-9-]{1,59}$")
_MONTH_DAY = re.compile(r"(\d{1,2})-(\d{1,2})")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TimingRow(_Row):
    """Exactly one of: month, quarter, by, before, every, continuous, after, reference."""

    month: int | None = Field(default=None, ge=1, le=12, description="due on the last day of this month")
    quarter: int | None = Field(default=None, ge=1, le=4, description="due on the last day of this quarter")
    by: str | None = Field(default=None, description='"MM-DD", that day included (đến, chậm nhất, hết ngày)')
    before: str | None = Field(default=None, description='"MM-DD", that day excluded (trước ngày)')
    opens: str | None = Field(default=None, description='"MM-DD" from which the duty is open; 1 January if left out')
    every: Cadence | Literal["policy"] | None = Field(default=None, description="recurring; policy: no period printed")
    continuous: bool = Field(default=False, description="thường xuyên: reports at the cadence of policy.yaml")
    after: str | None = Field(default=None, description="the id of the event that opens it")
    within: int | None = Field(default=None, ge=0, le=366, description="working days after the event")
    reference: str | None = Field(default=None, description="the document that holds the dates")

    @field_validator("by", "before", "opens")
    @classmethod
    def _month_day(cls, value: str | None) -> str | None:
        match = _MONTH_DAY.fullmatch(value) if value else None
        if value and not match:
            raise ValueError(f'{value!r} is not a day of the year; write "MM-DD", e.g. "11-30"')
        if match and not _exists(2024, int(match[1]), int(match[2])):  # a leap year: 29 February may stand
            raise ValueError(f"{value!r} is not a day of any year; write an existing month and day")
        return value

    @model_validator(mode="after")
    def _one_form(self) -> TimingRow:
        forms = [
            name for name in ("month", "quarter", "by", "before", "every", "after") if getattr(self, name) is not None
        ]
        forms += ["reference"] if self.reference else ["continuous"] if self.continuous else []
        if len(forms) != 1:
            raise ValueError(
                "a timing has exactly one of month, quarter, by, before, every, continuous, after, reference"
                + (f"; found {', '.join(forms)}" if forms else "")
            )
        if self.within is not None and not self.after:
            raise ValueError("'within' counts working days after an event; it goes with 'after'")
        if self.opens and not (self.by or self.before):
            raise ValueError("'opens' goes with 'by' or 'before'")
        return self


class ObligationRow(_Row):
    """One deliverable with one timing."""

    id: str = Slug
    lead: tuple[str, ...] | None = Field(default=None, min_length=1)
    coordinating: tuple[str, ...] | None = None
    deliverable: str = Field(min_length=1)
    phrase: str = Field(min_length=1)
    timing: TimingRow
    reading: str | None = None
    reading_by: str | None = None
    once: bool = False
    needs: tuple[str, ...] = ()


class ItemRow(_Row):
    """One numbered duty."""

    id: str = Slug
    ref: str = Field(min_length=1, max_length=20)
    title: str = Field(min_length=1, max_length=120)
    text: str
    shape: Shape
    lead: tuple[str, ...] = Field(min_length=1)
    coordinating: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()
    obligations: tuple[ObligationRow, ...] = ()
    question: str | None = None


class EventRow(_Row):
    id: str = Slug
    title: str


class IrregularityRow(_Row):
    where: str
    printed: str
    choice: str


class PlanFile(_Row):
    """A yearly plan of dondoc."""

    plan: str = Slug
    year: int = Field(ge=2000, le=2100)
    title: str
    office: str
    document: str | None = None
    adopted_on: date
    draft: bool = False
    basis: tuple[str, ...] = ()
    irregularities: tuple[IrregularityRow, ...] = ()
    parts: dict[str, str] = Field(default={}, description='headings of the parts, by number: {II.1: "Về …"}')
    events: tuple[EventRow, ...] = ()
    items: tuple[ItemRow, ...] = Field(min_length=1)


def read_plan(located: Located, office: Office) -> Plan:
    """The plan of a parsed file, its unit names resolved. Raises ConfigurationError with every fault."""
    rows = readable(PlanFile, located, _neutral(office))
    plan = _Reader(located, office, rows).plan() if rows else None
    if plan:
        check_plan(plan, located)
    located.check()
    if plan is None:
        raise AssertionError("a plan file that cannot be read without a fault")
    return plan


def _neutral(office: Office) -> Neutral:
    """What stands in for a refused value while the rest of the file is checked."""
    units = [unit.id for unit in office.units[:1]]

    def obligation(place: str) -> dict[str, Any]:
        return {"id": f"x-{place}", "deliverable": "-", "phrase": "-", "timing": {"continuous": True}}

    def item(place: str) -> dict[str, Any]:
        row = {"id": f"x-{place}", "ref": "-", "title": f"- {place}", "text": "-", "shape": "issue", "lead": units}
        return {**row, "obligations": [obligation(place)]}

    return {
        "items[]": item,
        "obligations[]": obligation,
        "items": lambda place: [item(place)],
        "obligations": lambda place: [obligation(place)],
        "plan": lambda _: "plan",
        "year": lambda _: 2024,
        "adopted_on": lambda _: date(2000, 1, 1),
        "id": lambda place: f"x-{place}",
        "title": lambda place: f"- {place}",
        "shape": lambda _: "issue",
        "lead": lambda _: units,
        "timing": lambda _: {"continuous": True},
        **dict.fromkeys(
            ("office", "ref", "text", "deliverable", "phrase", "where", "printed", "choice"), lambda _: "-"
        ),
        **dict.fromkeys(("document", "reading", "reading_by", "question"), lambda _: None),
        "parts": lambda _: {},
        **dict.fromkeys(("draft", "once"), lambda _: False),
        **dict.fromkeys(("basis", "irregularities", "events", "coordinating", "needs"), lambda _: []),
    }


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a plan file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PlanFile.model_json_schema()}


class _Reader:
    """Turns rows into plan values, noting every unknown unit and placeholder where it stands."""

    def __init__(self, located: Located, office: Office, rows: PlanFile) -> None:
        self.located, self.office, self.rows = located, office, rows
        self.words = {"year": str(rows.year), "next_year": str(rows.year + 1)}

    def plan(self) -> Plan:
        rows = self.rows
        return Plan(
            family=rows.plan,
            year=rows.year,
            title=self._text(("title",), rows.title),
            office=rows.office,
            adopted_on=rows.adopted_on,
            document=rows.document,
            basis=rows.basis,
            events=tuple(Event(e.id, self._text(("events", i, "title"), e.title)) for i, e in enumerate(rows.events)),
            irregularities=tuple(Irregularity(row.where, row.printed, row.choice) for row in rows.irregularities),
            items=tuple(self._item(("items", i), row) for i, row in enumerate(rows.items)),
            draft=rows.draft,
            parts=tuple(rows.parts.items()),
        )

    def _item(self, path: tuple[str | int, ...], row: ItemRow) -> Item:
        lead = self._parties((*path, "lead"), row.lead)
        coordinating = self._parties((*path, "coordinating"), row.coordinating)
        return Item(
            id=row.id,
            ref=row.ref,
            title=self._text((*path, "title"), row.title),
            text=self._text((*path, "text"), row.text),
            shape=row.shape,
            lead=lead,
            coordinating=coordinating,
            basis=row.basis,
            obligations=tuple(
                self._obligation((*path, "obligations", i), child, lead, coordinating)
                for i, child in enumerate(row.obligations)
            ),
            question=row.question,
        )

    def _obligation(
        self, path: tuple[str | int, ...], row: ObligationRow, lead: tuple[str, ...], coordinating: tuple[str, ...]
    ) -> Obligation:
        own_lead = lead if row.lead is None else self._parties((*path, "lead"), row.lead)
        given = row.coordinating
        own_coordinating = coordinating if given is None else self._parties((*path, "coordinating"), given)
        return Obligation(
            id=row.id,
            deliverable=self._text((*path, "deliverable"), row.deliverable),
            phrase=self._text((*path, "phrase"), row.phrase),
            timing=_timing(row.timing),
            reading=self._text((*path, "reading"), row.reading) if row.reading else None,
            reading_by=row.reading_by,
            once=row.once,
            needs=row.needs,
            lead=own_lead,
            coordinating=own_coordinating,
        )

    def _parties(self, path: tuple[str | int, ...], names: tuple[str, ...]) -> tuple[str, ...]:
        found = []
        for i, name in enumerate(names):
            party = self.office.find(name)
            if party is None:
                near = self.office.suggest(name)
                hint = f"; did you mean {near!r}?" if near else "; add it to office.yaml or correct its name"
                self.located.fault((*path, i), f"unknown unit {name!r}{hint}")
            found.append(party or name)
        return tuple(found)

    def _text(self, path: tuple[str | int, ...], text: str) -> str:
        def fill(match: re.Match[str]) -> str:
            word = self.words.get(match[1])
            if word is None:
                self.located.fault(
                    path, f"unknown placeholder {match[0]!r}; only {{year}} and {{next_year}} are filled"
                )
            return word or match[0]

        return _PLACEHOLDER.sub(fill, text)


def _timing(row: TimingRow) -> Timing:
    if row.month is not None:
        return Timing("month", number=row.month)
    if row.quarter is not None:
        return Timing("quarter", number=row.quarter)
    if row.by or row.before:
        day = _pair(row.by or row.before)
        return Timing("by-date", day=day, inclusive=bool(row.by), opens=_pair(row.opens))
    if row.every:
        return Timing("recurring", every=None if row.every == "policy" else row.every)
    if row.after:
        return Timing("after-event", event=row.after, within=row.within)
    if row.reference:
        return Timing("by-reference", reference=row.reference, continuous=row.continuous)
    return Timing("continuous", continuous=True)


def _pair(text: str | None) -> MonthDay | None:
    match = _MONTH_DAY.fullmatch(text) if text else None
    return (int(match[1]), int(match[2])) if match else None


def _exists(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= gregorian.monthrange(year, month)[1]


_PLAN = TypeAdapter(Plan)


def from_json(value: dict[str, Any]) -> Plan:
    """The plan that `plan.to_json` wrote."""
    return _PLAN.validate_python(value)
