"""Stores that earlier versions made: each migrates, verifies, and goes on. One dump a version, made by that version's own code.

24cce3f: the state before versions were tagged; the small plan of the tests with three sweeps, an acceptance and a submission.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from installation import Databases, Installation, at

from dondoc.ledger.ledger import Head
from flows.sweep import sweep
from tasks.config.run_context import own_engine as process_engine
from tasks.config.settings import settings
from tasks.store.audit import reading_one_moment, verify_store
from tasks.store.chain import head
from tasks.store.connect import check_version, engine, known_revisions, migrate

DUMPS = sorted((Path(__file__).parent / "earlier").glob("*.sql.gz"))
HEADS = {"24cce3f": Head(37, "409283f54d9080a500b702763e883fe9eb1c95057cdf4e20ee52ee301bb9666e")}


def restored(dump: Path, databases: Databases) -> tuple[str, str]:
    """A database as that version left it: the owner's URL and the limited role's."""
    owner, app = databases.empty()
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(gzip.decompress(dump.read_bytes()))
    return owner, app


@pytest.mark.usefixtures("plain_tasks")
@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.name.partition(".")[0])
def test_a_store_of_an_earlier_version_migrates_verifies_and_goes_on(
    dump: Path,
    databases: Databases,
    make_installation: Callable[..., Installation],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_installation()  # this process's surroundings; the store is put in its place
    owner, app = restored(dump, databases)
    migrate(owner)
    assert check_version(owner) in known_revisions()
    monkeypatch.setenv("DONDOC_STORE_URL", app)
    settings.cache_clear()
    ours = engine(app)
    try:
        with reading_one_moment(ours) as connection:
            recounted, broken = verify_store(connection)
            before = head(connection)
        assert (broken, list(recounted.found), before) == (None, [], HEADS[dump.name.partition(".")[0]])
        state = sweep.fn("nho-2024", as_of=at("2024-02-06", "08:30"))
        assert state.is_completed()
        with reading_one_moment(ours) as connection:
            recounted, broken = verify_store(connection)
            assert head(connection).seq > before.seq
        assert (broken, list(recounted.found)) == (None, [])
    finally:
        ours.dispose()
        process_engine(app).dispose()
