"""Databases of a restore: filled under names of their own, and given their real names both at once."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from dondoc.foundation.errors import DondocError
from operations.stack.databases import DatabaseUrls

NAMES = ("dondoc", "prefect")
_OWNERS = {"dondoc": "dondoc_owner", "prefect": "prefect"}
FILLING, EMPTY = "_restoring", "_empty"


class OccupiedError(DondocError):
    """There is something where a restore would write; nothing was changed."""


def filled(admin: str) -> list[str]:
    """Which of our two databases hold tables."""
    with psycopg.connect(admin, connect_timeout=10, autocommit=True) as connection:
        there = [name for name in NAMES if _exists(connection, name)]
    return [name for name in there if _tables(_in(admin, name))]


def roles_there(admin: str) -> bool:
    """Whether the server already has our roles, with passwords that we may not know."""
    with psycopg.connect(admin, connect_timeout=10, autocommit=True) as connection:
        return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = ANY(%s)", [[*_OWNERS.values()]]).rowcount > 0


def make_empty(urls: DatabaseUrls) -> DatabaseUrls:
    """New databases to fill, beside the real ones; the URLs of them. What a killed restore left there is dropped."""
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        for name in NAMES:
            _drop(connection, name + FILLING)
            statement = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(statement.format(sql.Identifier(name + FILLING), sql.Identifier(_OWNERS[name])))
    with psycopg.connect(_in(urls.admin, "prefect" + FILLING), autocommit=True) as connection:
        # Only an administrator may create it; the dump finds it there.
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    return DatabaseUrls(
        urls.admin,
        _in(urls.owner, "dondoc" + FILLING),
        _in(urls.app, "dondoc" + FILLING),
        _in(urls.prefect, "prefect" + FILLING),
    )


def give_names(admin: str) -> None:
    """Both filled databases get their real names in one transaction; the empty ones that had them are dropped.

    Raises OccupiedError where one of those is no longer empty or in use.
    """
    occupied = filled(admin)
    if occupied:
        raise OccupiedError(f"the database {occupied[0]} is no longer empty; nothing was replaced")
    drop_left(admin, EMPTY)
    try:
        with psycopg.connect(admin) as connection:
            for name in NAMES:
                _rename(connection, name, name + EMPTY)
                _rename(connection, name + FILLING, name)
    except psycopg.errors.ObjectInUse as error:
        raise OccupiedError(f"{str(error).splitlines()[0]}: stop what uses it; nothing was replaced") from None
    drop_left(admin, EMPTY)


def drop_left(admin: str, suffix: str = FILLING) -> None:
    """Drop the databases of that suffix that a restore made: unfinished ones, and those set aside if they are empty."""
    with psycopg.connect(admin, autocommit=True) as connection:
        for name in NAMES:
            if suffix == FILLING or (_exists(connection, name + suffix) and not _tables(_in(admin, name + suffix))):
                _drop(connection, name + suffix)


def _exists(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _tables(url: str) -> bool:
    question = "SELECT 1 FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') LIMIT 1"
    with psycopg.connect(url, connect_timeout=10) as connection:
        return connection.execute(question).fetchone() is not None


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _rename(connection: psycopg.Connection, old: str, new: str) -> None:
    if _exists(connection, old):
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


def _in(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
