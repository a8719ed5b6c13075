"""Signing in by a mailed link: ask for it, open it, press the button. Opening it changes nothing: scanners open links."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import sqlalchemy as sa
from itsdangerous import BadSignature, Signer
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dondoc.mail.mail import Address
from portal.shell.fields import posted
from portal.shell.immediate_mail import send_now
from portal.shell.pages import Pages
from portal.shell.rate_limit import Allowance
from portal.shell.sessions import LINK_LASTS, Remembered, Ticket
from portal.shell.visitors import Visitors, current
from tasks.config.loading import load_rules

# Where a sign-in may lead: our own pages, named one by one, never an address.
_TARGET = re.compile(
    r"/(bang|bieu-do|chi-so|diem|lich|mail|van-ban|vang|viec)(\?[A-Za-z0-9=&%+._-]*)?|/(ky|mail|tep|thu)/[A-Za-z0-9/._-]+|"
    r"/prefect(/[A-Za-z0-9/._%-]*)?(\?[A-Za-z0-9=&%+._:-]*)?"
)
_QUARTER = 900.0  # seconds


def target_of(wanted: str) -> str:
    """`wanted` where it is a page of ours that a sign-in may lead to, else the board."""
    return wanted if len(wanted) < 500 and ".." not in wanted and _TARGET.fullmatch(wanted) else "/bang"


def ask_to_sign_in(request: Request) -> RedirectResponse:
    """Off to the sign-in form, and back here afterwards."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/vao?{urlencode({'den': target_of(wanted)})}", 303)


def sign_in_routes(
    visitors: Visitors, pages: Pages, store: Callable[[], sa.Engine | None], mail_out: Callable[[], str]
) -> list[Route]:
    """/vao, /vao/{token} and /ra.

    Before it answers that a link was mailed, the portal asks the mail server, the same way for every address: a page
    that says to look into the mailbox is true only where mail can leave. `mail_out` gives the server's words where not.
    """
    settings = visitors.settings
    tickets: Remembered[Ticket] = Remembered(LINK_LASTS)
    links = Signer(settings.secret, salt="dondoc sign-in link")
    by_client = Allowance(30, _QUARTER, settings.seconds)
    by_address = Allowance(5, _QUARTER, settings.seconds)
    asked_for = Allowance(3, _QUARTER, settings.seconds)

    def page(status: int = 200, **context: object) -> HTMLResponse:
        visitor = visitors.with_form(current.get())
        answer = pages.render(
            "sign_in.html",
            status,
            **{"step": "ask", "den": "/bang", "stuck": "", "said": "", **context},
            minutes=int(LINK_LASTS.total_seconds() // 60),
            token=visitors.token(visitor, "vao"),
        )
        visitors.remember_form(answer, visitor)
        return answer

    def form(request: Request) -> Response:
        den = target_of(request.query_params.get("den", ""))
        return RedirectResponse(den, 303) if current.get().session else page(den=den)

    def mail_link(address: str, den: str) -> None:
        assert settings.installation is not None
        now, known = settings.now(), visitors.known(address)
        if not known.roles or by_address.take(address.casefold()):
            return
        name = links.sign(tickets.add(Ticket(address, den), now)).decode()
        rules = load_rules(settings.installation.config)
        to = Address(address, known.title)
        minutes = int(LINK_LASTS.total_seconds() // 60)
        link = f"{settings.public_url}/vao/{name}"
        send_now(settings.installation, store(), rules, to, "sign-in", now, link=link, minutes=minutes)

    def of_another_form(fields: dict[str, str]) -> HTMLResponse | None:
        if visitors.token_fits(current.get(), "vao", fields.get("token", "")):
            return None
        return page(403, den=target_of(fields.get("den", "")), said="form")

    async def ask(request: Request) -> Response:
        fields = await posted(request)
        refusal = of_another_form(fields)
        if refusal:
            return refusal
        address, den = fields.get("address", "").strip()[:254], target_of(fields.get("den", ""))
        # A whole office may come from one address: whoever asks too often there stops himself and nobody else, for an
        # address that was not asked for yet is served. The mail server is not asked again for those.
        over = by_client.take(request.client.host if request.client else "")
        if asked_for.take(address.casefold()) and over:
            return page(429, said="often")
        answer = page(step="sent", stuck="" if over else await run_in_threadpool(mail_out))
        answer.background = BackgroundTask(mail_link, address, den)  # after the answer: its time tells nothing
        return answer

    def name_of(request: Request) -> str:
        try:
            return links.unsign(request.path_params["token"]).decode()
        except (BadSignature, UnicodeError):
            return ""

    def open_link(request: Request) -> Response:
        if tickets.get(name_of(request), settings.now()) is None:
            return page(410, said="used")
        return page(step="confirm")

    async def sign_in(request: Request) -> Response:
        # No limit: the link's own name is what nobody guesses, and whoever was mailed one gets in.
        refusal = of_another_form(await posted(request))
        if refusal:
            return refusal
        ticket = tickets.take(name_of(request), settings.now())
        if ticket is None or not visitors.known(ticket.address).roles:
            return page(410, said="used")
        answer = RedirectResponse(ticket.target, 303)
        visitors.end(current.get())
        visitors.sign_in(answer, ticket.address)
        return answer

    async def sign_out(request: Request) -> Response:
        fields = await posted(request)
        visitor = current.get()
        if visitor.session and not visitors.token_fits(visitor, "ra", fields.get("token", "")):
            return page(403, said="form")
        answer = RedirectResponse("/", 303)
        visitors.sign_out(answer, visitor)
        return answer

    return [
        Route("/vao", form),
        Route("/vao", ask, methods=["POST"]),
        Route("/vao/{token:str}", open_link),
        Route("/vao/{token:str}", sign_in, methods=["POST"]),
        Route("/ra", sign_out, methods=["POST"]),
    ]
