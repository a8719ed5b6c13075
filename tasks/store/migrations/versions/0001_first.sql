-- The first tables. Frozen: later changes are migrations of their own.

CREATE TABLE ledger (
    seq BIGINT NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    plan TEXT NOT NULL,
    occurrence TEXT,
    actor TEXT NOT NULL,
    run TEXT,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL,
    line BYTEA NOT NULL,
    CONSTRAINT pk_ledger PRIMARY KEY (seq),
    UNIQUE (hash)
);

CREATE INDEX ix_ledger_occurrence_seq ON ledger (occurrence, seq);

CREATE INDEX ix_ledger_plan_seq ON ledger (plan, seq);

CREATE INDEX ix_ledger_run ON ledger (run);

CREATE TABLE plan (
    id TEXT NOT NULL,
    year INTEGER NOT NULL,
    digest TEXT NOT NULL,
    body JSONB NOT NULL,
    adopted_seq BIGINT NOT NULL,
    closed_seq BIGINT,
    CONSTRAINT pk_plan PRIMARY KEY (id)
);

CREATE TABLE event (
    plan TEXT NOT NULL,
    event TEXT NOT NULL,
    happened_on DATE NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT pk_event PRIMARY KEY (plan, event),
    CONSTRAINT fk_event_plan FOREIGN KEY(plan) REFERENCES plan (id)
);

CREATE TABLE mail (
    id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    plan TEXT NOT NULL,
    address TEXT NOT NULL,
    morning DATE NOT NULL,
    subject TEXT NOT NULL,
    content BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    next_attempt TIMESTAMP WITH TIME ZONE NOT NULL,
    reply TEXT,
    CONSTRAINT pk_mail PRIMARY KEY (id),
    CONSTRAINT fk_mail_plan FOREIGN KEY(plan) REFERENCES plan (id)
);

CREATE INDEX ix_mail_ready ON mail (plan, next_attempt) WHERE status = 'ready';

CREATE TABLE occurrence (
    id TEXT NOT NULL,
    plan TEXT NOT NULL,
    item TEXT NOT NULL,
    obligation TEXT NOT NULL,
    period TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    opens DATE,
    due DATE,
    act_by DATE,
    event TEXT,
    needs JSONB NOT NULL,
    before_adoption BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    state JSONB NOT NULL,
    last_seq BIGINT NOT NULL,
    CONSTRAINT pk_occurrence PRIMARY KEY (id),
    CONSTRAINT fk_occurrence_plan FOREIGN KEY(plan) REFERENCES plan (id)
);

CREATE INDEX ix_occurrence_plan_item ON occurrence (plan, item, ordinal);

CREATE TABLE notice (
    key TEXT NOT NULL,
    plan TEXT NOT NULL,
    occurrence TEXT NOT NULL,
    checkpoint TEXT NOT NULL,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    body JSONB NOT NULL,
    seq BIGINT NOT NULL,
    status TEXT NOT NULL,
    route INTEGER DEFAULT 0 NOT NULL,
    mail TEXT,
    CONSTRAINT pk_notice PRIMARY KEY (key),
    CONSTRAINT fk_notice_plan FOREIGN KEY(plan) REFERENCES plan (id),
    CONSTRAINT fk_notice_occurrence FOREIGN KEY(occurrence) REFERENCES occurrence (id)
);

CREATE INDEX ix_notice_mail ON notice (mail);

CREATE INDEX ix_notice_queued ON notice (plan, recipient) WHERE status = 'queued';


-- The ledger is append-only, for its owner too.
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
REVOKE UPDATE, DELETE, TRUNCATE ON ledger FROM PUBLIC;
