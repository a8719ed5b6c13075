"""The mailbox in the portal: the list by morning and recipient, one mail, and its parts.

All endpoints are plain functions: Starlette runs them in threads, so reading files never holds up other visitors.
"""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dondoc.calendar.typed_days import typed_day
from dondoc.mail.redaction import redacted
from portal.mailbox.eml import OpenedMail, opened
from portal.mailbox.kept_letters import KeptLetter, Letters, by_day, by_recipient
from portal.mailbox.key import key_is_held
from portal.shell.pages import Pages
from portal.shell.security_headers import MAIL_POLICY

LETTERS_A_PAGE = 50
VIEWS = ("html", "text", "calendar")


def mail_routes(letters: Letters, pages: Pages) -> list[Route]:
    """`/mail` and what lies under it."""

    def index(request: Request) -> HTMLResponse:
        """The list. `?to=` and `?day=` filter, `?page=` turns the page; a filter that matches nothing says so."""
        everything = letters.all()
        to = request.query_params.get("to", "").strip().lower()
        day = _day(request.query_params.get("day", ""))
        of_day = [letter for letter in everything if day in (None, letter.day)]
        of_recipient = [letter for letter in everything if to in ("", letter.to)]
        chosen = [letter for letter in of_day if to in ("", letter.to)]
        last = max(1, -(-len(chosen) // LETTERS_A_PAGE))
        page = min(_number(request.query_params.get("page", "1")), last)
        days = by_day(of_recipient)

        def address(**changes: object) -> str:
            wanted = {"to": to, "day": day.isoformat() if day else "", "page": ""} | changes
            query = urlencode({key: value for key, value in wanted.items() if value})
            return f"/mail?{query}" if query else "/mail"

        return pages.render(
            "mail_list.html",
            groups=_by_morning(chosen[(page - 1) * LETTERS_A_PAGE : page * LETTERS_A_PAGE]),
            day_counts=by_day(chosen),
            total=len(everything),
            found=len(chosen),
            to=to,
            day=day,
            recipients=by_recipient(of_day),
            days=days,
            newer=min((other for other in days if day and other > day), default=None),
            older=max((other for other in days if day and other < day), default=None),
            page=page,
            last=last,
            address=address,
        )

    def found(request: Request) -> KeptLetter:
        letter = letters.get(request.path_params["id"])
        if letter is None:
            raise HTTPException(404)
        return letter

    def content(request: Request) -> bytes:
        """Its bytes; for whoever did not open the mailbox by its address, a copy in which no link opens anything."""
        try:
            octets = found(request).path.read_bytes()
        except FileNotFoundError as error:
            raise HTTPException(404) from error
        return octets if key_is_held() else redacted(octets).content

    def one(request: Request) -> HTMLResponse:
        mail = opened(content(request))
        views = [view for view in VIEWS if getattr(mail, view) is not None]
        asked = request.query_params.get("view", "")
        view = asked if asked in views else (views[0] if views else "")
        return pages.render("mail.html", letter=found(request), mail=mail, views=views, view=view)

    def html(request: Request) -> Response:
        """The mail's own HTML for the sandboxed frame; its links open a new tab."""
        mail: OpenedMail = opened(content(request))
        if mail.html is None:
            raise HTTPException(404)
        base = '<!doctype html><meta charset="utf-8"><base target="_blank">'
        return HTMLResponse(base + mail.html, headers={"Content-Security-Policy": MAIL_POLICY})

    def calendar(request: Request) -> Response:
        mail = opened(content(request))
        if mail.calendar is None:
            raise HTTPException(404)
        return _download(mail.calendar.encode("utf-8", "replace"), "text/calendar; charset=utf-8", "han.ics")

    def raw(request: Request) -> Response:
        return _download(content(request), "message/rfc822", f"{found(request).id}.eml")

    return [
        Route("/mail", index),
        Route("/mail/{id:str}", one),
        Route("/mail/{id:str}/html", html),
        Route("/mail/{id:str}/han.ics", calendar),
        Route("/mail/{id:str}/raw", raw),
    ]


def _by_morning(letters: list[KeptLetter]) -> dict[date, list[KeptLetter]]:
    groups: dict[date, list[KeptLetter]] = {}
    for letter in letters:
        groups.setdefault(letter.day, []).append(letter)
    return groups


def _download(content: bytes, media_type: str, name: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=disposition)


def _day(text: str) -> date | None:
    try:
        return typed_day(text)
    except ValueError:
        return None


def _number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 7 else 1
