"""The key of the trial's mailbox: the address with its token that `dondoc up` prints, as Jupyter does, and by nothing else.

Whoever opens that address keeps a cookie, so that the token is asked for once. A new key ends every cookie of the old one.
"""

from __future__ import annotations

import hmac
import secrets
from contextvars import ContextVar
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tasks.config.secret_file import read_or_make

MAILBOX_COOKIE = "dondoc-mailbox"
_held: ContextVar[bool] = ContextVar("the mailbox's key is held", default=False)


def mailbox_key(var: Path) -> str:
    """The key of that installation, made once and readable by its owner only."""
    return read_or_make(var / "secrets" / "mailbox", lambda: secrets.token_urlsafe(32))


def mailbox_address(portal: str, var: Path) -> str:
    """The address that opens the mailbox with one click."""
    return f"{portal}/mail?token={mailbox_key(var)}"


def key_is_held() -> bool:
    """Whether whoever asks now has opened the mailbox by its address before."""
    return _held.get()


class Key:
    """One key, and the cookie of those who have it. An empty key opens nothing."""

    def __init__(self, key: str, *, secure: bool) -> None:
        self._key, self._secure = key.encode(), secure

    def fits(self, token: str) -> bool:
        """Whether that is the key."""
        return bool(self._key) and hmac.compare_digest(self._key, token.encode("utf-8", "replace"))

    def admitted(self) -> Response:
        """On to the mailbox, with the cookie: the address in the browser's history opens it no longer by itself."""
        answer = RedirectResponse("/mail", 303)
        answer.set_cookie(MAILBOX_COOKIE, self._cookie(), httponly=True, samesite="lax", secure=self._secure)
        return answer

    def held(self, scope: Scope) -> bool:
        """Whether that request brings the cookie."""
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(Headers(scope=scope).get("cookie", ""))
        except CookieError:
            return False
        brought = jar[MAILBOX_COOKIE].value if MAILBOX_COOKIE in jar else ""
        return bool(self._key) and hmac.compare_digest(self._cookie().encode(), brought.encode("utf-8", "replace"))

    def _cookie(self) -> str:
        return hmac.new(self._key, b"dondoc mailbox", sha256).hexdigest()


class Keyed:
    """ASGI middleware: `key_is_held` answers for the request while it is answered."""

    def __init__(self, app: ASGIApp, key: Key) -> None:
        self._app, self._key = app, key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look, answer, forget."""
        token = _held.set(scope["type"] == "http" and self._key.held(scope))
        try:
            await self._app(scope, receive, send)
        finally:
            _held.reset(token)
