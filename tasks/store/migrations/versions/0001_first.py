"""The first tables, and the refusal of every change to the ledger."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the SQL beside this file, exactly as it was when 0001 was made."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    # Straight to the driver: the script has `%` and `$$` of its own, and several statements.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(script)
    cursor.close()
