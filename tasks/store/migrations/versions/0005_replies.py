"""Signed reply addresses, and the mail that came in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Two tables of their own; nothing that was there changes."""
    op.create_table(
        "address",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, sa.ForeignKey("plan.id"), nullable=False),
        sa.Column("occurrence", sa.Text, sa.ForeignKey("occurrence.id")),
        sa.Column("party", sa.Text),
        sa.Column("mail", sa.Text, sa.ForeignKey("mail.id")),
    )
    op.create_index("ix_address_mail", "address", ["mail"])
    op.create_table(
        "inbox",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("received_on", sa.Date, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger),
        sa.Column("answered", sa.Boolean, nullable=False),
    )
    op.create_index(
        "ix_inbox_answered", "inbox", ["code", "sender", "received_on"], postgresql_where=sa.text("answered")
    )
