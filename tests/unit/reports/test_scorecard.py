"""The scorecard: recounted from the ledger export by other means, its score by hand, its rules by property."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from functools import cache
from statistics import median
from typing import Any

import pytest
from factories import make_occurrence, make_parts, make_state
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import CONFIG
from yearbook import HOUSE, export, seen, traces, tracked, wording

from dondoc.obligations.lifecycle import Status
from dondoc.obligations.snapshot import Tracked
from dondoc.office.policy import Scoring
from dondoc.reports.scorecard import FIGURES, OUTCOMES, Card, Trace, scorecards
from dondoc.reports.scorecard_sheets import as_json, decimal, score_sheets
from dondoc.reports.sheet_model import RowHeading, texts


@cache
def registered() -> dict[str, int]:
    """Every occurrence is registered by the first entry. Asked for when a test runs: the year takes seconds to walk."""
    return {each.occurrence.id: 1 for each in tracked()}


def cards(quarter: int | None = None) -> tuple[Card, ...]:
    return scorecards(tracked(), traces(), registered(), HOUSE, seen().today, quarter)


# -- the same figures, counted by other means: the export's lines and the plan file's names, no code of dondoc


def recounted() -> dict[tuple[str, int, str], Any]:
    """(unit, quarter, figure) → number, from the JSONL and the configuration as plain YAML; quarter 0 is the year."""
    import yaml

    plan = yaml.safe_load((CONFIG / "plans/2024.yaml").read_text(encoding="utf-8"))
    office = yaml.safe_load((CONFIG / "office.yaml").read_text(encoding="utf-8"))
    groups = {group["id"]: group["members"] for group in office["groups"]}
    lead = {
        (item["id"], duty["id"]): [u for name in duty.get("lead") or item["lead"] for u in groups.get(name, [name])]
        for item in plan["items"]
        for duty in item["obligations"]
    }
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    register: list[dict[str, Any]] = []
    for line in export():
        entry = json.loads(line)
        if entry["kind"] == "plan.adopted":
            register = entry["body"]["register"]
        elif entry["kind"].startswith("occurrence."):
            told[entry["occurrence"]].append(entry)
    counts: dict[tuple[str, int, str], Any] = Counter()
    for row in register:
        due, ended, times = conclude(row, told[row["id"]])
        _, item, duty, _ = row["id"].split("/")
        for unit in dict.fromkeys(lead[item, duty]):
            for quarter in {0, (due.month + 2) // 3 if due else 0}:
                counts[unit, quarter, ended] += 1
                counts[unit, quarter, "returned"] += sum(e["kind"] == "occurrence.returned" for e in told[row["id"]])
                if times is not None:
                    counts.setdefault((unit, quarter, "times"), [])
                    counts[unit, quarter, "times"].append(times)
    return counts


def conclude(row: dict[str, Any], entries: list[dict[str, Any]]) -> tuple[date | None, str, tuple[date, date] | None]:
    due = date.fromisoformat(row["due"]) if row["due"] else None
    ended, finished, extended, opened, answered = "open", None, False, None, None
    for entry in entries:
        body, kind = entry["body"], entry["kind"].removeprefix("occurrence.")
        local = (datetime.fromisoformat(entry["at"]) + timedelta(0)).astimezone(timezone(timedelta(hours=7))).date()
        if kind == "opened":
            due, opened = date.fromisoformat(body["due"]), local
        elif kind == "extended":
            due, extended = date.fromisoformat(body["until"]), True
        elif kind == "submitted":
            finished = date.fromisoformat(body.get("signed") or local.isoformat())
            answered = answered or local
        elif kind == "accepted":
            assert due is not None
            assert finished is not None
            late = finished > due
            ended = ("extended_late" if late else "extended_on_time") if extended else "late" if late else "on_time"
        elif kind in ("waived", "superseded", "missed"):
            ended = kind
    if row["before_adoption"]:
        ended = "before_adoption"
    return due, ended, (opened, answered) if opened and answered else None


@pytest.mark.parametrize("quarter", [None, 1, 2, 3, 4])
def test_every_figure_of_the_walked_year_agrees_with_a_recount_of_the_export(quarter: int | None) -> None:
    counts = recounted()
    seen_units = set()
    for card in cards(quarter):
        if card.role != "lead" or not card.unit:
            continue
        seen_units.add(card.unit)
        for name in (*OUTCOMES, "returned"):
            assert card.number(name) == counts[card.unit, quarter or 0, name], (card.unit, name)
        days = [HOUSE.calendar.between(*pair) for pair in counts.get((card.unit, quarter or 0, "times"), [])]
        assert card.median("submitted") == (median(map(Fraction, days)) if days else None)
        assert card.longest("submitted") == max(days, default=None)
    assert seen_units == {unit for unit, period, name in counts if period == (quarter or 0) and name in OUTCOMES}
    if quarter is None:
        assert cards()[0].expected == 152


def test_every_number_leads_to_entries_about_that_occurrence_that_say_so() -> None:
    entries = {entry["seq"]: entry for entry in map(json.loads, export())}
    for card in cards():
        for name in FIGURES:
            for proof in card.figures[name]:
                assert proof.seqs
                for seq in proof.seqs:
                    assert entries[seq]["occurrence"] in (proof.occurrence, None)
    (missed,) = next(card for card in cards() if not card.unit).figures["missed"]
    assert entries[missed.seqs[0]]["kind"] == "occurrence.missed"


def test_the_office_counts_each_occurrence_once_and_quarters_make_up_what_has_a_date() -> None:
    whole = cards()[0]
    assert sum(cards(quarter)[0].expected for quarter in (1, 2, 3, 4)) == whole.expected
    units = [card for card in cards() if card.unit and card.role == "lead"]
    assert sum(card.expected for card in units) > whole.expected  # some duties have two lead units


# -- the score, by hand


def one(status: Status, period: str = "2024-Q1", **state: Any) -> Tracked:
    occurrence = make_occurrence("ke-hoach-thi-hanh", None, period)
    item, obligation = make_parts(occurrence)
    return Tracked(occurrence, make_state(occurrence, status, **state), item, obligation)


def test_a_score_is_the_points_of_what_is_decided_divided_by_its_number() -> None:
    due = date(2024, 3, 31)
    in_time = one(Status.DONE, due=due, submitted_on=date(2024, 3, 29))
    late = one(Status.DONE, due=due, submitted_on=date(2024, 4, 2), returns=1)
    ours = [in_time, late, one(Status.MISSED, due=due), one(Status.WAIVED, due=due)]
    ours = [replace(t, occurrence=replace(t.occurrence, id=f"{t.occurrence.id}{n}")) for n, t in enumerate(ours)]
    kinds = ("submitted", "accepted", "missed", "waived", "returned")
    told = {t.occurrence.id: [Trace(n + 2, f"occurrence.{kind}", due) for n, kind in enumerate(kinds)] for t in ours}
    office = scorecards(ours, told, {t.occurrence.id: 1 for t in ours}, HOUSE, date(2024, 4, 30))[0]
    assert office.score == Fraction(100 + (50 - 5) + 0, 3)
    assert office.grade == "Yếu"
    assert (office.number("waived"), office.number("returned")) == (1, 4)


def test_nothing_decided_has_no_score_and_no_grade() -> None:
    planned = one(Status.PLANNED)
    card = scorecards([planned], {}, {planned.occurrence.id: 1}, HOUSE, date(2024, 1, 3))[0]
    assert (card.score, card.grade, card.number("open")) == (None, "", 1)
    assert card.figures["open"][0].seqs == (1,)  # the adoption, which registered it


@pytest.mark.parametrize(
    ("value", "said"),
    [(Fraction(275, 3), "91,7"), (Fraction(100), "100"), (Fraction(7, 2), "3,5"), (Fraction(1999, 20), "100"), (None, "")],
)  # fmt: skip
def test_fractions_as_clerks_write_them(value: Fraction | None, said: str) -> None:
    assert decimal(value) == said


@given(st.lists(st.integers(0, 100), min_size=6, max_size=6), st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_any_weights_keep_a_score_between_0_and_100(points: list[int], off: int) -> None:
    names = ("on_time", "extended_on_time", "late", "extended_late", "missed", "overdue")
    scoring = Scoring.model_validate({"points": dict(zip(names, points, strict=True)), "off_for_return": off})
    rules = replace(HOUSE, policy=HOUSE.policy.model_copy(update={"scoring": scoring}))
    for card in scorecards(tracked(), traces(), registered(), rules, seen().today):
        assert card.score is None or 0 <= card.score <= 100


# -- as JSON and as sheets: the same numbers


def test_sheets_and_json_say_what_the_cards_say() -> None:
    found = cards()
    shown, proof = score_sheets(found, tracked(), seen(), None, wording(), HOUSE.policy.scoring)
    rows = texts(shown.rows)
    assert [len(row) for row in rows] == [len(shown.columns)] * len(found)
    told = as_json(found, seen(), None, HOUSE.policy.scoring)
    assert [int(row[2]) for row in rows] == [card["expected"] for card in told["cards"]]
    listed = Counter((row[0], row[1], row[2]) for row in texts(proof.rows))
    words = wording().words["tables"]["scorecard"]
    for card in found:
        if card.unit:
            for name in FIGURES:
                unit = HOUSE.office.name_of(card.unit)
                assert listed[unit, words["roles"][card.role], words["figures"][name]] == card.number(name)
    assert not any(isinstance(row, RowHeading) for row in shown.rows)
    assert json.dumps(told)
    assert seen().hash in shown.lines[0]
