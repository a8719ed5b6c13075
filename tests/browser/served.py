"""A portal served over HTTP from a thread, and a real browser's way of looking at it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from installation import Installation
from office_portal import ADDRESSES, Portal
from playwright.sync_api import Browser, BrowserContext, Page, Response
from servers import eventually, free_port
from starlette.applications import Starlette

from tasks.runs.sweep import send_mail
from tasks.store.settle import check_occurrences

Answer = TypeVar("Answer")
SHOTS = os.environ.get("DONDOC_SCREENSHOTS", "")  # a folder for pictures of every page looked at
_AXE = Axe()

# How people come: a desk, a phone, a browser that runs no script.
WAYS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "without-script": {"viewport": {"width": 1280, "height": 900}, "java_script_enabled": False},
}


def elsewhere(work: Callable[[], Answer]) -> Answer:
    """`work` done in a thread: Playwright's own loop runs in this one, and sending mail starts another."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def served(portal: Portal, port: int) -> AbstractContextManager[None]:
    """The portal answers on that port of loopback."""
    return serving(portal.app, port)


@contextmanager
def serving(app: Starlette, port: int) -> Iterator[None]:
    """An application answers on that port of loopback."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", server_header=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Site:
    """A served portal and the browsers that visit it. Everything a page complained of is kept in `complaints`."""

    portal: Portal
    browser: Browser
    way: str = "desktop"
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    _opened: dict[str, int] = field(default_factory=dict)
    _kept: dict[str, Any] = field(default_factory=dict)

    @property
    def installation(self) -> Installation:
        return self.portal.installation

    def new_context(self, way: str = "", **options: Any) -> BrowserContext:
        """A browser of somebody's own."""
        chosen = {**WAYS[way or self.way], "locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh", **options}
        context = self.browser.new_context(base_url=self.portal.public_url, **chosen)
        context.set_default_timeout(10_000)
        context.on("page", self._listen)
        self.contexts.append(context)
        return context

    def new_page(self, way: str = "", **options: Any) -> Page:
        """An empty page of a browser of its own."""
        return self.new_context(way, **options).new_page()

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", self._answered)
        page.on(
            "console",
            lambda said: (
                self.complaints.append(said.text)
                if said.type in ("error", "warning") and "status of" not in said.text
                else None
            ),
        )

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} {response.url}")

    def morning(self, now: datetime) -> None:
        """Everything due is looked at and its mail sent; it is that time from now on."""
        installation = self.installation
        check_occurrences(installation.engine, installation.rules, installation.plan.id, now)
        elsewhere(lambda: send_mail.fn(installation.morning(now)))
        self.portal.now = now.replace(hour=9)

    def sign_in(self, role: str, page: Page) -> None:
        """By the mailed link, as everybody does."""
        page.goto("/vao")
        page.get_by_label("Địa chỉ thư điện tử").fill(ADDRESSES[role])
        page.get_by_role("button", name="Gửi liên kết đăng nhập").click()
        page.goto(self.last_link(role))
        page.get_by_role("button", name="Đăng nhập").click()

    def signed_in(self, role: str, way: str = "") -> Page:
        """A page of a browser that has signed in as that role; after the first time by what that browser kept."""
        if role not in self._kept:
            page = self.new_page(way)
            self.sign_in(role, page)
            page.wait_for_url("**/bang")
            self._kept[role] = page.context.storage_state()
            return page
        return self.new_page(way, storage_state=self._kept[role])

    def seen(self, page: Page, name: str, axe: bool | None = None) -> None:
        """What holds for every page: nothing is wider than the window, and axe finds nothing; at the desk in dark too.

        axe is asked at the desk unless told otherwise; it is a script, so it sees no page of a browser without.
        """
        name = f"{self.way}-{name}"
        picture(page, name)
        # Not innerWidth: a phone zooms out until what is too wide fits.
        width, window = page.evaluate("document.documentElement.scrollWidth"), (page.viewport_size or {})["width"]
        if width > window:
            self.complaints.append(f"{name}: {width} px wide in a window of {window} px")
        if not (self.way == "desktop" if axe is None else axe):
            return
        self._faultless(page, f"{name}, light", {})
        if self.way == "desktop":
            page.emulate_media(color_scheme="dark")
            self._faultless(page, f"{name}, dark", {"runOnly": ["color-contrast"]})
            page.emulate_media(color_scheme="light")

    def _faultless(self, page: Page, name: str, rules: dict[str, Any]) -> None:
        found = _AXE.run(page, options={**rules, "resultTypes": ["violations"]}).response["violations"]
        self.complaints += [
            f"{name}: {fault['help']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for fault in found
            for node in fault["nodes"]
        ]

    def last_link(self, role: str) -> str:
        """The sign-in link just mailed to that role, once it is there; it is mailed after the page was answered."""
        links = eventually(lambda: self.portal.links(ADDRESSES[role])[self._opened.get(role, 0) :])
        self._opened[role] = self._opened.get(role, 0) + len(links)
        return links[-1]

    def close(self) -> None:
        """No visitor is left, and none complained."""
        for context in self.contexts:
            context.close()
        said = list(self.complaints)
        self.contexts.clear()
        self.complaints.clear()
        assert said == [], "\n".join(said)


def make_site(installation: Installation, mail: Path, browser: Browser) -> tuple[Site, int]:
    """The site of an installation whose mails link to it, and its port."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    portal = Portal(installation, mail, public_url=url)
    installation.settings = replace(installation.settings, base_url=url, link_secret=portal.secret)
    return Site(portal, browser), port


def picture(page: Page, name: str) -> None:
    """A picture of the whole page, where somebody wants to look at it."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)
