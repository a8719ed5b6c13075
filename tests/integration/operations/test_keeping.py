"""Children that die, starts that are interrupted, and a `down` that leaves nothing: with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from servers import eventually, new_stack

from operations.keeper import Keeper
from operations.stack import children, services
from operations.stack.children import Child
from operations.stack.databases import DatabaseUrls, ensure_databases
from operations.stack.settings import CHILD_MARK, Stack, StackError
from tasks.store.cures import cure

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
REPOSITORY = Path(__file__).resolve().parents[3]
# `up` that is killed between the spawning of a child and the noting of its process id.
KILLED_STARTER = """
import os, signal, sys
from pathlib import Path
from operations.stack import children
from operations.stack.settings import Stack
spawn = children._spawn
def spawn_and_die(*given):
    spawn(*given)
    os.kill(os.getpid(), signal.SIGKILL)
children._spawn = spawn_and_die
sleeper = (sys.executable, "-c", "import time; time.sleep(600)")
children.start_child(Stack(Path(sys.argv[1])), children.Child("worker", sleeper, dict(os.environ)))
"""


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Stack]:
    # With a server elsewhere there is no embedded database to start.
    ours = new_stack(tmp_path / "var")
    idle_stack = Stack(ours.root, database_url="postgresql://a:b@127.0.0.1:1/postgres")
    idle_stack.create_directories()
    yield idle_stack
    services.down(idle_stack)


def sleeper(name: str = "worker", command: tuple[str, ...] = SLEEPER) -> Child:
    return Child(name, command, dict(os.environ))


def marked(stack: Stack) -> list[psutil.Process]:
    """Every living process that bears a mark of this installation."""
    found = ((one, children.child_mark(one)) for one in psutil.process_iter())
    return [one for one, mark in found if mark and mark.endswith(f"@{stack.root}")]


def interrupted_start(stack: Stack) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED_STARTER, str(stack.root)], cwd=REPOSITORY, check=False)
    assert done.returncode == -signal.SIGKILL
    eventually(lambda: len(marked(stack)) == 1)


def test_a_killed_child_is_started_again_by_the_next_look(idle: Stack) -> None:
    children.start_child(idle, sleeper())
    first = children.find_child(idle, "worker")
    assert first
    first.process.kill()
    eventually(lambda: not children.find_child(idle, "worker"))
    assert Keeper(idle, [sleeper()]).look(0.0) == ["worker"]
    second = children.find_child(idle, "worker")
    assert second
    assert second.process.pid != first.process.pid


def test_a_child_that_runs_is_left_alone(idle: Stack) -> None:
    children.start_child(idle, sleeper())
    assert Keeper(idle, [sleeper()]).look(0.0) == []
    assert len(marked(idle)) == 1


def test_nothing_is_started_while_somebody_stops_the_installation(idle: Stack) -> None:
    keeper = Keeper(idle, [sleeper()])
    with services.alone(idle):
        assert keeper.look(0.0) == []
    assert keeper.look(0.0) == ["worker"]


def test_a_child_that_cannot_be_started_does_not_keep_the_others_from_it(idle: Stack) -> None:
    keeper = Keeper(idle, [sleeper("broken", ("/does/not/exist",)), sleeper()])
    assert keeper.look(0.0) == ["worker"]


def test_an_up_killed_before_it_noted_the_child_leaves_a_known_one(idle: Stack) -> None:
    interrupted_start(idle)
    assert children.start_child(idle, sleeper()) is False
    assert len(marked(idle)) == 1


def test_down_after_an_interrupted_up_leaves_nothing(idle: Stack) -> None:
    interrupted_start(idle)
    assert services.down(idle) == ("worker",)
    assert marked(idle) == []


def test_down_ends_what_no_note_knows_any_more(idle: Stack) -> None:
    children.start_child(idle, sleeper())
    (idle.run_directory / "worker.json").unlink()
    assert services.down(idle) == ("what was left of an interrupted start",)
    assert marked(idle) == []


def test_a_child_whose_note_is_lost_gets_no_twin(idle: Stack) -> None:
    children.start_child(idle, sleeper())
    (idle.run_directory / "worker.json").unlink()
    children.start_child(idle, sleeper())
    assert len(marked(idle)) == 1


def test_what_a_killed_child_has_left_is_ended_with_the_next_start(idle: Stack) -> None:
    script = f"import os, subprocess; subprocess.Popen({SLEEPER!r}, start_new_session=True).wait()"
    children.start_child(idle, sleeper(command=(sys.executable, "-c", script)))
    first = children.find_child(idle, "worker")
    assert first
    (left,) = eventually(first.process.children)
    first.process.kill()
    eventually(lambda: not children.find_child(idle, "worker"))
    children.start_child(idle, sleeper())
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE


def test_another_installation_is_never_touched(idle: Stack, tmp_path: Path) -> None:
    other = Stack(tmp_path / "var2", database_url=idle.database_url)
    other.create_directories()
    children.start_child(other, sleeper())
    services.down(idle)
    assert len(marked(other)) == 1
    assert services.down(other) == ("worker",)


def test_whoever_calls_down_from_inside_a_child_is_not_ended_with_it(idle: Stack) -> None:
    script = (
        "import sys; from pathlib import Path; from operations.stack import services;"
        "from operations.stack.settings import Stack;"
        "print(services.down(Stack(Path(sys.argv[1]), database_url='postgresql://a:b@127.0.0.1:1/x')))"
    )
    inherited = {**os.environ, CHILD_MARK: f"portal-00@{idle.root}"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(idle.root)],
        cwd=REPOSITORY, env=inherited, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "()")


# --- what is lost or wrong beside a database that exists ----------------------------------------------------------


def test_lost_secrets_are_not_made_up_beside_an_existing_database(tmp_path: Path) -> None:
    stack = new_stack(tmp_path / "var")
    stack.create_directories()
    stack.data_directory.mkdir()
    (stack.data_directory / "PG_VERSION").write_text("18\n")
    with pytest.raises(StackError, match=r"postgres_superuser is missing.*dondoc restore.*Nothing was made up"):
        stack.secret("links")
    assert list(stack.secrets_directory.iterdir()) == []


def test_lost_secrets_of_a_server_elsewhere_are_not_made_up(postgres: DatabaseUrls, tmp_path: Path) -> None:
    elsewhere = Stack(tmp_path / "var", database_url=postgres.admin)
    elsewhere.create_directories()
    with pytest.raises(StackError, match=r"postgres_prefect is missing.*Nothing was made up"):
        ensure_databases(elsewhere)
    assert list(elsewhere.secrets_directory.iterdir()) == []


def test_what_a_raw_restore_gave_to_its_restorer_is_given_back(postgres: DatabaseUrls, stack: Stack) -> None:
    in_ours = postgres.admin.removesuffix("/postgres") + "/dondoc"
    with psycopg.connect(in_ours, autocommit=True) as admin:
        admin.execute("CREATE TABLE restored (id int GENERATED ALWAYS AS IDENTITY)")
        admin.execute("CREATE FUNCTION restored_too() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    ensure_databases(stack)
    with psycopg.connect(postgres.owner, autocommit=True) as owner:
        owner.execute("ALTER TABLE restored ADD COLUMN more int")
        owner.execute("DROP TABLE restored; DROP FUNCTION restored_too()")


def test_used_up_connections_and_wrong_rights_get_their_own_cure() -> None:
    assert "pg_stat_activity" in (cure(Exception("FATAL:  sorry, too many clients already")) or "")
    assert "pg_stat_activity" in (cure(Exception("FATAL:  remaining connection slots are reserved for roles")) or "")
    assert "dondoc up sets them right" in (cure(Exception("permission denied for table ledger")) or "")
    assert cure(Exception("connection refused")) is None
