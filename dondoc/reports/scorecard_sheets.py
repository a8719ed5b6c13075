"""The scorecard as JSON for programs and as sheets for people: the cards, and the proof of every number in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from dondoc.obligations.snapshot import Tracked
from dondoc.office.office import Office
from dondoc.office.policy import Scoring
from dondoc.office.wording import Wording, clean
from dondoc.reports.scorecard import FIGURES, RESPONSES, Card, Proof
from dondoc.reports.sheet_model import Cells, Column, CountedFrom, RowHeading, Sheet, Value

Words = Mapping[str, Any]


def as_json(cards: Sequence[Card], seen: CountedFrom, quarter: int | None, scoring: Scoring) -> dict[str, Any]:
    """Every figure with its proofs; fractions as text ("275/3"), so that no digit is lost."""
    return {
        "plan": seen.plan,
        "seq": seen.seq,
        "hash": seen.hash,
        "as_of": seen.today.isoformat(),
        "quarter": quarter,
        "scoring": scoring.model_dump(mode="json"),
        "cards": [_card_json(card) for card in cards],
    }


def _card_json(card: Card) -> dict[str, Any]:
    return {
        "unit": card.unit or None,
        "role": card.role,
        "expected": card.expected,
        "score": str(card.score) if card.score is not None else None,
        "grade": card.grade or None,
        "figures": {
            name: {"number": card.number(name), "of": [_proof_json(proof) for proof in card.figures[name]]}
            for name in FIGURES
        },
        "response": {
            name: {"median": str(middle) if (middle := card.median(name)) is not None else None, "max": card.longest(name)}
            for name in RESPONSES
        },
    }  # fmt: skip


def _proof_json(proof: Proof) -> dict[str, Any]:
    found: dict[str, Any] = {"occurrence": proof.occurrence, "entries": list(proof.seqs)}
    return found if proof.days is None else {**found, "working_days": proof.days}


def decimal(value: Fraction | None, none: str = "") -> str:
    """91,7: one digit after the comma, none for whole numbers; halves go up."""
    if value is None:
        return none
    tenths = int(value * 10 + Fraction(1, 2))
    return str(tenths // 10) if tenths % 10 == 0 else f"{tenths // 10},{tenths % 10}"


def unit_name(card: Card, office: Office, words: Words) -> str:
    """The unit of a card, or what the office's own is called."""
    return clean(office.name_of(card.unit)) if card.unit else str(words["office"])


def rules(scoring: Scoring, words: Words) -> tuple[str, ...]:
    """How the score is made, in sentences."""
    figures = words["figures"]
    points = "; ".join(f"{figures[name].lower()} {number}" for name, number in scoring.points.items())
    grades = "; ".join(words["grade_from"].format(name=g.name, at_least=g.at_least) for g in scoring.grades)
    said = [words["points"].format(points=points, off=scoring.off_for_return)]
    return (*said, *([words["grades"].format(grades=grades)] if grades else []), words["counted"])


def times(card: Card, response: str, words: Words) -> str:
    """The median and the longest response time in words; a dash without any."""
    longest = card.longest(response)
    if longest is None:
        return str(words["none"])
    return str(words["times"]).format(median=decimal(card.median(response)), longest=longest)


def score_sheets(
    cards: Sequence[Card], tracked: Sequence[Tracked], seen: CountedFrom, quarter: int | None, wording: Wording, scoring: Scoring
) -> tuple[Sheet, Sheet]:  # fmt: skip
    """The cards, and a sheet that lists behind each number its occurrences and ledger entries."""
    tables, title = wording.words["tables"], clean(seen.title)
    words = tables["scorecard"]
    lines = (seen.line(tables["seen"]), period_line(seen, quarter, wording))
    shown = Sheet(
        name=words["sheet"],
        office=clean(wording.office.office),
        title=words["title"].format(plan=title),
        lines=lines,
        columns=tuple(_columns(words)),
        rows=tuple(_row(card, wording.office, words) for card in cards),
        notes=rules(scoring, words),
    )
    proof = Sheet(
        name=words["proof_sheet"],
        office=clean(wording.office.office),
        title=words["proof_title"].format(plan=title),
        lines=lines,
        columns=tuple(Column(c["heading"], c["width"], c.get("align", "left")) for c in words["proof_columns"]),
        rows=tuple(_proofs(cards, {each.occurrence.id: each for each in tracked}, wording.office, words)),
    )
    return shown, proof


def period_line(seen: CountedFrom, quarter: int | None, wording: Wording) -> str:
    """Which period the cards are of."""
    words, year = wording.words["tables"]["scorecard"], seen.plan.rpartition("-")[2]
    if quarter is None:
        return str(words["year"]).format(year=year)
    return str(words["quarter"]).format(quarter=wording.period(f"{year}-Q{quarter}"))


def _columns(words: Words) -> Iterator[Column]:
    yield from (Column(words["unit"], 34), Column(words["role"], 10), Column(words["expected"], 8, "center"))
    yield from (Column(words["figures"][name], 9, "center") for name in words["figures"] if name not in RESPONSES)
    yield from (Column(words["response"].format(name=words["figures"][name]), 14, "center") for name in RESPONSES)
    yield from (Column(words["score"], 8, "center"), Column(words["grade"], 11, "center"))


def _row(card: Card, office: Office, words: Words) -> Cells:
    counts: tuple[Value, ...] = tuple(card.number(name) for name in words["figures"] if name not in RESPONSES)
    return (
        unit_name(card, office, words),
        words["roles"][card.role],
        card.expected,
        *counts,
        *(times(card, name, words) for name in RESPONSES),
        round(float(card.score), 1) if card.score is not None else words["none"],
        card.grade or words["none"],
    )


def _proofs(
    cards: Sequence[Card], tracked: Mapping[str, Tracked], office: Office, words: Words
) -> Iterator[RowHeading | Cells]:
    """The units' cards only: the office's own counts the same occurrences once more."""
    for card in cards:
        if not card.unit:
            continue
        for name in words["figures"]:
            for proof in card.figures[name]:
                item = tracked[proof.occurrence].item
                yield (
                    unit_name(card, office, words),
                    words["roles"][card.role],
                    words["figures"][name],
                    clean(f"{item.ref} · {item.title}"),
                    proof.occurrence,
                    proof.days,
                    ", ".join(map(str, proof.seqs)),
                )
