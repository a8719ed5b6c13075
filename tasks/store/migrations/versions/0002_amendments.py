"""Versions of a plan: each is kept whole, and an occurrence knows the one it stands under."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Keep what was adopted so far as the first version of each plan."""
    for statement in (
        """CREATE TABLE plan_version (
            plan TEXT NOT NULL,
            digest TEXT NOT NULL,
            body JSONB NOT NULL,
            seq BIGINT NOT NULL,
            CONSTRAINT pk_plan_version PRIMARY KEY (plan, digest),
            CONSTRAINT fk_plan_version_plan FOREIGN KEY(plan) REFERENCES plan (id)
        )""",
        "INSERT INTO plan_version SELECT id, digest, body, adopted_seq FROM plan",
        "ALTER TABLE plan DROP COLUMN body",
        "ALTER TABLE occurrence ADD COLUMN version TEXT",
        "UPDATE occurrence SET version = plan.digest FROM plan WHERE plan.id = occurrence.plan",
        "ALTER TABLE occurrence ALTER COLUMN version SET NOT NULL",
    ):
        op.execute(statement)
