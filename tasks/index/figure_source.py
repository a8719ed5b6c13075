"""A month's figures asked from an address that gives JSON, as the index's index.yaml maps it. The raw answer is kept.

Nothing there, an answer that is no JSON or lacks what the mapping names: a fault with the address, never an exception.
Null stays null. What the answer says is checked like a file's cells.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from dondoc.foundation.errors import Fault
from dondoc.index.definitions import FigureError, Metrics, printable
from dondoc.index.figure import Figure, Rejected, SourceFile
from dondoc.index.figures import Reading, gather
from dondoc.index.row_parser import read_rows
from dondoc.index.rules import Source
from dondoc.office.office import Office

_MOST_DIGITS = 30

JSON = "application/json"
_HEADINGS = ("thang", "ma", "don_vi", "tu_so", "mau_so", "diem", "ngay_chot")


def from_address(
    source: Source,
    reading: Reading,
    year: int,
    metrics: Metrics,
    months: Sequence[str],
    on: date,
    kept: Callable[[bytes], object] | None = None,
    office: Office | None = None,
) -> Reading:
    """`reading` with the figures of `months` that the address gives, closed on the day they are asked for."""
    if not source.url or not months:
        return reading
    rows: list[Figure | Rejected] = [figure for month in reading.months.values() for figure in month.given]
    files, faults = list(reading.files), list(reading.faults)
    for month in months:
        name = f"http:{month}"
        try:
            content = fetch_figures(source, month)
            if kept:
                kept(content)
            files.append(SourceFile(name, len(content), hashlib.sha256(content).hexdigest(), JSON))
            rows.extend(read_rows(name, answer_rows(source, content, month, on), year, metrics, office=office))
        except FigureError as error:
            faults.append(Fault(name, error.line, metrics.say(error)))
    found = gather(year, metrics, rows, files, faults)
    return replace(found, months={**found.months, **reading.months})


def fetch_figures(source: Source, month: str) -> bytes:
    """The bytes of the answer, asked for at most `attempts` times. Raises FigureError when none is good."""
    import httpx

    filled = {"month": month, "year": month[:4], "number": str(int(month[5:]))}
    why = ""
    for attempt in range(source.attempts):
        if attempt:
            time.sleep(source.wait_seconds)
        try:
            answer = httpx.request(
                source.method,
                source.url.format(**filled),
                headers=source.headers,
                content=source.body.format(**filled).encode() or None,
                timeout=source.timeout_seconds,
            )
        except httpx.HTTPError as error:
            why = type(error).__name__
            continue
        if answer.status_code == 200:
            if len(answer.content) > source.bytes:
                raise FigureError("address_too_big", limit=str(source.bytes))
            return answer.content
        why = f"HTTP {answer.status_code}"
        if answer.status_code < 500 and answer.status_code != 429:
            break
    raise FigureError("address_silent", why=why)


def answer_rows(source: Source, content: bytes, month: str, on: date) -> list[tuple[int, list[str]]]:
    """The answer as rows of a file, so that its values are read and checked by the same rules."""
    try:
        # Numbers keep their digits: a score is never a float.
        answer = json.loads(content, parse_float=_digits, parse_constant=_nothing)
    except (ValueError, RecursionError):
        raise FigureError("address_no_json") from None
    rows = at(answer, source.rows)
    if not isinstance(rows, list):
        raise FigureError("address_no_rows", path=source.rows)
    table = [(1, list(_HEADINGS))]
    for line, row in enumerate(rows, start=2):
        code = _text(at(row, source.code))
        unit = _text(at(row, source.unit)) if source.unit else ""
        values = [_text(at(row, path)) for path in (source.numerator, source.denominator, source.score)]
        table.append((line, [month, source.codes.get(code, code), unit, *values, on.isoformat()]))
    return table


def at(value: Any, path: str) -> Any:
    """What a dotted path leads to; None where it leads nowhere. A number picks an element of a list."""
    for part in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _digits(text: str) -> str:
    number = Decimal(text)
    small = number.is_finite() and abs(number.adjusted()) <= _MOST_DIGITS  # 1e999999 would be written out
    return format(number, "f") if small else text


def _nothing(_: str) -> None:
    """NaN and Infinity, which some programs write for null."""


def _text(value: Any) -> str:
    """A JSON value as a cell: null is an empty cell, and so not zero."""
    if value is None:
        return ""
    return (
        printable(str(value))
        if isinstance(value, str | int) and not isinstance(value, bool)
        else printable(json.dumps(value))
    )
