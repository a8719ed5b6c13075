"""The portal and the front as somebody with a socket meets them: one reading of a request, no waiting, limits that hold."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import uvicorn
from installation import Installation
from office_portal import ADDRESSES, Portal, ask, token_of
from servers import eventually, free_port
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from portal.shell.strict_http import OneReading, StrictProtocol
from tasks.config.sections import PortalSection


async def _echo(request: Request) -> PlainTextResponse:
    body = await request.body()
    return PlainTextResponse(f"{request.method} {request.url.path} {len(body)} {request.client.host}")  # type: ignore[union-attr]


class Quick(StrictProtocol):
    """The same with a test's patience."""

    head_seconds, body_seconds = 0.4, 0.8


@contextmanager
def listening(**options: object) -> Iterator[int]:
    """Our way of listening, on a port of loopback."""
    app = OneReading(Starlette(routes=[Route("/{rest:path}", _echo, methods=["GET", "POST"])]))
    port = free_port()
    chosen = {"proxy_headers": False, **options}
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", http=Quick, **chosen))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started)
        yield port
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening() as found:
        yield found


def said(port: int, sent: bytes, seconds: float = 5) -> bytes:
    """Everything the server says to these bytes until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as one:
        heard = b""
        with suppress(ConnectionError):  # it closed while we were still sending
            one.sendall(sent)
            while piece := one.recv(65536):
                heard += piece
        return heard


HEAD = b"POST /x HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        HEAD
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Host: evil.example\r\n\r\n",
        b"POST /x HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n",
        b"POST /x HTTP/1.1\r\nHost: localhost\r\nX: a\nContent-Length: 0\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\n",
        b"POST /x HTTP/1.1\r\nHost: localhost\r\nX: a\rContent-Length: 0\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n\r\nabcde",
        b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x5\r\n\r\nabcde",
        b"GET /x HTTP/1.1\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nZ\r\nabc\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;x=\ny\r\nabcde\r\n0\r\n\r\n",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused_and_the_connection_closed(port: int, sent: bytes) -> None:
    heard = said(port, sent)
    assert heard == b"" or heard.startswith(b"HTTP/1.1 400"), heard[:200]
    assert heard.count(b"HTTP/1.1") <= 1
    assert b"smuggled" not in heard


def test_a_second_request_on_the_same_connection_is_read_as_strictly(port: int) -> None:
    good = b"GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n"
    heard = said(port, good + b"GET /two HTTP/1.1\nHost: localhost\n\n")
    assert b"GET /one" in heard
    assert b"GET /two" not in heard
    assert (
        said(port, good + good.replace(b"one", b"two").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")).count(
            b"200"
        )
        == 2
    )


@pytest.mark.parametrize(
    "slowly",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab",
    ],
)
def test_nobody_holds_a_connection_by_sending_slowly(port: int, slowly: bytes) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
        one.sendall(slowly)
        closed = threading.Event()

        def trickle() -> None:  # a byte now and then does not begin the time anew
            while slowly and not closed.wait(0.1):
                try:
                    one.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            while one.recv(1000):
                pass
        except OSError:
            pass
        closed.set()
        thread.join()
    assert time.monotonic() - began < 15


def test_a_head_without_end_is_refused(port: int) -> None:
    heard = said(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000)
    assert heard == b"" or heard.startswith(b"HTTP/1.1 4")


def test_who_forwards_is_believed_only_where_it_is_a_proxy_of_ours() -> None:
    asked = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n"
    with listening() as alone:
        assert b" 127.0.0.1" in said(alone, asked)
    with listening(proxy_headers=True, forwarded_allow_ips=["127.0.0.0/8"]) as behind:
        assert b" 203.0.113.9" in said(behind, asked)
        lied = asked.replace(b"203.0.113.9", b"198.51.100.1, 203.0.113.9")  # the visitor's own word comes first
        assert b" 203.0.113.9" in said(behind, lied)
    with listening(proxy_headers=True, forwarded_allow_ips=["10.0.0.0/8"]) as elsewhere:
        assert b" 127.0.0.1" in said(elsewhere, asked)
    assert PortalSection(trusted_proxies=("10.0.0.1", "192.168.0.0/16")).trusted_proxies  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="trusted_proxies"):
        PortalSection(trusted_proxies=("nginx",))  # type: ignore[arg-type]


async def test_one_who_asks_too_often_keeps_nobody_else_out(installation: Installation, tmp_path: Path) -> None:
    portal = Portal(installation, tmp_path / "mail")
    async with portal.browser() as attacker, portal.browser() as tracker:
        for number in range(40):
            await ask(attacker, f"nobody-{number}@example.com")
        for _ in range(6):
            await ask(attacker, ADDRESSES["head"])
        assert (await ask(attacker, ADDRESSES["head"])).status_code == 429
        assert (await ask(tracker, ADDRESSES["tracker"])).status_code == 200  # from the same address
        (link,) = portal.links(ADDRESSES["tracker"])
        for _ in range(40):  # nor by opening links of his own invention
            await attacker.post("/vao/x", data={"token": token_of(await attacker.get("/vao"))})
        answer = await tracker.post(link, data={"token": token_of(await tracker.get(link))})
        assert answer.status_code == 303


def test_prefects_description_of_its_interface_is_built_once() -> None:
    made = subprocess.run(
        [sys.executable, "-c",
         "from operations.stack.serve_prefect import create_prefect\n"
         "app = create_prefect()\nassert app.openapi() is app.openapi()\nprint(len(app.openapi()['paths']))"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert int(made.stdout.splitlines()[-1]) > 50, made.stderr
