"""Which names the portal answers to: a page of another site cannot reach it under a name of its own (DNS rebinding)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_ANYWHERE = frozenset({"", "0.0.0.0", "::"})


def allowed_hosts(addresses: Iterable[str | None], names: Iterable[str]) -> frozenset[str]:
    """The host names of those addresses, those names, and this machine's own, in lower case and without ports."""
    from_addresses = {urlsplit(address).hostname or "" for address in addresses if address}
    return (frozenset({*from_addresses, *(name.casefold() for name in names)}) | LOCAL) - _ANYWHERE


def host_of(header: str) -> str:
    """The name in a Host header, without its port; "" for one that cannot be read."""
    try:
        return (urlsplit(f"//{header}").hostname or "").casefold()
    except ValueError:
        return ""


class AllowedHosts:
    """ASGI middleware that refuses every other name, before anything is read."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], refused: Callable[[], Response]) -> None:
        self._app, self._hosts, self._refused = app, hosts, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what came under one of our names. The health check may come under any."""
        asked = scope["type"] == "http" and scope["path"] != "/health"
        if asked and host_of(Request(scope).headers.get("host", "")) not in self._hosts:
            await self._refused()(scope, receive, send)
            return
        await self._app(scope, receive, send)
