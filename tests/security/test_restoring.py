"""A crafted archive: whatever stands in it, nothing is written that anybody runs, and nothing outside the empty place."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import subprocess
import tarfile
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest
from servers import new_stack

from operations.backup.archive import (
    BACKUP_MANIFEST,
    SEAL,
    ArchiveError,
    Manifest,
    Member,
    belongs,
    check_archive,
    sha256_of,
    unpack,
)
from operations.backup.restoring import restore
from operations.stack.databases import DatabaseUrls, ensure_databases
from operations.stack.prefect_server import prefect_server
from operations.stack.settings import Stack

CONTENT = b"import os; os.system('id')"


def craft(path: Path, *members: tarfile.TarInfo, secrets: bool = False, link: str = "") -> Path:
    """An archive with a manifest that fits it, as an attacker would make one."""
    known = []
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for about in members:
            if about.isreg():
                about.size = len(CONTENT)
                known.append(Member(about.name, about.size, hashlib.sha256(CONTENT).hexdigest()))
            about.linkname = link
            tar.addfile(about, io.BytesIO(CONTENT) if about.isreg() else None)
        manifest = Manifest("2026-01-01T00:00:00+00:00", "0.2.0", "0001", 1, "0" * 64, None, secrets, tuple(known))
        text = json.dumps(asdict(manifest)).encode()
        for name, content in ((BACKUP_MANIFEST, text), (SEAL, hashlib.sha256(text).hexdigest().encode() + b"\n")):
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    "name",
    [
        "/etc/cron.d/x", "../x", "var/../../x", "var//x", "./var/x", "var/pg/postgresql.auto.conf", "var/pg/PG_VERSION",
        "var/pg-new-1/pg/postgresql.conf", "var/prefect/profiles.toml", "var/prefect/x", "var/run/worker.json", "var/log/x",
        "var/restored/x", "var/.restored-databases", "var/.env", "var/prefect.toml", "var/pyproject.toml", "var/prefect.py",
        "var/sitecustomize.py", "var/evil.pth", "var/evil.so", "var/files/ab/evil.SO", "var/__pycache__/prefect.pyc",
        "var/plans/.ssh/authorized_keys", "var/secrets/links", "databases/evil.dump", "databases/x/dondoc.dump", "other/x",
        "config/.git/hooks/post-checkout", "var/a\nb", "var/mail/evil.service",
    ],
)  # fmt: skip
def test_a_member_that_no_backup_writes_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    archive = craft(tmp_path / "a.tar", tarfile.TarInfo(name))
    here = new_stack(tmp_path / "place" / "var")
    with pytest.raises(ArchiveError, match="nothing was written"):
        restore(archive, here)
    assert not here.root.exists()
    assert not belongs(name, secrets=False)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
@pytest.mark.parametrize("link", ["/etc/passwd", "../../x", "var/files/ab"])
def test_links_devices_and_folders_are_refused(tmp_path: Path, kind: bytes, link: str) -> None:
    odd = tarfile.TarInfo("var/files/ab/cd")
    odd.type = kind
    here = new_stack(tmp_path / "place" / "var")
    with pytest.raises(ArchiveError, match="does not belong"):
        restore(craft(tmp_path / "a.tar", odd, link=link), here)
    assert not here.root.exists()


def test_passwords_are_taken_only_from_an_archive_that_says_it_holds_them(tmp_path: Path) -> None:
    assert belongs("var/secrets/links", secrets=True)
    assert not any(belongs(name, secrets=True) for name in ("var/secrets/x/links", "var/secrets/a.py", "var/secrets"))
    check_archive(craft(tmp_path / "a.tar", tarfile.TarInfo("var/secrets/links"), secrets=True))


def test_what_is_written_is_for_our_own_account_whatever_mode_the_archive_says(tmp_path: Path) -> None:
    odd = tarfile.TarInfo("var/files/ab/cd")
    odd.mode, odd.uid, odd.gid = 0o6777, 12345, 12345
    archive = craft(tmp_path / "a.tar", odd)
    unpack(archive, check_archive(archive), lambda name: tmp_path / "out" / name)
    written = (tmp_path / "out" / "var/files/ab/cd").stat()
    assert stat.S_IMODE(written.st_mode) == 0o600
    assert written.st_uid != 12345


def test_another_archive_than_the_one_that_was_made_is_refused(tmp_path: Path) -> None:
    archive = craft(tmp_path / "a.tar", tarfile.TarInfo("var/files/ab"))
    here = new_stack(tmp_path / "place" / "var")
    with pytest.raises(ArchiveError, match="another archive"):
        restore(archive, here, sha256="0" * 64)
    assert not here.root.exists()
    check_archive(archive, f" {sha256_of(archive).upper()}\n")


def test_prefect_starts_where_no_planted_module_or_settings_file_is_read(tmp_path: Path) -> None:
    here = new_stack(tmp_path / "var")
    here.create_directories()
    child = prefect_server(here)
    marker = tmp_path / "run-by-prefect"
    for folder in (here.root, child.folder or here.root):
        for name in ("prefect.py", "sitecustomize.py", "usercustomize.py", "asyncio.py"):
            (folder / name).write_text(f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n")
    done = subprocess.run(
        [*child.command[:-1], "prefect", "version"],
        cwd=child.folder,
        env=dict(child.environment),
        capture_output=True,
        text=True,
    )
    assert "3." in done.stdout, done.stderr
    assert not marker.exists()


def test_what_a_restored_database_holds_is_never_called_by_the_administrator(
    postgres: DatabaseUrls, stack: Stack
) -> None:
    with psycopg.connect(postgres.owner, autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION public.format(text, text, text) RETURNS text LANGUAGE plpgsql AS "
            "$$ BEGIN EXECUTE 'ALTER ROLE dondoc_owner SUPERUSER'; RETURN 'SELECT 1'; END $$"
        )
    admin_here = postgres.admin.rpartition("/")[0] + "/dondoc"
    with psycopg.connect(admin_here, autocommit=True) as admin:
        admin.execute("CREATE TABLE left_by_somebody (id int)")  # what `ensure_databases` gives to its owner
        ensure_databases(stack)
        assert admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'dondoc_owner'").fetchone() == (False,)
        admin.execute("DROP TABLE left_by_somebody")
        admin.execute("DROP FUNCTION public.format(text, text, text)")


@pytest.mark.parametrize("role", ["owner", "app", "prefect"])
@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_no_role_of_ours_enters_a_database_that_is_not_its_own(
    postgres: DatabaseUrls, role: str, database: str
) -> None:
    url = getattr(postgres, role).rpartition("/")[0] + f"/{database}"
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(url)
