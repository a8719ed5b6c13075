"""The versions of the monthly figures, append-only like the ledger."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_TABLE = """
CREATE TABLE figures (
    plan TEXT NOT NULL,
    month TEXT NOT NULL,
    version INTEGER NOT NULL,
    occurrence TEXT NOT NULL,
    seq BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    body JSONB NOT NULL,
    CONSTRAINT pk_figures PRIMARY KEY (plan, month, version),
    CONSTRAINT fk_figures_plan FOREIGN KEY(plan) REFERENCES plan (id),
    CONSTRAINT fk_figures_occurrence FOREIGN KEY(occurrence) REFERENCES occurrence (id)
)
"""
_REFUSAL = """
CREATE FUNCTION figures_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'recorded figures are append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$
"""


def upgrade() -> None:
    """Make the table and refuse every change of its rows, its owner's too."""
    op.execute(_TABLE)
    op.execute(_REFUSAL)
    op.execute(
        "CREATE TRIGGER figures_no_change BEFORE UPDATE OR DELETE ON figures "
        "FOR EACH ROW EXECUTE FUNCTION figures_refuse()"
    )
    op.execute(
        "CREATE TRIGGER figures_no_truncate BEFORE TRUNCATE ON figures "
        "FOR EACH STATEMENT EXECUTE FUNCTION figures_refuse()"
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON figures FROM PUBLIC")
