"""Roles and databases: `prefect` (Prefect's own), `dondoc` owned by `dondoc_owner`, used by `dondoc_app`.

The same statements serve the embedded server and any other reached by an administrator's URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from operations.stack.settings import Stack, StackError
from tasks.store.cures import cure

DATABASE_ROLES = ("prefect", "dondoc_owner", "dondoc_app")


@dataclass(frozen=True)
class DatabaseUrls:
    """URLs in libpq form (`postgresql://…`); `driver_url` turns one into SQLAlchemy's."""

    admin: str
    owner: str
    app: str
    prefect: str


def database_urls(stack: Stack) -> DatabaseUrls:
    """The four URLs of this installation; asks no server."""
    from operations.stack.postgres import admin_url

    admin = stack.database_url or admin_url(stack)
    return DatabaseUrls(
        admin=admin,
        owner=_as_role(admin, stack, "dondoc_owner", "dondoc"),
        app=_as_role(admin, stack, "dondoc_app", "dondoc"),
        prefect=_as_role(admin, stack, "prefect", "prefect"),
    )


def driver_url(url: str, driver: str) -> str:
    """The URL for SQLAlchemy: `driver_url(url, "psycopg")`, or "asyncpg" whose word for sslmode is ssl."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query)
    if driver == "asyncpg":
        query = [("ssl" if key == "sslmode" else key, value) for key, value in query]
    return urlunsplit(parts._replace(scheme=f"postgresql+{driver}", query=urlencode(query)))


def ensure_databases(stack: Stack) -> DatabaseUrls:
    """Create what is missing of roles and databases; change nothing that exists.

    Raises StackError: server not reachable, administrator may not create, or a role with an unknown password.
    """
    if stack.database_url:
        _refuse_unknown_roles(stack, stack.database_url)
    urls = database_urls(stack)
    try:
        with psycopg.connect(urls.admin, autocommit=True, connect_timeout=10) as connection:
            for role in DATABASE_ROLES:
                _ensure_role(connection, role, stack.secret(f"postgres_{role}"))
            _ensure_database(connection, "prefect", "prefect")
            _ensure_database(connection, "dondoc", "dondoc_owner")
            _grant_connect(connection, stack.embedded)
        with _as_administrator(urls.admin, "prefect") as connection:
            # Prefect's migrations index names by trigram.
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public")
            _give_to_owner(connection, "prefect")
        with _as_administrator(urls.admin, "dondoc") as connection:
            _give_to_owner(connection, "dondoc_owner")
    except psycopg.OperationalError as error:
        raise StackError(cure(error) or f"the database server does not answer: {_first_line(error)}") from error
    except psycopg.Error as error:
        raise StackError(
            f"the database refuses ({_first_line(error)}): give an URL of a role that may create"
        ) from error
    for url, role in ((urls.owner, "dondoc_owner"), (urls.app, "dondoc_app"), (urls.prefect, "prefect")):
        _check_login(url, role, stack)
    return urls


def _refuse_unknown_roles(stack: Stack, admin: str) -> None:
    """A server that has our roles has their passwords: lost ones are not made up."""
    try:
        with psycopg.connect(admin, autocommit=True, connect_timeout=10) as connection:
            there = {str(row[0]) for row in connection.execute("SELECT rolname FROM pg_roles")}
    except psycopg.OperationalError as error:
        raise StackError(cure(error) or f"the database server does not answer: {_first_line(error)}") from error
    for role in DATABASE_ROLES:
        if role in there:
            stack.refuse_lost_secrets(f"postgres_{role}")


# A raw restore gives everything to whoever restored it: then neither migrations nor Prefect may change their own tables.
_GIVE = """
DO $$ DECLARE one record; BEGIN
    FOR one IN
        SELECT format('ALTER %s %s OWNER TO {role}', kind, name) AS statement FROM (
            SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                       ELSE 'TABLE' END AS kind,
                   c.oid::regclass::text AS name, c.relowner AS owner, c.oid AS id, 'pg_class'::regclass AS of
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
            UNION ALL
            SELECT 'ROUTINE', p.oid::regprocedure::text, p.proowner, p.oid, 'pg_proc'::regclass
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
            UNION ALL
            SELECT 'TYPE', t.oid::regtype::text, t.typowner, t.oid, 'pg_type'::regclass
            FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
            WHERE t.typtype IN ('e', 'd') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        ) AS found
        WHERE owner <> (SELECT oid FROM pg_roles WHERE rolname = '{role}')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = found.of AND d.objid = found.id AND d.deptype = 'e')
    LOOP EXECUTE one.statement; END LOOP;
END $$
"""


def _give_to_owner(connection: psycopg.Connection, role: str) -> None:
    connection.execute(_GIVE.replace("{role}", role).encode())


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        return
    statement = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(role), sql.Literal(password)))
    # CREATE DATABASE … OWNER needs membership unless we are superuser; a superuser's grant to itself is harmless.
    connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))


def _ensure_database(connection: psycopg.Connection, database: str, owner: str) -> None:
    found = connection.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [database]
    ).fetchone()
    if found == (owner,):
        return
    statement = sql.SQL("ALTER DATABASE {} OWNER TO {}" if found else "CREATE DATABASE {} OWNER {}")
    connection.execute(statement.format(sql.Identifier(database), sql.Identifier(owner)))


def _grant_connect(connection: psycopg.Connection, embedded: bool) -> None:
    connection.execute("REVOKE ALL ON DATABASE dondoc, prefect FROM PUBLIC")
    if embedded:
        # Nobody of ours has business in the databases that every server comes with; on a server of somebody else's they
        # are for others too, and stay as its administrator wants them.
        connection.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
    connection.execute("GRANT CONNECT ON DATABASE dondoc TO dondoc_app")


def _check_login(url: str, role: str, stack: Stack) -> None:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        raise StackError(
            cure(error)
            or f"cannot sign in as {role} ({_first_line(error)}): "
            f"put its password into {stack.secrets_directory / f'postgres_{role}'}"
        ) from error


def _as_role(admin: str, stack: Stack, role: str, database: str) -> str:
    parts = urlsplit(admin)
    place = parts.netloc.rpartition("@")[2]
    password = stack.secret(f"postgres_{role}")
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{place}", path=f"/{database}"))


def _as_administrator(admin: str, database: str) -> psycopg.Connection:
    """In a database of ours as the administrator: no function or operator that its owner has put there is ever called."""
    return psycopg.connect(_in_database(admin, database), autocommit=True, options="-c search_path=pg_catalog")


def _in_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
