"""Prefect's run list through the front, signed in, against the same list asked of Prefect itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from http.cookies import SimpleCookie

import httpx
from starlette.responses import Response

from bench.installation import installation
from bench.pairs import medians
from operations.installation import background_children as background
from operations.stack import children, services
from portal.shell.secret import link_secret
from portal.shell.settings import PortalSettings as PortalSettings
from portal.shell.visitors import COOKIE, Visitors
from tasks.config.loading import load_rules
from tasks.config.settings import HOME, Settings, read_settings

RUNS = 200
ROUNDS = 40


def run() -> list[tuple[str, float]]:
    """(label, ratio) rows."""
    with installation() as (stack, urls):
        services.up(stack)
        environ = {"DONDOC_CONFIG": str(HOME / "config"), "DONDOC_VAR": str(stack.root), "DONDOC_STORE_URL": urls.app}
        settings = read_settings({**os.environ, **environ})
        (front,) = (child for child in background(stack, settings) if child.name == "front")
        children.start_child(stack, front)
        cookie = _signed_in(settings, link_secret(front.environment, stack.root))
        user, _, password = stack.prefect_auth_string.partition(":")
        with (
            httpx.Client(base_url=stack.prefect_url, auth=(user, password), trust_env=False) as direct,
            httpx.Client(
                base_url=stack.front_url, cookies={COOKIE: cookie}, headers={"origin": stack.front_url}, trust_env=False
            ) as fronted,
        ):
            _fill(direct)
            rows = []
            for label, ask in (
                (f"a list of {RUNS} runs", _runs),
                ("one run", _one(direct)),
                ("a page's script", _script(direct)),
            ):
                ours, theirs = medians((partial(ask, fronted), partial(ask, direct)), ROUNDS)
                rows.append((f"{label}, through the front / from Prefect", ours / theirs))
            return rows


def _signed_in(settings: Settings, secret: str) -> str:
    """The cookie of an auditor's session."""
    address = load_rules(settings.config).office.address("role:auditor") or ""
    answer = Response()
    Visitors(PortalSettings(settings.var, "", installation=settings, secret=secret)).sign_in(answer, address)
    return SimpleCookie(answer.headers["set-cookie"])[COOKIE].value


def _fill(prefect: httpx.Client) -> None:
    flow = prefect.post("/api/flows/", json={"name": "bench"}).json()["id"]
    for number in range(RUNS):
        found = prefect.post("/api/flow_runs/", json={"flow_id": flow, "name": f"2024-03-22 · {number}"})
        found.raise_for_status()


def _runs(client: httpx.Client) -> None:
    found = client.post("/api/flow_runs/filter", json={"limit": RUNS, "sort": "NAME_ASC"})
    assert len(found.json()) == RUNS


def _one(prefect: httpx.Client) -> Callable[[httpx.Client], None]:
    path = "/api/flow_runs/" + prefect.post("/api/flow_runs/filter", json={"limit": 1}).json()[0]["id"]

    def ask(client: httpx.Client) -> None:
        client.get(path).raise_for_status()

    return ask


def _script(prefect: httpx.Client) -> Callable[[httpx.Client], None]:
    page = prefect.get("/v2/", headers={"accept": "text/html"}).text
    path = page.partition('<script type="module" crossorigin src="')[2].partition('"')[0]

    def ask(client: httpx.Client) -> None:
        client.get(path).raise_for_status()

    return ask
