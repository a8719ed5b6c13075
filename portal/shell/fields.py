"""The fields of a posted form: small, plain, never a file; and a day as people type it."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

_LARGEST = 64 * 1024
_MOST_FIELDS = 30
_DAY = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})|(?P<d2>\d{1,2})[/.-](?P<m2>\d{1,2})[/.-](?P<y2>\d{4})", re.ASCII
)


async def posted(request: Request) -> dict[str, str]:
    """The fields by name, the last of each name. Refuses what no form of ours sends."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST:
            raise HTTPException(413)
    try:
        pairs = parse_qsl(bytes(body).decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise HTTPException(400) from None
    return {name: value.replace("\0", "") for name, value in pairs}


def typed_day(text: str) -> date | None:
    """A day as a date field sends it or as people write it here: 2024-03-29, 29/03/2024; None for an empty text.

    Raises ValueError for what is no such day.
    """
    if not text.strip():
        return None
    found = _DAY.fullmatch(text.strip())
    if not found:
        raise ValueError("not a day")
    parts = found.group("y", "m", "d") if found["y"] else found.group("y2", "m2", "d2")
    year, month, day = map(int, parts)
    return date(year, month, day)
