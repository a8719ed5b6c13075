"""A form as it arrives: its fields and files, with a limit that holds while the body streams in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from dondoc.obligations.act_table import MOST_FILES

FIELDS_BYTES = 64 * 1024  # what the fields and the frame of a form may take beside its files
_DRAINED = 4  # times the limit that is read and thrown away, so that a browser gets to read the answer


class TooLargeError(Exception):
    """The body is larger than allowed."""


@dataclass(frozen=True, slots=True)
class SentForm:
    """What was sent: text fields and files (name, content)."""

    fields: Mapping[str, str]
    files: tuple[tuple[str, bytes], ...]


async def receive_form(request: Request, limit: int) -> SentForm:
    """The form of a request of at most `limit` bytes. Raises TooLargeError, HTTPException 400 for what is no form."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            await _drain(request, message, limit * _DRAINED)
            raise TooLargeError
        return message

    if int(_number(request.headers.get("content-length", ""))) > limit * _DRAINED:
        raise TooLargeError
    limited = Request(request.scope, counted)
    try:
        # One more file than is taken, so that the page can say so itself.
        async with limited.form(max_files=MOST_FILES + 1, max_fields=40, max_part_size=FIELDS_BYTES) as form:
            fields = {key: value for key, value in form.multi_items() if isinstance(value, str)}
            uploads = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            files = [(upload.filename or "", await upload.read()) for upload in uploads]
    except (UnicodeError, ValueError, KeyError, RecursionError):
        raise HTTPException(400) from None
    # A file field left empty is sent as a file without a name.
    return SentForm(fields, tuple((name, content) for name, content in files if name or content))


async def _drain(request: Request, message: Message, most: int) -> None:
    while message.get("more_body") and most > 0:
        message = await request.receive()
        most -= len(message.get("body", b""))


def same_origin(request: Request, base_url: str) -> bool:
    """Whether a form was sent from our own page; a sender that says nothing of it is taken at its form's mark."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    try:
        sender = urlsplit(origin).netloc
    except ValueError:  # no address at all, such as "http://["
        return False
    return sender in {request.headers.get("host", ""), urlsplit(base_url).netloc} - {""}


def _number(text: str) -> str:
    return text if text.isascii() and text.isdecimal() and len(text) < 16 else "0"
