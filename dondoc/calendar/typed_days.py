"""A day as people type it: in the portal, on the command line, in Prefect's forms. One reader for all of them."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

import pendulum
from pydantic import BeforeValidator

# What is typed here: 29/3/2024, also with dots or dashes; and 2024-03-29, as a browser's date field sends it.
_FORMS = (
    (re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII), "YYYY-MM-DD"),
    (re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{4}", re.ASCII), "D/M/YYYY"),
)


def typed_day(text: str) -> date | None:
    """The day that `text` says, day before month; None for an empty text.

    Raises ValueError for what is no such day: another form, a day that no month has.
    """
    text = text.strip()
    if not text:
        return None
    for shape, form in _FORMS:
        if shape.fullmatch(text):
            written = text if form.startswith("Y") else re.sub(r"[.-]", "/", text)
            found = pendulum.from_format(written, form)
            # A plain date: a subclass of it would not be one to whoever asks for its type.
            return date(found.year, found.month, found.day)
    raise ValueError(f"{text!r} is not a day as 29/03/2024 or 2024-03-29")


def _read(value: Any) -> Any:
    try:
        return typed_day(value) if isinstance(value, str) else value
    except ValueError:
        return value  # Pydantic says what is wrong with it


Day = Annotated[date, BeforeValidator(_read)]  # a field of a form: its schema is a date's
