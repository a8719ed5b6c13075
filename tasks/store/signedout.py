"""Sessions of the portal that were ended before their time: remembered until they would be over.

The ledger says which (by a hash: the name itself opens the session), so that nobody brings one back to life by deleting
a row.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dondoc.ledger.ledger import SYSTEM, Draft, timestamp
from tasks.store.chain import append, appending
from tasks.store.tables import signed_out


def session_hash(session: str) -> str:
    """What the ledger knows a session by."""
    return sha256(session.encode()).hexdigest()


def sign_out(engine: sa.Engine, session: str, until: datetime, now: datetime, actor: str) -> None:
    """That session, which would have lasted `until`, is over. What lies behind `now` is forgotten."""
    with appending(engine) as connection:
        connection.execute(signed_out.delete().where(signed_out.c.until <= now))
        found = connection.execute(
            insert(signed_out)
            .values(session=session, until=until)
            .on_conflict_do_nothing()
            .returning(signed_out.c.session)
        )
        if found.first():
            body = {"session_sha256": session_hash(session), "until": timestamp(until)}
            append(connection, now, [Draft("session.ended", SYSTEM, None, actor, body)])


def is_signed_out(connection: sa.Connection, session: str) -> bool:
    """Whether that session was ended."""
    return connection.scalar(sa.select(signed_out.c.session).where(signed_out.c.session == session)) is not None
