"""Alembic runs this file; the URL comes from `tasks.store.connect`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from tasks.store.tables import metadata

_engine = sa.create_engine(context.config.attributes["url"], poolclass=sa.NullPool)
with _engine.connect() as connection:
    # Two starts at once: the second waits here and then finds nothing to do.
    connection.execute(sa.text("SELECT pg_advisory_lock(720240001)"))
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
_engine.dispose()
