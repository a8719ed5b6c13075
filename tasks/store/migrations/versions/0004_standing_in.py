"""Who stands in for whom, and which signed-in browsers have signed out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Two small tables; the ledger says how `delegation` came to be."""
    op.create_table(
        "delegation",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("absent", sa.Text, nullable=False),
        sa.Column("stand_in", sa.Text, nullable=False),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("revoked_seq", sa.BigInteger),
    )
    op.create_table(
        "signed_out",
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )
