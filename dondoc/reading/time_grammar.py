"""The grammar of printed times: patterns over the kinds of `time_tokens`, each with the row of the plan file it makes."""

from __future__ import annotations

import calendar as gregorian
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dondoc.reading.time_tokens import Token

TimingRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Matched:
    """The tokens that a pattern matched, by kind, and the plan's year."""

    found: tuple[Token, ...]
    year: int
    doubt: list[str] = field(default_factory=list)

    def all(self, kinds: str) -> list[Token]:
        return [token for token in self.found if token.kind in kinds]

    def one(self, kinds: str) -> Token:
        return self.all(kinds)[0]


def _own(tokens_: Sequence[Token], plan: int) -> list[Token]:
    """Tokens with the year that a later one prints for them all ("Quý II, Quý IV năm 2026")."""
    result, year = [], None
    for token in reversed(tokens_):
        value = token.value
        if token.kind in "MQHD" and value is not None:
            year = value[-1] or year
            value = (*value[:-1], year or plan)
        elif token.kind == "Y":
            year = value
        result.append(Token(token.kind, value, token.start, token.end))
    return result[::-1]


def _point(token: Token, plan: int, last: bool = False) -> str:
    """A point of time as the plan file writes it, with its year."""
    match token.kind, token.value:
        case "D", (day, month, year):
            return f"{year or plan}-{month:02}-{day:02}"
        case "M", (month, year):
            return f"{year or plan}-{month:02}"
        case "Q", (number, year):
            return f"{year or plan}-Q{number}"
        case "H", (half, year):
            return f"{year or plan}-Q{half * 2 - (0 if last else 1)}"
        case "G", (first, final):
            return str(final if last else first)
        case "Y", year:
            return str(year)
    return str(plan)


def _day(token: Token, plan: int) -> str:
    day, month, year = token.value
    return f"{month:02}-{day:02}" if year in (None, plan) else f"{year}-{month:02}-{day:02}"


def _end(token: Token, plan: int) -> str:
    """The last day of a point, as `by` writes it."""
    return _edge(token, plan, last=True)


def _edge(token: Token, plan: int, *, last: bool) -> str:
    match token.kind, token.value:
        case "D", _:
            return _day(token, plan)
        case "M", (month, year):
            months, at = (month, month), year or plan
        case "Q", (number, year):
            months, at = (number * 3 - 2, number * 3), year or plan
        case "H", (half, year):
            months, at = (half * 6 - 5, half * 6), year or plan
        case _, value:
            months, at = (1, 12), value if isinstance(value, int) else value[1] if value else plan
    month = months[1] if last else months[0]
    day = gregorian.monthrange(at, month)[1] if last else 1
    return f"{month:02}-{day:02}" if at == plan else f"{at}-{month:02}-{day:02}"


def _list(values: Sequence[Any]) -> Any:
    each = list(dict.fromkeys(values))
    return each if len(each) > 1 else each[0]


def _days(key: str) -> Callable[[Matched], TimingRow | None]:
    def says(said: Matched) -> TimingRow | None:
        days = [_day(token, said.year) for token in _own(said.all("D"), said.year)]
        return {key: _list(days)} if all(_possible(token) for token in said.all("D")) else None

    return says


def _possible(token: Token) -> bool:
    day, month, year = (int(part or 2024) for part in token.value)
    return 1 <= month <= 12 and 1 <= day <= gregorian.monthrange(year, month)[1]


def _before_point(said: Matched) -> TimingRow:
    return {"before": _edge(said.one("MQHYy"), said.year, last=False)}


def _until(said: Matched) -> TimingRow:
    return {"by": _end(said.one("MQHYy"), said.year)}


def _numbered(key: str, kind: str) -> Callable[[Matched], TimingRow | None]:
    """Months or quarters: one, or several of one year; of several years a window, asked about."""

    def says(said: Matched) -> TimingRow | None:
        found = _own([token for token in said.found if token.kind in kind + "Y"], said.year)
        wanted = [token for token in found if token.kind == kind]
        numbers = [token.value[0] for token in wanted]
        years = {token.value[1] for token in wanted}
        if not all(1 <= number <= (12 if kind == "M" else 4) for number in numbers):
            return None
        if len(years) > 1:
            said.doubt.append("two_periods")
            return {"from": _point(wanted[0], said.year), "to": _point(wanted[-1], said.year)}
        year = years.pop()
        return {key: _list(numbers)} | ({"year": year} if year != said.year else {})

    return says


def _window(said: Matched) -> TimingRow | None:
    points = _own(said.all("DMQHYG"), said.year)
    first, last = points[0], points[-1]
    if any(token.kind == "D" and not _possible(token) for token in points):
        return None
    return {"from": _point(first, said.year), "to": _point(last, said.year, last=True)}


def _halfyear(said: Matched) -> TimingRow:
    found = _own(said.all("HY"), said.year)[0]
    return {"from": _point(found, said.year), "to": _point(found, said.year, last=True)}


def _in_year(said: Matched) -> TimingRow:
    years = [token.value or said.year for token in said.all("Yy")]
    if len(set(years)) > 1:
        said.doubt.append("two_periods")
        return {"from": str(min(years)), "to": str(max(years))}
    return {"by": "12-31"} if years[0] == said.year else {"from": str(years[0]), "to": str(years[0])}


def _continuous(said: Matched) -> TimingRow:
    row: TimingRow = {"continuous": True}
    if cadences := said.all("C"):
        row["every"] = _shortest(cadences)
    if points := said.all("DMQHYG"):
        open_ended = bool(said.all("N")) or (bool(said.all("F")) and len(points) == 1)
        own = _own(points, said.year)
        row["from"] = _point(own[0], said.year)
        if not open_ended:
            row["to"] = _point(own[-1], said.year, last=True)
        if row["from"] == row.get("to") == str(said.year):  # the plan's own year says nothing more
            del row["from"], row["to"]
    return row


def _shortest(cadences: Sequence[Token]) -> str:
    order = ("week", "two-weeks", "month", "quarter", "half-year", "year")
    return min((str(token.value) for token in cadences), key=order.index)


def _every(said: Matched) -> TimingRow | None:
    cadences = [token for token in said.all("C") if token.value]
    if len(cadences) < len(said.all("C")):
        return None
    row: TimingRow = {"every": _shortest(cadences)} if cadences else {"every": "year"}
    key = "before" if said.all("B") else "by"
    if days := said.all("D"):
        if not all(_possible(token) for token in days):
            return None
        row = {"every": "year", key: _list([f"{d.value[1]:02}-{d.value[0]:02}" for d in days])}
    elif numbers := said.all("dK"):
        token = numbers[0]
        day, each = token.value if token.kind == "K" else (token.value, None)
        row[key] = day
        if token.kind == "K":
            row["every"] = each or (row["every"] if cadences else "quarter")
            if not each and not cadences:
                said.doubt.append("no_period")
    elif weekdays := said.all("w"):
        row = {"every": row["every"] if cadences and row["every"] != "year" else "week", key: weekdays[0].value}
    elif months := said.all("MQ"):
        edges = [_edge(Token(t.kind, (t.value[0], None), 0, 0), 2023, last=key == "by")[-5:] for t in months]
        row = {"every": "year", key: _list([edge.removeprefix("2023-") for edge in edges])}
    if ranges := said.all("GY"):
        if ranges[0].kind == "G" or ranges[0].value != said.year:
            row["from"], row["to"] = _point(ranges[0], said.year), _point(ranges[-1], said.year, last=True)
        if said.all("FN"):
            row.pop("to", None)
    return row


def _policy(said: Matched) -> TimingRow:
    said.doubt.append("no_period")
    return {"every": "policy"}


def _fuzzy(said: Matched) -> TimingRow:
    """The end of a period is its last day (BLDS 2015, art. 146); its beginning and its middle are asked about."""
    part = said.one("U").value
    point = _own(said.all("MQYy"), said.year)[0]
    if not (part == "cuối" and point.kind in "Yy"):
        said.doubt.append("fuzzy")
    return {"by": _end(point, said.year)}


def _reference(said: Matched) -> TimingRow:
    row: TimingRow = {"reference": said.one("L").value}
    if said.all("T"):
        row["continuous"] = True
    if cadences := said.all("C"):
        row["every"] = _shortest(cadences)
    elif yearly := re.search(r"(hằng|mỗi) (năm|quý|tháng)", row["reference"]):
        row["every"] = {"năm": "year", "quý": "quarter", "tháng": "month"}[yearly[2]]
    return row


def _event(said: Matched) -> TimingRow:
    way, _, number, working = said.one("V").value
    row: TimingRow = {"after" if way == "after" else "before_event": ""}
    if number is not None:
        row["within" if working else "within_days"] = number
    return row


_P = "[DMQHY]"
GRAMMAR: tuple[tuple[str, Callable[[Matched], TimingRow | None]], ...] = (
    ("V[LYyT]*", _event),
    ("X+", lambda _: {"on_demand": True}),
    ("X+[yY]", lambda _: {"continuous": True}),  # so many cases as come in the year
    ("[PTCyYGF]*L[TCyYGP]*", _reference),
    (r"B?[PC]*B?(?:D|w|d|K)+B?C+[yYGNF]*", _every),
    (r"[PC]+[BE]?(?:D|w|d|K)+[yYGNF]*", _every),
    (r"[BE]?K[yY]*", _every),
    (r"[BE]?w+[yY]*", _every),
    (r"E(?:D|d|w|K)+C+[yY]*", _every),
    (r"B?[MQ]+C|[PC]+[BE]?[MQ]+", _every),
    (r"[PT]*TP*C*[PyYGFDMQHN]*|[GYy]+T[CP]*|CP?T|T-?G", _continuous),
    (rf"T?F?{_P}N+T?|T?F?GN+T?|F{_P}", _continuous),
    (rf"TF?{_P}[-E]+{_P}|F?{_P}[-E]+{_P}T", _continuous),
    (rf"F?{_P}[-E]+{_P}|F{_P}G?", _window),
    ("[FE]?G", _window),
    ("P?C+[yYGFNP]*|[GY]C+|F[YG]C+", _every),
    ("P[yY]?", _policy),
    ("B+D+", _days("before")),
    ("B+(?:M|Q|H|Y|y)Y?", _before_point),
    ("E*D+", _days("by")),
    ("E+(?:M|Q|H|Y|y)Y?", _until),
    ("U[MQYy]Y?", _fuzzy),
    ("EU[MQYy]Y?", _fuzzy),
    ("(?:M)+Y?", _numbered("month", "M")),
    ("(?:Q)+Y?", _numbered("quarter", "Q")),
    ("HY?", _halfyear),
    ("[Yy]+", _in_year),
)  # fmt: skip
