"""The tables, as SQLAlchemy Core sees them. Alembic owns their creation (`tasks/migrations`)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(column_0_label)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

# Append-only: triggers and privileges refuse UPDATE, DELETE and TRUNCATE. `line` holds the canonical bytes;
# the other columns repeat them for searching and are checked against them by `ledger verify`.
ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("occurrence", sa.Text),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("run", sa.Text),
    sa.Column("prev", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("line", sa.LargeBinary, nullable=False),
    sa.Index("ix_ledger_plan_seq", "plan", "seq"),
    sa.Index("ix_ledger_occurrence_seq", "occurrence", "seq"),
    sa.Index("ix_ledger_run", "run"),
    sa.Index("ix_ledger_trial", "seq", postgresql_where=sa.text("kind = 'trial.ended'")),
)

plan = sa.Table(
    "plan",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),  # of the version in force
    sa.Column("adopted_seq", sa.BigInteger, nullable=False),
    sa.Column("closed_seq", sa.BigInteger),
)

# Every version of a plan, as adopted and as amended. Nothing is edited away.
plan_version = sa.Table(
    "plan_version",
    metadata,
    sa.Column("plan", sa.Text, sa.ForeignKey("plan.id"), primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("source", sa.Text, nullable=False, server_default=""),  # the file's own text, for the next draft
    sa.Column("seq", sa.BigInteger, nullable=False),
)

# The register's columns are those of the plan's version the occurrence stands under; `state` is the latest fold, written with the entries it follows from.
occurrence = sa.Table(
    "occurrence",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("plan", sa.Text, sa.ForeignKey("plan.id"), nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("obligation", sa.Text, nullable=False),
    sa.Column("period", sa.Text, nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("opens", sa.Date),
    sa.Column("due", sa.Date),
    sa.Column("act_by", sa.Date),
    sa.Column("event", sa.Text),
    sa.Column("needs", JSONB, nullable=False),
    sa.Column("before_adoption", sa.Boolean, nullable=False),
    sa.Column("version", sa.Text, nullable=False),  # the digest in plan_version
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("state", JSONB, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Index("ix_occurrence_plan_item", "plan", "item", "ordinal"),
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("plan", sa.Text, sa.ForeignKey("plan.id"), primary_key=True),
    sa.Column("event", sa.Text, primary_key=True),
    sa.Column("happened_on", sa.Date, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

# The outbox. `key` is occurrence|checkpoint|recipient: running anything twice sends nothing twice.
notice = sa.Table(
    "notice",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("plan", sa.Text, sa.ForeignKey("plan.id"), nullable=False),
    sa.Column("occurrence", sa.Text, sa.ForeignKey("occurrence.id"), nullable=False),
    sa.Column("checkpoint", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False),  # queued → mailed → sent | failed; or withheld
    sa.Column("route", sa.Integer, nullable=False, server_default="0"),
    sa.Column("mail", sa.Text),
    sa.Index("ix_notice_queued", "plan", "recipient", postgresql_where=sa.text("status = 'queued'")),
    sa.Index("ix_notice_mail", "mail"),
)

# A mail's bytes are kept before the first attempt: sent again after a crash, it is the same mail.
mail = sa.Table(
    "mail",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # Message-ID and the address it goes to
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, sa.ForeignKey("plan.id"), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("morning", sa.Date, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),  # ready | sent | failed; sent → bounced; ready → damaged
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_attempt", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reply", sa.Text),
    sa.Column(
        "kept", sa.Boolean, nullable=False, server_default=sa.false()
    ),  # taken by the local mailbox: nobody has it
    sa.Index("ix_mail_ready", "plan", "next_attempt", postgresql_where=sa.text("status = 'ready'")),
)

# How each mail server dealt with us the last time. No evidence: what it said of a mail stands in the mail's entries.
mail_server = sa.Table(
    "mail_server",
    metadata,
    sa.Column("server", sa.Text, primary_key=True),
    sa.Column("well", sa.Boolean, nullable=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),  # of the first answer of that sort
    sa.Column("words", sa.Text, nullable=False),
)

# Who stands in for whom: the latest of `delegation.recorded` and `delegation.revoked`, written in the same transaction.
delegation = sa.Table(
    "delegation",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("absent", sa.Text, nullable=False),
    sa.Column("stand_in", sa.Text, nullable=False),
    sa.Column("first", sa.Date, nullable=False),
    sa.Column("last", sa.Date, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("revoked_seq", sa.BigInteger),
)

# Sessions of the portal that were ended before their time. No evidence: rows go once their session would be over.
signed_out = sa.Table(
    "signed_out",
    metadata,
    sa.Column("session", sa.Text, primary_key=True),
    sa.Column("until", sa.DateTime(timezone=True), nullable=False),
)

# What each signed address stands for. Kept with the mail that carries it, so that no address is out without its row.
address = sa.Table(
    "address",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),  # d a duty, m a mail, b its bounces
    sa.Column("plan", sa.Text, sa.ForeignKey("plan.id"), nullable=False),
    sa.Column("occurrence", sa.Text, sa.ForeignKey("occurrence.id")),
    sa.Column("party", sa.Text),
    sa.Column("mail", sa.Text, sa.ForeignKey("mail.id")),
    sa.Index("ix_address_mail", "mail"),
)

# Every mail that came in, once for each address it came to: `key` is its Message-ID and that address's code.
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("received_on", sa.Date, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger),
    sa.Column("answered", sa.Boolean, nullable=False),
    sa.Index("ix_inbox_answered", "code", "sender", "received_on", postgresql_where=sa.text("answered")),
)

# The files that our own mails carried: whatever brings one back hands in nothing.
mailed_file = sa.Table("mailed_file", metadata, sa.Column("sha256", sa.Text, primary_key=True))

# How often reading a mail failed, by its bytes. No evidence: the third time the mail itself is recorded and shown.
inbox_attempt = sa.Table(
    "inbox_attempt",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("first_on", sa.Date, nullable=False),
)

# Every accepted set of a month's figures; a correction is a further version. Append-only like the ledger, whose entry
# `seq` says the same: `body` holds the figures as recorded there.
figures = sa.Table(
    "figures",
    metadata,
    sa.Column("plan", sa.Text, sa.ForeignKey("plan.id"), primary_key=True),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("occurrence", sa.Text, sa.ForeignKey("occurrence.id"), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("body", JSONB, nullable=False),
)
