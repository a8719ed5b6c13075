"""How the mail servers deal with us, which mails stayed in the local mailbox, and the entry that ends a trial."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add what was not noted before: mails sent until now count as having left."""
    op.execute(
        "CREATE TABLE mail_server (server TEXT NOT NULL, well BOOLEAN NOT NULL, since TIMESTAMP WITH TIME ZONE NOT NULL, "
        "words TEXT NOT NULL, CONSTRAINT pk_mail_server PRIMARY KEY (server))"
    )
    op.execute("ALTER TABLE mail ADD COLUMN kept BOOLEAN DEFAULT false NOT NULL")
    op.execute("CREATE INDEX ix_ledger_trial ON ledger (seq) WHERE kind = 'trial.ended'")
