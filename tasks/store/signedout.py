"""Sessions of the portal that were ended before their time: remembered until they would be over."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tasks.store.tables import signed_out


def sign_out(engine: sa.Engine, session: str, until: datetime, now: datetime) -> None:
    """That session, which would have lasted `until`, is over. What lies behind `now` is forgotten."""
    with engine.begin() as connection:
        connection.execute(signed_out.delete().where(signed_out.c.until <= now))
        connection.execute(insert(signed_out).values(session=session, until=until).on_conflict_do_nothing())


def is_signed_out(connection: sa.Connection, session: str) -> bool:
    """Whether that session was ended."""
    return connection.scalar(sa.select(signed_out.c.session).where(signed_out.c.session == session)) is not None
