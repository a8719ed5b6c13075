"""The first tables, and the refusal of every change to the ledger."""

from __future__ import annotations

from alembic import op

from tasks.store.tables import metadata

revision = "0001"
down_revision = None

_REFUSE = """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$
"""

_TRIGGERS = (
    "CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION ledger_refuse()",
    "CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
)

# The role that the flows and the portal use: it reads and adds, and changes only what is not evidence.
_GRANTS = """
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'dondoc_app') THEN
    GRANT SELECT, INSERT ON ledger, plan, occurrence, event, notice, mail TO dondoc_app;
    GRANT UPDATE (closed_seq) ON plan TO dondoc_app;
    GRANT UPDATE (status, state, last_seq) ON occurrence TO dondoc_app;
    GRANT UPDATE (status, route, mail) ON notice TO dondoc_app;
    GRANT UPDATE (status, attempts, next_attempt, reply) ON mail TO dondoc_app;
    GRANT SELECT ON alembic_version TO dondoc_app;
  END IF;
END $$
"""


def upgrade() -> None:
    """Create the tables, the triggers and the grants."""
    metadata.create_all(op.get_bind())
    op.execute(_REFUSE)
    for trigger in _TRIGGERS:
        op.execute(trigger)
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON ledger FROM PUBLIC")
    op.execute(_GRANTS)
