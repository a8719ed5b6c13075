"""The front of Prefect: its own pages under our sign-in, on a port of their own; who may only look can only look.

A port of its own is an origin of its own: a script in Prefect's pages cannot read the portal's. The session cookie is
the portal's, for cookies know no ports; it is read here and goes no further.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import sqlalchemy as sa
import yaml
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from dondoc.foundation.errors import DondocError
from portal.front.calls import CallKind, decoded_path, kind_of
from portal.front.proxy import PrefectRefusedError, Upstream
from portal.front.record import Record
from portal.shell.allowed_hosts import AllowedHosts, allowed_hosts
from portal.shell.page_context import PageContext
from portal.shell.security_headers import Guard
from portal.shell.settings import PortalSettings
from portal.shell.visitors import Recognising, Visitor, Visitors, current

LARGEST_BODY = 2_000_000  # bytes
SLOWEST_BODY = 30.0  # seconds
_STORE = (sa.exc.SQLAlchemyError, DondocError)
_log = logging.getLogger(__name__)


class Front:
    """ASGI application: every request is passed on, sent to sign in, or refused."""

    def __init__(self, settings: PortalSettings, context: PageContext, upstream: Upstream) -> None:
        self._settings, self._upstream = settings, upstream
        self._record = Record(context)
        self._words: dict[str, str] = yaml.safe_load((settings.templates / "front.yaml").read_text(encoding="utf-8"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Prefect's pages open no socket, so none is passed on."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        path = decoded_path(scope.get("raw_path") or b"")
        answer = await self._answer(request, path, current.get(), send)
        if answer is not None:
            await answer(scope, receive, send)

    async def _answer(self, request: Request, path: str | None, visitor: Visitor, send: Send) -> Response | None:
        """The answer where it is ours; None where Prefect's was sent."""
        kind = kind_of(request.method, path) if path else None
        if not visitor.session:
            return self._to_sign_in(path, request.url.query) if kind == "page" else self._said("sign_in", 401)
        if not _may(visitor, kind) or "upgrade" in request.headers:
            return await self._refuse(request, visitor, kind)
        assert path is not None
        changes = kind == "act" or request.method not in ("GET", "HEAD")
        if changes and not _from_here(request):
            await self._note_refusal(request, visitor)
            return self._said("foreign", 403)
        try:
            content = await _content(request)
        except (ValueError, TimeoutError, ClientDisconnect):
            return self._said("too_large", 413)
        if content and request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return self._said("not_here", 415)
        try:
            if path == "/ui-settings":
                return Response(await self._upstream.settings(), media_type="application/json")
            await self._pass_on(request, path, visitor, content, kind == "act", send)
        except _NotStartedError:
            return self._said("away", 503)
        except httpx.HTTPError as error:
            _log.warning("Prefect did not answer: %s %s: %r", request.method, path, error)
            return self._said("away", 503)
        return None

    async def _pass_on(
        self, request: Request, path: str, visitor: Visitor, content: bytes, act: bool, send: Send
    ) -> None:
        """An act is in the ledger before Prefect hears of it; without a ledger there is none."""
        query = request.scope["query_string"]
        call: int | None = None
        if act:
            given = (visitor, request.method, path, query.decode("latin-1"), content)
            try:
                call = await run_in_threadpool(self._record.called, *given)
            except _STORE as error:
                _log.warning("an act was not passed on, for it could not be recorded: %s", error)
                raise _NotStartedError from None
        heard = False

        async def started(status: int | None) -> None:
            nonlocal heard
            heard = True
            if call is not None:
                try:
                    await run_in_threadpool(self._record.answered, visitor, call, status)
                except _STORE as error:
                    _log.warning("the answer to the act of entry %s could not be recorded: %s", call, error)

        try:
            await self._upstream.pass_on(request.method, path, query, request.headers, content, send, started)
        except (httpx.HTTPError, httpx.InvalidURL, PrefectRefusedError) as error:
            if heard:
                raise BrokenAnswerError(f"Prefect's answer to {request.method} {path} broke off") from error
            _log.warning("Prefect did not answer %s %s: %r", request.method, path, error)
            await started(None)
            raise _NotStartedError from None

    async def _refuse(self, request: Request, visitor: Visitor, kind: CallKind | None) -> Response:
        await self._note_refusal(request, visitor)
        if kind == "hidden":
            return self._said("hidden", 403)
        if kind == "page":  # the portal says it in its own look
            return RedirectResponse(f"{self._settings.public_url}/prefect", 303)
        return self._said("refused" if kind in ("act", "private") else "not_here", 403)

    async def _note_refusal(self, request: Request, visitor: Visitor) -> None:
        path = request.scope.get("raw_path", b"").decode("latin-1")
        try:
            await run_in_threadpool(self._record.refused, visitor, request.method, path)
        except _STORE as error:
            _log.warning("a refusal could not be recorded: %s", error)

    def _to_sign_in(self, path: str | None, query: str) -> Response:
        wanted = f"/prefect{path}" + (f"?{query}" if query else "")
        return RedirectResponse(f"{self._settings.public_url}/vao?{urlencode({'den': wanted})}", 303)

    def _said(self, word: str, status: int) -> Response:
        return JSONResponse({"detail": self._words[word]}, status)


class BrokenAnswerError(Exception):
    """The answer broke off after it had begun: all that is left is to break off as well."""


class _NotStartedError(Exception):
    """Nothing was sent to the visitor yet."""


def _may(visitor: Visitor, kind: CallKind | None) -> bool:
    if kind in ("page", "read"):
        return visitor.may("runs")
    return kind in ("hidden", "private", "act") and visitor.may("operate")


def _from_here(request: Request) -> bool:
    """Whether a page of this very origin asks; browsers say so in headers that no page can set."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site") == "same-origin"
    try:
        return urlsplit(origin).netloc.casefold() == request.headers.get("host", "").casefold() != ""
    except ValueError:
        return False


async def _content(request: Request) -> bytes:
    """The whole body. Raises ValueError for one too large, TimeoutError for one too slow."""
    found = bytearray()
    async with asyncio.timeout(SLOWEST_BODY):
        async for piece in request.stream():
            found += piece
            if len(found) > LARGEST_BODY:
                raise ValueError("too large")
    return bytes(found)


def create_front(settings: PortalSettings, upstream: Upstream) -> Starlette:
    """The front as one application. `prefect_url` is its own public address, `public_url` the portal's."""
    assert settings.installation is not None
    context = PageContext(settings, settings.installation)
    front = Front(settings, context, upstream)
    names = allowed_hosts([settings.prefect_url, settings.public_url], settings.installation.portal_hosts)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await upstream.close()

    def health(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    async def broken(_request: Request, _error: Exception) -> Response:
        return front._said("away", 503)

    middleware: list[Any] = [
        Middleware(Guard),
        Middleware(AllowedHosts, hosts=names, refused=lambda: front._said("not_here", 421)),
        Middleware(Recognising, visitors=Visitors(settings, lambda: context.engine)),
    ]
    return Starlette(
        routes=[Route("/health", health), Mount("/", app=front)],
        lifespan=lifespan,
        middleware=middleware,
        exception_handlers={500: broken},
    )
