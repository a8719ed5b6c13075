"""The plan of 2024 read from its own text is the plan that was written by hand, but for titles, ids and two points of judgement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.plan.plan import Item, Plan
from dondoc.plan.plan_file import read_plan
from dondoc.reading.reading import Reading, read
from tasks.config.loading import load_rules, read_plan_file, read_words
from tasks.reading.documents import read_document
from tasks.reading.plan_drafts import drafted

CONFIG = Path(__file__).parents[3] / "config"
SEED = Path(__file__).parent / "seed-2024.txt"
# Where several results share one printed time and a person decided which of them it binds (irregularities II.2.a, II.2.m).
JUDGED = {"II.2.a", "II.2.m"}


def reading() -> Reading:
    return read(read_document(SEED.name, SEED.read_bytes()))


def plans() -> tuple[Plan, Plan]:
    office = load_rules(CONFIG).office
    written = read_plan_file(CONFIG / "plans/2024.yaml", office)
    made = drafted(reading(), office, written.adopted_on, read_words(CONFIG, "plan-reading.yaml").value, "cchc")
    return written, read_plan(parse_yaml(made.text, "read.yaml"), office)


def compared(item: Item, events: dict[str, str]) -> dict[str, Any]:
    """An item without its title, ids, readings and order of needs; an event by its title."""
    duties = []
    for duty in item.obligations:
        timing = duty.timing.model_dump(exclude_defaults=True)
        if "after" in timing:
            timing["after"] = events[timing["after"]]
        duties.append((duty.deliverable, duty.phrase, timing))
    return {
        "ref": item.ref, "text": item.text, "shape": item.shape, "lead": item.lead, "coordinating": item.coordinating,
        "basis": item.basis, "duties": duties,
    }  # fmt: skip


def test_the_seed_is_read_as_it_was_written_by_hand() -> None:
    written, found = plans()
    titles = {event.id: event.title for event in (*written.events, *found.events)}
    assert [item.ref for item in found.items] == [item.ref for item in written.items]
    for one, other in zip(written.items, found.items, strict=True):
        if one.ref not in JUDGED:
            assert compared(other, titles) == compared(one, titles)


def test_the_points_of_judgement_are_asked_about_and_their_units_right() -> None:
    written, found = plans()
    for one, other in zip(written.items, found.items, strict=True):
        if one.ref in JUDGED:
            assert (other.text, other.shape, other.lead, other.coordinating) == (
                one.text,
                one.shape,
                one.lead,
                one.coordinating,
            )
            assert other.question


def test_the_parts_and_the_year_are_those_written_by_hand() -> None:
    written, found = plans()
    assert found.year == written.year
    assert {number: heading.casefold() for number, heading in found.parts} == {
        number: heading.casefold() for number, heading in written.parts
    }


def test_what_is_odd_in_the_seed_is_asked() -> None:
    asked = {(item.ref, doubt.key) for item in reading().items for doubt in item.doubts}
    assert {("II.6.đ", "doubled"), ("II.2.k", "both_roles"), ("II.2.e", "no_period"), ("III.3", "overseer")} <= asked
    assert [doubt.key for doubt in reading().doubts] == ["two_dates"]
