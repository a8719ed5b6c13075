"""The ledger's head, written once a day where a change of the database does not reach: a folder elsewhere, or mail.

Before a line is added to a file, the lines already there are compared with the ledger: a cut tail, a full rewrite or a
restored old copy shows on the next working day, by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from dondoc.ledger.findings import Finding
from dondoc.ledger.ledger import Draft, Head
from dondoc.ledger.witness import read_witness, witness_line
from tasks.audit.time_stamps import stamp
from tasks.audit.witness_files import WITNESS_FILE, append_line, within, witness_text
from tasks.config.loading import words
from tasks.config.run_context import RunContext
from tasks.mail.letters import write_to
from tasks.smtp.sender import Accepted
from tasks.store import tables
from tasks.store.chain import append, appending, head


class _FailedError(Exception):
    """A destination that could not be written, in one line."""


def publish_witness(context: RunContext) -> list[Finding]:
    """Compare every file with the ledger and write today's line where it is not yet; what failed or disagreed.

    One `witness.published` entry names the head and where it went.
    """
    chosen = context.settings.witness
    with context.engine.connect() as connection:
        done, now = _done_today(connection, context), head(connection)
    findings, written = list[Finding](), list[dict[str, Any]]()
    line = witness_line(now, context.now, context.plan)
    for place in (*chosen.folders, *(f"role:{role}" for role in chosen.mail_to)):
        try:
            found = list(_write(context, place, line, now, written, done=place in done))
        except Exception as error:  # whatever it is: the sweep goes on, the operator is told
            found = [Finding("witness_failed", place, {"why": str(error)[:300]})]
        findings.extend(found)
    if written:
        with appending(context.engine) as connection:
            done = _done_today(connection, context)  # another sweep, side by side, may have been first
            body = {"seq": now.seq, "hash": now.hash, "to": [place for place in written if place["place"] not in done]}
            if body["to"]:
                draft = Draft("witness.published", context.plan, None, "dondoc", body, context.run)
                append(connection, context.now, [draft])
    return findings


def _write(
    context: RunContext, place: str, line: str, now: Head, written: list[dict[str, Any]], *, done: bool
) -> Iterator[Finding]:
    kind, _, role = place.partition(":")
    if kind == "role" and role:
        if not done:
            written.append({"place": place, **_mail(context, role, line, now)})
        return
    folder = context.settings.var / place
    text = within(lambda: witness_text(folder / WITNESS_FILE))
    disagreeing = list(_compare(context, place, text))
    yield from disagreeing
    if disagreeing or done:
        return  # one that disagrees is left as it is: it is the proof
    title = words(context.settings.config)["witness_title"]
    within(lambda: append_line(folder / WITNESS_FILE, text, line, title))
    said: dict[str, Any] = {"place": place}
    if context.settings.witness.stamp_url:
        try:
            said["stamp_sha256"] = within(lambda: stamp(context.settings, folder, now, line))
        except Exception as error:  # the line stands without its stamp
            about = {"why": str(error)[:300], "known": now.seq}
            yield Finding("stamp_failed", f"{place} {now.seq}", about)
    written.append(said)


def _mail(context: RunContext, role: str, line: str, now: Head) -> dict[str, Any]:
    sent = write_to(context, role, "audit-witness", line, {"line": line, "head": now, "plan": context.plan})
    if sent is None:
        raise _FailedError(f"office.yaml gives the role {role} no address")
    if not isinstance(sent.result, Accepted):
        raise _FailedError(sent.result.reply)
    return {"message_id": sent.message_id, "mail_sha256": sent.sha256, "reply": sent.result.reply.replace("\0", "?")}


def _done_today(connection: sa.Connection, context: RunContext) -> set[str]:
    """The destinations that have this plan's line of today."""
    ledger = tables.ledger
    query = sa.select(ledger.c.at, ledger.c.line).where(
        ledger.c.kind == "witness.published", ledger.c.plan == context.plan
    )
    done: set[str] = set()
    for row in connection.execute(query.order_by(ledger.c.seq.desc()).limit(20)):
        if context.local_day(row.at) == context.today:
            done.update(found["place"] for found in json.loads(bytes(row.line))["body"]["to"])
    return done


def _compare(context: RunContext, place: str, text: str) -> Iterator[Finding]:
    witness = read_witness(f"{place}/{WITNESS_FILE}", text.splitlines())
    ledger = tables.ledger
    query = sa.select(ledger.c.seq, ledger.c.hash).where(ledger.c.seq.in_(list(witness.lines)))
    with context.engine.connect() as connection:
        for row in connection.execute(query.order_by(ledger.c.seq)):
            yield from witness.look(Head(row.seq, row.hash))
        yield from witness.end(head(connection))
