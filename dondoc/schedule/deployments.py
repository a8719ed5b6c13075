"""Plan → deployments, as values: one for each item with the exact mornings it is looked at, and dondoc's own few.

Pure: imports no Prefect. `apply` is the only caller of Prefect's deployment interface.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import count
from typing import Any

import jinja2

from dondoc.calendar.periods import periods
from dondoc.foundation.canonical import digest
from dondoc.obligations import lifecycle
from dondoc.obligations.checkpoints import Checkpoint, closing_day
from dondoc.obligations.decide import Facts, planned
from dondoc.obligations.lifecycle import State
from dondoc.obligations.timing import Occurrence, case_occurrences, occurrences, owed_obligation
from dondoc.office.rules import Rules
from dondoc.plan.plan import Item, Plan, item_tags
from dondoc.schedule.own_flows import OF_PLANS, OWN_FLOWS, OwnFlow

POOL = "dondoc"
OWN_TAG = "dondoc"  # the tag that says: ours to update and prune


@dataclass(frozen=True)
class Deployment:
    """One deployment as it should be. `mornings` are local times in `timezone`; none means no schedule."""

    flow: str
    name: str
    entrypoint: str
    parameters: Mapping[str, Any]
    tags: tuple[str, ...]
    description: str
    mornings: tuple[datetime, ...]
    timezone: str
    slug: str
    recurring: str = ""
    queue: str = ""  # of the work pool; empty: the one of all

    @property
    def rrule(self) -> str | None:
        """The schedule as Prefect takes it: `recurring` where it is a rule, else a list of exact local times."""
        if self.recurring:
            return self.recurring
        if not self.mornings:
            return None
        return "RDATE:" + ",".join(f"{morning:%Y%m%dT%H%M%S}" for morning in self.mornings)

    @property
    def version(self) -> str:
        """A digest of everything above: a deployment of the same version needs nothing."""
        return digest(
            {
                "entrypoint": self.entrypoint,
                "parameters": dict(self.parameters),
                "tags": list(self.tags),
                "description": self.description,
                "rrule": self.rrule,
                "timezone": self.timezone,
                "slug": self.slug,
                **({"queue": self.queue} if self.queue else {}),
            }
        )[:16]


@dataclass(frozen=True)
class Compiler:
    """What compiling needs beside the plan: the rules, the words, the item sheet's template."""

    rules: Rules
    words: Mapping[str, Any]
    sheet: jinja2.Template
    states: Mapping[str, State] = field(default_factory=dict)

    def deployments(self, plan: Plan) -> tuple[Deployment, ...]:
        """Every deployment of one plan year, items first. `states` move what was extended and end what has ended."""
        return (*self.items(plan), *self._own(plan))

    def items(self, plan: Plan, only: str | None = None) -> tuple[Deployment, ...]:
        """The deployments of the plan's items, or of the one whose id is `only`."""
        register = (*occurrences(plan, self.rules.policy, self.rules.calendar), *self._cases(plan))
        by_item: dict[str, list[Occurrence]] = {item.id: [] for item in plan.items}
        for occurrence in register:
            by_item[occurrence.item].append(occurrence)
        return tuple(self._item(plan, item, by_item[item.id]) for item in plan.items if only in (None, item.id))

    def _cases(self, plan: Plan) -> Iterator[Occurrence]:
        """What the comings of repeating events opened, as far as they are registered."""
        for event in (event.id for event in plan.events if event.repeats):
            for case in count(1):
                found = [o for o in case_occurrences(plan, event, case, self.rules.policy) if o.id in self.states]
                if not found:
                    break
                yield from found

    def _item(self, plan: Plan, item: Item, found: list[Occurrence]) -> Deployment:
        points = {occurrence.id: self._points(plan, item, occurrence) for occurrence in found}
        close = closing_day(plan.last_year, self.rules.policy, self.rules.calendar)
        days = {
            point.day for occurrence in found for point in points[occurrence.id] if self._awaited(occurrence, point)
        } | {close}
        policy = self.rules.policy
        if item.shape == "next_year":
            days.add(self.rules.calendar.on_or_after(policy.draft_day(plan.last_year)))
        return Deployment(
            flow=item.flow_name,
            name=plan.id,
            entrypoint=f"flows.{item.shape}.{item.shape}",
            parameters={"plan": plan.id, "item": item.id},
            tags=self._tags(plan, item, found),
            description=self.sheet.render(
                plan=plan,
                item=item,
                rows=[
                    (obligation, [o for o in found if o.obligation == obligation.id]) for obligation in item.obligations
                ],
                points=points,
                days=sorted(days),
                words=self.words,
                office=self.rules.office,
            ),
            mornings=self._at(days, policy.look_at),
            timezone=policy.timezone,
            slug=f"cac-buoi-sang-{plan.year}",
        )

    def _points(self, plan: Plan, item: Item, occurrence: Occurrence) -> tuple[Any, ...]:
        if occurrence.before_adoption:
            return ()
        facts = Facts(
            occurrence=occurrence,
            item=item,
            obligation=owed_obligation(item, occurrence),
            state=self.states.get(occurrence.id, lifecycle.initial(occurrence)),
            office=self.rules.office,
            policy=self.rules.policy,
            calendar=self.rules.calendar,
            year=plan.last_year,
            adopted_on=plan.adopted_on,
        )
        return planned(facts, facts.state)

    def _awaited(self, occurrence: Occurrence, point: Checkpoint) -> bool:
        """Whether somebody has to look that morning: not when the occurrence had ended before."""
        state = self.states.get(occurrence.id)
        return state is None or state.ended_on is None or point.day <= state.ended_on

    def _tags(self, plan: Plan, item: Item, found: list[Occurrence]) -> tuple[str, ...]:
        units = [self.rules.office.unit(unit) for unit in self.rules.office.members(item.lead)]
        quarters = sorted(
            {self.words["tags"]["quarters"][(o.due.month - 1) // 3] for o in found if o.due and not o.before_adoption}
        )
        shape = str(self.words["shapes"][item.shape])
        return (
            OWN_TAG,
            self.words["tags"]["duty"],
            *item_tags(plan, item),
            *(unit.short or unit.name for unit in units),
            shape,
            *quarters,
        )

    def _at(self, days: set[date], at: time) -> tuple[datetime, ...]:
        return tuple(datetime.combine(day, at) for day in sorted(days))

    def _own(self, plan: Plan) -> Iterator[Deployment]:
        policy, words = self.rules.policy, self.words["own_flows"]
        mornings = {
            "sweep": self._at(self._sweep_days(plan), policy.sweep_at),
            "report": self._at(self._report_days(plan), policy.look_at),
        }
        for key in OF_PLANS:
            yield Deployment(
                flow=words[key]["name"],
                name=plan.id,
                entrypoint=OWN_FLOWS[key].entrypoint,
                parameters={"plan": plan.id},
                tags=(*_marks(OWN_FLOWS[key], self.words), plan.id, str(plan.year)),
                description=words[key]["description"],
                mornings=mornings[key],
                timezone=policy.timezone,
                slug=f"{key}-{plan.year}",
            )

    def _sweep_days(self, plan: Plan) -> set[date]:
        calendar = self.rules.calendar
        first = calendar.on_or_after(max(plan.adopted_on, date(plan.year, 1, 1)))
        last = closing_day(plan.last_year, self.rules.policy, calendar)
        days = set()
        while first <= last:
            days.add(first)
            first = calendar.add(first, 1)
        return days

    def _report_days(self, plan: Plan) -> set[date]:
        years = range(plan.year, plan.last_year + 1)
        spans = [span for year in years for span in periods(year, self.rules.policy.leaders_report)]
        days = {self.rules.calendar.on_or_before(span.last) for span in spans}
        return {day for day in days if day >= plan.adopted_on}


def own_deployments(words: Mapping[str, Any], timezone: str, keys: Iterable[str]) -> tuple[Deployment, ...]:
    """Those of the named flows that belong to no plan."""
    return tuple(
        Deployment(
            flow=words["own_flows"][key]["name"],
            name="dondoc",
            entrypoint=OWN_FLOWS[key].entrypoint,
            parameters={},
            tags=_marks(OWN_FLOWS[key], words),
            description=words["own_flows"][key]["description"],
            mornings=(),
            timezone=timezone,
            slug=key.replace("_", "-"),
            recurring=OWN_FLOWS[key].recurring,
            queue=OWN_FLOWS[key].queue,
        )
        for key in keys
    )


def _marks(flow: OwnFlow, words: Mapping[str, Any]) -> tuple[str, ...]:
    return (OWN_TAG, words["tags"]["duty"]) if flow.marked else (OWN_TAG,)
