"""Another account of the same machine: it reads nothing of ours, opens no mailbox, and has nothing run by our worker."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from installation import Installation
from office_portal import Portal
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate
from servers import eventually, new_stack

from deployments.apply import flow_function
from deployments.worker import WORK_POOL, ensure_work_pool
from operations.installation import background_children
from operations.stack import postgres as embedded
from operations.stack import services
from operations.stack.databases import database_urls, ensure_databases
from operations.stack.environment import EVERYTHING
from operations.stack.private import open_to_others
from operations.stack.settings import Stack
from portal.mailbox.key import mailbox_address
from tasks.config.sections import TrialSection
from tasks.config.settings import read_settings

NOBODY = 65534
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def closed_place() -> Iterator[Path]:
    """A folder like /root: nobody else may pass it."""
    place = Path(tempfile.mkdtemp(prefix="dondoc-closed-"))
    (place / "home").mkdir(mode=0o700)
    yield place / "home"
    shutil.rmtree(place)


def read_as_nobody(path: Path) -> int:
    """What `cat` says to another account; as an ordinary user the permission bits themselves are asked."""
    if not AS_ROOT:
        return 0 if path.stat().st_mode & 0o077 else 1
    return subprocess.run(["cat", path], user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True).returncode


def test_an_installation_that_stood_open_is_closed_by_up(closed_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = new_stack(closed_place / "var")
    for name in ("mail/2024-03-22/a@x", "files/ab", "log"):
        (here.root / name).mkdir(parents=True)
        (here.root / name).chmod(0o755)
    letter = here.root / "mail/2024-03-22/a@x/0001-1.eml"
    letter.write_text("a link that acts")
    for path in (here.root, letter):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert letter in set(open_to_others(here.root))
    monkeypatch.setattr(services, "_start_all", lambda *_: None)
    services.up(here)
    assert list(open_to_others(here.root)) == []
    assert stat.S_IMODE(here.root.stat().st_mode) == 0o700
    closed_place.chmod(0o755)  # even where the folder above is open
    assert read_as_nobody(letter) != 0


def test_postgresql_runs_where_nobody_may_pass_and_no_folder_is_opened_for_it(closed_place: Path) -> None:
    here = new_stack(closed_place / "var")
    here.create_directories()
    before = {folder: stat.S_IMODE(folder.stat().st_mode) for folder in here.data_directory.parents}
    embedded.start_postgres(here)
    try:
        with psycopg.connect(ensure_databases(here).app) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        server = embedded.find_postgres(here)
        assert server
        environment = server.process.environ()
        assert not [name for name in environment if name.startswith(("DONDOC_", "PREFECT_"))]
    finally:
        embedded.stop_postgres(here)
    assert {folder: stat.S_IMODE(folder.stat().st_mode) for folder in before} == before
    assert list(open_to_others(here.root)) == []


def test_nothing_of_a_running_stack_is_open_to_others(prefect_stack: Stack) -> None:
    assert list(open_to_others(prefect_stack.root)) == []


# --- the trial's mailbox -----------------------------------------------------------------------------------------

PAGES = ("/mail", "/mail/0", "/mail/0/raw", "/mail/0/html", "/mail/0/han.ics")


async def test_the_trial_mailbox_opens_by_its_address_alone(installation: Installation, tmp_path: Path) -> None:
    portal = Portal(installation, tmp_path / "mail")
    for headers in (
        {},
        {"x-forwarded-for": "127.0.0.1"},
        {"cookie": "dondoc-mailbox=1"},
        {"cookie": "dondoc-mailbox="},
    ):
        async with portal.browser(**headers) as browser:
            for page in PAGES:
                for token in ("", "?token=", "?token=x", f"?token={portal.key[:-1]}", f"?key={portal.key}"):
                    assert (await browser.get(page + token)).status_code == 403, (headers, page, token)
            assert "/mail" not in (await browser.get("/")).text
    async with portal.browser() as browser:
        opened = await browser.get(f"/mail?token={portal.key}")
        assert (opened.status_code, opened.headers["location"]) == (303, "/mail")
        assert "httponly" in opened.headers["set-cookie"].lower()
        assert portal.key not in opened.headers["set-cookie"]
        assert (await browser.get("/mail")).status_code == 200
        other = Portal(installation, tmp_path / "mail", key="another")
        async with other.browser(cookie=opened.headers["set-cookie"].partition(";")[0]) as with_old_cookie:
            assert (await with_old_cookie.get("/mail")).status_code == 403


async def test_a_host_name_opens_no_mailbox_and_a_portal_without_a_key_none(
    installation: Installation, tmp_path: Path
) -> None:
    named = replace(installation, settings=replace(installation.settings, portal_hosts=("dondoc.noibo",)))
    for portal in (Portal(named, tmp_path / "mail"), Portal(installation, tmp_path / "mail", key="")):
        async with portal.browser() as browser:
            for host in ("dondoc.noibo", "127.0.0.1", "localhost", "[::1]"):
                answer = await browser.get("/mail?token=", headers={"host": host})
                assert answer.status_code in (403, 421), host


async def test_once_it_is_live_the_key_opens_nothing_and_every_page_said_trial_before(
    installation: Installation, tmp_path: Path
) -> None:
    trial = Portal(installation, tmp_path / "mail")
    async with trial.browser() as browser:
        for page in ("/", "/vao", "/mail", f"/a/{trial.token('ke-hoach/quy-mot/2024-Q1', 'unit:hcqt')}", "/none"):
            assert "Đang chạy thử" in (await browser.get(page)).text, page
    live = replace(installation, settings=replace(installation.settings, trial=TrialSection(on=False)))
    portal = Portal(live, tmp_path / "mail")
    async with portal.browser() as browser:
        assert (await browser.get(f"/mail?token={portal.key}")).headers["location"].startswith("/vao")
        assert "Đang chạy thử" not in (await browser.get("/")).text


def test_the_key_is_made_once_and_its_file_is_ours_alone(tmp_path: Path) -> None:
    address = mailbox_address("http://127.0.0.1:1", tmp_path / "var")
    assert address == mailbox_address("http://127.0.0.1:1", tmp_path / "var")
    file = tmp_path / "var" / "secrets" / "mailbox"
    assert address.endswith(f"/mail?token={file.read_text().strip()}")
    assert len(file.read_text().strip()) > 40
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]


# --- the worker ----------------------------------------------------------------------------------------------------


@pytest.fixture
def client(prefect_settings: None) -> Iterator[SyncPrefectClient]:  # noqa: ARG001
    ensure_work_pool()
    with get_client(sync_client=True) as open_client:
        yield open_client


@pytest.mark.usefixtures("worker")
def test_the_worker_loads_no_file_that_somebody_wrote_into_a_deployment(
    client: SyncPrefectClient, tmp_path: Path
) -> None:
    marker, evil = tmp_path / "loaded", tmp_path / "evil.py"
    evil.write_text(
        f"import os, pathlib\npathlib.Path({str(marker)!r}).write_text(repr(dict(os.environ)))\n"
        "from prefect import flow\n@flow\ndef evil(): pass\n"
    )
    deployment = client.create_deployment(
        flow_id=client.create_flow_from_name("II.1.a"),
        name=uuid.uuid4().hex,
        entrypoint="flows.issue.issue",
        work_pool_name=WORK_POOL,
        tags=["dondoc"],
        enforce_parameter_schema=False,
    )
    for entrypoint in (f"{evil}:evil", "evil.evil", "os.system", "flows.issue.begin", "../flows/issue.py:issue", ""):
        client.update_deployment(deployment, DeploymentUpdate(entrypoint=entrypoint or None))
        if not entrypoint:
            client.request("PATCH", "/deployments/{id}", path_params={"id": deployment}, json={"entrypoint": ""})
        run = client.create_flow_run_from_deployment(deployment)

        def ended(run_id: uuid.UUID = run.id) -> bool:
            state = client.read_flow_run(run_id).state
            return state is not None and state.is_final()

        eventually(ended)
        found = client.read_flow_run(run.id)
        assert found.state is not None
        # Crashed, by Prefect's own name and with the mark of ours: what the automation of incidents waits for.
        assert (found.state.name, "dondoc" in found.tags) == ("Crashed", True), entrypoint
        assert "is none of dondoc's flows" in str(found.state.message)
    assert not marker.exists()


def test_every_flow_that_the_worker_may_load_is_ours() -> None:
    from dondoc.schedule.own_flows import ENTRYPOINTS

    for entrypoint in ENTRYPOINTS:
        assert flow_function(entrypoint).fn.__module__ == entrypoint.rpartition(".")[0]


# --- secrets -------------------------------------------------------------------------------------------------------

HELD = {
    "prefect": {"PREFECT_API_AUTH_STRING"},
    "mailbox": {"DONDOC_STORE_URL", "DONDOC_LINK_SECRET", "PREFECT_API_AUTH_STRING"},
    "front": {"DONDOC_STORE_URL", "DONDOC_LINK_SECRET", "PREFECT_API_AUTH_STRING"},
    "portal": {"DONDOC_STORE_URL", "DONDOC_LINK_SECRET", "PREFECT_API_AUTH_STRING", "DONDOC_MAIL_PASSWORD",
               "DONDOC_MAIL_RESCUE_PASSWORD"},
    "worker": {"DONDOC_STORE_URL", "DONDOC_LINK_SECRET", "PREFECT_API_AUTH_STRING", "DONDOC_MAIL_PASSWORD",
               "DONDOC_MAIL_RESCUE_PASSWORD", "DONDOC_IMAP_PASSWORD"},
}  # fmt: skip


def test_each_child_holds_the_secrets_of_its_own_work_and_none_of_the_callers(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in EVERYTHING:
        if not name.endswith("_FILE"):
            monkeypatch.setenv(name, f"postgresql://secret:{name}@127.0.0.1:1/x")
    for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PGPASSWORD", "PREFECT_API_KEY", "LD_PRELOAD"):
        monkeypatch.setenv(name, "the caller's own")
    from operations.stack.prefect_server import prefect_server

    made = {
        child.name: child for child in (prefect_server(stack), *background_children(stack, read_settings(os.environ)))
    }
    for name, secrets in HELD.items():
        told = made[name].environment
        assert {secret for secret in EVERYTHING if secret in told} == secrets, name
        assert "the caller's own" not in told.values(), name
    for name, child in made.items():
        assert "the caller's own" not in child.environment.values(), name
    admin = database_urls(stack).admin
    assert not [name for name in HELD if admin in made[name].environment.values()]
