"""The board over HTTP on a real PostgreSQL: with 5,000 occurrences against 50, and against reading the bare rows.

*Changed*: the ledger has grown since the last look, so every row is read again. *Unchanged*: it has not. Both plans
stand in one database behind one portal and take turns. The bare side reads the same rows through the driver alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import httpx
import psycopg
import sqlalchemy as sa
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.installation import installation
from bench.pairs import medians
from dondoc.ledger.ledger import Draft
from dondoc.plan.plan import Plan
from operations.stack.databases import DatabaseUrls
from portal.office.board_pages import board_routes
from portal.office.boards import Boards
from portal.shell.banner import Banner
from portal.shell.page_context import PageContext
from portal.shell.pages import Pages
from portal.shell.security_headers import Guard
from portal.shell.settings import PortalSettings
from portal.shell.visitors import Visitor, current
from tasks.config.loading import load_rules, read_plan_file
from tasks.config.settings import HOME, read_settings
from tasks.store import tables
from tasks.store.chain import append, appending
from tasks.store.connect import engine
from tasks.store.plans import adopt

SIZES = (5000, 50)
ROUNDS = 11
HEAVIEST = 50_000
NOW = datetime(2024, 6, 21, 2, tzinfo=UTC)
BARE = "SELECT * FROM occurrence WHERE plan = %s ORDER BY ordinal"


class SignedIn:
    """ASGI middleware: whoever asks is the head of the office; signing in is not measured."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as to the head."""
        head = frozenset({"head"})
        current.set(Visitor(head, head, titles="Chánh Văn phòng", session="bench"))
        await self._app(scope, receive, send)


def run() -> list[tuple[str, float]]:
    """(label, ratio) rows."""
    with installation() as (_, urls):
        store = engine(urls.app)
        try:
            plans = _adopt(store, urls)
            with (
                _portal(store, urls) as base,
                psycopg.connect(urls.app, autocommit=True) as driver,
                httpx.Client(base_url=base, timeout=60) as browser,
            ):
                return _ratios(store, browser, driver, plans)
        finally:
            store.dispose()


def _ratios(
    store: sa.Engine, browser: httpx.Client, driver: psycopg.Connection, plans: tuple[Plan, ...]
) -> list[tuple[str, float]]:
    def look(plan: Plan) -> None:
        answer = browser.get("/bang", params={"plan": plan.id})
        if answer.status_code != 200 or len(answer.content) > HEAVIEST:
            raise RuntimeError(f"the board of {plan.id}: status {answer.status_code}, {len(answer.content)} bytes")

    def grow() -> None:
        with appending(store) as connection:
            append(connection, NOW, [Draft("notice.withheld", plans[0].id, None, "bench", {})])

    def bare(plan: Plan) -> None:
        driver.execute(BARE, [plan.id]).fetchall()

    many, few = plans
    taken = medians(
        (
            grow,
            lambda: look(many),
            lambda: look(few),
            lambda: look(many),
            lambda: look(few),
            lambda: bare(many),
            lambda: bare(few),
        ),
        ROUNDS,
    )
    _, changed_many, changed_few, unchanged_many, unchanged_few, bare_many, bare_few = taken
    return [
        ("5000 occurrences / 50, ledger unchanged", unchanged_many / unchanged_few),
        ("5000 occurrences / 50, ledger changed", changed_many / changed_few),
        ("reading 5000 bare rows / 50, the driver alone", bare_many / bare_few),
        ("5000 occurrences, ledger changed / reading those bare rows", changed_many / bare_many),
    ]


def _adopt(store: sa.Engine, urls: DatabaseUrls) -> tuple[Plan, ...]:
    """The real plan twice, cut or copied to each size; made by the owner: no flow may do that to a register."""
    rules = load_rules(HOME / "config")
    real = read_plan_file(HOME / "config" / "plans" / "2024.yaml", rules.office)
    plans = tuple(replace(real, family=f"{real.family}-{size}") for size in SIZES)
    o = tables.occurrence
    owner = engine(urls.owner)
    try:
        for plan, size in zip(plans, SIZES, strict=True):
            adopt(store, plan, rules.policy, rules.calendar, NOW, "bench")
            with owner.begin() as connection:
                connection.execute(o.delete().where(o.c.plan == plan.id, o.c.ordinal >= size))
                rows = connection.execute(sa.select(o).where(o.c.plan == plan.id).order_by(o.c.ordinal)).mappings()
                found = [dict(row) for row in rows]
                copies = [
                    {**found[n % len(found)], "id": f"{found[n % len(found)]['id']}.{n}", "ordinal": n}
                    for n in range(len(found), size)
                ]
                if copies:
                    connection.execute(o.insert(), copies)
    finally:
        owner.dispose()
    return plans


@contextmanager
def _portal(store: sa.Engine, urls: DatabaseUrls) -> Iterator[str]:
    behind = read_settings({"DONDOC_STORE_URL": urls.app})
    settings = PortalSettings(Path("none"), "", installation=behind, secret="b" * 40, now=lambda: NOW, engine=store)
    pages = Pages(settings)
    context = PageContext(settings, behind)
    pages.provide(sign_out_token=lambda _visitor: "", mailbox_open=lambda: False, banner=Banner(settings, context))
    app = Starlette(
        routes=board_routes(context, pages, Boards(context)), middleware=[Middleware(Guard), Middleware(SignedIn)]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = Thread(target=server.run)
    thread.start()
    try:
        deadline = monotonic() + 20
        while not server.started:
            if monotonic() > deadline or not thread.is_alive():
                raise RuntimeError("the benchmark's portal did not start")
            sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
