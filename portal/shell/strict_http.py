"""How the portal and the front listen: one reading of a request, and nobody holds a connection for nothing.

Two servers that read one request differently let a second one be smuggled in between: a request is refused here that a
proxy in front of us might read in another way. uvicorn waits for a request's head without end: here it does not.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import h11
import uvicorn
from h11._receivebuffer import ReceiveBuffer
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0  # until a request's head is there
BODY_SECONDS = 300.0  # until its body is: the largest answer over a slow line
_BARE = re.compile(rb"(?<!\r)\n")
_ONCE = frozenset({b"host", b"content-length", b"transfer-encoding", b"content-type"})


class _Lines(ReceiveBuffer):
    """A head's lines end as RFC 9112 says: h11 takes a bare line feed for an end too, other servers do not."""

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """The lines of a whole head. Raises h11.RemoteProtocolError for a bare line feed in it."""
        end = self._data.find(b"\r\n\r\n")
        if _BARE.search(self._data, 0, end if end >= 0 else len(self._data)):
            raise h11.RemoteProtocolError("a line of the head ends without a carriage return")
        return super().maybe_extract_lines()


class StrictProtocol(H11Protocol):
    """uvicorn's connection with those lines, and with a time for a request to arrive in."""

    head_seconds, body_seconds = HEAD_SECONDS, BODY_SECONDS
    _timer: asyncio.TimerHandle | None = None
    _waits_for: object = None

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.conn._receive_buffer = _Lines()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request's time begins."""
        super().connection_made(transport)
        self._wait("head", self.head_seconds)

    def data_received(self, data: bytes) -> None:
        """A part of a head or of a body: the time began with its first byte, and goes on."""
        super().data_received(data)
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            self._wait("body", self.body_seconds)
        elif state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait("head", self.head_seconds)
        else:
            self._wait(None, 0)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._wait(None, 0)
        super().connection_lost(exc)

    def _wait(self, what: object, seconds: float) -> None:
        if what == self._waits_for:
            return
        if self._timer:
            self._timer.cancel()
        self._waits_for = what
        self._timer = self.loop.call_later(seconds, self.transport.abort) if what else None


class OneReading:
    """ASGI middleware: a head that can be read in two ways is refused, and the connection closed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what has one length and says each of these once."""
        names = [name for name, _ in scope.get("headers", ())]
        both = b"content-length" in names and b"transfer-encoding" in names
        if scope["type"] == "http" and (both or any(names.count(name) > 1 for name in _ONCE)):
            answer = PlainTextResponse("this request can be read in two ways", 400, {"Connection": "close"})
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def listen(app: ASGIApp, host: str, port: int, proxies: Sequence[str] = ()) -> None:
    """Serve until stopped. What a proxy says of its visitor's address counts only from one of `proxies`."""
    uvicorn.run(
        OneReading(app),
        host=host,
        port=port,
        http=StrictProtocol,
        log_level="warning",
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies) or None,
        limit_concurrency=1000,
    )
