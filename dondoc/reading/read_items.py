"""A duty as printed → a duty as read: units, results, times and the questions that stay."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from dondoc.foundation.names import unmarked
from dondoc.office.wording import clean
from dondoc.reading.document import Place
from dondoc.reading.headings import Field
from dondoc.reading.legal_bases import legal_bases
from dondoc.reading.paragraphs import joined
from dondoc.reading.raw_items import Doubt, Printed, RawItem
from dondoc.reading.results import DutyResult, results
from dondoc.reading.unit_names import unit_names


@dataclass
class ReadItem:
    """One duty as read. `printed` are its fields with their places, for showing beside the reading."""

    ref: str
    title: str
    text: str
    place: Place
    section: tuple[tuple[str, str], ...]
    lead: list[str]
    coordinating: list[str]
    results: list[DutyResult]
    basis: list[str]
    printed: dict[Field, Printed]
    doubts: list[Doubt] = field(default_factory=list)

    @property
    def phrase(self) -> str:
        """The time as printed."""
        found = self.printed.get("time")
        return clean(found.text) if found else ""


def read_item(raw: RawItem, year: int) -> ReadItem:
    """What a printed duty says in a plan of `year`; what it does not say clearly is a doubt."""
    doubts = list(raw.doubts)
    lead, coordinating = _parties(raw, doubts)
    found: list[DutyResult] = []
    for fields in (raw.fields, *raw.parts):
        time = fields.get("time")
        overseeing = next((doubt.facts[0] for doubt in raw.doubts if doubt.key == "overseer"), None)
        deliverable = fields["deliverable"].text if "deliverable" in fields else ""
        made = results(deliverable, clean(time.text) if time else "", raw.text, year, overseeing)
        found += made
        place = time.place if time and time.text else raw.place
        doubts += [Doubt(key, place, (result.phrase,)) for result in made for key in result.doubts]
    texts = [
        raw.text,
        *(
            printed.text
            for fields in (raw.fields, *raw.parts)
            for name, printed in fields.items()
            if name in ("deliverable", "time", "basis")
        ),
    ]
    return ReadItem(
        raw.ref or "-",
        shown_title(raw.title.text),
        raw.text,
        raw.place,
        raw.section,
        lead,
        coordinating,
        found,
        legal_bases(map(clean, texts)),
        raw.fields,
        list(dict.fromkeys(doubts)),
    )


def _parties(raw: RawItem, doubts: list[Doubt]) -> tuple[list[str], list[str]]:
    lead_printed, other = raw.fields.get("lead"), raw.fields.get("coordinating")
    lead = unit_names(lead_printed.text) if lead_printed else []
    coordinating = unit_names(other.text) if other else []
    if not lead:
        doubts.append(Doubt("no_lead", raw.place))
    both = [name for name in coordinating if _same(name, lead)]
    if both:
        where = other.place if other else raw.place
        doubts.append(Doubt("both_roles", where, ("; ".join(both),)))
        rest = [name for name in coordinating if name not in both]
        coordinating = rest or coordinating
    return lead, coordinating


def _same(name: str, others: Iterable[str]) -> bool:
    """Whether one of the names is that one, one misprinted letter apart at the most."""
    return any(unmarked(name) == unmarked(other) or misprinted(unmarked(name), unmarked(other)) for other in others)


def misprinted(a: str, b: str) -> bool:
    """Whether two long names differ in a misprint only."""
    if min(len(a), len(b)) < 20 or a.split(" ")[:2] != b.split(" ")[:2] or re.findall(r"\d", a) != re.findall(r"\d", b):
        return False
    return SequenceMatcher(None, a, b).ratio() > 0.93


def shown_title(text: str, most: int = 300) -> str:
    """The printed title on one line; of a longer text the first sentence, or its beginning."""
    text = clean(joined(text.split("\n"))).strip()
    if len(text) <= most:
        return text
    sentence = re.match(r"(.{20,}?)[.;](?=\s)", text)
    return (
        sentence[1]
        if sentence and len(sentence[1]) <= most
        else text[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:-–") + "…"
    )
