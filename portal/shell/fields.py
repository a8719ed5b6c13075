"""The fields of a posted form: small, plain, never a file."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

_LARGEST = 64 * 1024
_MOST_FIELDS = 30


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
