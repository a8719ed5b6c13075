"""Prefect's own pages behind the front, in a real browser on a real Prefect: who looks, who acts, and what stays inside."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from installation import Installation
from office_portal import ADDRESSES, Portal
from playwright.sync_api import Browser, BrowserContext, Page, expect
from served import Site, elsewhere, serving
from servers import free_port

from deployments.apply import apply
from deployments.worker import ensure_work_pool
from operations.stack import services
from operations.stack.databases import DatabaseUrls
from operations.stack.prefect_server import client_environment
from operations.stack.settings import Stack
from portal.front.calls import HIDDEN
from portal.front.front import create_front
from portal.front.proxy import Upstream
from portal.shell.settings import PortalSettings
from tasks.config.loading import words
from tasks.config.settings import HOME

PATIENCE = 60_000.0  # milliseconds: megabytes of script on a busy machine
ARTIFACT = "II.1.a: đã nhắc, hạn 31/03/2024"


@dataclass
class Known:
    """What Prefect holds."""

    run: str
    flow: str
    deployment: str
    form: str
    artifact: str
    password: str


@pytest.fixture(scope="session")
def prefect(stack: Stack, postgres: DatabaseUrls) -> tuple[Stack, Known]:  # noqa: ARG001
    """A real Prefect with one finished run that has a log line and an artifact, and the deployments of our forms."""
    services.up(stack)
    return stack, elsewhere(lambda: _furnished(stack))


def _furnished(stack: Stack) -> Known:
    from datetime import UTC, datetime

    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import ArtifactCreate, LogCreate
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
    from prefect.states import Completed, Running

    from dondoc.schedule.deployments import own_deployments

    environment = client_environment(stack)
    known = {setting: environment[setting.name] for setting in (PREFECT_API_URL, PREFECT_API_AUTH_STRING)}
    with temporary_settings(known), get_client(sync_client=True) as client:
        ensure_work_pool()
        apply(
            client,
            list(
                own_deployments(words(HOME / "config"), "Asia/Ho_Chi_Minh", ("record", "record_event", "enter_figures"))
            ),
        )
        flow = client.create_flow_from_name("II.1.a · Kế hoạch cải cách hành chính")
        deployment = client.create_deployment(flow_id=flow, name="2024", work_pool_name="dondoc")
        run = client.create_flow_run_from_deployment(deployment, name="2024-03-22 · nhắc −5: 1")
        client.set_flow_run_state(run.id, Running(), force=True)
        client.set_flow_run_state(run.id, Completed(name="Đã nhắc"), force=True)
        line = LogCreate(
            name="dondoc", level=20, message="một nhiệm vụ đã được xem", timestamp=datetime.now(UTC), flow_run_id=run.id
        )
        client.create_logs([line])
        artifact = client.create_artifact(
            ArtifactCreate(key="ket-qua", type="markdown", data=f"# {ARTIFACT}", flow_run_id=run.id)
        )
        (form,) = [d for d in client.read_deployments() if d.entrypoint == "flows.record.record"]
        password = stack.prefect_auth_string.partition(":")[2]
        return Known(str(run.id), str(flow), str(deployment), str(form.id), str(artifact.id), password)


@dataclass
class Fronted:
    """The front's address, the portal beside it, and what its visitors' browsers tried outside."""

    site: Site
    url: str
    known: Known
    outside: list[str] = field(default_factory=list)

    def signed_in(self, role: str, **options: Any) -> Page:
        """A browser that wanted Prefect's run list, and is there after signing in."""
        context: BrowserContext = self.site.browser.new_context(viewport={"width": 1400, "height": 900}, **options)
        context.set_default_timeout(PATIENCE)
        self.site.contexts.append(context)
        page = context.new_page()
        page.on("request", lambda asked: self.outside.append(asked.url) if _is_outside(asked.url) else None)
        page.goto(f"{self.url}/runs")
        expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")
        page.get_by_label("Địa chỉ thư điện tử").fill(ADDRESSES[role])
        page.get_by_role("button", name="Gửi liên kết đăng nhập").click()
        page.goto(self.site.last_link(role))
        page.get_by_role("button", name="Đăng nhập").click()
        page.wait_for_url(f"{self.url}/runs*")
        return page

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        return self.site.installation.ledger(kind)


def _is_outside(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname != "127.0.0.1"


@pytest.fixture
def fronted(
    prefect: tuple[Stack, Known],
    chromium: Browser,
    make_installation: Callable[..., Installation],
    tmp_path: Path,
) -> Iterator[Fronted]:
    stack, known = prefect
    ports = free_port(), free_port()
    portal_url, url = (f"http://127.0.0.1:{port}" for port in ports)
    installation = make_installation()
    portal = Portal(installation, tmp_path / "mail", public_url=portal_url, prefect_url=url)
    installation.settings = replace(installation.settings, base_url=portal_url, link_secret=portal.secret)
    front = create_front(
        PortalSettings(
            tmp_path / "mail",
            url,
            installation=installation.settings,
            public_url=portal_url,
            secret=portal.secret,
            now=lambda: portal.now,
            engine=installation.engine,
        ),
        Upstream(stack.prefect_url, stack.prefect_auth_string),
    )
    made = Fronted(Site(portal, chromium), url, known)
    with serving(portal.app, ports[0]), serving(front, ports[1]):
        yield made
        made.site.close()


# Where an auditor looks, and what must be there to read.
PAGES = {
    "/runs": "2024-03-22 · nhắc −5: 1",
    "/runs/flow-run/{run}": "Đã nhắc",
    "/flows": "II.1.a · Kế hoạch cải cách hành chính",
    "/flows/flow/{flow}": "2024-03-22 · nhắc −5: 1",
    "/deployments": "II.1.a · Kế hoạch cải cách hành chính",
    "/deployments/deployment/{deployment}": "II.1.a · Kế hoạch cải cách hành chính",
    "/work-pools": "dondoc",
    "/artifacts/artifact/{artifact}": ARTIFACT,
    "/v2/runs": "2024-03-22 · nhắc −5: 1",
    "/v2/runs/flow-run/{run}": "một nhiệm vụ đã được xem",
    "/v2/flows": "II.1.a · Kế hoạch cải cách hành chính",
    "/v2/deployments": "II.1.a · Kế hoạch cải cách hành chính",
    "/v2/deployments/deployment/{deployment}": "II.1.a · Kế hoạch cải cách hành chính",
}

BY_THEMSELVES = {f"/api/{line.partition(' ')[2]}" for line in HIDDEN.split("\n") if line}


def test_an_auditor_reads_the_pages_and_nothing_leaves_the_building(fronted: Fronted) -> None:
    with listening() as (proxy, heard):
        page = fronted.signed_in("auditor", proxy={"server": proxy, "bypass": "127.0.0.1"})
        for path, text in PAGES.items():
            page.goto(fronted.url + path.format(**vars(fronted.known)))
            expect(page.get_by_text(text).filter(visible=True).first).to_be_visible(timeout=PATIENCE)
        assert fronted.known.password not in page.evaluate("fetch('/api/admin/settings').then(found => found.text())")
    assert fronted.outside == []
    assert [line for line in heard if not CHROMES_OWN.search(line)] == []
    assert fronted.ledger("operator.called") == []
    refused = {entry["body"]["path"] for entry in fronted.ledger("access.refused")}
    assert refused <= BY_THEMSELVES, "what the pages ask by themselves and may hold secrets"


def test_without_the_policy_the_pages_would_have_called_outside(fronted: Fronted) -> None:
    with listening() as (proxy, heard):
        page = fronted.signed_in("auditor", proxy={"server": proxy, "bypass": "127.0.0.1"}, bypass_csp=True)
        with page.expect_request(re.compile("amplitude")):
            page.goto(f"{fronted.url}/v2/runs")
    assert any("amplitude" in url for url in fronted.outside)
    assert any("amplitude" in line for line in heard)


def test_an_auditors_delete_is_refused_and_recorded(fronted: Fronted) -> None:
    page = fronted.signed_in("auditor")
    page.goto(f"{fronted.url}/v2/runs/flow-run/{fronted.known.run}")
    expect(page.get_by_text("Đã nhắc").filter(visible=True).first).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name=re.compile("menu|actions|more", re.IGNORECASE)).last.click()
    page.get_by_role("menuitem", name="Delete").click()
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as refused:
        page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    assert refused.value.status == 403
    refusals = [entry for entry in fronted.ledger("access.refused") if entry["body"]["path"] not in BY_THEMSELVES]
    assert [(entry["actor"], entry["body"]["method"]) for entry in refusals] == [("role:auditor", "DELETE")]
    page.goto(f"{fronted.url}/v2/runs/flow-run/{fronted.known.run}")
    expect(page.get_by_text("Đã nhắc").filter(visible=True).first).to_be_visible(timeout=PATIENCE)


def test_the_operator_submits_our_form_and_the_ledger_says_who(fronted: Fronted) -> None:
    page = fronted.signed_in("operator")
    page.goto(f"{fronted.url}/deployments/deployment/{fronted.known.form}/run")
    expect(page.get_by_text("Kỳ thực hiện", exact=True)).to_be_visible(timeout=PATIENCE)
    fields = page.locator("textarea")
    fields.nth(0).fill("cchc-2024/ke-hoach/quy-mot/2024-Q1")
    page.locator(".p-select-button__control").first.press("Space")
    page.get_by_text("Nộp kết quả", exact=True).last.click()
    fields.nth(1).fill("Nguyễn Văn A, cán bộ vận hành")
    fields.nth(3).fill("77/BC-VP")
    with page.expect_response(re.compile("create_flow_run$")) as created:
        page.get_by_role("button", name="Submit").click()
    assert created.value.status == 201
    (called,), (answered,) = fronted.ledger("operator.called"), fronted.ledger("operator.answered")
    assert called["actor"] == "role:operator"
    assert '"act":"Nộp kết quả"' in called["body"]["copy"]
    assert answered["body"] == {"call": called["seq"], "status": 201}


# What Chromium asks of its maker by itself, whatever page is open.
CHROMES_OWN = re.compile(r"[/. ](googleapis\.com|google\.com|gvt1\.com)[:/ ]")


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A proxy that passes nothing on, and the first line of whatever reaches it: all that would leave this machine."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(300).partition(b"\r\n")[0].decode("latin-1"))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)
