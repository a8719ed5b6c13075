"""Every call that Prefect's own description lists is judged; what is in no list changes something."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.routing import Mount

from portal.front.calls import HIDDEN, OUTSIDE, PRIVATE, READS, decoded_path, encoded, kind_of
from portal.front.proxy import ui_version
from portal.front.record import copied

SAMPLE = "00000000-0000-4000-8000-000000000000"
LISTED = [line for listed in (READS, HIDDEN, PRIVATE, OUTSIDE) for line in listed.split("\n") if line]


@pytest.fixture(scope="module")
def described() -> list[tuple[str, str]]:
    """(method, path) of every call that this Prefect takes, its path with `{}` for what varies."""
    from prefect.server.api.server import create_app  # seconds: only where it is asked for

    mounted = next(r for r in create_app(ephemeral=True).routes if isinstance(r, Mount) and r.path == "/api")
    api: Any = mounted.app
    return [
        (method.upper(), "/".join("{}" if part.startswith("{") else part for part in path[1:].split("/")))
        for path, methods in api.openapi()["paths"].items()
        for method in methods
    ]


def test_every_listed_call_exists_and_is_listed_once(described: list[tuple[str, str]]) -> None:
    assert {tuple(line.split(" ")) for line in LISTED} - set(described) == set()
    assert [line for line, number in Counter(LISTED).items() if number > 1] == []


def test_what_prefect_describes_and_no_list_names_is_an_act(described: list[tuple[str, str]]) -> None:
    assert len(described) > 150
    for method, path in described:
        kind = kind_of(method, "/api/" + path.replace("{}", SAMPLE))
        assert (kind == "act") == (f"{method} {path}" not in LISTED), (method, path, kind)


def test_nothing_that_writes_is_listed(described: list[tuple[str, str]]) -> None:
    ends = ("filter", "count", "paginate", "history", "lateness", "counts", "next-runs", "count-task-runs",
            "count-deployments", "concurrency_status", "validate", "count-by/{}")  # fmt: skip
    for method, path in described:
        if kind_of(method, "/api/" + path.replace("{}", SAMPLE)) != "act":
            assert method == "GET" or (method == "POST" and path.endswith(ends)), (method, path)


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "POST "])
def test_another_method_is_nobodys(method: str) -> None:
    assert kind_of(method, "/api/flows/filter") is None


def test_a_page_is_only_read() -> None:
    assert kind_of("GET", "/runs") == kind_of("HEAD", "/") == "page"
    assert [kind_of(method, "/runs") for method in ("POST", "PUT", "PATCH", "DELETE")] == [None] * 4


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"api/flows", b"//api/flows", b"/api//flows", b"/api/../api/flows", b"/api/./flows", b"/api/%2e%2e/flows",
        b"/api/%2E/flows", b"/api%2fflows", b"/api/flows%5cfilter", b"/api\\flows", b"/api/%252e%252e/x", b"/api/%00",
        b"/api/flows%0d%0aHost:x", b"/api/%ff", b"/api/%c0%ae%c0%ae/x", b"/api/flows%3fx=1", b"/api/flows%23x", b"/a%",
        b"/api/..", b"/api/%2e.", b"/api/\x85",
    ],
)  # fmt: skip
def test_a_path_that_two_readers_could_read_differently_is_nobodys(raw: bytes) -> None:
    assert decoded_path(raw) is None


def test_names_in_paths_are_read_as_prefect_reads_them() -> None:
    name = "/api/flows/name/II.1.a · Kế hoạch"
    assert decoded_path(encoded(name).encode()) == name
    assert kind_of("GET", name) == "read"


@given(st.binary(max_size=60).map(lambda tail: b"/" + tail))
@example(b"/api/flows/%C4%90")
def test_a_plain_path_is_sent_as_it_was_judged(raw: bytes) -> None:
    path = decoded_path(raw)
    if path is not None:
        assert decoded_path(encoded(path).encode("ascii")) == path


@pytest.mark.parametrize("path", ["/API/flows/filter", "/Api/x", "/apis", "/api;x/flows", "/v2/api/flows"])
def test_a_path_that_only_resembles_the_interface_is_a_page(path: str) -> None:
    assert kind_of("GET", path) == "page"
    assert kind_of("POST", path) is None


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/flows/filter/", "/api/flows/Filter", "/api/flows/filter/x"])
def test_a_path_that_only_resembles_a_read_is_an_act(path: str) -> None:
    assert kind_of("POST", path) == "act"


def test_a_body_is_kept_unless_it_could_hold_a_secret() -> None:
    assert copied("/api/flow_runs/x/set_state", b'{"state":{"type":"CANCELLED"}}') == '{"state":{"type":"CANCELLED"}}'
    for path, content in [
        ("/api/block_documents/", b'{"a":1}'),
        ("/api/variables/", b'{"name":"x","value":"y"}'),
        ("/api/work_pools/dondoc", b"{}"),
        ("/api/deployments/x/create_flow_run", b'{"parameters":{"Password":"x"}}'),
        ("/api/deployments/x/create_flow_run", b'{"job_variables":{"env":{"A":"b"}}}'),
        ("/api/flow_runs/", b"x" * 5000),
        ("/api/flow_runs/", b"\xff"),
        ("/api/flow_runs/", b""),
    ]:
        assert copied(path, content) is None


def test_only_the_choice_of_pages_is_read_from_a_cookie() -> None:
    assert ui_version("dondoc=abc; prefect_ui_version=v2") == "v2"
    assert ui_version("prefect_ui_version=v3") == ui_version("dondoc=abc") == ui_version("; ;=") == ""
