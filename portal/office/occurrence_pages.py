"""One occurrence's page, and what the tracker decides on it."""

from __future__ import annotations

import threading
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dondoc.foundation.errors import ForbiddenTransitionError
from dondoc.foundation.refusals import Refusal
from dondoc.obligations.act_table import ACT_FIELDS, ACTS, OFFICE_DECIDES
from dondoc.obligations.acts import ActError
from dondoc.office.refusals import faults_by_field
from portal.office.occurrence_view import days_of, dossier, last_seq
from portal.shell.act_form import read_act
from portal.shell.fields import posted
from portal.shell.page_context import PageContext, gated, reached
from portal.shell.pages import Pages
from portal.shell.rate_limit import Allowance
from portal.shell.signin import ask_to_sign_in
from portal.shell.visitors import Visitor, Visitors, current
from tasks.obligations.act_followup import follow_soon
from tasks.store.occurrences import UnknownOccurrenceError
from tasks.store.settle import record_act

TRACKER = "role:tracker"


class TakenForms:
    """Form tokens in use: of two posts of one form at once, one is taken. Later ones find the entry it wrote."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def claim(self, token: str) -> bool:
        """Whether nobody holds it."""
        with self._lock:
            free = token not in self._taken
            self._taken.add(token)
            return free

    def free(self, token: str) -> None:
        """It may be used again, or has left its entry."""
        with self._lock:
            self._taken.discard(token)


def occurrence_routes(context: PageContext, visitors: Visitors, pages: Pages) -> list[Route]:
    """/ky/{occurrence id}."""
    taken = TakenForms()
    allowance = Allowance(120, 900.0, context.settings.seconds)

    def page(
        occurrence: str,
        status: int = 200,
        said: str = "",
        fields: dict[str, str] | None = None,
        refusals: tuple[Refusal, ...] = (),
    ) -> HTMLResponse:
        if "\0" in occurrence:  # no id has one, and PostgreSQL cannot be asked about it
            raise HTTPException(404)
        now, visitor = context.now(), current.get()
        wording = context.wording(now.date())
        try:
            found = dossier(context, occurrence, wording, now)
        except UnknownOccurrenceError:
            raise HTTPException(404) from None
        own = found.own_of(TRACKER)
        deciding = [name for name in found.possible if visitor.may(name, own=own)]
        reviews_own = any(found.decides_own(visitor.actor(name, own=own)) for name in deciding)
        if context.rules.policy.own_review == "refused" and reviews_own:
            deciding = [name for name in deciding if not ACTS[name].favours]
        return pages.render(
            "occurrence.html",
            status,
            found=found,
            own=own,
            reviews_own=reviews_own,
            facts=found.facts,
            state=found.facts.state,
            wording=wording,
            words=context.words,
            prefect_url=context.settings.prefect_url,
            forms=deciding,
            acts=ACTS,
            kinds=ACT_FIELDS,
            days=days_of(found),
            wrong=faults_by_field(refusals, context.words),
            token=visitors.token(visitor, _purpose(occurrence, found.last_seq)),
            said=said,
            fields=fields or {},
        )

    def one(request: Request) -> HTMLResponse:
        done = request.query_params.get("xong", "")
        return page(request.path_params["id"], said=done if done in OFFICE_DECIDES else "")

    def settle(occurrence: str, visitor: Visitor, fields: dict[str, str]) -> Response:
        name = next(known for known in OFFICE_DECIDES if known == fields["act"])
        seq, token = fields.get("seq", ""), fields.get("token", "")
        if "\0" in occurrence or not visitors.token_fits(visitor, _purpose(occurrence, seq), token):
            return page(occurrence, 403, "form", fields)
        if not taken.claim(token):
            return page(occurrence, 409, "twice")
        try:
            if str(last_seq(context, occurrence)) != seq:
                return page(occurrence, 409, "changed", fields)
            now = context.now()
            found = dossier(context, occurrence, context.wording(now.date()), now)
            own = found.own_of(TRACKER)
            if not visitor.may(name, own=own):
                raise HTTPException(403)
            given, refusals = read_act(name, fields, found.facts, found.today)
            if any(refusal.code != "not_now" for refusal in refusals):
                return page(occurrence, 422, "", fields, refusals)
            try:
                done = record_act(context.engine, context.rules, occurrence, given, now, visitor.actor(name, own=own))
                follow_soon(context.engine, context.installation, done.seqs[0])
            except ForbiddenTransitionError:
                return page(occurrence, 409, "changed", fields)
            except ActError as error:
                return page(occurrence, 422, "", fields, (error.refusal,))
        finally:
            taken.free(token)
        return RedirectResponse(f"/ky/{quote(occurrence)}?xong={name}", 303)

    async def decide(request: Request) -> Response:
        visitor, fields = current.get(), await posted(request)
        if not visitor.session:
            return ask_to_sign_in(request)
        name = next((known for known in OFFICE_DECIDES if known == fields.get("act")), None)
        if name is None:
            raise HTTPException(400)
        if not (visitor.may(name) or visitor.may(name, own=True)):
            raise HTTPException(403)
        if allowance.take(visitor.session):
            raise HTTPException(429)
        return await reached(settle, request.path_params["id"], visitor, fields)

    def mailed(request: Request) -> Response:
        """The links that stand in mails to the tracker and the leaders."""
        return RedirectResponse(f"/ky/{quote(request.path_params['id'])}", 303)

    return [
        Route("/o/{id:path}", mailed),
        Route("/ky/{id:path}", gated("occurrence", one)),
        Route("/ky/{id:path}", decide, methods=["POST"]),
    ]


def _purpose(occurrence: str, seq: object) -> str:
    return f"ky|{occurrence}|{seq}"
