"""What was read → the rows of a plan file: ids, shapes, events, units new to the office, and the questions in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from dondoc.foundation.names import unmarked
from dondoc.office.office import Office
from dondoc.office.wording import clean
from dondoc.reading.document import Place
from dondoc.reading.raw_items import Doubt
from dondoc.reading.read_items import ReadItem, misprinted
from dondoc.reading.reading import Reading
from dondoc.reading.results import DutyResult

_LONGEST_ID = 50


@dataclass(frozen=True)
class NewUnits:
    """Units that office.yaml does not know yet, by what they are called: id → the names printed."""

    names: dict[str, list[str]]

    def find(self, name: str) -> str | None:
        """The id under which the name stands."""
        key = _key(name)
        return next((known for known, names in self.names.items() if any(_key(other) == key for other in names)), None)


def _key(name: str) -> str:
    return re.sub(r"\W+", "", unmarked(name))


def slug(text: str, most: int = _LONGEST_ID, words: int = 8) -> str:
    """An id from a text: small letters without marks, cut at a word."""
    parts = re.sub(r"[^a-z0-9]+", " ", unmarked(text)).split()[:words]
    while parts and not parts[0][0].isalpha():
        parts.pop(0)
    made = ""
    for part in parts:
        if len(made) + len(part) + 1 > most:
            break
        made = f"{made}-{part}" if made else part
    return made if len(made) > 1 else "muc"


def _unique(wanted: str, taken: set[str]) -> str:
    name, n = wanted, 2
    while name in taken:
        name, n = f"{wanted}-{n}", n + 1
    taken.add(name)
    return name


def new_units(reading: Reading, office: Office) -> NewUnits:
    """The units that the document names and the office does not know, each once with its ways of writing."""
    found: dict[str, list[str]] = {}
    taken = {unit.id for unit in office.units} | {group.id for group in office.groups}
    known = NewUnits(found)
    for item in reading.items:
        for name in (*item.lead, *item.coordinating):
            if office.find(name):
                continue
            unit = known.find(name)
            if unit is None:
                unit = _unique(slug(name, 40), taken)
                found[unit] = []
            if name not in found[unit]:
                found[unit].append(name)
    return known


def plan_value(
    reading: Reading, office: Office, adopted_on: date, words: Mapping[str, Any], family: str | None = None
) -> dict[str, Any]:
    """The whole plan file as its value, in the order it is written."""
    units = new_units(reading, office)
    taken: set[str] = set()
    events: list[dict[str, Any]] = []
    items = [_item(item, reading, office, units, words, taken, events) for item in reading.items]
    asked = [_asked(doubt, words) for doubt in reading.doubts]
    value: dict[str, Any] = {
        "plan": family or slug(re.sub(r"^(?:kế hoạch|chương trình)\s+", "", reading.title, flags=re.I), 30, 5),
        "year": reading.year,
        "to_year": reading.to_year if reading.to_year > reading.year else None,
        "title": _safe(reading.title),
        "office": office.office,
        "document": reading.number or None,
        "adopted_on": adopted_on,
        "draft": True,
        "basis": [_safe(text) for text in reading.basis],
        "irregularities": [
            {"where": reading.name, "printed": _safe("; ".join(d.facts)) or "-", "choice": text}
            for d, text in zip(reading.doubts, asked, strict=True)
        ],
        "parts": _parts(reading.items),
        "new_units": [
            {"id": unit, "name": names[0], "variants": names[1:], "email": None} for unit, names in units.names.items()
        ],
        "events": events,
        "items": items,
    }
    return {key: found for key, found in value.items() if found not in (None, [], {}) or key == "document"}


def _parts(items: Iterable[ReadItem]) -> dict[str, str]:
    parts: dict[str, str] = {}
    for item in items:
        numbers = [number for number, _ in item.section if number]
        heading = next((heading for number, heading in reversed(item.section) if number), "")
        number = ".".join(numbers)
        if heading and (item.ref == number or item.ref.startswith((f"{number}.", f"{number}-"))):
            parts.setdefault(number, _safe(heading))
    return parts


def _item(
    item: ReadItem,
    reading: Reading,
    office: Office,
    units: NewUnits,
    words: Mapping[str, Any],
    taken: set[str],
    events: list[dict[str, Any]],
) -> dict[str, Any]:
    doubts = [*item.doubts, *_misprints(item, office)]
    lead = list(item.lead)
    unit_of = {name: office.find(name) or units.find(name) or name for name in (*item.lead, *item.coordinating)}
    leading = {unit_of[name] for name in lead}
    both = [name for name in item.coordinating if unit_of[name] in leading]
    coordinating = [name for name in item.coordinating if name not in both] or list(item.coordinating)
    if both and not any(doubt.key == "both_roles" for doubt in doubts):
        doubts.append(Doubt("both_roles", item.place, ("; ".join(both),)))
    inside: set[str] = set()
    duties = [_duty(result, item, reading, inside, taken, events, doubts) for result in item.results]
    shape = _shape(item, duties, reading)
    row = {
        "id": _unique(slug(item.title), taken),
        "ref": item.ref[:20],
        "title": _safe(item.title)[:500],
        "text": _safe(item.text),
        "shape": shape,
        "lead": lead or [_nobody(office, units, words)],
        "coordinating": coordinating,
        "basis": [_safe(text) for text in item.basis],
        "source": _source(item),
        "obligations": duties,
        "question": " ".join(dict.fromkeys(_asked(doubt, words, item.ref) for doubt in doubts)) or None,
    }
    return {key: value for key, value in row.items() if value is not None}


def _misprints(item: ReadItem, office: Office) -> list[Doubt]:
    """Names that are nearly those of a unit that the office knows."""
    found = []
    for name in (*item.lead, *item.coordinating):
        near = None if office.find(name) else office.suggest(name)
        known = office.name_of(near) if near else ""
        if known and misprinted(unmarked(name), unmarked(known)):
            found.append(Doubt("near_unit", item.place, (name, known)))
    return found


def _nobody(office: Office, units: NewUnits, words: Mapping[str, Any]) -> str:
    """A unit that stands where the document names none: asked about, never followed up."""
    name = str(words["nobody"])
    if not office.find(name):
        units.names.setdefault(slug(name), [name])
    return name


def _source(item: ReadItem) -> dict[str, Any]:
    """Where the item and its time stand in the document."""
    time = item.printed.get("time")
    row = _place(item.place)
    if time and time.text:
        row["time"] = _place(time.place) | ({"span": list(time.span)} if time.span else {})
    return row


def _place(place: Place) -> dict[str, Any]:
    return {
        key: value
        for key, value in (("page", place.page), ("line", place.line), ("cell", place.cell))
        if value is not None
    }


def _duty(
    result: DutyResult,
    item: ReadItem,
    reading: Reading,
    inside: set[str],
    taken: set[str],
    events: list[dict[str, Any]],
    doubts: list[Doubt],
) -> dict[str, Any]:
    timing = dict(result.timing)
    place = item.printed["time"].place if "time" in item.printed else item.place
    for key in ("after", "before_event"):
        if key in timing:
            timing[key] = _event(result.event or result.phrase, events, taken)
            doubts.append(Doubt("event", place, (result.event or result.phrase,)))
    if result.also:
        doubts.append(Doubt("also", place, (result.phrase,)))
    first, last = timing.get("from"), timing.get("to")
    if {"every", "continuous"} & timing.keys():
        if first and int(first[:4]) < reading.year:
            del timing["from"]
        if last and int(last[:4]) < reading.year:
            doubts.append(Doubt("other_year", place, (last[:4], str(reading.year))))
            timing = {key: value for key, value in timing.items() if key not in ("from", "to")}
    return {
        "id": _unique(slug(result.deliverable or "ket qua", words=5), inside),
        "deliverable": _safe(result.deliverable) or None,
        "phrase": _safe(result.phrase),
        "timing": timing,
    }


def _event(printed: str, events: list[dict[str, Any]], taken: set[str]) -> str:
    title = _safe(clean(printed))[:300]
    known = next((event["id"] for event in events if event["title"] == title), None)
    if known is None:
        known = _unique(slug(title, 40), taken)
        events.append({"id": known, "title": title})
    return str(known)


def _shape(item: ReadItem, duties: list[dict[str, Any]], reading: Reading) -> str:
    timings = [duty["timing"] for duty in duties]
    keys = {key for timing in timings for key in timing}
    if any(doubt.key == "overseer" for doubt in item.doubts):
        return "report"
    if keys & {"after", "before_event", "on_demand"}:
        return "after_event"
    if any("kiểm tra" in duty["phrase"].casefold() for duty in duties) and len(duties) > 1:
        return "inspection"
    if all("continuous" in timing or "reference" in timing or timing.get("every") == "policy" for timing in timings):
        return "continuous"
    if any("every" in timing for timing in timings):
        counted = any(timing.get("every") == "month" for timing in timings) and re.search(
            r"đánh giá|số liệu|chỉ số|thống kê", " ".join(duty["deliverable"] or "" for duty in duties), re.I
        )
        return "collect" if counted else "report"
    subject = re.sub(rf"\s*năm {reading.year}\s*", "", clean(reading.title)).casefold()
    following = f"năm {reading.year + 1}"
    if any(
        following in (duty["deliverable"] or "")
        and len(subject) > 15
        and subject in (duty["deliverable"] or "").casefold()
        for duty in duties
    ):
        return "next_year"
    return "issue"


def _asked(doubt: Doubt, words: Mapping[str, Any], ref: str = "") -> str:
    """The question in words, with its place."""
    facts = (*(doubt.facts or (ref,)), *([shown_place(doubt.other, words)] if doubt.other else []))
    text = str(words["questions"][doubt.key]).format(*(_safe(fact) for fact in facts), "", "")
    where = shown_place(doubt.place, words)
    return str(words["places"]["asked"]).format(text, where) if where else text


def shown_place(place: Place, words: Mapping[str, Any]) -> str:
    """Page, line and cell in words."""
    found = [str(words["places"][key]).format(value) for key, value in _place(place).items()]
    return ", ".join(found)


def _safe(text: str) -> str:
    """One line; braces would be filled in by the plan file."""
    return clean(text).replace("{", "(").replace("}", ")")
