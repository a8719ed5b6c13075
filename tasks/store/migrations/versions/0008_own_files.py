"""The files that our own mails carried, and how often reading a mail failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dondoc.inbox.parts import file_digests

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Two tables of their own; the mails in the outbox are read for their files."""
    mailed_file = op.create_table("mailed_file", sa.Column("sha256", sa.Text, primary_key=True))
    op.create_table(
        "inbox_attempt",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_on", sa.Date, nullable=False),
    )
    found: set[str] = set()
    connection = op.get_bind()
    for content in connection.execute(sa.text("SELECT content FROM mail")).scalars():
        found |= file_digests(bytes(content))
    if found:
        op.bulk_insert(mailed_file, [{"sha256": digest} for digest in sorted(found)])
