"""Cells of a figures file, from text to value. Each function raises FigureError; none guesses.

Rules: an empty cell is "not available", never zero. A separator inside a whole number (1.234) is refused, since it
means a thousand to one reader and a fraction to another. Scores keep their digits as text: no floats.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from dondoc.foundation.names import unmarked
from dondoc.index.definitions import LONGEST_HEADING, FigureError, Metric, Metrics, folded_heading

# Integers up to here survive every JSON reader (2**53 has 16 digits).
_LONGEST = 15

# Of unmarked text: "Tháng 3", "T3", "3/2024", "tháng 03 năm 2024", "tháng ba". Excel and pandas turn "2024-03" into a date.
_YEAR_FIRST = re.compile(r"([0-9]{4})(?:\s*[-/.]\s*([0-9]{1,2})|([0-9]{2}))(?:-01(?:[ t]00:00(?::00(?:\.0+)?)?)?)?")
_MONTH_FIRST = re.compile(
    r"(?:0?1\s*/\s*(?=[0-9]{1,2}\s*/))?(?:(?:thang|thg|t)[.\s]*)?([0-9]{1,2})(?:\.0)?(?:\s*(?:[-/.,]|nam|/\s*nam)\s*([0-9]{4}))?"
)
_MONTH_NAMED = re.compile(r"thang\s+(muoi mot|muoi hai|[a-z]+)(?:\s*[-/,]?\s*(?:nam)?\s*([0-9]{4}))?")
_NAMED_MONTHS = {
    "gieng": 1, "mot": 1, "hai": 2, "ba": 3, "tu": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9, "muoi": 10,
    "muoi mot": 11, "muoi hai": 12,
}  # fmt: skip
_WHOLE = re.compile(r"\+?([0-9]+)(?:[.,]0*)?")  # programs write a count as 10.0
# As Java writes from ten million on (1.2345678E7); Excel's "1E+07" is rounded for show and is not taken.
_POWER = re.compile(r"\+?[0-9](?:\.[0-9]{1,20})?[eE]-?[0-9]{1,2}")
_GROUPED = re.compile(
    r"\+?[0-9]{1,3}(?:(?:,[0-9]{3})+\.|(?:\.[0-9]{3})+,)0+"
)  # 1,234.0: which mark is which is certain
_SEPARATED = re.compile(r"\+?[0-9]{1,3}(?:[.,\s'’][0-9]{3})+")
_FRACTION = re.compile(r"\+?[0-9]+[.,][0-9]+")
_NUMBER = re.compile(r"[+-][0-9][0-9.,]*")
_SCORE = re.compile(r"\+?([0-9]{1,6})(?:[.,]([0-9]{1,20}))?")  # a computed one has up to 17 digits that count
_VERSION = re.compile(r"([1-9][0-9]?)(?:\.0)?")
_TIME = r"(?:[ t][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"  # the office's: one with a zone may mean another day
_ISO = re.compile(r"([0-9]{4})\s*[-/.]\s*([0-9]{1,2})\s*[-/.]\s*([0-9]{1,2})" + _TIME)
_DAY_FIRST = re.compile(
    r"(?:ngay\s*)?([0-9]{1,2})\s*(?:[-/.]|thang)\s*([0-9]{1,2})\s*(?:[-/.]|nam)\s*([0-9]{4})" + _TIME
)
_DASHES = re.compile("[\u2010-\u2015\u2212]")
# How programs write that there is nothing.
_NOTHING = frozenset({"nan", "nat", "null", "none", "<na>"})


def without_formula(column: str, text: str) -> str:
    """`text`, unless a spreadsheet would compute it: it starts with = + - @ and is no number.

    What only a program writes for nothing ("NaN") is an empty cell; the apostrophe that makes a cell text is none of it.
    """
    text = text.removeprefix("'").strip()
    if text.casefold() in _NOTHING:
        return ""
    if text[:1] in ("=", "+", "-", "@") and not _NUMBER.fullmatch(text):
        raise FigureError("formula", column=column, text=text)
    return text


def month(text: str, year: int) -> str:
    """`2024-03`, `03/2024`, `tháng 3` or `3` as `2024-03`, a month of `year`."""
    if not text:
        raise FigureError("month_empty")
    said = _plainly(text)
    if match := _YEAR_FIRST.fullmatch(said):
        found, number = int(match[1]), int(match[2] or match[3])
    elif match := _MONTH_FIRST.fullmatch(said):
        found, number = int(match[2] or year), int(match[1])
    elif (match := _MONTH_NAMED.fullmatch(said)) and match[1] in _NAMED_MONTHS:
        found, number = int(match[2] or year), _NAMED_MONTHS[match[1]]
    else:
        raise FigureError("month_bad", text=text)
    if not 1 <= number <= 12:
        raise FigureError("month_bad", text=text)
    if found != year:
        raise FigureError("month_outside", text=text, year=str(year))
    return f"{year:04}-{number:02}"


def _plainly(text: str) -> str:
    """A day or month as it is matched: unmarked, one kind of dash, single blanks."""
    return " ".join(_DASHES.sub("-", unmarked(text[:LONGEST_HEADING])).split())


def metric(text: str, metrics: Metrics) -> Metric:
    """The metric of that code."""
    if not text:
        raise FigureError("code_empty")
    found = metrics.find(text)
    if found is not None:
        return found
    near = metrics.suggest(text) if folded_heading(text) else None
    if near is None:
        raise FigureError("code_unknown", text=text)
    raise FigureError("code_unknown_near", text=text, code=near.code, name=near.name)


def whole_number(column: str, text: str) -> int | None:
    """A whole number ≥ 0; None for an empty cell."""
    if not text:
        return None
    text = written_out(text)
    if _GROUPED.fullmatch(text):
        text = re.sub("[.,]", "", text[: max(text.rfind("."), text.rfind(","))])
    if _SEPARATED.fullmatch(text):
        raise FigureError("number_separator", column=column, text=text)
    if match := _WHOLE.fullmatch(text):
        if len(match[1].lstrip("0")) > _LONGEST:
            raise FigureError("number_long", column=column, text=text)
        return int(match[1])
    if text[0] in "-−–" and text[1:2].isdigit():
        raise FigureError("number_negative", column=column, text=text)
    if _FRACTION.fullmatch(text):
        raise FigureError("number_fraction", column=column, text=text)
    raise FigureError("number_text", column=column, text=text)


def written_out(text: str) -> str:
    """A number as programs write large and small ones (1.2E7), digit by digit; any other text as it is."""
    return format(Decimal(text), "f") if _POWER.fullmatch(text) else text


def row_version(text: str) -> int:
    """Which version of the month's figures a row belongs to: 1 for an empty cell, from 2 on a correction."""
    if not text:
        return 1
    match = _VERSION.fullmatch(text)
    if not match:
        raise FigureError("version_bad", text=text)
    return int(match[1])


def score(text: str) -> str | None:
    """A decimal with `,` or `.` as text with a point, its digits unchanged; None for an empty cell."""
    if not text:
        return None
    match = _SCORE.fullmatch(written_out(text))
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
    said = _plainly(text)
    if match := _ISO.fullmatch(said):
        parts = int(match[1]), int(match[2]), int(match[3])
    elif match := _DAY_FIRST.fullmatch(said):
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
