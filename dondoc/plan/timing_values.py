"""The values a timing is written in: days, points of time, numbers of months, each refused with what to write instead."""

from __future__ import annotations

import calendar as gregorian
import re
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_DAY = re.compile(r"(?:(\d{4})-)?(\d{1,2})-(\d{1,2})")
_POINT = re.compile(r"(?:(\d{4})(?:-|$))?(?:Q([1-4])|(\d{2})(?:-(\d{2}))?)?")
_TYPED = re.compile(r"(\d{1,2})[/.](\d{1,2})(?:[/.](\d{4}))?")
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _day(value: Any) -> str:
    text = _text(value)
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a day of the year; {_instead(text)}")
    year, month, day = match.groups()
    if not _exists(int(year or 2024), int(month), int(day)):  # a leap year: 29 February may stand
        raise ValueError(f'{text!r} is not a day of any year; write an existing month and day, e.g. "11-30"')
    return f"{year}-{int(month):02}-{int(day):02}" if year else f"{int(month):02}-{int(day):02}"


def _days(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return _one_or_more(tuple(_day(each) for each in value))
    return _day(value)


def _instead(text: str) -> str:
    """What to write for a date as people type it; an example where it is none."""
    typed = _TYPED.fullmatch(text.strip("“”\"' "))
    if typed and _exists(int(typed[3] or 2024), int(typed[2]), int(typed[1])):
        return f'write month and day: "{int(typed[2]):02}-{int(typed[1]):02}"'
    return 'write month and day in straight quotes, e.g. "11-30" for 30 November'


def _point(value: Any) -> str:
    text = _text(value)
    match = _POINT.fullmatch(text) if text else None
    year, _, month, day = match.groups() if match else (None,) * 4
    if match is None or (month and not _exists(int(year or 2024), int(month), int(day or 1))):
        raise ValueError(
            f'{text!r} is no point of time; write "2025", "2025-Q4", "2025-10" or "2025-10-01" (or "10-01": month, day)'
        )
    return text


def _rule(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return _one_or_more(tuple(_rule(each) for each in value))
    if type(value) is int or (isinstance(value, str) and re.fullmatch(r"\d{1,2}", value)):
        if not 1 <= int(value) <= 31:
            raise ValueError(f"{value} is no day of a month; write 1 to 31")
        return int(value)
    if isinstance(value, str) and value.casefold() in WEEKDAYS:
        return value.casefold()
    try:
        found = _day(value)
    except ValueError:
        found = ""
    if len(found) != 5:
        raise ValueError(f'{_text(value)!r} is no day of a period; write 15 (day of its last month), "fri" or "11-15"')
    return found


def _numbers(most: int, noun: str) -> Any:
    def read(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return _one_or_more(tuple(read(each) for each in value))
        text = str(value).strip()
        number = _ROMAN.get(text.upper()) if most == 4 else None
        if number:
            raise ValueError(f"{text!r} is not a number; write {noun}: {number}")
        if type(value) is bool or not re.fullmatch(r"\d{1,2}", text) or not 1 <= int(text) <= most:
            raise ValueError(f"{text!r} is no {noun}; write a number from 1 to {most}, e.g. {noun}: {most}")
        return int(text)

    return read


def _one_or_more(values: tuple[Any, ...]) -> Any:
    if not values:
        raise ValueError("the list is empty; write at least one")
    if len(set(values)) != len(values):
        raise ValueError("one stands twice in the list; keep it once")
    return values if len(values) > 1 else values[0]


def _within(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 366:
        raise ValueError(f"{value!r} is no number of days; write 0 to 366, e.g. 5")
    return value


def _text(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f'{value!r} is not a day; write month and day, e.g. "11-30"')
    return value.strip()


def _exists(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= gregorian.monthrange(year, month)[1]


def _listed(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]})


_DAY_SCHEMA = {"type": "string", "pattern": r"^(\d{4}-)?\d{1,2}-\d{1,2}$"}
Day = Annotated[str | tuple[str, ...], BeforeValidator(_days), _listed(_DAY_SCHEMA)]
Point = Annotated[str, BeforeValidator(_point), WithJsonSchema({"type": ["string", "integer"]})]
DayRule = Annotated[int | str | tuple[int | str, ...], BeforeValidator(_rule), _listed({"type": ["integer", "string"]})]
Months = Annotated[
    int | tuple[int, ...], BeforeValidator(_numbers(12, "month")),
    _listed({"type": "integer", "minimum": 1, "maximum": 12}),
]  # fmt: skip
Quarters = Annotated[
    int | tuple[int, ...], BeforeValidator(_numbers(4, "quarter")),
    _listed({"type": "integer", "minimum": 1, "maximum": 4}),
]  # fmt: skip
Within = Annotated[int, BeforeValidator(_within), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 366})]


def day_in(text: str, year: int) -> date:
    """The day that "MM-DD" is in `year`, or "YYYY-MM-DD" is. Raises ValueError where there is none (29 February)."""
    return date.fromisoformat(text if len(text) > 5 else f"{year}-{text}")


def first_of(point: str, year: int) -> date:
    """The first day of a point of time; without a year of its own it lies in `year`."""
    return _ends(point, year)[0]


def last_of(point: str, year: int) -> date:
    """The last day of a point of time; without a year of its own it lies in `year`."""
    return _ends(point, year)[1]


def _ends(point: str, year: int) -> tuple[date, date]:
    match = _POINT.fullmatch(point)
    own, quarter, month, day = match.groups() if match else (None,) * 4
    at = int(own or year)
    if quarter:
        first, last = (int(quarter) - 1) * 3 + 1, int(quarter) * 3
    else:
        first, last = (int(month), int(month)) if month else (1, 12)
    if day:
        return date(at, first, int(day)), date(at, first, int(day))
    return date(at, first, 1), date(at, last, gregorian.monthrange(at, last)[1])


def one_or_more(value: Any) -> tuple[Any, ...]:
    """A value or several as a tuple."""
    return value if isinstance(value, tuple) else (value,)


def excluded(day: date) -> date:
    """The last day that "trước ngày" leaves."""
    return day - timedelta(days=1)
