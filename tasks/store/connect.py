"""The way to the database: engines, migrations, and whether its version is ours."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from dondoc.foundation.errors import DondocError
from tasks.store.cures import cure

_MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseError(DondocError):
    """The database cannot be used as it is."""


def engine(url: str, *, pool_size: int = 5) -> sa.Engine:
    """An engine on a PostgreSQL URL (`postgresql://…`), through psycopg 3. Connects on first use."""
    return sa.create_engine(with_driver(url), pool_size=pool_size, pool_pre_ping=True)


def with_driver(url: str) -> str:
    """`url` with SQLAlchemy's name for psycopg 3. Raises DatabaseError for another database."""
    scheme, _, rest = url.partition("://")
    if scheme.split("+")[0] not in ("postgresql", "postgres") or not rest:
        raise DatabaseError(
            "the database must be PostgreSQL; set DONDOC_DATABASE_URL=postgresql://user:password@host/name"
        )
    return f"postgresql+psycopg://{rest}"


def migrate(url: str) -> None:
    """Bring the database to this version's tables (as their owner); nothing happens when it is there already.

    Raises DatabaseError when the database belongs to a newer dondoc.
    """
    config = _config(url)
    check_version(url)
    command.upgrade(config, "head")
    _grant(url)


# What the role of the flows and the portal may do: read and add, and change only what is not evidence.
_GRANTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dondoc_app') THEN
        GRANT SELECT, INSERT ON ledger, plan, plan_version, occurrence, event, notice, mail, delegation, signed_out, address, inbox, figures, mail_server, mailed_file, inbox_attempt TO dondoc_app;
        GRANT UPDATE (digest, closed_seq) ON plan TO dondoc_app;
        GRANT UPDATE (status, state, last_seq) ON occurrence TO dondoc_app;
        GRANT UPDATE (ordinal, opens, due, act_by, event, needs, version) ON occurrence TO dondoc_app;
        GRANT UPDATE (status, route, mail) ON notice TO dondoc_app;
        GRANT UPDATE (status, attempts, next_attempt, reply, kept) ON mail TO dondoc_app;
        GRANT UPDATE (revoked_seq) ON delegation TO dondoc_app;
        GRANT UPDATE (well, since, words) ON mail_server TO dondoc_app;
        GRANT UPDATE (attempts) ON inbox_attempt TO dondoc_app;
        GRANT DELETE ON signed_out TO dondoc_app;
        GRANT SELECT ON alembic_version TO dondoc_app;
    END IF;
END $$
"""


def _grant(url: str) -> None:
    """Granted at every start, not in a migration: the role may come after the tables."""
    connecting = sa.create_engine(with_driver(url), poolclass=sa.NullPool)
    try:
        with connecting.begin() as connection:
            connection.exec_driver_sql(_GRANTS)
    finally:
        connecting.dispose()


def check_version(url: str) -> str | None:
    """The database's revision, None when it is empty. Raises DatabaseError when this version does not know it."""
    known = known_revisions()
    connecting = sa.create_engine(with_driver(url), poolclass=sa.NullPool)
    try:
        with connecting.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            revision = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    except sa.exc.OperationalError as error:
        raise DatabaseError(
            cure(error) or f"cannot reach the database: {str(error.orig).splitlines()[0]}; start it with: dondoc up"
        ) from None
    except sa.exc.ProgrammingError as error:
        raise DatabaseError(cure(error) or str(error.orig).splitlines()[0]) from None
    finally:
        connecting.dispose()
    if revision is not None and revision not in known:
        raise DatabaseError(
            f"the database is of a newer dondoc (revision {revision}); update dondoc, nothing was changed"
        )
    return str(revision) if revision else None


def known_revisions() -> set[str]:
    """Every revision of the tables that this version can bring up to date."""
    return {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["url"] = with_driver(url)
    return config
