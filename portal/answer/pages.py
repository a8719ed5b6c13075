"""Answering from the mail: `/a/<token>` shows a duty and takes the answer, `/a/<token>/all` what the unit owes.

GET and HEAD only read: mail scanners open links. An answer is a POST from the form, recorded once: the form's mark
names the last entry it was shown after, and the same answer after that entry is told so, whatever came between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dondoc.foundation.errors import DondocError, ForbiddenTransitionError
from dondoc.mail.links import LONGEST, LinkError
from dondoc.mail.links import read_form_mark as read_mark
from dondoc.mail.links import sign_form as sign_mark
from dondoc.obligations.act_table import ACTS, BY_ADDRESS, ActName
from dondoc.obligations.acts import ActError
from dondoc.office.wording import sentence
from portal.answer import view as answerview
from portal.answer.answering import Answering, OpenedLink
from portal.answer.forms import AnswerForm, read_form
from portal.answer.new_link import NewLinks
from portal.files.pages import download, handed, handed_by, lost
from portal.shell.form_body import FIELDS_BYTES, TooLargeError, receive_form, same_origin
from portal.shell.pages import Pages
from portal.shell.rate_limit import Allowance
from tasks.store.answers import AnsweredError
from tasks.store.files import LostFileError


class AnswerPages:
    """The pages of one portal's answering."""

    def __init__(self, answering: Answering, pages: Pages, allowance: Allowance | None = None) -> None:
        self._answering = answering
        self._pages = pages
        self._allowance = allowance or Allowance()
        self._limit = answering.settings.upload_mb * 1024 * 1024

    def routes(self) -> list[Route]:
        """`/a/` and what lies under it."""
        return [
            NewLinks(self._answering, self._pages).route(),
            Route("/a/{token}", self._shown(self.duty)),
            Route("/a/{token}/all", self._shown(self.all)),
            Route("/a/{token}/recorded/{seq}", self._shown(self.recorded)),
            Route("/a/{token}/tep/{seq:number}/{number:number}", self._shown(self.file)),
            Route("/a/{token}/{act}", self.answer, methods=["POST"]),
            Route("/a/{token}/{act}", self._back),  # a form shown again after an error, reloaded
        ]

    def _shown(self, page: Any) -> Any:
        """A page that only reads, run in a thread; a link that does not open gets its own page."""

        def endpoint(request: Request) -> Response:
            try:
                return self._own(page(request, self._answering.open(request.path_params["token"])))
            except (DondocError, sa.exc.SQLAlchemyError) as error:
                return self._refused(error, request)

        return endpoint

    def duty(self, _request: Request, opened: OpenedLink) -> Response:
        """The duty and its forms."""
        return self._duty(opened)

    def all(self, _request: Request, opened: OpenedLink) -> Response:
        """Everything the unit owes."""
        if opened.link.party.startswith("role:"):
            raise LinkError("wrong")
        owed, waiting = self._answering.owed(opened.link.party, opened.link.occurrence)
        return self._pages.render(
            "answer_all.html",
            opened=opened,
            owed=owed,
            waiting=waiting,
            address=self._answering.rules.office.address(opened.link.party) or "",
            title=answerview.title,
            standing=answerview.state_words,
            sentence=sentence,
        )

    def recorded(self, request: Request, opened: OpenedLink) -> Response:
        """What was recorded, with its number. `?again` when it had been recorded before."""
        words, actor = self._answering.words, opened.actor or opened.link.party
        wanted = request.path_params["seq"]
        entry = next((e for e in opened.history if str(e.seq) == wanted and e.actor == actor), None)
        line = answerview.history_line(entry, opened, words) if entry else None
        if entry is None or line is None:
            raise LinkError("wrong")
        return self._pages.render(
            "answer_recorded.html", opened=opened, line=line, title=answerview.title(opened.facts),
            next=words["waits"].get(entry.kind, ""), again="again" in request.query_params,
        )  # fmt: skip

    def file(self, request: Request, opened: OpenedLink) -> Response:
        """A file that the holder's unit handed in for this duty."""
        wanted = request.path_params["seq"]
        told = next((e for e in opened.history if e.seq == wanted and handed_by(e, opened.link.party)), None)
        occurrence = opened.facts.occurrence
        file = handed(occurrence.plan, occurrence.id, told, request.path_params["number"]) if told else None
        if file is None:
            raise LinkError("wrong")
        answering = self._answering
        try:
            return download(answering.settings, file)
        except LostFileError as error:
            if request.method == "HEAD":
                return self._page(410, "wrong", token="")
            assert answering.engine is not None
            return lost(answering.settings, answering.rules, answering.engine, self._pages, file, error, opened.now)

    def _back(self, request: Request) -> Response:
        return RedirectResponse(f"/a/{quote(request.path_params['token'], safe='')}", 303)

    async def answer(self, request: Request) -> Response:
        """Take one answer. The body is read only for a link that opens, from our own page, within the allowance."""
        token, choice = request.path_params["token"], BY_ADDRESS.get(request.path_params["act"])
        if choice is None:
            return self._page(404, "wrong", token=token)
        try:
            await run_in_threadpool(self._answering.open, token)
            if not same_origin(request, self._answering.settings.base_url or ""):
                return self._page(403, "foreign")
            wait = self._allowance.take(token)
            if wait:
                return self._page(429, "often", headers={"Retry-After": str(int(wait) + 1)})
            sent = await receive_form(request, self._limit + FIELDS_BYTES)
            return self._own(await run_in_threadpool(self._record, token, choice, sent.fields, sent.files))
        except TooLargeError:
            return self._page(413, "large", token=token, upload_mb=self._answering.settings.upload_mb)
        except (DondocError, sa.exc.SQLAlchemyError) as error:
            return self._refused(error, request)

    def _record(
        self, token: str, choice: ActName, fields: Mapping[str, str], files: tuple[tuple[str, bytes], ...]
    ) -> Response:
        opened = self._answering.open(token)
        errors = self._answering.words["errors"]
        after = read_mark(self._answering.settings.link_secret, token, choice, fields.get("form", ""))
        files = (*self._answering.taken_back(token, fields.get("kept", "")), *files)
        form = read_form(choice, fields, files, opened.facts, opened.today, opened.office_words, errors)
        if not opened.leads:
            return self._duty(opened, status=403)
        if after is None:
            form.errors[""] = errors["stale"]
            return self._duty(opened, form, 400)
        try:
            if earlier := self._earlier(opened, choice, after):
                return self._done(token, earlier, again=True)
            if choice not in opened.choices:
                form.errors[""] = errors["moved"]
                return self._duty(opened, form, 409)
            if form.act is None:
                self._answering.put_by(token, form)
                return self._duty(opened, form, 422)
            return self._done(token, self._answering.record(opened, form, after))
        except AnsweredError as error:
            return self._done(token, error.entry.seq, again=True)
        except (ActError, ForbiddenTransitionError):  # it changed between our look and the lock
            opened = self._answering.open(token)
            form = read_form(choice, fields, files, opened.facts, opened.today, opened.office_words, errors)
            form.errors[""] = errors["moved"]
            return self._duty(opened, form, 409)

    def _earlier(self, opened: OpenedLink, choice: ActName, after: int) -> int | None:
        same = (e.seq for e in opened.history if e.kind == ACTS[choice].entry and e.actor == opened.actor)
        return next((seq for seq in same if seq > after), None)

    def _done(self, token: str, seq: int, *, again: bool = False) -> Response:
        return RedirectResponse(f"/a/{token}/recorded/{seq}{'?again' if again else ''}", 303)

    def _duty(self, opened: OpenedLink, form: AnswerForm | None = None, status: int | None = None) -> HTMLResponse:
        secret = self._answering.settings.link_secret
        marks = {choice: sign_mark(secret, opened.token, choice, opened.seq) for choice in opened.choices}
        facts, wording = opened.facts, opened.wording
        return self._pages.render(
            "answer.html",
            status or (410 if opened.ended else 200),
            opened=opened,
            title=answerview.title(facts),
            standing=answerview.state_words(facts, wording),
            rows=answerview.duty_rows(facts, wording, opened.plan_title),
            history=answerview.history(opened, self._answering.words),
            marks=marks,
            form=form,
            acts=ACTS,
            words=opened.office_words,
            shown=answerview.form_facts(opened, self._answering.settings.upload_mb),
            tracker=self._answering.tracker(),
        )

    def _refused(self, error: Exception, request: Request) -> Response:
        if isinstance(error, LinkError):
            token = request.path_params["token"][:LONGEST]
            return self._page(404 if error.kind == "wrong" else 410, error.kind, token=token)
        return self._page(503, "down", headers={"Retry-After": "60"})

    def _page(self, status: int, why: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
        try:
            tracker = self._answering.tracker()
        except DondocError:
            tracker = ""
        page = self._pages.render("answer_refused.html", status, why=why, tracker=tracker, **more)
        page.headers.update(headers or {})
        return self._own(page)

    def _own(self, page: Response) -> Response:
        """Our own forms must say where they come from: with `no-referrer` a browser sends `Origin: null`."""
        page.headers["Referrer-Policy"] = "same-origin"
        page.headers["X-Robots-Tag"] = "noindex"
        return page
