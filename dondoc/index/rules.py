"""config/indexes/<id>/index.yaml: the groups, targets and doubts of the monthly index, who is told; and the words of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dondoc.foundation.schema_faults import validated
from dondoc.foundation.yaml_positions import Located
from dondoc.index.definitions import Metrics

Reason = Literal[
    "missing", "no_counts", "no_numerator", "no_denominator", "den0_unknown", "formula_unknown", "exceeds",
    "portal_differs", "jump", "vanished", "units_differ", "fault",
]  # fmt: skip


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OfficialGroup(_Frozen):
    """A group as the Decision has it: the sum of one or more of the portal's."""

    name: str
    groups: tuple[str, ...] = Field(min_length=1)
    max: int = Field(ge=0, le=100)


class Doubts(_Frozen):
    """From where on figures are doubtful. Points."""

    jump_points: Decimal = Field(ge=0)
    portal_difference: Decimal = Field(ge=0)
    vanished_denominator: bool = True


class Feed(_Frozen):
    """Ratios that an obligation of another item owes, by metric code."""

    item: str
    obligation: str
    codes: tuple[str, ...] = Field(min_length=1)


class Source(_Frozen):
    """Where a month's figures can be asked for as JSON; none while `url` is empty. Paths are dotted."""

    url: str = ""
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = {}
    body: str = ""
    rows: str = ""
    code: str = "code"
    numerator: str = "numerator"
    denominator: str = "denominator"
    score: str = "score"
    unit: str = ""
    codes: dict[str, str] = {}
    timeout_seconds: int = Field(default=20, ge=1, le=600)
    attempts: int = Field(default=3, ge=1, le=10)
    wait_seconds: int = Field(default=2, ge=0, le=60)
    bytes: int = Field(default=5_000_000, ge=1)


class IndexWords(_Frozen):
    """The sentences of the index; `reasons` has one for each Reason."""

    month: str
    version: str
    total: str
    target: str
    portal: str
    no_score: str
    no_change: str
    line: str
    line_change: str
    line_target: str
    above: str
    below: str
    line_portal: str
    line_doubt: str
    ratio: str
    feed: str
    picture: str
    picture_month: str
    columns: tuple[str, str, str, str, str, str, str, str]
    trend_title: str
    trend_unit: str
    trend_month: str
    trend_parts: str
    unit: str
    units: str
    units_best: str
    units_worst: str
    units_lacking: str
    unit_score: str
    held: str
    published: str
    recorded: str
    reasons: Mapping[Reason, str]


class IndexRules(_Frozen):
    """index.yaml."""

    shape: str
    official_groups: tuple[OfficialGroup, ...]
    targets: dict[int, Decimal] = {}
    doubts: Doubts
    leaders: tuple[str, ...] = ()
    chase_working_days: int = Field(default=3, ge=1)
    feeds: tuple[Feed, ...] = ()
    source: Source = Source()
    words: IndexWords


def read_rules(located: Located, metrics: Metrics) -> IndexRules:
    """The rules of a parsed index.yaml over those metrics. Raises ConfigurationError with every fault."""
    rules = validated(IndexRules, located)
    counted: list[str] = []
    for i, official in enumerate(rules.official_groups):
        unknown = [code for code in official.groups if code not in metrics.groups]
        for code in unknown:
            located.fault(
                ("official_groups", i), f"figures.yaml has no group {code!r}; known: {', '.join(metrics.groups)}"
            )
        points = sum(metrics.groups[code].max for code in official.groups if code in metrics.groups)
        if not unknown and points != official.max:
            located.fault(("official_groups", i), f"its groups have {points} points, not {official.max}; correct one")
        counted += official.groups
    if sorted(counted) != sorted(metrics.groups):
        located.fault(
            ("official_groups",), "each group of figures.yaml belongs to exactly one of these; correct the lists"
        )
    for i, feed in enumerate(rules.feeds):
        for code in feed.codes:
            if metrics.find(code) is None:
                located.fault(("feeds", i), f"figures.yaml has no metric {code!r}; correct the code")
    for reason in Reason.__args__:  # type: ignore[attr-defined]
        if reason not in rules.words.reasons:
            located.fault(("words", "reasons"), f"the reason {reason!r} is missing; add its words")
    located.check()
    return rules
