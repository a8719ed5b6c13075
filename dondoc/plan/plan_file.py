"""The plan file (YAML) at the edge: rows into plan values, and every fault in it at once with file:line.

Texts may hold `{year}` and `{next_year}`; timings are relative to the year. So another year is a change
of one number, and `once: true` marks what is meaningful in this year only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from dondoc.foundation.yaml_positions import Located, Path
from dondoc.office.office import Office, Unit
from dondoc.plan.lenient_validation import Neutral, readable
from dondoc.plan.plan import Event, Irregularity, Item, Obligation, Plan, Source, Target
from dondoc.plan.plan_checks import check_plan
from dondoc.plan.plan_rows import ROW_EXAMPLES, ItemRow, ObligationRow, PlanFile, SourceRow, key_meant
from dondoc.plan.timings import OnDemandTiming

NO_MAILBOX = "chua-co-hop-thu@dondoc.invalid"  # of a unit whose address is not known yet; RFC 2606: it leads nowhere
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def read_plan(located: Located, office: Office) -> Plan:
    """The plan of a parsed file, its unit names resolved. Raises ConfigurationError with every fault."""
    rows = readable(PlanFile, located, _neutral(office), ROW_EXAMPLES, key_meant)
    plan = _Reader(located, _with_new_units(located, office, rows), rows).plan() if rows else None
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
        **dict.fromkeys(
            ("document", "reading", "reading_by", "question", "contact", "to_year", "source"), lambda _: None
        ),
        "parts": lambda _: {},
        **dict.fromkeys(("draft", "once", "each", "repeats"), lambda _: False),
        **dict.fromkeys(
            ("basis", "irregularities", "events", "coordinating", "needs", "targets", "new_units"), lambda _: []
        ),
    }


def _with_new_units(located: Located, office: Office, rows: PlanFile) -> Office:
    """The office with the units that a draft names and office.yaml does not know yet: they have no mailbox."""
    units = []
    for i, row in enumerate(rows.new_units):
        if not rows.draft:
            located.fault(
                ("new_units", i), f"{row.name!r} is not in office.yaml; give its email, then: dondoc plan units FILE"
            )
        taken = next((name for name in (row.id, row.name, *row.variants) if office.find(name)), None)
        if taken:
            located.fault(("new_units", i), f"{taken!r} stands in office.yaml already; delete it here")
            continue
        variants = tuple(dict.fromkeys(row.variants))
        units.append(Unit(id=row.id, name=row.name, variants=variants, email=row.email or NO_MAILBOX))
    return Office(**{**dict(office), "units": (*office.units, *units)}) if units else office


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
        items = tuple(self._item(("items", i), row) for i, row in enumerate(rows.items))
        return Plan(
            family=rows.plan,
            year=rows.year,
            title=self._text(("title",), rows.title),
            office=rows.office,
            adopted_on=rows.adopted_on,
            document=rows.document,
            basis=rows.basis,
            events=(*self._events(), *_cases(items, {event.id for event in rows.events})),
            irregularities=tuple(Irregularity(row.where, row.printed, row.choice) for row in rows.irregularities),
            items=items,
            draft=rows.draft,
            parts=tuple(rows.parts.items()),
            to_year=rows.to_year if rows.to_year != rows.year else None,
        )

    def _events(self) -> Iterator[Event]:
        for i, row in enumerate(self.rows.events):
            yield Event(row.id, self._text(("events", i, "title"), row.title), row.repeats)

    def _item(self, path: Path, row: ItemRow) -> Item:
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
                self._obligation((*path, "obligations", i), row, child, lead, coordinating)
                for i, child in enumerate(row.obligations)
            ),
            question=row.question,
            source=_source(row.source),
            time_source=_source(row.source.time) if row.source else None,
        )

    def _obligation(
        self,
        path: Path,
        item: ItemRow,
        row: ObligationRow,
        lead: tuple[str, ...],
        coordinating: tuple[str, ...],
    ) -> Obligation:
        own_lead = lead if row.lead is None else self._parties((*path, "lead"), row.lead)
        given = row.coordinating
        own_coordinating = coordinating if given is None else self._parties((*path, "coordinating"), given)
        members = self.office.members(own_lead)
        contact = self._parties((*path, "contact"), (row.contact,))[0] if row.contact else None
        if contact and contact not in members:
            self.located.fault((*path, "contact"), f"{row.contact!r} leads nothing here; name one of the lead units")
        if contact and row.each:
            self.located.fault((*path, "contact"), "each unit answers for itself here; remove contact or each")
        timing = row.timing
        if isinstance(timing, OnDemandTiming) and not timing.case:
            timing = timing.model_copy(update={"case": f"{item.id}-{row.id}"})
        return Obligation(
            id=row.id,
            deliverable=self._text((*path, "deliverable"), row.deliverable or ""),
            phrase=self._text((*path, "phrase"), row.phrase),
            timing=timing,
            reading=self._text((*path, "reading"), row.reading) if row.reading else None,
            reading_by=row.reading_by,
            once=row.once,
            needs=row.needs,
            lead=own_lead,
            coordinating=own_coordinating,
            each=members if row.each else (),
            contact=contact,
            targets=tuple(Target(target.value, target.unit, target.direction) for target in row.targets),
        )

    def _parties(self, path: Path, names: tuple[str, ...]) -> tuple[str, ...]:
        found = []
        for i, name in enumerate(names):
            party = self.office.find(name)
            if party is None:
                near = self.office.suggest(name)
                hint = f"; did you mean {near!r}?" if near else "; add it to office.yaml or correct its name"
                whole = next((w for w in _joined(names, i) if self.office.find(w)), None)
                if whole:
                    hint = f'; a name with a comma stands in quotes: "{whole}"'
                self.located.fault((*path, i), f"unknown unit {name!r}{hint}")
            found.append(party or name)
        return tuple(found)

    def _text(self, path: Path, text: str) -> str:
        def fill(match: re.Match[str]) -> str:
            word = self.words.get(match[1])
            if word is None:
                self.located.fault(
                    path, f"unknown placeholder {match[0]!r}; only {{year}} and {{next_year}} are filled"
                )
            return word or match[0]

        return _PLACEHOLDER.sub(fill, text)


def _source(row: SourceRow | None) -> Source | None:
    found = Source(row.page, row.line, row.cell, row.span) if row else None
    return found if found != Source() else None


def _joined(names: tuple[str, ...], i: int) -> Iterator[str]:
    """The names that a comma may have torn at the `i`-th."""
    yield from (", ".join(names[a:b]) for a in range(i + 1) for b in range(i + 1, len(names) + 1) if b - a > 1)


def _cases(items: tuple[Item, ...], declared: set[str]) -> Iterator[Event]:
    """The repeating events under which cases "khi có phát sinh" are recorded, where the plan declares none."""
    for item in items:
        for obligation in item.obligations:
            event = obligation.timing.event
            if isinstance(obligation.timing, OnDemandTiming) and event and event not in declared:
                declared.add(event)
                yield Event(event, obligation.deliverable or item.title, repeats=True)


_PLAN = TypeAdapter(Plan)


def plan_from_json(value: dict[str, Any]) -> Plan:
    """The plan that `plan_to_json` wrote."""
    return _PLAN.validate_python(value)
