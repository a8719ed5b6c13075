"""The auditor's place: find, look at entries and mails, check the ledger, take a pack along. Looking changes nothing.

Every download (a pack, a mail as it was sent) is a ledger entry.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dondoc.ledger.ledger import Draft
from dondoc.mail.redaction import cut_text
from portal.evidence.selection import (
    SELECTION_FIELDS,
    AskedSelection,
    Checks,
    ShownEntry,
    Surveys,
    read_selection,
    shown_entry,
)
from portal.mailbox.eml import opened
from portal.office.status_marks import mark_of
from portal.shell.fields import posted
from portal.shell.page_context import PageContext, gated, reached
from portal.shell.pages import Pages
from portal.shell.rate_limit import Allowance
from portal.shell.security_headers import MAIL_POLICY
from portal.shell.signin import ask_to_sign_in
from portal.shell.visitors import Visitor, Visitors, current
from tasks.evidence.gathering import CUT, PackError, mail_content
from tasks.evidence.packing import own_words, pack, record_pack
from tasks.evidence.redacting import ended_now, for_others
from tasks.store.audit import reading_one_moment
from tasks.store.chain import append, appending
from tasks.store.occurrences import rows_of
from tasks.store.plans import adopted_ids

ENTRIES_A_PAGE = 40
_PURPOSE = "chung-cu"
_LONG_MAIL = 5_000_000  # bytes of a mail that a page still shows


def evidence_routes(context: PageContext, visitors: Visitors, pages: Pages) -> list[Route]:
    """/chung-cu and what lies under it."""
    surveys, checks = Surveys(context), Checks(context)

    def search(request: Request) -> Response:
        number = request.query_params.get("muc", "").strip()
        if number.isascii() and number.isdecimal() and len(number) < 19:
            return RedirectResponse(f"/chung-cu/muc/{int(number)}", 303)
        return _found(context, visitors, pages, surveys, read_selection(request.query_params))

    def check(_request: Request) -> HTMLResponse:
        return pages.render("evidence_check.html", found=checks.now())

    return [
        Route("/chung-cu", gated("evidence", search)),
        Route("/chung-cu/kiem-tra", gated("evidence", check)),
        *_entry_routes(context, pages),
        Route("/chung-cu/goi", _packing(context, visitors, pages, surveys), methods=["POST"]),
    ]


def _found(
    context: PageContext, visitors: Visitors, pages: Pages, surveys: Surveys, asked: AskedSelection, status: int = 200, fault: str = ""
) -> HTMLResponse:  # fmt: skip
    """The search: its form, a page of occurrences, the button that makes a pack of all of them."""
    now, rules = context.now(), context.rules
    with reading_one_moment(context.engine) as connection:
        ids = [] if asked.unread else surveys.chosen(connection, asked.selection)
        last = max(1, -(-len(ids) // ENTRIES_A_PAGE))
        page = min(asked.page, last)
        part = ids[(page - 1) * ENTRIES_A_PAGE : page * ENTRIES_A_PAGE]
        known = rows_of(connection, part)
        plans = adopted_ids(connection)
    lines = [
        (row, mark_of(row.state, now.date(), rules.calendar)) for row in (known[key] for key in part if key in known)
    ]
    return pages.render(
        "evidence.html", status, asked=asked, chosen=asked.selection, lines=lines, found=len(ids), page=page, last=last,
        plans=plans, office=rules.office, wording=context.wording(now.date()), fault=fault,
        token=visitors.token(current.get(), _PURPOSE),
    )  # fmt: skip


def _entry_routes(context: PageContext, pages: Pages) -> list[Route]:
    def found(request: Request) -> ShownEntry:
        with context.engine.connect() as connection:
            entry = shown_entry(connection, request.path_params["seq"])
        if entry is None:
            raise HTTPException(404)
        return entry

    def mail(request: Request) -> tuple[ShownEntry, bytes]:
        one = found(request)
        if not one.entry["body"].get("mail_sha256"):
            raise HTTPException(404)
        with context.engine.connect() as connection:
            content = mail_content(connection, one.entry["body"])
        if content is None:
            raise HTTPException(410)
        return one, content

    def entry(request: Request) -> HTMLResponse:
        now = context.now()
        one, own = found(request), own_words(context.installation.config)
        return pages.render(
            "evidence_entry.html", one=one, entry=one.entry, words={**own["entries"], **context.words["entries"]},
            own=own, wording=context.wording(now.date()), prefect_url=context.settings.prefect_url,
        )  # fmt: skip

    def letter(request: Request) -> HTMLResponse:
        one, content = mail(request)
        fits = hashlib.sha256(content).hexdigest() == one.entry["body"]["mail_sha256"]
        shown_mail = opened(content[:_LONG_MAIL])
        # A unit's signed link lets whoever holds it answer for the unit: a page shows the mail without it.
        text = cut_text(shown_mail.text)[0] if shown_mail.text is not None else None
        return pages.render(
            "evidence_mail.html", one=one, body=one.entry["body"], mail=shown_mail, text=text, fits=fits
        )

    def html(request: Request) -> Response:
        text = opened(mail(request)[1]).html
        if text is None:
            raise HTTPException(404)
        text = cut_text(text)[0]
        base = '<!doctype html><meta charset="utf-8"><base target="_blank">'
        return HTMLResponse(base + text, headers={"Content-Security-Policy": MAIL_POLICY})

    def raw(request: Request) -> Response:
        one, content = mail(request)
        body = one.entry["body"]
        with context.engine.connect() as connection:
            mail_id = f"{body['message_id']} {body['address']}"
            copy = for_others(connection, content, mail_id, ended_now(connection))
        name = f"thu-{one.entry['seq']}{CUT if copy.cut else ''}.eml"
        if request.method == "GET":
            about: dict[str, Any] = {
                "occurrence": one.entry["occurrence"],
                "entry": one.entry["seq"],
                "name": name,
                "sha256": body["mail_sha256"],
                **({"redacted": copy.cut} if copy.cut else {}),
            }
            draft = Draft("file.downloaded", one.entry["plan"], None, current.get().actor("evidence"), about)
            with appending(context.engine) as connection:
                append(connection, context.now(), [draft])
        return Response(
            copy.content, media_type="message/rfc822", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    return [
        Route("/chung-cu/muc/{seq:number}", gated("evidence", entry)),
        Route("/chung-cu/thu/{seq:number}", gated("evidence", letter)),
        Route("/chung-cu/thu/{seq:number}/html", gated("evidence", html)),
        Route("/chung-cu/thu/{seq:number}/eml", gated("evidence", raw)),
    ]


def _packing(context: PageContext, visitors: Visitors, pages: Pages, surveys: Surveys) -> Any:
    """POST: the pack of a search as a download. One is made at a time; each is recorded before its first byte leaves."""
    allowance = Allowance(20, 900.0, context.settings.seconds)
    one_at_a_time = threading.Lock()

    def make(visitor: Visitor, fields: dict[str, str]) -> Response:
        asked = read_selection(fields)
        if not visitors.token_fits(visitor, _PURPOSE, fields.get("token", "")):
            return _found(context, visitors, pages, surveys, asked, 403, "form")
        if asked.unread:
            return _found(context, visitors, pages, surveys, asked, 422)
        out = Path(tempfile.mkstemp(prefix="dondoc-pack-", suffix=".zip")[1])
        try:
            with one_at_a_time:
                made = pack(context.engine, context.installation, context.rules, asked.selection, out)
            record_pack(context.engine, made, context.now(), visitor.actor("evidence"))
        except PackError:
            out.unlink()
            return _found(context, visitors, pages, surveys, asked, 422, "empty")
        except BaseException:
            out.unlink()
            raise
        name = f"{own_words(context.installation.config)['file_name']}-{made.head.seq}.zip"
        return FileResponse(out, media_type="application/zip", filename=name, background=BackgroundTask(out.unlink))

    async def answer(request: Request) -> Response:
        visitor, fields = current.get(), await posted(request)
        if not visitor.session:
            return ask_to_sign_in(request)
        if not visitor.may("evidence"):
            raise HTTPException(403)
        if allowance.take(visitor.session):
            raise HTTPException(429)
        return await reached(make, visitor, {name: fields.get(name, "") for name in (*SELECTION_FIELDS, "token")})

    return answer
