"""Findings to the operator and the auditor: what was recorded and not yet mailed to each of them, in one mail."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from dondoc.ledger.ledger import SYSTEM, Draft
from tasks.config.run_context import RunContext, log
from tasks.mail.letters import write_to
from tasks.smtp.sender import Accepted
from tasks.store import tables
from tasks.store.chain import append, appending, head

FINDINGS_READERS = ("operator", "auditor")


def mail_findings(context: RunContext) -> None:
    """One mail to each reader that has findings to hear of; an accepted one is an `audit.mailed` entry.

    Killed between the two, the next sweep tells the same under the same Message-ID. A refused mail is tried again by
    the next sweep.
    """
    for role in FINDINGS_READERS:
        with context.engine.connect() as connection:
            untold, after = _untold(connection, role), head(connection)
        if not untold:
            continue
        facts = {
            "found": [body["text"] for _, body in untold if body["state"] == "found"],
            "healed": [body["text"] for _, body in untold if body["state"] == "healed"],
            "head": after,
        }
        seqs = [seq for seq, _ in untold]
        sent = write_to(context, role, "audit", ",".join(map(str, seqs)), facts)
        if sent is None:
            continue
        if not isinstance(sent.result, Accepted):
            log("the findings could not be mailed to %s: %s", role, sent.result.reply)
            continue
        body = {
            "recipient": f"role:{role}",
            "findings": seqs,
            "message_id": sent.message_id,
            "mail_sha256": sent.sha256,
            "reply": sent.result.reply.replace("\0", "?"),
        }
        with appending(context.engine) as connection:
            append(connection, context.now, [Draft("audit.mailed", SYSTEM, None, "dondoc", body, context.run)])


def _untold(connection: sa.Connection, role: str) -> list[tuple[int, dict[str, Any]]]:
    """(entry, body) of the recorded findings that this reader has not been mailed."""
    ledger = tables.ledger
    kinds = ("audit.finding", "audit.mailed")
    query = sa.select(ledger.c.seq, ledger.c.kind, ledger.c.line).where(ledger.c.kind.in_(kinds))
    untold: dict[int, dict[str, Any]] = {}
    for row in connection.execute(query.where(ledger.c.plan == SYSTEM).order_by(ledger.c.seq)):
        body = json.loads(bytes(row.line))["body"]
        if row.kind == "audit.mailed" and body["recipient"] == f"role:{role}":
            for seq in body["findings"]:
                untold.pop(seq, None)
        elif row.kind == "audit.finding" and "text" in body:
            untold[row.seq] = body
    return list(untold.items())
