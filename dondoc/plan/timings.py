"""The one list of timings: what a plan may say of time, shared by plan file, workbook and domain.

A new phrase is a class here, its occurrences in `obligations/timing.py` and its words in the configuration; file,
schema, checks of form, workbook columns and the kept JSON follow from the class. Days are relative to the plan's
year unless they name one, so that another year is a change of one number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StrictBool, Tag, model_validator

from dondoc.calendar.periods import Cadence
from dondoc.plan.timing_json import from_flat
from dondoc.plan.timing_values import Day, DayRule, Months, Point, Quarters, Within


@dataclass(frozen=True, slots=True)
class PlanColumn:
    """The workbook's column that shows a field."""

    name: str


class _Form(BaseModel):
    """One form of timing. `kind` is its name in outputs; `regular`: it comes again and its period is named."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    kind: ClassVar[str]
    regular: ClassVar[bool] = False

    @property
    def event(self) -> str | None:
        """The event that gives the dates; None where they are known from the start."""
        return None


class MonthTiming(_Form):
    """In one month or several: each is due on its last day ("Tháng 6", "Tháng 6, tháng 12")."""

    kind = "month"
    month: Annotated[Months, PlanColumn("number")] = Field(description="1 to 12, or several: [6, 12]")
    year: Annotated[int | None, PlanColumn("year")] = Field(default=None, ge=2000, le=2100, description="another year")


class QuarterTiming(_Form):
    """In one quarter or several ("Quý I", "Quý II, Quý IV", "Quý II/2027")."""

    kind = "quarter"
    quarter: Annotated[Quarters, PlanColumn("number")] = Field(description="1 to 4, or several: [2, 4]")
    year: Annotated[int | None, PlanColumn("year")] = Field(default=None, ge=2000, le=2100, description="another year")


class ByTiming(_Form):
    """Until a day, that day included ("đến", "chậm nhất", "hết ngày", a bare date)."""

    kind = "by-date"
    by: Annotated[Day, PlanColumn("day")] = Field(description='"MM-DD" or "YYYY-MM-DD"; several in a list')
    opens: Annotated[Point | None, PlanColumn("opens")] = Field(
        default=None, description="open from; the year's first day"
    )


class BeforeTiming(_Form):
    """Before a day, which is excluded ("trước ngày")."""

    kind = "by-date"
    before: Annotated[Day, PlanColumn("day")] = Field(description='"MM-DD" or "YYYY-MM-DD"; several in a list')
    opens: Annotated[Point | None, PlanColumn("opens")] = Field(
        default=None, description="open from; the year's first day"
    )


class WindowTiming(_Form):
    """From one point to another, both included ("2025-2030", "Quý IV/2025 - Quý II/2026"), with stages if any."""

    kind = "window"
    start: Annotated[Point | None, PlanColumn("from")] = Field(
        default=None, alias="from", description='"2025", "2025-Q4", "2025-10", "2025-10-01"; without a year the plan\'s'
    )
    to: Annotated[Point, PlanColumn("to")] = Field(description="the last year, quarter, month or day of it")
    stages: Annotated[Cadence | None, PlanColumn("every")] = Field(
        default=None, description="a stage report at the end of each; the last one is the result"
    )


class EveryTiming(_Form):
    """Again and again ("hằng tháng", "trước ngày 15 hằng tháng", "01/6 và 15/11 hằng năm", "thứ Sáu hằng tuần")."""

    kind = "recurring"
    regular = True
    every: Annotated[Cadence | Literal["policy"], PlanColumn("every")] = Field(
        description="policy: the plan prints no period and policy.yaml gives it"
    )
    by: Annotated[DayRule | None, PlanColumn("by_day")] = Field(
        default=None, description='day of the period\'s last month (15), weekday ("fri") or days of the year ("06-01")'
    )
    before: Annotated[DayRule | None, PlanColumn("before_day")] = Field(default=None, description="the same, excluded")
    start: Annotated[Point | None, PlanColumn("from")] = Field(default=None, alias="from")
    to: Annotated[Point | None, PlanColumn("to")] = None

    @model_validator(mode="after")
    def _rule_fits(self) -> EveryTiming:
        if self.by is not None and self.before is not None:
            raise ValueError("keep one of by (that day included) and before (excluded)")
        for rule in self.rules:
            weekly, dated = self.every in ("week", "two-weeks"), isinstance(rule, str) and "-" in rule
            if weekly != (isinstance(rule, str) and not dated):
                raise ValueError('a day of the week goes with every: week or two-weeks, e.g. {every: week, by: "fri"}')
            if dated and self.every != "year":
                raise ValueError('days of the year go with every: year, e.g. {every: year, before: ["06-01", "11-15"]}')
        return self

    @property
    def rules(self) -> tuple[int | str, ...]:
        """The day rules, none where the period's last day is meant."""
        rule = self.by if self.by is not None else self.before
        return () if rule is None else rule if isinstance(rule, tuple) else (rule,)


class ContinuousTiming(_Form):
    """All the time ("thường xuyên", "từ 01/7/2025", "2025 và các năm tiếp theo"): reports at a cadence."""

    kind = "continuous"
    regular = True
    continuous: Literal[True]
    every: Annotated[Cadence | None, PlanColumn("every")] = Field(
        default=None, description="how often the plan has it reported; policy.yaml where it prints nothing"
    )
    start: Annotated[Point | None, PlanColumn("from")] = Field(default=None, alias="from", description="open from")
    to: Annotated[Point | None, PlanColumn("to")] = Field(default=None, description="the plan's end where left out")


class ReferenceTiming(_Form):
    """Another document holds the dates ("theo Kế hoạch số …"): followed at a cadence."""

    kind = "by-reference"
    regular = True
    reference: Annotated[str, PlanColumn("reference")] = Field(
        min_length=1, description="the document that holds the dates"
    )
    continuous: Annotated[StrictBool, PlanColumn("continuous")] = Field(default=False, description="printed so as well")
    every: Annotated[Cadence | None, PlanColumn("every")] = Field(default=None, description="the printed cadence")


class AfterTiming(_Form):
    """After an event ("sau khi …"), so many working days or calendar days, or the policy's."""

    kind = "after-event"
    after: Annotated[str, PlanColumn("event")] = Field(description="the id of the event that opens it")
    within: Annotated[Within | None, PlanColumn("within")] = Field(default=None, description="working days after it")
    within_days: Annotated[Within | None, PlanColumn("days")] = Field(
        default=None, description="calendar days after it"
    )

    @property
    def event(self) -> str | None:
        return self.after


class OnDemandTiming(_Form):
    """Each time it is called for ("khi có phát sinh", "đột xuất"): every recorded case opens an occurrence."""

    kind = "on-demand"
    on_demand: Literal[True]
    case: Annotated[str, PlanColumn("event")] = Field(
        default="", description="the cases' event id; item-obligation if none"
    )
    within: Annotated[Within | None, PlanColumn("within")] = Field(
        default=None, description="working days after the case"
    )
    within_days: Annotated[Within | None, PlanColumn("days")] = Field(
        default=None, description="calendar days after it"
    )

    @property
    def event(self) -> str | None:
        return self.case


class BeforeEventTiming(_Form):
    """Before an event whose day is announced ("trước kỳ họp HĐND"), by so many days."""

    kind = "before-event"
    before_event: Annotated[str, PlanColumn("event")] = Field(description="the id of the event it comes before")
    within: Annotated[Within | None, PlanColumn("within")] = Field(default=None, description="working days before it")
    within_days: Annotated[Within | None, PlanColumn("days")] = Field(
        default=None, description="calendar days before it; 1 where neither is given"
    )

    @property
    def event(self) -> str | None:
        return self.before_event


class AfterDoneTiming(_Form):
    """After another item of the plan is done, or one obligation of it ("sau khi hoàn thành …")."""

    kind = "after-completion"
    after_done: Annotated[str, PlanColumn("event")] = Field(description='"item" or "item/obligation"')
    within: Annotated[Within | None, PlanColumn("within")] = Field(default=None, description="working days after it")
    within_days: Annotated[Within | None, PlanColumn("days")] = Field(
        default=None, description="calendar days after it"
    )

    @property
    def event(self) -> str | None:
        return f"{DONE}{self.after_done}"


class UnprintedTiming(_Form):
    """The plan prints no time: nothing is invented; the plan's last day is the latest that it allows."""

    kind = "unprinted"
    unprinted: Literal[True]


DONE = "xong:"  # marks what waits for a completion, where an event's id would stand

# By the key that names it, first match wins: {every: month, by: 15} recurs, {reference: …, continuous: true} refers.
FORMS: dict[str, type[_Form]] = {
    "reference": ReferenceTiming, "continuous": ContinuousTiming, "every": EveryTiming, "on_demand": OnDemandTiming,
    "after": AfterTiming, "after_done": AfterDoneTiming, "before_event": BeforeEventTiming,
    "unprinted": UnprintedTiming, "month": MonthTiming, "quarter": QuarterTiming, "by": ByTiming,
    "before": BeforeTiming, "to": WindowTiming,
}  # fmt: skip
GIVEN_BY_EVENT = (AfterTiming, OnDemandTiming, BeforeEventTiming, AfterDoneTiming)


def form_of(row: Any) -> str | None:
    """The key of `FORMS` that a row of the plan file is written in; None where it has none."""
    return next((form for form in FORMS if isinstance(row, dict) and not _unsaid(row.get(form))), None)


def _unsaid(value: Any) -> bool:
    return value is None or value is False


def timing_columns(form: str) -> dict[str, str]:
    """Key of the plan file → column of the workbook, for that form, in the order of its class."""
    found: dict[str, str] = {}
    for name, field in FORMS[form].model_fields.items():
        for mark in field.metadata:
            if isinstance(mark, PlanColumn):
                found[field.alias or name] = mark.name
    return found


def _one_form(value: Any) -> Any:
    """A row that has one form and only keys of it. Raises ValueError with what to write instead."""
    if isinstance(value, BaseModel):
        return value
    if isinstance(value, dict) and "kind" in value:
        value = from_flat(value)
    form = form_of(value)
    if form is None:
        raise ValueError(f"a timing says when; write {TIMING_EXAMPLES}")
    known = {field.alias or name for name, field in FORMS[form].model_fields.items()}
    others = [key for key in FORMS if key in value and key not in known]
    if others:
        raise ValueError(f"'{form}' and '{others[0]}' are two timings; keep one, or make two obligations of them")
    strange = [key for key in value if key not in known]
    if strange:
        raise ValueError(f"{strange[0]!r} does not go with '{form}'; there is {', '.join(sorted(known))}")
    if value.get("within") is not None and value.get("within_days") is not None:
        raise ValueError("keep one of within (working days) and within_days (calendar days)")
    return value


def _tag(value: Any) -> str | None:
    if isinstance(value, BaseModel):
        return next(form for form, known in FORMS.items() if type(value) is known)
    return form_of(value)


TIMING_EXAMPLES = (
    'e.g. {month: 6}, {quarter: 4}, {by: "12-31"}, {before: "11-30"}, {every: month}, {continuous: true}, '
    '{after: event-id}, {from: "2025", to: "2030"}, {reference: "Kế hoạch số …"} or {unprinted: true}'
)

Timing = Annotated[
    Annotated[MonthTiming, Tag("month")] | Annotated[QuarterTiming, Tag("quarter")] | Annotated[ByTiming, Tag("by")]
    | Annotated[BeforeTiming, Tag("before")] | Annotated[WindowTiming, Tag("to")] | Annotated[EveryTiming, Tag("every")]
    | Annotated[ContinuousTiming, Tag("continuous")] | Annotated[ReferenceTiming, Tag("reference")]
    | Annotated[AfterTiming, Tag("after")] | Annotated[OnDemandTiming, Tag("on_demand")]
    | Annotated[BeforeEventTiming, Tag("before_event")] | Annotated[AfterDoneTiming, Tag("after_done")]
    | Annotated[UnprintedTiming, Tag("unprinted")],
    Discriminator(_tag),
    BeforeValidator(_one_form),
]  # fmt: skip
