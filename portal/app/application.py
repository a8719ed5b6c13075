"""The portal as one ASGI application."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from portal.answer.answering import Answering
from portal.answer.pages import AnswerPages
from portal.evidence.pages import evidence_routes
from portal.files.pages import file_routes
from portal.front.step_over import prefect_routes
from portal.mailbox.kept_letters import Letters
from portal.mailbox.key import Key, Keyed, key_is_held
from portal.mailbox.pages import mail_routes
from portal.office.absence_pages import absence_routes
from portal.office.board_pages import board_routes
from portal.office.boards import Boards
from portal.office.feeds import feed_routes
from portal.office.occurrence_pages import occurrence_routes
from portal.office.received_pages import received_routes
from portal.reports.document_pages import document_routes
from portal.reports.index_pages import index_routes
from portal.reports.table_pages import table_routes
from portal.shell.allowed_hosts import AllowedHosts, allowed_hosts
from portal.shell.banner import Banner
from portal.shell.page_context import PageContext, gated
from portal.shell.pages import Pages
from portal.shell.security_headers import Guard
from portal.shell.settings import PortalSettings
from portal.shell.signin import sign_in_routes
from portal.shell.visitors import Recognising, Visitors, current
from portal.shell.year_notice import year_notice
from tasks.config.loading import shipped


class _Number(IntegerConvertor):
    """`{seq:number}` in a route: as many digits as Python reads and PostgreSQL's bigint holds, the rest is not here."""

    regex = "[0-9]{1,18}"


register_url_convertor("number", _Number())


def office_routes(context: PageContext, visitors: Visitors, pages: Pages, banner: Banner) -> list[Route]:
    """What an installation adds to the mailbox: sign-in, and the office's pages."""
    boards = Boards(context)
    return [
        *sign_in_routes(visitors, pages, banner.store, banner.mail_out),
        *board_routes(context, pages, boards),
        *index_routes(context, pages, boards),
        *occurrence_routes(context, visitors, pages),
        *feed_routes(context, pages, boards),
        *document_routes(context, pages),
        *table_routes(context, pages, boards),
        *file_routes(context, pages),
        *received_routes(context, visitors, pages),
        *evidence_routes(context, visitors, pages),
        *absence_routes(context, visitors, pages),
        *prefect_routes(context, pages),
    ]


def _names(settings: PortalSettings, answering: Answering | None) -> frozenset[str]:
    """What the portal is called: in its own links, in those of mails, and by the installation's settings."""
    behind = settings.installation or (answering.settings if answering else None)
    addresses = [settings.public_url, f"//{settings.host}" if ":" not in settings.host else None]
    addresses += [answering.settings.base_url if answering else None, behind.base_url if behind else None]
    return allowed_hosts(addresses, behind.portal_hosts if behind else ())


def _by_key_or_gated(
    trial: Callable[[], bool], key: Key, closed: Callable[[], Response], endpoint: Callable[[Request], Response]
) -> Callable[[Request], Awaitable[Response]]:
    """A page of the mailbox: while the trial lasts for whoever holds its key, and the operator's at any time."""
    for_operator = gated("mailbox", endpoint)

    async def guarded(request: Request) -> Response:
        if not await run_in_threadpool(trial):
            return await for_operator(request)
        if key.fits(request.query_params.get("token", "")):
            return key.admitted()
        if key_is_held():
            return await run_in_threadpool(endpoint, request)
        return await for_operator(request) if current.get().session else await run_in_threadpool(closed)

    return guarded


def create_app(settings: PortalSettings, answering: Answering | None = None) -> Starlette:
    """All pages. A served portal reads the mailbox's index while it starts, so that no visitor waits for it.

    Without `answering` the portal shows the mailbox only.
    """
    pages = Pages(settings)
    letters = Letters(settings.mail)
    context = PageContext(settings, settings.installation) if settings.installation else None
    visitors = Visitors(settings, (lambda: context.engine) if context else None)
    pages.provide(awaited=year_notice(context) if context else lambda _: [])
    banner = Banner(settings, context)
    key = Key(settings.mailbox_key, secure=settings.secure)

    def mailbox_open() -> bool:
        return key_is_held() and banner.trial()

    def mailbox_closed() -> HTMLResponse:
        return pages.render("mail_closed.html", 403)

    pages.provide(
        sign_out_token=lambda visitor: visitors.token(visitor, "ra"),
        mailbox_open=mailbox_open,
        banner=banner,
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        threading.Thread(target=letters.all, name="first look at the mailbox", daemon=True).start()
        yield

    def start(_request: Request) -> HTMLResponse:
        everything = letters.all() if mailbox_open() else []
        return pages.render(
            "start.html",
            prefect_url=settings.prefect_url,
            count=len(everything),
            newest=everything[0].day if everything else None,
            office=settings.installation is not None,
        )

    def health(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    async def refused(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return pages.render("refused.html", status, code=status)

    mailbox = [
        Route(route.path, _by_key_or_gated(banner.trial, key, mailbox_closed, route.endpoint))
        for route in mail_routes(letters, pages)
    ]
    office = office_routes(context, visitors, pages, banner) if context else []

    return Starlette(
        routes=[
            Route("/", start),
            Route("/health", health),
            *mailbox,
            *office,
            *(AnswerPages(answering, pages).routes() if answering else ()),
            Mount("/static", StaticFiles(directory=shipped(settings.config, "portal/static"))),
        ],
        lifespan=lifespan,
        middleware=[
            Middleware(Guard),
            Middleware(
                AllowedHosts,
                hosts=_names(settings, answering),
                refused=lambda: pages.render("refused.html", 421, code=421),
            ),
            Middleware(Keyed, key=key),
            *([Middleware(Recognising, visitors=visitors)] if settings.installation else []),
        ],
        exception_handlers={HTTPException: refused, 500: refused},
    )
