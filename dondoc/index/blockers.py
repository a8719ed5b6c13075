"""What holds a month's index back: what is missing, and what is doubtful beside the month before and the portal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from dondoc.index.rules import IndexRules, Reason
from dondoc.index.scores import Component, MonthIndex, Sum, change


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One reason why a month is not published: its words' key and what they quote. `doubt`: may be confirmed as it is."""

    reason: Reason
    values: tuple[tuple[str, str], ...]
    doubt: bool

    def said(self, rules: IndexRules) -> str:
        """The reason as the lead unit reads it."""
        return rules.words.reasons[self.reason].format(**dict(self.values))


def hindrances(now: MonthIndex, before: MonthIndex | None, rules: IndexRules) -> tuple[Hindrance, ...]:
    """Everything that holds `now` back; `before` is the index of the month before, where there is one."""
    return (*(_lacks(component) for component in now.lacking), *_doubts(now, before, rules))


def _lacks(component: Component) -> Hindrance:
    assert component.lacking is not None
    values = {"numerator": _count(component.numerator), "denominator": _count(component.denominator)}
    return _hindrance(component.lacking, component, False, **values)


def _doubts(now: MonthIndex, before: MonthIndex | None, rules: IndexRules) -> Iterator[Hindrance]:
    limits = rules.doubts
    for component in now.components:
        difference = component.difference
        if difference is not None and abs(difference) > limits.portal_difference:
            yield _hindrance(
                "portal_differs", component, True,
                score=points(component.score), portal=points(component.portal), difference=signed(difference),
            )  # fmt: skip
    if before is None:
        return
    if limits.vanished_denominator:
        yield from _vanished(now, before)
    for one, other in zip((now.total, *now.groups), (before.total, *before.groups), strict=True):
        moved = change(one.score, other.score)
        if moved is not None and abs(moved) > limits.jump_points:
            values = {"name": one.name, "score": points(one.score), "before": points(other.score)}
            yield Hindrance("jump", tuple({**values, "change": signed(moved)}.items()), True)


def _vanished(now: MonthIndex, before: MonthIndex) -> Iterator[Hindrance]:
    earlier = {component.metric.code: component.denominator for component in before.components}
    for component in now.components:
        had = earlier.get(component.metric.code)
        if component.denominator == 0 and had:
            yield _hindrance("vanished", component, True, before=_count(had))


def _hindrance(reason: Reason, component: Component, doubt: bool, **values: str) -> Hindrance:
    named = {"code": component.metric.code, "name": component.metric.name, **values}
    return Hindrance(reason, tuple(named.items()), doubt)


def points(value: Decimal | None) -> str:
    """Points as a clerk writes them: 5,82; empty for none."""
    return f"{value:.2f}".replace(".", ",") if value is not None else ""


def signed(value: Decimal) -> str:
    """A change with its sign: +0,35, −1,20, 0,00."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{points(abs(value))}"


def _count(value: int | None) -> str:
    return "" if value is None else str(value)


def gap(total: Sum, target: Decimal | None) -> Decimal | None:
    """Points above (below: negative) the target; None where one of the two is missing."""
    return change(total.score, target)


def hindrance_words(found: Iterable[Hindrance], rules: IndexRules) -> list[str]:
    """Each reason in words, once."""
    return list(dict.fromkeys(hindrance.said(rules) for hindrance in found))
