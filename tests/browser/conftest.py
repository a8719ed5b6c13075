"""One Chromium a session, and sites on real PostgreSQL for it to visit. Run by `make browser`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from installation import (  # noqa: F401  (fixtures)
    Databases,
    Installation,
    PostOffice,
    at,
    databases,
    installations,
    make_installation,
    post_office,
)
from playwright.sync_api import Browser, sync_playwright
from served import WAYS, Site, elsewhere, make_site, served
from servers import postgres, stack  # noqa: F401  (fixtures)

from flows.collect import collect
from tasks.config.loading import load_rules, read_plan_file
from tasks.config.run_context import own_engine as process_engine
from tasks.config.settings import HOME

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium(postgres: Any) -> Iterator[Browser]:  # noqa: ARG001, F811  (the server starts before Playwright's loop)
    """Debian's browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """How somebody comes; a test that asks for it is walked in every way."""
    return str(request.param)


@pytest.fixture
def site(chromium: Browser, make_installation: Callable[..., Installation], tmp_path: Path) -> Iterator[Site]:  # noqa: F811
    """The small plan, looked at until 22/03/2024 and its mail sent."""
    made, port = make_site(make_installation(), tmp_path / "mail", chromium)
    made.morning(at("2024-03-22"))
    with served(made.portal, port):
        yield made
        made.close()


@pytest.fixture(scope="session")
def whole_year(
    chromium: Browser,
    databases: Databases,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """The whole plan of 2024 in the middle of its year, with answers of every kind and the index of its months."""
    rules = load_rules(HOME / "config")
    plan = read_plan_file(HOME / "config/plans/2024.yaml", rules.office)
    folder = tmp_path_factory.mktemp("year")
    office = PostOffice(folder / "mail")
    with pytest.MonkeyPatch.context() as patch, installations(databases, office, folder, patch) as make:
        made, port = make_site(make(plan), folder / "mail", chromium)
        for day in ("2024-03-22", "2024-04-02", "2024-06-20"):
            made.morning(at(day))
        shutil.copytree(HOME / "config/demo/figures/2024", made.installation.settings.figures / "2024")
        elsewhere(lambda: _answers(made.installation))
        elsewhere(lambda: collect.fn(plan.id, item="chi-so-phuc-vu", as_of=at("2024-06-20", "16:00")))
        made.morning(at("2024-06-21"))
        process_engine(made.installation.app_url).dispose()
        with served(made.portal, port):
            yield made
    office.stop()


@pytest.fixture
def year(whole_year: Site) -> Iterator[Site]:
    """That site for one test, which changes nothing in it."""
    yield whole_year
    whole_year.close()


def _answers(installation: Installation) -> None:
    """Some duties are handed in, some wait, some are stuck."""
    now = at("2024-06-20", "15:00")
    owed = [
        (name.partition("/")[2], state)
        for name, state in sorted(installation.states().items())
        if state["status"] in ("open", "overdue") and state["due"]
    ]
    for number, (name, state) in enumerate(owed[:24]):
        unit = "unit:hcqt"
        if number % 4 == 0:
            installation.act(
                name,
                "submit",
                now,
                unit,
                document=f"{60 + number}/BC-VP",
                note="Đã ban hành và gửi.",
                reason="Chờ ý kiến các đơn vị.",
            )
        elif number % 4 == 1:
            installation.act(
                name, "raise_difficulty", now, unit, reason="Chưa có số liệu của Sở Nội vụ.", note="Sở Nội vụ"
            )
        elif number % 4 == 2 and state["due"] > "2024-06-20":
            installation.act(
                name, "extend_request", now, unit, reason="Chờ ý kiến Sở Tư pháp.", until=at("2024-07-31").date()
            )
