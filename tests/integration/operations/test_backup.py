"""Backup and restore on real servers: one moment, whole or not there, into an empty place only."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from installation import CONFIG, PLAN, PostOffice, at
from servers import new_stack

import operations.backup.restoring as restoring
from cli import cli
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.ledger.ledger import Head
from dondoc.ledger.witness import witness_line
from dondoc.obligations.acts import Act
from dondoc.plan.plan_file import read_plan
from operations.backup import swapping
from operations.backup.archive import BACKUP_MANIFEST, SEAL, ArchiveError, check_archive
from operations.backup.making import BackupError, back_up
from operations.backup.restoring import RestoreError, restore
from operations.stack import postgres as embedded
from operations.stack.databases import DatabaseUrls, database_urls, ensure_databases
from operations.stack.settings import Stack
from operations.surroundings import stack as stack_of_commands
from tasks.audit.auditing import record_findings
from tasks.audit.findings_mail import mail_findings
from tasks.audit.witnessing import WITNESS_FILE, publish_witness
from tasks.config.loading import load_rules
from tasks.config.run_context import RunContext
from tasks.config.run_context import own_engine as process_engine
from tasks.config.settings import Settings, WitnessSection, read_settings, settings
from tasks.store import tables
from tasks.store.chain import head
from tasks.store.connect import engine, migrate
from tasks.store.files import keep_file
from tasks.store.plans import adopt
from tasks.store.settle import check_occurrences, record_act

NOW = at("2024-03-20", "09:00")
CONTENT = b"%PDF-1.7\n63"
Q1 = "nho-2024/ke-hoach/quy-mot/2024-Q1"
KILLED = -9


@dataclass(frozen=True)
class Origin:
    """An installation that runs: its stack, its settings, its databases."""

    stack: Stack
    settings: Settings
    urls: DatabaseUrls

    def back_up(self, folder: Path, **how: Any) -> Path:
        return back_up(self.stack, self.settings, folder / "a.tar", NOW, **how).path


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    """A folder that the database's own account can reach; servers left in it are stopped."""
    folder = Path(tempfile.mkdtemp(prefix="dondoc-backup-"))
    folder.chmod(0o755)
    yield folder
    for data in [*folder.glob("*/pg"), *folder.glob(".*/pg")]:
        embedded.stop_postgres(Stack(data.parent))
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def origin(room: Path) -> Origin:
    """A plan, a submission with its file, a mail in the outbox, a witness, and something in Prefect's database."""
    stack = replace(new_stack(room / "var"))
    stack.create_directories()
    embedded.start_postgres(stack)
    urls = ensure_databases(stack)
    migrate(urls.owner)
    environ = {"DONDOC_VAR": str(stack.root), "DONDOC_STORE_URL": urls.app, "DONDOC_CONFIG": str(CONFIG)}
    store, rules = engine(urls.app), load_rules(CONFIG)
    plan = read_plan(parse_yaml(PLAN, "plan.yaml"), rules.office)
    adopt(store, plan, rules.policy, rules.calendar, at("2024-01-02", "07:30"), "test")
    check_occurrences(store, rules, plan.id, at("2024-01-02", "08:00"))
    sha = keep_file(stack.root / "files", CONTENT)
    record_act(
        store, rules, Q1, Act("submit", files=(("63.pdf", "application/pdf", len(CONTENT), sha),)), NOW, "unit:hcqt"
    )
    with store.connect() as connection:
        line = witness_line(head(connection), NOW, plan.id)
    store.dispose()
    (stack.root / "doi-chung").mkdir()
    (stack.root / "doi-chung" / "doi-chung.txt").write_text(line + "\n", encoding="utf-8")
    with psycopg.connect(urls.prefect) as connection:
        connection.execute("CREATE TABLE flow_run AS SELECT n FROM generate_series(1, 1000) AS n")
        connection.execute("CREATE INDEX trigram ON flow_run USING gin ((n::text) gin_trgm_ops)")
    return Origin(stack, read_settings(environ), urls)


@pytest.fixture
def place(room: Path, tmp_path: Path) -> Path:
    """Where this test restores to."""
    return room / tmp_path.name / "var"


@pytest.fixture
def archive(origin: Origin, tmp_path: Path) -> Path:
    return origin.back_up(tmp_path, with_secrets=True)


def contents(url: str) -> dict[str, Any]:
    """Every row of every table of ours."""
    store = engine(url)
    try:
        with store.connect() as connection:
            return {
                name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))]
                for name, table in tables.metadata.tables.items()
            }
    finally:
        store.dispose()


def files(root: Path) -> dict[str, bytes]:
    """Every file that a backup takes, by its path."""
    left_out = {"pg", "log", "run", "prefect", "restored"}
    found = (path for path in root.rglob("*") if path.is_file() and path.relative_to(root).parts[0] not in left_out)
    return {str(path.relative_to(root)): path.read_bytes() for path in found if not path.name.startswith(".")}


class Started:
    """A restored installation whose database runs."""

    def __init__(self, root: Path) -> None:
        self.stack = new_stack(root)
        self.urls = database_urls(self.stack)

    def __enter__(self) -> DatabaseUrls:
        embedded.start_postgres(self.stack)
        return self.urls

    def __exit__(self, *_: object) -> None:
        embedded.stop_postgres(self.stack)


# --- there and back


def test_what_is_restored_is_what_was_backed_up(origin: Origin, archive: Path, place: Path) -> None:
    found = restore(archive, new_stack(place))
    assert found.broken is None
    assert list(found.recounted.found) == []
    assert files(place) == files(origin.stack.root)
    with Started(place) as urls:
        assert contents(urls.app) == contents(origin.urls.app)
        with psycopg.connect(urls.prefect) as connection:
            assert connection.execute("SELECT count(*) FROM flow_run").fetchone() == (1000,)
        with psycopg.connect(urls.admin) as connection:
            names = {name for (name,) in connection.execute("SELECT datname FROM pg_database WHERE NOT datistemplate")}
    assert names == {"postgres", "dondoc", "prefect"}


def test_a_restored_ledger_refuses_change_by_trigger_and_by_privilege(archive: Path, place: Path) -> None:
    restore(archive, new_stack(place))
    with Started(place) as urls:
        for statement in ("UPDATE ledger SET actor = 'x'", "DELETE FROM ledger", "TRUNCATE ledger"):
            with psycopg.connect(urls.owner) as connection, pytest.raises(psycopg.Error, match="append-only"):
                connection.execute(statement)
            with psycopg.connect(urls.app) as connection, pytest.raises(psycopg.Error, match="permission denied"):
                connection.execute(statement)
        with psycopg.connect(urls.app) as connection:
            assert connection.execute("SELECT has_table_privilege('ledger', 'INSERT')").fetchone() == (True,)
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(urls.app.removesuffix("dondoc") + "prefect")


def test_an_archive_is_its_owners_alone_and_holds_no_password_unless_asked(origin: Origin, tmp_path: Path) -> None:
    path = origin.back_up(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    manifest = check_archive(path)
    assert not manifest.secrets
    assert not [member for member in manifest.members if "secrets" in member.name]
    raw = path.read_bytes()
    assert not [name for name in origin.stack.secrets_directory.iterdir() if name.read_bytes().strip() in raw]


def test_without_secrets_new_ones_are_made(origin: Origin, tmp_path: Path, place: Path) -> None:
    restore(origin.back_up(tmp_path, with_prefect=False), new_stack(place))
    secret = place / "secrets" / "postgres_dondoc_owner"
    assert secret.read_text() != (origin.stack.secrets_directory / secret.name).read_text()
    assert secret.stat().st_mode & 0o777 == 0o600
    with Started(place) as urls:
        assert contents(urls.app) == contents(origin.urls.app)


def test_the_archive_is_of_one_moment_whatever_is_written_meanwhile(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import operations.backup.making as making

    before, rules, store = contents(origin.urls.app)["ledger"], load_rules(CONFIG), engine(origin.urls.app)
    dump = making.dump

    def slow(*arguments: Any) -> None:
        check_occurrences(store, rules, "nho-2024", at("2024-04-03"))
        dump(*arguments)

    monkeypatch.setattr(making, "dump", slow)
    manifest = check_archive(origin.back_up(tmp_path))
    store.dispose()
    assert len(contents(origin.urls.app)["ledger"]) > len(before)
    assert (manifest.ledger_seq, manifest.ledger_hash) == (len(before), before[-1][8])


def test_an_old_backup_is_found_by_the_witness_of_another_machine_and_mailed(
    archive: Path, place: Path, tmp_path: Path, post_office: PostOffice
) -> None:
    """What was recorded after the backup is missing: verify says so, and so does the next sweep, by mail."""
    manifest, rules = check_archive(archive), load_rules(CONFIG)
    newer = Head(manifest.ledger_seq + 5, "a" * 64)
    elsewhere = tmp_path / "may-khac"
    elsewhere.mkdir()
    lines = [
        witness_line(Head(manifest.ledger_seq, manifest.ledger_hash), NOW, "nho-2024"),
        witness_line(newer, NOW, "nho-2024"),
    ]
    (elsewhere / WITNESS_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    restore(archive, new_stack(place))
    with Started(place) as urls:
        store = engine(urls.app)
        environ = {"DONDOC_VAR": str(place), "DONDOC_STORE_URL": urls.app, "DONDOC_MAIL_PORT": str(post_office.port)}
        chosen = replace(read_settings(environ), witness=WitnessSection(folders=("doi-chung", str(elsewhere))))
        morning = RunContext(chosen, rules, store, "nho-2024", None, at("2099-01-05"), None, False)
        findings = publish_witness(morning)
        record_findings(morning, findings)
        mail_findings(morning)
        store.dispose()
    assert [(found.code, found.subject) for found in findings] == [("witness_cut", f"{elsewhere}/{WITNESS_FILE}")]
    assert "đây là bản sao lưu cũ" in post_office.post.text("kiem-tra-thanh-tra@vpub.quangngai.example")


# --- nothing that exists is overwritten


def test_nothing_is_overwritten(origin: Origin, archive: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="exists"):
        origin.back_up(tmp_path)
    before = files(origin.stack.root)
    with pytest.raises(RestoreError, match="not empty"):
        restore(archive, origin.stack)
    assert files(origin.stack.root) == before
    folder = tmp_path / "nhiều bản"
    folder.mkdir()
    named = back_up(origin.stack, origin.settings, folder, NOW).path
    assert named.name == "dondoc-20240320-090000.tar"


def test_a_filled_database_of_another_server_is_refused(origin: Origin, archive: Path, place: Path) -> None:
    other = replace(new_stack(place), database_url=origin.urls.admin)
    before = contents(origin.urls.app)
    with pytest.raises(RestoreError, match="database dondoc is not empty"):
        restore(archive, other)
    assert contents(origin.urls.app) == before
    assert not place.exists()


# --- damage


def test_every_damage_is_found_before_anything_is_written(archive: Path, place: Path, tmp_path: Path) -> None:
    whole, copy = archive.read_bytes(), tmp_path / "hỏng.tar"
    with tarfile.open(archive) as tar:
        spots = [about.offset_data + about.size // 2 for about in tar if about.size]
        headers = [about.offset + 10 for about in tar]
    cut = [whole[:-20480], whole[: len(whole) // 2], whole[:100], b"", b"nothing of ours" * 1000]
    flipped = [
        whole[:spot] + bytes([whole[spot] ^ 1]) + whole[spot + 1 :]
        for spot in (*spots[::9], *spots[-2:], *headers[::17])
    ]
    for damaged in (*cut, *flipped):
        copy.write_bytes(damaged)
        with pytest.raises(ArchiveError, match="nothing was written"):
            restore(copy, new_stack(place))
    assert not place.parent.exists() or list(place.parent.iterdir()) == []


@pytest.mark.parametrize("name", ["../../evil", "var/../../evil", "/etc/evil", "var//x", "elsewhere/x"])
def test_a_member_that_leads_elsewhere_is_refused(archive: Path, place: Path, name: str) -> None:
    with tarfile.open(archive, "a") as tar:
        about = tarfile.TarInfo(name)
        tar.addfile(about)
    with pytest.raises(ArchiveError, match="does not belong"):
        restore(archive, new_stack(place))


def changed(archive: Path, **said: Any) -> Path:
    """The archive with another manifest, sealed again."""
    other = archive.with_name("other.tar")
    with tarfile.open(archive) as old, tarfile.open(other, "w", format=tarfile.PAX_FORMAT) as new:
        for about in old:
            content = old.extractfile(about)
            assert content is not None
            if about.name == BACKUP_MANIFEST:
                text = json.dumps({**json.loads(content.read()), **said}).encode()
            if about.name in (BACKUP_MANIFEST, SEAL):
                raw = text if about.name == BACKUP_MANIFEST else hashlib.sha256(text).hexdigest().encode() + b"\n"
                about.size = len(raw)
                (archive.parent / "raw").write_bytes(raw)
                with (archive.parent / "raw").open("rb") as changed_content:
                    new.addfile(about, changed_content)
            else:
                new.addfile(about, content)
    return other


@pytest.mark.parametrize(
    ("said", "why"),
    [({"revision": "9999"}, "newer dondoc"), ({"prefect": "99.0"}, "Prefect is 99.0"), ({"format": 2}, "format 2")],
)
def test_a_newer_archive_is_refused(archive: Path, place: Path, said: dict[str, Any], why: str) -> None:
    with pytest.raises((RestoreError, ArchiveError), match=why):
        restore(changed(archive, **said), new_stack(place))
    assert not place.exists()


def test_a_ledger_that_ends_elsewhere_than_the_archive_says_is_not_put_in_place(archive: Path, place: Path) -> None:
    with pytest.raises(RestoreError, match="does not end where"):
        restore(changed(archive, ledger_hash="0" * 64), new_stack(place))
    assert not place.exists()
    assert [path for path in place.parent.iterdir() if path.name.endswith("restoring")] == []


def test_an_older_archive_is_brought_up_to_date(origin: Origin, tmp_path: Path, place: Path, databases: Any) -> None:
    from alembic import command

    from tasks.store.connect import _config

    owner, _ = databases.empty()
    command.upgrade(_config(owner), "0005")
    older = tmp_path / "older.dump"
    subprocess.run([embedded.tool("pg_dump"), "-Fc", "-O", "-x", f"--file={older}", owner], check=True)
    made = origin.back_up(tmp_path, with_prefect=False)
    with tarfile.open(made) as old, tarfile.open(tmp_path / "b.tar", "w", format=tarfile.PAX_FORMAT) as new:
        for about in old:
            content = old.extractfile(about)
            assert content is not None
            if about.name == "databases/dondoc.dump":
                about.size = older.stat().st_size
                with older.open("rb") as dumped:
                    new.addfile(about, dumped)
            else:
                new.addfile(about, content)
    manifest = check_archive(made)
    dump = {"name": "databases/dondoc.dump", "size": older.stat().st_size,
            "sha256": hashlib.sha256(older.read_bytes()).hexdigest()}  # fmt: skip
    members = [dump, *({"name": m.name, "size": m.size, "sha256": m.sha256} for m in manifest.members[1:])]
    empty = Head()
    said = {"members": members, "revision": "0005", "ledger_seq": empty.seq, "ledger_hash": empty.hash}
    found = restore(changed(tmp_path / "b.tar", **said), new_stack(place))
    assert found.recounted.head == empty
    with Started(place) as urls:
        assert set(contents(urls.app)) == set(tables.metadata.tables)


# --- killed


_DYING = """
import os, sys
from pathlib import Path
import operations.backup.{module} as module
from servers import new_stack
from test_backup import *

def die(*_, **__):
    os.kill(os.getpid(), 9)

{patch} = die
{call}
"""


def dying(module: str, patch: str, call: str) -> int:
    """A process that is killed where it would call `patch`; how it ended."""
    here = Path(__file__)
    home = {**os.environ, "PYTHONPATH": f"{here.parents[3]}:{here.parents[1]}:{here.parent}"}
    script = _DYING.format(module=module, patch=patch, call=call)
    return subprocess.run([sys.executable, "-c", script], env=home, check=False, timeout=120).returncode


@pytest.mark.parametrize("moment", ["module._write", "module.dump", "Path.rename", "module.Writing.seal"])
def test_a_killed_backup_leaves_nothing_that_looks_like_one(origin: Origin, tmp_path: Path, moment: str) -> None:
    environ = {"DONDOC_VAR": str(origin.stack.root), "DONDOC_CONFIG": str(CONFIG)}
    call = (
        f"back_up(Stack(Path({str(origin.stack.root)!r}), postgres_port={origin.stack.postgres_port}),"
        f" read_settings({environ!r}), Path({str(tmp_path / 'a.tar')!r}), NOW)"
    )
    assert dying("making", moment, call) == KILLED
    assert [path.suffix for path in tmp_path.iterdir()] == [".dondoc-part"]
    assert check_archive(origin.back_up(tmp_path)).ledger_seq
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]


@pytest.mark.parametrize("moment", ["module.load", "module.swapping.give_names", "Path.rename"])
def test_a_killed_restore_leaves_no_installation_and_the_next_one_goes_through(
    origin: Origin, archive: Path, place: Path, moment: str
) -> None:
    call = f"restore(Path({str(archive)!r}), new_stack(Path({str(place)!r})))"
    assert dying("restoring", moment, call) == KILLED
    assert not place.exists()
    restore(archive, new_stack(place))
    assert not [path for path in place.parent.iterdir() if path.name.startswith(".")]
    with Started(place) as urls:
        assert contents(urls.app) == contents(origin.urls.app)


@pytest.fixture
def server(room: Path, tmp_path: Path) -> Iterator[str]:
    """Another PostgreSQL, known by its administrator's URL alone."""
    other = new_stack(room / f"{tmp_path.name}-server")
    other.create_directories()
    embedded.start_postgres(other)
    yield embedded.admin_url(other)
    embedded.stop_postgres(other)


@pytest.mark.parametrize(
    ("moment", "with_secrets"),
    [("module.load", False), ("module.swapping.give_names", True), ("module._take_place", False)],
)
def test_a_restore_to_a_server_of_its_own_is_whole_or_not_there(
    origin: Origin, tmp_path: Path, place: Path, server: str, moment: str, with_secrets: bool
) -> None:
    archive = origin.back_up(tmp_path, with_secrets=with_secrets)
    call = f"restore(Path({str(archive)!r}), replace(new_stack(Path({str(place)!r})), database_url={server!r}))"
    assert dying("restoring", moment, call) == KILLED
    assert not place.exists()
    assert (swapping.filled(server) == []) == (moment != "module._take_place")
    here = replace(new_stack(place), database_url=server)
    found = restore(archive, here)
    assert found.broken is None
    assert contents(database_urls(here).app) == contents(origin.urls.app)
    assert not [path for path in place.parent.iterdir() if path.name.startswith(".")]
    with pytest.raises(RestoreError, match="not empty"):
        restore(archive, replace(here, root=place.with_name("once-more")))


def test_names_are_not_given_where_somebody_has_filled_the_database_meanwhile(
    archive: Path, place: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = replace(new_stack(place), database_url=server)
    give_names = swapping.give_names

    def late(admin: str) -> None:
        with psycopg.connect(admin.rpartition("/")[0] + "/dondoc") as connection:
            connection.execute("CREATE TABLE mine (id int)")
        give_names(admin)

    monkeypatch.setattr(restoring.swapping, "give_names", late)
    with pytest.raises(swapping.OccupiedError, match="no longer empty"):
        restore(archive, here)
    assert not place.exists()
    with psycopg.connect(server.rpartition("/")[0] + "/dondoc") as connection:
        assert connection.execute("SELECT count(*) FROM mine").fetchone() == (0,)


# --- commands


@pytest.fixture
def commands(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The command line, in this installation."""
    names = {"VAR": origin.stack.root, "CONFIG": CONFIG, "POSTGRES_PORT": origin.stack.postgres_port}
    for name, value in names.items():
        monkeypatch.setenv(f"DONDOC_{name}", str(value))
    before = dict(os.environ)
    caches = (stack_of_commands, settings)
    for cache in caches:
        cache.cache_clear()

    def run(*words: object) -> Result:
        return CliRunner().invoke(cli, [str(word) for word in words])

    yield run
    process_engine(origin.urls.app).dispose()
    process_engine.cache_clear()
    os.environ.clear()
    os.environ.update(before)
    for cache in caches:
        cache.cache_clear()


def test_the_commands_say_what_they_did(commands: Any, tmp_path: Path, place: Path) -> None:
    made = commands("backup", tmp_path / "a.tar", "--with-secrets")
    assert made.exit_code == 0, made.output
    manifest = check_archive(tmp_path / "a.tar")
    assert f"ledger entry {manifest.ledger_seq}, hash {manifest.ledger_hash}" in made.output
    assert hashlib.sha256((tmp_path / "a.tar").read_bytes()).hexdigest() in made.output
    assert "passwords" in made.output
    again = commands("backup", tmp_path / "a.tar")
    assert isinstance(again.exception, BackupError)
    done = commands("restore", tmp_path / "a.tar", "--into", place)
    assert done.exit_code == 0, done.output
    assert f"nguyên vẹn và đầy đủ: {manifest.ledger_seq} mục, mã băm cuối {manifest.ledger_hash}" in done.output
    assert "the configuration of then differs" not in done.output
    assert commands("restore", tmp_path / "nothing.tar").exit_code == 2


def test_a_backup_does_not_go_into_what_it_backs_up(commands: Any, origin: Origin) -> None:
    refused = commands("backup", origin.stack.root)
    assert isinstance(refused.exception, BackupError)
    assert "outside" in str(refused.exception)


def test_a_file_given_with_a_submission_is_kept(commands: Any, origin: Origin, tmp_path: Path) -> None:
    (tmp_path / "bc.pdf").write_bytes(b"%PDF-1.7\n64")
    done = commands("submit", "nho-2024/chi-so/ket-qua/2024-01", "--file", tmp_path / "bc.pdf")
    assert done.exit_code == 0, done.output
    sha = hashlib.sha256(b"%PDF-1.7\n64").hexdigest()
    assert (origin.stack.root / "files" / sha[:2] / sha).exists()
    assert commands("ledger", "verify").exit_code == 0


def test_a_restored_fault_is_said_with_exit_code_1(commands: Any, origin: Origin, tmp_path: Path, place: Path) -> None:
    sha = hashlib.sha256(CONTENT).hexdigest()
    stored = origin.stack.root / "files" / sha[:2] / sha
    stored.write_bytes(b"something else")
    try:
        commands("backup", tmp_path / "a.tar")
    finally:
        stored.write_bytes(CONTENT)
    done = commands("restore", tmp_path / "a.tar", "--into", place)
    assert done.exit_code == 1
    assert "63.pdf" in done.output
    assert place.exists()
