"""Cells of a figures file, from text to value. Each function raises FigureError; none guesses.

Rules: an empty cell is "not available", never zero. A separator inside a whole number (1.234) is refused, since it
means a thousand to one reader and a fraction to another. Scores keep their digits as text: no floats.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from dondoc.index.definitions import FigureError, Metric, Metrics, fold, unmarked

# Integers up to here survive every JSON reader (2**53 has 16 digits).
_LONGEST = 15

_YEAR_FIRST = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})(?:-01)?")  # Excel turns "2024-03" into the date 2024-03-01
_MONTH_FIRST = re.compile(
    r"(?:(?:thang|t)\s*)?([0-9]{1,2})(?:[-/]([0-9]{4}))?"
)  # of unmarked text: "Tháng 3", "T3", "3/2024"
_WHOLE = re.compile(r"\+?([0-9]+)")
_SEPARATED = re.compile(r"\+?[0-9]{1,3}(?:[.,\s'’][0-9]{3})+")
_FRACTION = re.compile(r"\+?[0-9]+[.,][0-9]+")
_NUMBER = re.compile(r"[+-][0-9][0-9.,]*")
_SCORE = re.compile(r"\+?([0-9]{1,6})(?:[.,]([0-9]{1,10}))?")
_VERSION = re.compile(r"[1-9][0-9]?")
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[ T]00:00(?::00)?)?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


def plain(column: str, text: str) -> str:
    """`text`, unless a spreadsheet would compute it: it starts with = + - @ and is no number."""
    if text[:1] in ("=", "+", "-", "@") and not _NUMBER.fullmatch(text):
        raise FigureError("formula", column=column, text=text)
    return text


def month(text: str, year: int) -> str:
    """`2024-03`, `03/2024`, `tháng 3` or `3` as `2024-03`, a month of `year`."""
    if not text:
        raise FigureError("month_empty")
    if match := _YEAR_FIRST.fullmatch(text):
        found, number = int(match[1]), int(match[2])
    elif match := _MONTH_FIRST.fullmatch(unmarked(text)):
        found, number = int(match[2] or year), int(match[1])
    else:
        raise FigureError("month_bad", text=text)
    if not 1 <= number <= 12:
        raise FigureError("month_bad", text=text)
    if found != year:
        raise FigureError("month_outside", text=text, year=str(year))
    return f"{year:04}-{number:02}"


def metric(text: str, metrics: Metrics) -> Metric:
    """The metric of that code."""
    if not text:
        raise FigureError("code_empty")
    found = metrics.find(text)
    if found is not None:
        return found
    near = metrics.suggest(text) if fold(text) else None
    if near is None:
        raise FigureError("code_unknown", text=text)
    raise FigureError("code_unknown_near", text=text, code=near.code, name=near.name)


def whole(column: str, text: str) -> int | None:
    """A whole number ≥ 0; None for an empty cell."""
    if not text:
        return None
    if match := _WHOLE.fullmatch(text):
        if len(match[1].lstrip("0")) > _LONGEST:
            raise FigureError("number_long", column=column, text=text)
        return int(match[1])
    if text[0] in "-−–" and text[1:2].isdigit():
        raise FigureError("number_negative", column=column, text=text)
    if _SEPARATED.fullmatch(text):
        raise FigureError("number_separator", column=column, text=text)
    if _FRACTION.fullmatch(text):
        raise FigureError("number_fraction", column=column, text=text)
    raise FigureError("number_text", column=column, text=text)


def version(text: str) -> int:
    """Which version of the month's figures a row belongs to: 1 for an empty cell, from 2 on a correction."""
    if not text:
        return 1
    if not _VERSION.fullmatch(text):
        raise FigureError("version_bad", text=text)
    return int(text)


def score(text: str) -> str | None:
    """A decimal with `,` or `.` as text with a point, its digits unchanged; None for an empty cell."""
    if not text:
        return None
    match = _SCORE.fullmatch(text)
    if not match:
        raise FigureError("score_bad", text=text)
    return f"{match[1]}.{match[2]}" if match[2] else match[1]


def check_score(text: str, of: Metric) -> None:
    """Refuse a score above its metric's maximum."""
    if Decimal(text) > of.max:
        raise FigureError("score_high", text=text, code=of.code, max=str(of.max))


def day(text: str) -> date:
    """A closing date: dd/mm/yyyy or ISO."""
    if not text:
        raise FigureError("date_empty")
    if match := _ISO.fullmatch(text):
        parts = int(match[1]), int(match[2]), int(match[3])
    elif match := _DAY_FIRST.fullmatch(text):
        parts = int(match[3]), int(match[2]), int(match[1])
    else:
        raise FigureError("date_bad", text=text)
    try:
        return date(*parts)
    except ValueError:
        raise FigureError("date_impossible", text=text) from None


def check_day(closed_on: date, of_month: str, latest_days: int) -> None:
    """Refuse a closing date before its month, or more than `latest_days` after the month's first day."""
    first = date.fromisoformat(f"{of_month}-01")
    written = f"{closed_on.day:02}/{closed_on.month:02}/{closed_on.year:04}"
    if closed_on < first:
        raise FigureError("date_early", text=written, month=of_month)
    if (closed_on - first).days > latest_days:
        raise FigureError("date_late", text=written, month=of_month, limit=str(latest_days))
