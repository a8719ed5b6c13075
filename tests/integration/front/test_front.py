"""The front of Prefect, before an upstream that records what reaches it: who may what, and what the ledger keeps."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from httpx import ASGITransport, AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installation import Installation
from office_portal import ADDRESSES, Portal, token_of

from portal.front import front as front_module
from portal.front.calls import HIDDEN, OUTSIDE, PRIVATE, READS, decoded_path, kind_of
from portal.front.front import create_front
from portal.front.proxy import FRONT_POLICY, Upstream
from portal.front.record import MOST_REFUSALS
from portal.shell.permissions import ROLES
from portal.shell.settings import PortalSettings

FRONT = "http://127.0.0.1:8643"
HERE = {"origin": FRONT, "content-type": "application/json"}
RUN = "00000000-0000-4000-8000-000000000001"
DELETE = f"/api/flow_runs/{RUN}"


@dataclass
class Recorded:
    """An upstream: what it was asked, and what it answers."""

    asked: list[httpx.Request] = field(default_factory=list)
    answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200, json={"ok": True})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answer(request)
        if found.is_closed:  # made with its whole content; a real answer comes in pieces
            return httpx.Response(found.status_code, headers=found.headers, stream=httpx.ByteStream(found.content))
        return found


@dataclass
class Fronted:
    """A portal, the front beside it, and the upstream behind."""

    portal: Portal
    upstream: Recorded = field(default_factory=Recorded)

    def __post_init__(self) -> None:
        installation = self.portal.installation
        self.app = create_front(
            PortalSettings(
                self.portal.mail,
                FRONT,
                installation=installation.settings,
                public_url=self.portal.public_url,
                secret="s" * 40,
                now=lambda: self.portal.now,
                engine=installation.engine,
            ),
            Upstream("http://prefect.example", "ops:hidden", httpx.MockTransport(self.upstream)),
        )

    @asynccontextmanager
    async def browser(self, role: str = "") -> AsyncIterator[AsyncClient]:
        """A browser with that role's session, at the front."""
        async with self.portal.signed_in(role) as signed:
            transport = ASGITransport(self.app, raise_app_exceptions=False)
            async with AsyncClient(transport=transport, base_url=FRONT, cookies=signed.cookies) as client:
                yield client

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        return self.portal.installation.ledger(kind)


@pytest.fixture
def fronted(installation: Installation, tmp_path: Path) -> Fronted:
    return Fronted(Portal(installation, tmp_path / "mail"))


def calls(listed: str) -> list[tuple[str, str]]:
    rows = (line.split(" ") for line in listed.split("\n") if line)
    return [(method, "/api/" + path.replace("{}", RUN)) for method, path in rows]


async def test_nobody_gets_anything_but_the_way_to_the_sign_in(fronted: Fronted) -> None:
    async with fronted.browser() as browser:
        page = await browser.get("/runs/flow-run/x?tab=Logs")
        assert page.status_code == 303
        assert page.headers["location"] == "http://127.0.0.1:8642/vao?den=%2Fprefect%2Fruns%2Fflow-run%2Fx%3Ftab%3DLogs"
        for method, path in [*calls(READS), ("DELETE", DELETE), ("GET", "/api/health")]:
            assert (await browser.request(method, path, headers=HERE)).status_code == 401
        assert (await browser.get("/health")).text == "ok"
    assert fronted.upstream.asked == []
    assert fronted.ledger("access.refused") == []


async def test_signing_in_leads_back_to_the_page_that_was_wanted(fronted: Fronted) -> None:
    async with fronted.portal.signed_in("auditor") as browser:
        page = await browser.get("/prefect/v2/runs?start=2024-01-01T00:00:00.000Z")
    assert "url=http://prefect.example:4200/v2/runs?start=2024-01-01T00:00:00.000Z" in page.text
    async with fronted.portal.browser() as stranger:
        asked = await stranger.get("/prefect/runs")
        assert asked.headers["location"] == "/vao?den=%2Fprefect%2Fruns"


@pytest.mark.parametrize("role", ROLES)
async def test_every_role_may_look(fronted: Fronted, role: str) -> None:
    async with fronted.browser(role) as browser:
        for method, path in [("GET", "/"), ("HEAD", "/runs"), *calls(READS)]:
            assert (await browser.request(method, path, headers=HERE)).status_code == 200, (method, path)
    assert len(fronted.upstream.asked) == 2 + len(calls(READS))
    assert fronted.ledger("operator.called") == fronted.ledger("access.refused") == []


@pytest.mark.parametrize("role", [role for role in ROLES if role != "operator"])
async def test_nobody_but_the_operator_may_do_anything(fronted: Fronted, role: str) -> None:
    async with fronted.browser(role) as browser:
        for method, path in [*calls(HIDDEN), *calls(PRIVATE), *calls(OUTSIDE), ("DELETE", DELETE), ("POST", "/runs")]:
            answer = await browser.request(method, path, headers=HERE)
            assert answer.status_code == 403, (method, path)
    assert fronted.upstream.asked == []
    entry = fronted.ledger("access.refused")[-1]
    assert (entry["actor"], entry["plan"], entry["occurrence"]) == (f"role:{role}", "dondoc", None)
    assert entry["body"] == {"address": ADDRESSES[role], "method": "POST", "path": "/runs"}
    assert len(fronted.ledger("access.refused")) == len(calls(HIDDEN)) + len(calls(PRIVATE)) + len(calls(OUTSIDE)) + 2


async def test_refusals_cannot_flood_the_ledger(fronted: Fronted) -> None:
    async with fronted.browser("auditor") as browser:
        for _ in range(3):
            await browser.delete(DELETE, headers=HERE)
        assert len(fronted.ledger("access.refused")) == 1
        for number in range(MOST_REFUSALS + 20):
            await browser.delete(f"/api/flow_runs/{number}", headers=HERE)
    kept = fronted.ledger("access.refused")
    assert len(kept) == MOST_REFUSALS
    assert kept[-1]["body"]["more"] == "not recorded today"
    again = Fronted(fronted.portal)
    async with again.browser("auditor") as browser:
        assert (await browser.delete("/api/flow_runs/after-a-restart", headers=HERE)).status_code == 403
        assert len(again.ledger("access.refused")) == MOST_REFUSALS
    fronted.portal.later(days=1)
    async with fronted.browser("auditor") as browser:
        await browser.delete(DELETE, headers=HERE)
    assert len(fronted.ledger("access.refused")) == MOST_REFUSALS + 1


async def test_an_act_of_the_operator_is_in_the_ledger_before_prefect_hears_of_it(fronted: Fronted) -> None:
    before: list[int] = []

    def answer(_request: httpx.Request) -> httpx.Response:
        before.append(len(fronted.ledger("operator.called")))
        return httpx.Response(201, json={"status": "ACCEPT"})

    fronted.upstream.answer = answer
    content = '{"state": {"type": "CANCELLED"}}'
    path = f"/api/flow_runs/{RUN}/set_state"
    async with fronted.browser("operator") as browser:
        answered = await browser.post(path + "?force=1", content=content, headers=HERE)
    assert (answered.status_code, answered.json(), before) == (201, {"status": "ACCEPT"}, [1])
    (called,), (heard,) = fronted.ledger("operator.called"), fronted.ledger("operator.answered")
    assert called["actor"] == heard["actor"] == "role:operator"
    assert called["body"] == {
        "address": ADDRESSES["operator"], "method": "POST", "path": path, "query": "force=1", "copy": content,
        "size": len(content), "sha256": hashlib.sha256(content.encode()).hexdigest(),
    }  # fmt: skip
    assert heard["body"] == {"call": called["seq"], "status": 201}


async def test_a_secret_is_passed_on_and_only_its_hash_is_kept(fronted: Fronted) -> None:
    content = '{"name": "x", "value": "hunter2-hunter2"}'
    async with fronted.browser("operator") as browser:
        await browser.post("/api/variables/", content=content, headers=HERE)
    assert fronted.upstream.asked[-1].content.decode() == content
    (called,) = fronted.ledger("operator.called")
    assert "copy" not in called["body"]
    assert "hunter2" not in json.dumps(called)


async def test_the_operator_looks_without_a_trace_and_outside_calls_are_nobodys(fronted: Fronted) -> None:
    async with fronted.browser("operator") as browser:
        for method, path in [*calls(READS), *calls(HIDDEN), *calls(PRIVATE)]:
            assert (await browser.request(method, path, headers=HERE)).status_code == 200
        assert fronted.ledger("operator.called") == []
        passed = len(fronted.upstream.asked)
        for method, path in calls(OUTSIDE):
            assert (await browser.request(method, path, headers=HERE)).status_code == 403
    assert len(fronted.upstream.asked) == passed


async def test_an_act_that_cannot_be_recorded_is_not_done(
    fronted: Fronted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with fronted.browser("operator") as browser:
        monkeypatch.setattr("portal.front.record.append", _unwritable)
        answer = await browser.delete(DELETE, headers=HERE)
    assert answer.status_code == 503
    assert fronted.upstream.asked == []
    assert "could not be recorded" in caplog.text


def _unwritable(*_given: Any) -> None:
    from dondoc.foundation.errors import LedgerError

    raise LedgerError("the ledger takes nothing now")


async def test_an_act_without_an_answer_says_so(fronted: Fronted, caplog: pytest.LogCaptureFixture) -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer", request=request)

    fronted.upstream.answer = gone
    async with fronted.browser("operator") as browser:
        assert (await browser.delete(DELETE, headers=HERE)).status_code == 503
    (heard,) = fronted.ledger("operator.answered")
    assert heard["body"]["status"] is None
    assert "did not answer" in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1:8642"},  # the portal itself is another origin
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8643.evil.example"},
        {"origin": "http://[::1"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
    ],
)
async def test_another_site_cannot_use_the_operators_session(fronted: Fronted, headers: dict[str, str]) -> None:
    async with fronted.browser("operator") as browser:
        given = {**headers, "content-type": "application/json"}
        assert (await browser.delete(DELETE, headers=given)).status_code == 403
        assert (await browser.post("/api/flows/filter", json={}, headers=given)).status_code == 403
        assert (await browser.get("/api/csrf-token", headers=given)).status_code == 403
    assert fronted.upstream.asked == []


async def test_a_form_of_another_kind_is_not_taken(fronted: Fronted) -> None:
    async with fronted.browser("operator") as browser:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"):
            answer = await browser.post("/api/flows/filter", content="{}", headers={**HERE, "content-type": kind})
            assert answer.status_code == 415
        large = await browser.post("/api/flows/filter", content=b" " * 2_000_001, headers=HERE)
        assert large.status_code == 413
    assert fronted.upstream.asked == []


async def test_a_slow_body_is_not_waited_for(fronted: Fronted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_module, "SLOWEST_BODY", 0.05)

    pieces: list[Any] = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> Any:
        return pieces.pop() if pieces else await asyncio.Event().wait()

    async with fronted.browser("operator") as browser:
        assert await raw(browser, fronted, "POST", b"/api/flows/filter", receive) == 413


async def raw(browser: AsyncClient, fronted: Fronted, method: str, path: bytes, receive: Any = None) -> int:
    """The status of a request as it comes off the wire: no client has tidied its path."""
    sent: list[Any] = []

    async def nothing_more() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = {"host": "127.0.0.1:8643", "cookie": cookie, **HERE}
    scope = {
        "type": "http", "method": method, "path": unquote(path.decode("latin-1")), "raw_path": path,
        "query_string": b"", "headers": [(k.encode(), v.encode()) for k, v in headers.items()], "scheme": "http",
        "root_path": "", "server": ("127.0.0.1", 8643), "client": ("127.0.0.1", 1), "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }  # fmt: skip
    await fronted.app(scope, receive or nothing_more, send)
    return int(sent[0]["status"])


async def test_prefect_gets_our_password_and_neither_cookie_nor_strange_headers(fronted: Fronted) -> None:
    async with fronted.browser("auditor") as browser:
        browser.cookies.set("prefect_ui_version", "v2")
        await browser.get(
            "/runs",
            headers={
                "authorization": "Basic x", "x-http-method-override": "DELETE", "x-forwarded-for": "1.2.3.4",
                "accept": "text/html", "connection": "keep-alive, x-secret", "x-secret": "1", "te": "trailers",
            },
        )  # fmt: skip
    (asked,) = fronted.upstream.asked
    assert asked.headers["authorization"] == "Basic b3BzOmhpZGRlbg=="
    assert asked.headers["cookie"] == "prefect_ui_version=v2"
    assert asked.headers["accept"] == "text/html"
    assert asked.headers["host"] == "prefect.example"
    assert {"x-http-method-override", "x-forwarded-for", "x-secret", "te"}.isdisjoint(asked.headers)


async def test_the_answer_comes_without_what_prefect_allows_everybody(fronted: Fronted) -> None:
    packed = gzip.compress(b'{"runs": []}')
    fronted.upstream.answer = lambda _: httpx.Response(
        200,
        stream=httpx.ByteStream(packed),
        headers={
            "content-type": "application/json", "content-encoding": "gzip", "content-length": str(len(packed)),
            "access-control-allow-origin": "*", "set-cookie": "a=b", "www-authenticate": "Basic", "server": "uvicorn",
            "content-security-policy": "default-src *", "cache-control": "public", "etag": '"1"',
        },
    )  # fmt: skip
    async with fronted.browser("auditor") as browser:
        answer = await browser.get("/api/version")
    assert answer.json() == {"runs": []}
    assert answer.headers["content-security-policy"] == FRONT_POLICY
    assert answer.headers["etag"] == '"1"'
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert {"access-control-allow-origin", "set-cookie", "www-authenticate", "server"}.isdisjoint(answer.headers)


@pytest.mark.parametrize(
    ("told", "passed"),
    [
        ("/v2/runs", "/v2/runs"),
        ("http://prefect.example/api/flows/", "/api/flows/"),
        ("http://evil.example/", None),
        ("//evil.example/", None),
        ("/\\evil.example/", None),
        ("http://prefect.example.evil.example/", None),
    ],
)
async def test_prefect_leads_nowhere_else(fronted: Fronted, told: str, passed: str | None) -> None:
    fronted.upstream.answer = lambda _: httpx.Response(307, headers={"location": told})
    async with fronted.browser("auditor") as browser:
        answer = await browser.get("/")
    assert (answer.status_code, answer.headers.get("location")) == (307, passed)


async def test_the_pages_are_told_that_no_password_is_needed(fronted: Fronted) -> None:
    fronted.upstream.answer = lambda _: httpx.Response(200, json={"auth": "BASIC", "api_url": "/api"})
    async with fronted.browser("auditor") as browser:
        assert (await browser.get("/ui-settings")).json() == {"auth": None, "api_url": "/api"}


async def test_a_password_that_prefect_refuses_is_our_fault(fronted: Fronted, caplog: pytest.LogCaptureFixture) -> None:
    fronted.upstream.answer = lambda _: httpx.Response(401, headers={"www-authenticate": "Basic"})
    async with fronted.browser("auditor") as browser:
        for path in ("/api/version", "/ui-settings"):
            assert (await browser.get(path)).status_code == 503
    assert "hidden" not in caplog.text


async def test_only_files_named_by_their_content_are_kept_by_the_browser(fronted: Fronted) -> None:
    async with fronted.browser("auditor") as browser:
        assert "max-age" in (await browser.get("/v2/assets/admin-Ct-sC3V2.js")).headers["cache-control"]
        for path in ("/assets/index.css", "/", "/api/version"):
            assert (await browser.get(path)).headers["cache-control"] == "no-store"


async def test_no_socket_is_passed_on(fronted: Fronted) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/api/events/out", "raw_path": b"/api/events/out", "root_path": "",
             "query_string": b"", "headers": [(b"host", b"127.0.0.1:8643")], "subprotocols": []}  # fmt: skip
    await fronted.app(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]
    async with fronted.browser("operator") as browser:
        upgraded = {**HERE, "upgrade": "websocket", "connection": "upgrade"}
        assert (await browser.get("/api/events/out", headers=upgraded)).status_code == 403
    assert fronted.upstream.asked == []


async def test_another_host_name_is_not_ours(fronted: Fronted) -> None:
    async with fronted.browser("auditor") as browser:
        assert (await browser.get("/", headers={"host": "prefect.evil.example"})).status_code == 421
    assert fronted.upstream.asked == []


PIECES = ["api", "flow_runs", "filter", "flows", RUN, "set_state", "..", ".", "", "%2e%2e", "%2F", "%252e", "v2",
          "deployments", "create_flow_run", "block_documents", "variables", "API", "x;y", "%5c", "%00", "Đ", "%C4%90", "\\", "count",
          "work_pools", "queues", "get_scheduled_flow_runs", "?a=b", "#", "ui-settings"]  # fmt: skip


METHODS = [*["GET", "POST"] * 4, "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post"]


def strange_paths() -> st.SearchStrategy[str]:
    """Paths of pieces that mean something to somebody."""
    starts = st.sampled_from(["/", "/api/", "//", "/./", "/api/%2e/"])
    return st.builds(
        lambda start, pieces: start + "/".join(pieces), starts, st.lists(st.sampled_from(PIECES), max_size=6)
    )


def near_paths() -> st.SearchStrategy[str]:
    """Paths that may be called, and what comes near them."""
    known = st.sampled_from([path for listed in (READS, HIDDEN, PRIVATE) for _, path in calls(listed)])
    ends = st.sampled_from(["", "", "", "/", "//", "/..", "/%2e%2e/set_state", "?x=1", "%00", "/filter", "%2f.."])
    return st.builds(lambda path, end: path + end, known, ends)


async def test_whatever_a_reader_sends_only_reads_reach_prefect(fronted: Fronted) -> None:
    async with fronted.browser("auditor") as browser:
        loop = asyncio.get_running_loop()

        def ask(method: str, path: bytes) -> None:
            asyncio.run_coroutine_threadsafe(raw(browser, fronted, method, path), loop).result(20)

        @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(st.sampled_from(METHODS), st.one_of(strange_paths(), near_paths()))
        def send(method: str, path: str) -> None:
            ask(method, path.encode())

        await asyncio.to_thread(send)
    assert len({str(asked.url) for asked in fronted.upstream.asked}) > 5
    for asked in fronted.upstream.asked:
        path = decoded_path(asked.url.raw_path.partition(b"?")[0])
        assert path is not None
        assert kind_of(asked.method, path) in ("page", "read"), asked.url
    assert len(fronted.ledger("access.refused")) <= MOST_REFUSALS


async def test_signing_out_at_the_portal_is_signing_out_here(fronted: Fronted) -> None:
    async with fronted.portal.signed_in("auditor") as signed:
        cookies = dict(signed.cookies)
        transport = ASGITransport(fronted.app)
        async with AsyncClient(transport=transport, base_url=FRONT, cookies=cookies) as browser:
            assert (await browser.get("/")).status_code == 200
            await signed.post("/ra", data={"token": token_of(await signed.get("/bang"))})
            assert (await browser.get("/")).status_code == 303
