"""The text of the file a plan was adopted from, kept beside its content."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Plans adopted before keep an empty text; their file under config/plans serves."""
    op.execute("ALTER TABLE plan_version ADD COLUMN source TEXT NOT NULL DEFAULT ''")
