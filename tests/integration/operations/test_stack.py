"""The embedded stack against real servers."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
from collections import namedtuple
from pathlib import Path

import psutil
import psycopg
import pytest
from servers import eventually, new_stack

from operations.stack import children, services
from operations.stack import postgres as embedded
from operations.stack.children import Child
from operations.stack.databases import DatabaseUrls, driver_url, ensure_databases
from operations.stack.settings import LOOPBACK, Stack, StackError, from_environment

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")


@pytest.fixture
def idle(tmp_path: Path) -> Stack:
    idle_stack = new_stack(tmp_path / "var")
    idle_stack.create_directories()
    return idle_stack


def sleeper(name: str = "sleeper") -> Child:
    return Child(name, SLEEPER, dict(os.environ))


# --- PostgreSQL ---------------------------------------------------------------------------------------------


def test_postgres_never_trusts_a_login_without_its_password(postgres: DatabaseUrls, stack: Stack) -> None:
    without = postgres.admin.replace(stack.secret("postgres_superuser"), "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(without)


def test_postgres_keeps_full_durability(idle: Stack) -> None:
    # A server of its own: the one that the other tests share gives durability up for speed.
    embedded.start_postgres(idle)
    try:
        with psycopg.connect(ensure_databases(idle).app) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)
    finally:
        embedded.stop_postgres(idle)


def test_the_application_role_owns_nothing_and_creates_nothing(postgres: DatabaseUrls) -> None:
    with psycopg.connect(postgres.app) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE mine (id int)")


def test_the_owner_may_create_in_dondoc_and_not_enter_prefect(postgres: DatabaseUrls) -> None:
    with psycopg.connect(postgres.owner) as connection:
        connection.execute("CREATE TABLE mine (id int)")
        connection.rollback()
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(postgres.owner.removesuffix("dondoc") + "prefect")


def test_vietnamese_letters_fold_case(postgres: DatabaseUrls) -> None:
    with psycopg.connect(postgres.app) as connection:
        assert connection.execute("SELECT lower('ĐÔN ĐỐC')").fetchone() == ("đôn đốc",)


def test_creating_databases_twice_changes_nothing(postgres: DatabaseUrls, stack: Stack) -> None:
    assert ensure_databases(stack) == postgres


def test_an_external_server_gets_the_same_databases_and_nothing_embedded(postgres: DatabaseUrls, stack: Stack) -> None:
    external = Stack(stack.root, database_url=postgres.admin)
    assert not external.embedded
    assert ensure_databases(external) == postgres
    assert [part.name for part in services.status(external) if part.name == "postgres"] == []


def test_an_external_role_with_another_password_is_named_and_left_alone(postgres: DatabaseUrls, idle: Stack) -> None:
    foreign = Stack(idle.root, database_url=postgres.admin)
    for name in ("prefect", "dondoc_owner", "dondoc_app"):
        (idle.secrets_directory / f"postgres_{name}").write_text("another-password")
    with pytest.raises(StackError, match=r"cannot sign in as dondoc_owner.*postgres_dondoc_owner"):
        ensure_databases(foreign)
    psycopg.connect(postgres.owner).close()


def test_a_server_that_does_not_answer_is_one_line(idle: Stack) -> None:
    absent = Stack(idle.root, database_url=f"postgresql://a:b@{LOOPBACK}:{idle.postgres_port}/postgres")
    with pytest.raises(StackError, match="does not answer") as caught:
        ensure_databases(absent)
    assert "\n" not in str(caught.value)


def test_the_asyncpg_url_says_ssl_where_libpq_says_sslmode() -> None:
    url = "postgresql://a:b@h:1/d?sslmode=require"
    assert driver_url(url, "asyncpg") == "postgresql+asyncpg://a:b@h:1/d?ssl=require"
    assert driver_url(url, "psycopg") == "postgresql+psycopg://a:b@h:1/d?sslmode=require"


def test_files_of_another_version_are_refused_and_untouched(idle: Stack) -> None:
    idle.data_directory.mkdir()
    (idle.data_directory / "PG_VERSION").write_text("17\n")
    with pytest.raises(StackError, match="made by PostgreSQL 17, this is 18"):
        embedded.start_postgres(idle)
    assert [path.name for path in idle.data_directory.iterdir()] == ["PG_VERSION"]


def test_too_little_disk_stops_up_before_anything_starts(idle: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 10**6))
    with pytest.raises(StackError, match="only 1 MB free"):
        services.up(idle)
    assert not any(part.running for part in services.status(idle))


# --- settings -----------------------------------------------------------------------------------------------


def test_secrets_are_made_once_and_readable_by_their_owner_only(idle: Stack) -> None:
    first = idle.secret("prefect")
    assert idle.secret("prefect") == first
    assert idle.prefect_auth_string == f"ops:{first}"
    assert stat.S_IMODE((idle.secrets_directory / "prefect").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["0", "65536", "four", "-1", "٤٢٠٠"])
def test_a_port_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="DONDOC_PREFECT_PORT"):
        from_environment({"DONDOC_PREFECT_PORT": text}, tmp_path)


def test_one_port_for_two_services_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="DONDOC_POSTGRES_PORT or DONDOC_PREFECT_PORT"):
        from_environment({"DONDOC_POSTGRES_PORT": "4200"}, tmp_path)


# --- children -----------------------------------------------------------------------------------------------


def test_a_child_is_started_once_and_stopped_once(idle: Stack) -> None:
    assert children.start_child(idle, sleeper()) is True
    assert children.start_child(idle, sleeper()) is False
    assert children.stop_child(idle, "sleeper") is True
    assert children.stop_child(idle, "sleeper") is False


def test_a_killed_child_counts_as_stopped_and_starts_again(idle: Stack) -> None:
    children.start_child(idle, sleeper())
    first = children.find_child(idle, "sleeper")
    assert first
    first.process.kill()
    eventually(lambda: not children.find_child(idle, "sleeper"))
    assert children.start_child(idle, sleeper()) is True
    children.stop_child(idle, "sleeper")


def test_down_leaves_a_stranger_under_a_recycled_process_id_alone(idle: Stack) -> None:
    with psutil.Popen(SLEEPER) as stranger:
        record = f'{{"pid": {stranger.pid}, "mark": "sleeper-0"}}'
        (idle.run_directory / "sleeper.json").write_text(record)
        assert services.down(idle) == ()
        assert stranger.is_running()
        stranger.kill()


def test_stopping_a_child_takes_along_what_it_started(idle: Stack) -> None:
    script = f"import subprocess, sys; subprocess.Popen({SLEEPER!r}).wait()"
    children.start_child(idle, Child("parent", (sys.executable, "-c", script), dict(os.environ)))
    parent = children.find_child(idle, "parent")
    assert parent
    grandchild = eventually(parent.process.children)[0]
    children.stop_child(idle, "parent")
    eventually(lambda: not grandchild.is_running())


def test_a_child_that_ends_at_once_is_an_error_with_its_log(idle: Stack) -> None:
    failing = Child("failing", (sys.executable, "-c", "raise SystemExit('no')"), dict(os.environ), ready=lambda: False)
    with pytest.raises(StackError, match=r"failing ended while starting.*failing\.log"):
        children.start_child(idle, failing)
    assert idle.log_file("failing").read_text() == "no\n"


# --- up and down --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["postgres", "prefect", "portal"])
def test_a_taken_port_is_named_with_its_variable_and_nothing_starts(idle: Stack, name: str) -> None:
    port = idle.port(name)
    portal = Child("portal", SLEEPER, dict(os.environ), ports=(idle.port("portal"),))
    with socket.socket() as squatter:
        squatter.bind((LOOPBACK, port.number))
        squatter.listen()
        with pytest.raises(StackError, match=rf"port {port.number} \({name}\) is in use.*{port.variable}"):
            services.up(idle, (portal,))
    assert not any(part.running for part in services.status(idle))
    assert not idle.data_directory.exists()


def test_up_again_starts_nothing(prefect_stack: Stack) -> None:
    before = services.status(prefect_stack)
    assert services.up(prefect_stack) == ()
    assert services.status(prefect_stack) == before


def test_a_failing_child_takes_back_only_what_this_up_started(prefect_stack: Stack) -> None:
    failing = Child("failing", (sys.executable, "-c", "raise SystemExit(1)"), dict(os.environ), ready=lambda: False)
    before = services.status(prefect_stack)
    with pytest.raises(StackError, match="failing ended"):
        services.up(prefect_stack, (sleeper("other"), failing))
    assert services.status(prefect_stack) == before


def test_up_restarts_only_the_killed_database_and_prefect_goes_on(prefect_stack: Stack) -> None:
    server = embedded.find_postgres(prefect_stack)
    assert server
    server.process.kill()
    eventually(lambda: not embedded.find_postgres(prefect_stack))
    assert services.up(prefect_stack) == ("postgres",)
    eventually(lambda: _flows_listed(prefect_stack))


def test_prefect_refuses_a_caller_without_the_password(prefect_stack: Stack) -> None:
    import httpx

    url = f"{prefect_stack.prefect_api_url}/flows/count"
    assert httpx.post(url, trust_env=False).status_code == 401


def _flows_listed(stack: Stack) -> bool:
    import httpx

    user, _, password = stack.prefect_auth_string.partition(":")
    url = f"{stack.prefect_api_url}/flows/count"
    return httpx.post(url, auth=(user, password), trust_env=False).status_code == 200
