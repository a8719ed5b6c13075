"""A portal over a test's installation, at a moment of the test's choosing, and browsers that sign in to it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from httpx import ASGITransport, AsyncClient, Response
from installation import CONFIG, Installation, at
from starlette.applications import Starlette

from dondoc.mail.links import sign
from dondoc.office.rules import Rules
from portal.answer.answering import Answering
from portal.app.application import create_app
from portal.shell.settings import PortalSettings
from tasks.config.loading import load_rules
from tasks.smtp.sender import Smtp
from tasks.store import tables

BASE = "http://127.0.0.1:8642"
ADDRESSES = {
    "tracker": "truong-hcqt@vpub.quangngai.example",
    "deputy": "pho-chanh-van-phong@vpub.quangngai.example",
    "head": "chanh-van-phong@vpub.quangngai.example",
    "operator": "van-hanh@vpub.quangngai.example",
    "auditor": "kiem-tra-thanh-tra@vpub.quangngai.example",
}
_TOKEN = re.compile(r'name="token" value="([^"]+)"')
_LINK = re.compile(r"https?://\S+/vao/\S+")


@dataclass
class Portal:
    """One portal with all its pages: `now` moves by hand."""

    installation: Installation
    mail: Path
    now: datetime = field(default_factory=lambda: at("2024-03-20", "09:00"))
    public_url: str = BASE
    prefect_url: str = "http://prefect.example:4200"
    smtp: Smtp | None = None
    secret: str = "s" * 40
    key: str = "k" * 40
    answering: Answering = field(init=False)
    app: Starlette = field(init=False)

    def __post_init__(self) -> None:
        behind = self.installation.settings
        if self.smtp:
            behind = replace(behind, smtp=self.smtp)
        behind = replace(behind, link_secret=self.secret, base_url=self.public_url)
        self.answering = Answering(behind, lambda: self.now)
        ours = self.installation.engine if behind.store_url == self.installation.app_url else None
        self.answering.engine = ours or self.answering.engine  # one pool, which the installation closes
        self.app = create_app(
            PortalSettings(
                self.mail,
                self.prefect_url,
                installation=behind,
                public_url=self.public_url,
                secret=self.secret,
                mailbox_key=self.key,
                now=lambda: self.now,
                engine=ours,
            ),
            self.answering,
        )

    @property
    def rules(self) -> Rules:
        return load_rules(CONFIG)

    def later(self, **time: float) -> None:
        """Time passes."""
        self.now += timedelta(**time)

    @asynccontextmanager
    async def browser(self, **headers: str) -> AsyncIterator[AsyncClient]:
        """A browser of its own, not signed in."""
        transport = ASGITransport(self.app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url=self.public_url, headers=headers) as client:
            yield client

    def links(self, address: str) -> list[str]:
        """Every sign-in link mailed to that address so far."""
        return _LINK.findall(self.installation.post.text(address))

    def token(self, occurrence: str, party: str, until: str = "2025-02-01") -> str:
        """What stands in a mail to that party about `item/obligation/period`."""
        return sign(self.secret, f"{self.installation.plan.id}/{occurrence}", party, at(until))

    @asynccontextmanager
    async def signed_in(self, role: str) -> AsyncIterator[AsyncClient]:
        """A browser signed in as that role, by its mailed link; "" is nobody."""
        async with self.browser() as client:
            if role:
                await ask(client, ADDRESSES[role])
                answer = await confirm(client, self.links(ADDRESSES[role])[-1])
                assert answer.status_code == 303, answer.text
            yield client


def token_of(page: Response) -> str:
    """The form token of a page (its last form's)."""
    return _TOKEN.findall(page.text)[-1]


async def ask(client: AsyncClient, address: str, **fields: str) -> Response:
    """Ask for a link."""
    token = token_of(await client.get("/vao"))
    return await client.post("/vao", data={"token": token, "address": address, **fields})


async def confirm(client: AsyncClient, link: str) -> Response:
    """Open a link and press its button."""
    return await client.post(link, data={"token": token_of(await client.get(link))})


async def form_of(client: AsyncClient, occurrence: str) -> dict[str, str]:
    """The hidden fields of an occurrence's forms."""
    page = await client.get(f"/ky/{occurrence}")
    return {"seq": re.findall(r'name="seq" value="(\d+)"', page.text)[0], "token": token_of(page)}


def enlarge(installation: Installation, rows: int) -> None:
    """As many occurrences as asked: copies of the plan's beside it, what a far larger register would weigh."""
    o = tables.occurrence
    with installation.engine.begin() as connection:
        found: list[dict[str, Any]] = [dict(row) for row in connection.execute(sa.select(o)).mappings()]
        copies = [
            {**found[n % len(found)], "id": f"{found[n % len(found)]['id']}.{n}", "ordinal": n}
            for n in range(len(found), rows)
        ]
        connection.execute(o.insert(), copies)
