"""Passing a call on to Prefect and its answer back: our password instead of the visitor's cookie, known headers only."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any

import httpx
from starlette.datastructures import Headers
from starlette.types import Send

from portal.front.calls import encoded

# Nothing but the pages' own files runs, and nothing is asked of another site: Prefect's pages call an analytics service.
# The library that draws a run's graph compiles its shaders' setters: without 'unsafe-eval' there is no graph.
FRONT_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_TIMEOUT = httpx.Timeout(60, connect=5, pool=30)
_SENT = ("accept", "accept-language", "if-none-match", "if-modified-since", "range", "x-prefect-ui")
# Not Set-Cookie, WWW-Authenticate nor Access-Control-…: what Prefect allows everybody is not allowed here.
_RETURNED = frozenset({
    b"accept-ranges", b"content-disposition", b"content-encoding", b"content-length", b"content-range",
    b"content-type", b"etag", b"last-modified", b"retry-after", b"vary",
})  # fmt: skip
_HASHED = re.compile(r"(/v2)?/assets/[^/]+-[A-Za-z0-9_-]{8}\.[a-z0-9]+")
_VERSION = "prefect_ui_version"  # the pages' own cookie: which of the two user interfaces is wanted

Started = Callable[[int], Any]


class Upstream:
    """Prefect's server at `url` with `user:password`."""

    def __init__(self, url: str, auth: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._own = {"authorization": "Basic " + base64.b64encode(auth.encode()).decode()} if auth else {}
        # Neither a proxy nor a password file of the environment takes part.
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT,
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=20),
        )

    async def close(self) -> None:
        """End every connection."""
        await self._client.aclose()

    async def settings(self) -> bytes:
        """What the pages ask first, without "ask for a password". Raises httpx.HTTPError."""
        answer = await self._client.get(f"{self._url}/ui-settings", headers=self._own)
        answer.raise_for_status()
        return json.dumps({**answer.json(), "auth": None}).encode()

    async def pass_on(
        self, method: str, path: str, query: bytes, headers: Headers, content: bytes, send: Send, started: Started
    ) -> None:
        """The call, and its answer piece by piece to `send`; `started` hears the status first.

        Raises httpx.HTTPError where none came or it stopped, and PrefectRefusedError where our own password was not taken.
        """
        address = self._url + encoded(path) + (f"?{query.decode('latin-1')}" if query else "")
        request = self._client.build_request(method, address, headers=self._headers(headers, content), content=content)
        found = await self._client.send(request, stream=True)
        try:
            if found.status_code == 401:
                raise PrefectRefusedError("Prefect does not take the front's password")
            await started(found.status_code)
            await send(
                {"type": "http.response.start", "status": found.status_code, "headers": self._answer(found, path)}
            )
            async for piece in found.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await found.aclose()

    def _headers(self, headers: Headers, content: bytes) -> dict[str, str]:
        sent = {name: headers[name] for name in _SENT if name in headers and headers[name].isascii()}
        sent["accept-encoding"] = "gzip" if "gzip" in headers.get("accept-encoding", "") else "identity"
        version = ui_version(headers.get("cookie", ""))
        if version:
            sent["cookie"] = f"{_VERSION}={version}"
        if content:
            sent["content-type"] = "application/json"
        return {**sent, **self._own}

    def _answer(self, found: httpx.Response, path: str) -> list[tuple[bytes, bytes]]:
        kept = {name: value for name, value in _lowered(found) if name in _RETURNED}
        location = found.headers.get("location", "").removeprefix(self._url)
        if location.startswith("/") and not location.startswith(("//", "/\\")):
            kept[b"location"] = location.encode("latin-1", "ignore")
        kept[b"content-security-policy"] = FRONT_POLICY.encode()
        kept[b"x-dns-prefetch-control"] = b"off"
        if _HASHED.fullmatch(path) and found.status_code == 200:
            kept[b"cache-control"] = b"private, max-age=86400"
        return list(kept.items())


def _lowered(found: httpx.Response) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in found.headers.raw]


class PrefectRefusedError(Exception):
    """Prefect refused the front itself."""


def ui_version(cookie: str) -> str:
    """Which user interface the visitor chose: v1, v2 or ""."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(cookie)
    except CookieError:
        return ""
    chosen = jar[_VERSION].value if _VERSION in jar else ""
    return chosen if chosen in ("v1", "v2") else ""
