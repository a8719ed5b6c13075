"""How well `plan read` reads: `python -m bench.plan_reading FOLDER` with documents and, beside each, what a careful reader finds.

A document `x.docx` (or .pdf, .xlsx, .txt, .md) is compared with `x.truth.yaml`: `items`, each with `ref`, `title_start`,
`lead`, `coordinating`, `time_verbatim` and `time`. Names are compared without spacing, marks of punctuation and case.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from dondoc.calendar.periods import Period
from dondoc.foundation.errors import DondocError
from dondoc.office.wording import clean
from dondoc.plan.timing_spans import spans
from dondoc.plan.timing_values import first_of
from dondoc.plan.timings import Timing
from dondoc.reading.read_items import ReadItem
from dondoc.reading.reading import Reading, read
from tasks.reading.documents import KINDS, read_document

GOALS = {
    "found": 98.0, "invented": -1.0, "lead": 95.0, "coordinating": 90.0, "phrase": 98.0, "timing": 95.0, "silent": -1.0,
}  # fmt: skip
_TIMING: TypeAdapter[Timing] = TypeAdapter(Timing)
_CADENCE = {"yearly": "year", "monthly": "month", "quarterly": "quarter", "weekly": "week", "semiannual": "half-year", "twice_yearly": "year", "biweekly": "two-weeks", "semiannual+yearly": "half-year"}  # fmt: skip


@dataclass
class Score:
    """Counts of one document: of `truth` items; `silent`: wrong anywhere and nothing asked about it."""

    name: str
    truth: int = 0
    read: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GOALS, 0))
    wrong: list[str] = field(default_factory=list)
    refused: str = ""


def scored(path: Path) -> Score:
    """The score of one document against its truth."""
    return compared(path.name, path.read_bytes(), yaml.safe_load(_truth_of(path).read_text(encoding="utf-8")))


def compared(name: str, content: bytes, truth: dict[str, Any]) -> Score:
    """The score of a document of that name against its truth."""
    score = Score(name, truth=len(truth["items"]))
    try:
        reading = read(read_document(name, content), truth.get("year"))
    except DondocError as error:
        score.refused = str(error)
        return score
    score.read = len(reading.items)
    found = _paired(truth["items"], reading.items)
    score.counts["found"] = len(found)
    score.counts["invented"] = len(reading.items) - len(found)
    for wanted, item in found:
        right = {
            "lead": _names(wanted.get("lead")) == _names(item.lead),
            "coordinating": _names(wanted.get("coordinating")) == _names(item.coordinating),
            "phrase": clean(wanted.get("time_verbatim") or "") == item.phrase,
            "timing": any(
                _same_time(wanted.get("time") or {"kind": "unspecified"}, result.timing, reading)
                for result in item.results
            ),
        }
        for name, good in right.items():
            score.counts[name] += good
        wrong = [name for name, good in right.items() if not good]
        if wrong:
            silent = not item.doubts
            score.counts["silent"] += silent
            shown = "; ".join(f"{name}: {_shown(name, wanted, item)}" for name in wrong)
            score.wrong.append(f"{wanted['ref']}{' (silent)' if silent else ''}: {shown}")
    known = {id(wanted) for wanted, _ in found}
    score.wrong += [
        f"{wanted['ref']}: not found: {wanted['title_start']}" for wanted in truth["items"] if id(wanted) not in known
    ]
    taken = {id(item) for _, item in found}
    score.wrong += [f"{item.ref}: invented: {item.title[:60]}" for item in reading.items if id(item) not in taken]
    return score


def _truth_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}.truth.yaml")


def _shown(name: str, wanted: dict[str, Any], item: ReadItem) -> str:
    match name:
        case "lead" | "coordinating":
            return f"{getattr(item, name)} instead of {wanted.get(name)}"
        case "phrase":
            return f"{item.phrase!r} instead of {wanted.get('time_verbatim')!r}"
    return f"{[result.timing for result in item.results]} for {wanted.get('time_verbatim')!r}"


def _paired(truth: Sequence[dict[str, Any]], items: Sequence[ReadItem]) -> list[tuple[dict[str, Any], ReadItem]]:
    """Each truth with the item that begins as it does; of several the one whose reference is nearest."""
    left = list(items)
    pairs = []
    for wanted in truth:
        start = _letters(wanted["title_start"])[:60]
        same = [
            item for item in left if _letters(item.text).startswith(start) or _letters(item.title).startswith(start)
        ]
        if not same:
            same = [item for item in left if start[:40] in _letters(item.text)]
        if same:
            best = next((item for item in same if item.ref == str(wanted["ref"])), same[0])
            left.remove(best)
            pairs.append((wanted, best))
    return pairs


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", clean(text).casefold())


def _names(names: Iterable[str] | None) -> str:
    return _letters("".join(str(name) for name in names or ()))


def _same_time(truth: dict[str, Any], row: dict[str, Any], reading: Reading) -> bool:
    """Whether a timing says what the truth says: the same kind and, where it prints days, the same days."""
    kind = truth.get("kind")
    if kind in ("unspecified", "missing"):
        return "unprinted" in row
    if kind == "by_reference":
        return "reference" in row
    if kind in ("event", "ad_hoc"):
        return bool({"after", "before_event", "on_demand", "after_done"} & row.keys()) and _offset(truth, row)
    if kind == "continuous":
        return _continuous(truth, row)
    if kind == "recurring":
        return _recurring(truth, row)
    if kind in ("window", "deadline"):
        return _dated(truth, row, reading)
    return kind == "split" and any(_same_time(part, row, reading) for part in truth.get("parts", ()))


def _offset(truth: dict[str, Any], row: dict[str, Any]) -> bool:
    offset = str(truth.get("offset") or "")
    days = re.fullmatch(r"(\d+)(d|wd)", offset)
    return not days or row.get("within" if days[2] == "wd" else "within_days") == int(days[1])


def _continuous(truth: dict[str, Any], row: dict[str, Any]) -> bool:
    if "continuous" not in row and not ("reference" in row and row.get("continuous")):
        return False
    cadence = truth.get("cadence") or (truth.get("report") or {}).get("cadence")
    every = _CADENCE.get(str(cadence)) if cadence else row.get("every")
    begins = truth.get("start")
    own = row.get("from")
    return (
        every == row.get("every")
        and (not begins or own is None or _first(own) == _date(begins))
        and not (own and not begins)
    )


def _recurring(truth: dict[str, Any], row: dict[str, Any]) -> bool:
    if truth.get("cadence") == "unspecified":
        return row.get("every") == "policy"
    for key, own in (("months", "month"), ("quarters", "quarter")):
        if numbers := truth.get(key):
            return bool(row.get(own) == numbers)
    days = truth.get("due") or truth.get("due_day")
    key = "before" if truth.get("end_inclusive") is False else "by"
    if truth.get("cadence") and _CADENCE.get(truth["cadence"]) != row.get("every"):
        return False
    wanted = days if isinstance(days, list) else [days] if days else []
    had = row.get(key)
    given = had if isinstance(had, list) else [had] if had else []
    return "every" in row and [str(day) for day in wanted] == [str(day) for day in given]


def _dated(truth: dict[str, Any], row: dict[str, Any], reading: Reading) -> bool:
    if {"continuous", "reference", "unprinted", "every"} & row.keys() or truth.get("end") is None:
        return False
    try:
        found: list[Period] = list(spans(_TIMING.validate_python(row), reading.year, reading.to_year, "quarter"))
    except ValueError:
        return False
    end, begin = _date(truth["end"]), truth.get("start")
    if truth.get("end_inclusive") is False:
        end = date.fromordinal(end.toordinal() - 1)
    if not found or found[-1].last != end:
        return False
    bare = "by" in row or "before" in row
    return not begin or found[0].first == _date(begin) or (bare and truth["kind"] == "deadline")


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _first(point: str) -> date:
    return first_of(point, 2000)


def printed(scores: Sequence[Score], *, verbose: bool = True) -> list[str]:
    """The table, a line a document and one for all, and below it what was wrong."""
    lines = [f"{'document':<44} {'items':>5}  " + "  ".join(f"{name:>12}" for name in GOALS)]
    total = Score("all", sum(s.truth for s in scores), sum(s.read for s in scores))
    for score in scores:
        for name, count in score.counts.items():
            total.counts[name] += count
    lines += [_line(score) for score in [*scores, total]]
    lines.append(
        f"{'goal':<44} {'':>5}  "
        + "  ".join(f"{('≥' if goal > 0 else '≤')} {abs(goal):.0f} %".rjust(12) for goal in GOALS.values())
    )
    if verbose:
        lines += [f"{score.name}: {wrong}" for score in scores for wrong in score.wrong]
    return lines


def _line(score: Score) -> str:
    if score.refused:
        return f"{score.name[:44]:<44} {score.truth:>5}  refused: {score.refused}"
    found = score.counts["found"]
    of = {"found": score.truth, "invented": max(score.read, 1), "silent": max(score.truth, 1)}
    shares = (f"{score.counts[name] / max(of.get(name, found), 1):.1%}".rjust(12) for name in GOALS)
    return f"{score.name[:44]:<44} {score.truth:>5}  " + "  ".join(shares)


def main(folder: str) -> None:
    """Print the figures of every document in a folder that has a truth."""
    paths = [
        path for path in sorted(Path(folder).iterdir()) if path.suffix.lower() in KINDS and _truth_of(path).exists()
    ]
    if not paths:
        sys.exit(f"{folder} holds no document with a .truth.yaml beside it")
    sys.stdout.write("\n".join(printed([scored(path) for path in paths])) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bench.plan_reading FOLDER")
    main(sys.argv[1])
