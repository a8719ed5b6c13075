"""The tables beside the ledger, compared with what its entries say: plans, occurrences, events, outbox, kept mails."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from dondoc.foundation.canonical import digest
from dondoc.ledger.findings import Finding
from dondoc.mail.duties import hashed
from dondoc.obligations import lifecycle
from dondoc.verification.completeness import Recount
from dondoc.verification.notice_keys import STANDS, notice_key
from tasks.store import tables
from tasks.store.authority import session_hash


@dataclass
class Outbox:
    """The outbox's rows pulled along beside the ledger: each `notice.queued` entry has exactly its rows.

    `mails` are the short hashes of the mails that entries name as sent or refused.
    """

    rows: Iterator[Mapping[Any, Any]]
    ahead: Mapping[Any, Any] | None = None
    mails: set[int] = field(default_factory=set)

    @classmethod
    @contextmanager
    def reading(cls, connection: sa.Connection) -> Iterator[Outbox]:
        """The rows in the order of their entries, over a cursor of the server's."""
        n = tables.notice
        query = sa.select(n).order_by(n.c.seq, n.c.key)
        with connection.execute(query, execution_options={"yield_per": 1000}) as found:
            rows = iter(found.mappings())
            yield cls(rows, next(rows, None))

    def take(self, entry: Mapping[str, Any]) -> Iterator[Finding]:
        """Compare the rows that came from this entry."""
        seq, body = entry["seq"], entry["body"]
        if entry["kind"] in ("notice.sent", "notice.failed") and isinstance(body.get("mail_sha256"), str):
            self.mails.add(_short(body["message_id"], body["address"], body["mail_sha256"]))
        there = {row["key"]: row for row in self._until(seq)}
        owed = set()
        if entry["kind"] == "notice.queued" and isinstance(body.get("recipients"), list):
            for recipient in body["recipients"]:
                key = notice_key(entry["occurrence"], body["checkpoint"], recipient)
                owed.add(key)
                if key not in there:
                    yield Finding("notice_row_missing", key, {}, seq)
                elif not _says_the_same(there[key], entry, recipient):
                    yield Finding("notice_row_differs", key, {}, seq)
        for key in sorted(there.keys() - owed):
            yield Finding("notice_row_invented", key, {}, None)

    def end(self) -> Iterator[Finding]:
        """Rows that name an entry beyond the ledger's end."""
        for row in self._until(None):
            yield Finding("notice_row_invented", row["key"])

    def _until(self, seq: int | None) -> Iterator[Mapping[Any, Any]]:
        while self.ahead is not None and (seq is None or self.ahead["seq"] <= seq):
            yield self.ahead
            self.ahead = next(self.rows, None)


def _says_the_same(row: Mapping[Any, Any], entry: Mapping[str, Any], recipient: str) -> bool:
    body = entry["body"]
    said = {
        "plan": entry["plan"],
        "occurrence": entry["occurrence"],
        "checkpoint": body["checkpoint"],
        "kind": body["kind"],
        "recipient": recipient,
        "body": body.get("about", {}),
        "seq": entry["seq"],
    }
    return all(row[name] == value for name, value in said.items())


def tables_differ(connection: sa.Connection, recounted: Recount, mails: set[int] | None = None) -> Iterator[Finding]:
    """Every table that repeats what the ledger says, compared with it."""
    yield from _plans(connection, recounted)
    yield from _occurrences(connection, recounted)
    yield from _events(connection, recounted)
    yield from _delegations(connection, recounted)
    yield from _sessions(connection, recounted)
    yield from _notices(connection, recounted)
    yield from _mails(connection, mails or set())


def _plans(connection: sa.Connection, recounted: Recount) -> Iterator[Finding]:
    stored = {row.id: row for row in connection.execute(sa.select(tables.plan))}
    v = tables.plan_version
    versions: dict[str, dict[str, int]] = {}
    for kept in connection.execute(sa.select(v.c.plan, v.c.digest, v.c.body, v.c.seq)):
        if digest(kept.body) == kept.digest:
            versions.setdefault(kept.plan, {})[kept.digest] = kept.seq
    for plan in sorted(recounted.plans.keys() | stored.keys()):
        row, said = stored.get(plan), recounted.plans.get(plan)
        if row is None or said is None:
            yield Finding("plan_row_missing" if row is None else "plan_row_invented", plan)
            continue
        found = (row.digest, row.year, row.adopted_seq, row.closed_seq, versions.get(plan))
        if found != (said.digest, said.year, said.adopted_seq, said.closed_seq, said.versions):
            yield Finding("plan_row_differs", plan)


def _occurrences(connection: sa.Connection, recounted: Recount) -> Iterator[Finding]:
    o = tables.occurrence
    seen = set()
    for row in connection.execute(sa.select(o).order_by(o.c.id)).mappings():
        key = row["id"]
        state = recounted.states.get(key)
        if state is None:
            yield Finding("occurrence_row_invented", key)
            continue
        seen.add(key)
        if row["status"] != state.status or lifecycle.from_json(row["state"]) != state:
            about = {"stored": row["status"], "status": state.status.value}
            yield Finding("occurrence_row_differs", key, about, recounted.last_seq[key])
        elif not _registered(row, recounted):
            yield Finding("register_row_differs", key)
    for missing in sorted(recounted.states.keys() - seen):
        yield Finding("occurrence_row_missing", missing)


def _registered(row: Mapping[Any, Any], recounted: Recount) -> bool:
    """The row is as registered: under the version in force, or, once ended, under one that was."""
    key = row["id"]
    said, plan = recounted.register[key], recounted.plans[row["plan"]]
    ended = recounted.states[key].status in lifecycle.ENDS
    stored = {"opens": _iso(row["opens"]), "due": _iso(row["due"]), "event": row["event"], "needs": row["needs"]}
    return (
        "/".join((row["plan"], row["item"], row["obligation"], row["period"])) == key
        and row["last_seq"] == recounted.last_seq[key]
        and row["before_adoption"] == said[0]["before_adoption"]
        and row["version"] in (plan.versions if ended else (plan.digest,))
        and any(
            all(registered[name] == value for name, value in stored.items())
            for registered in (said if ended else said[-1:])
        )
    )


def _events(connection: sa.Connection, recounted: Recount) -> Iterator[Finding]:
    e = tables.event
    stored = {(row.plan, row.event): (_iso(row.happened_on), row.seq) for row in connection.execute(sa.select(e))}
    for key in sorted(stored.keys() | recounted.events.keys()):
        if stored.get(key) != recounted.events.get(key):
            yield Finding("event_row_differs", "/".join(key))


def _delegations(connection: sa.Connection, recounted: Recount) -> Iterator[Finding]:
    """Each row that lets somebody act for another is as its entries say, and none is without one."""
    stored = {row.seq: row for row in connection.execute(sa.select(tables.delegation))}
    said = recounted.authority.delegations
    for seq in sorted(stored.keys() | said.keys()):
        row, one = stored.get(seq), said.get(seq)
        if one is None:
            assert row is not None
            about = {"stand_in": row.stand_in, "absent": row.absent}
            yield Finding("delegation_row_invented", str(seq), about)
        elif row is None:
            yield Finding("delegation_row_missing", str(seq), {"stand_in": one.stand_in, "absent": one.absent}, seq)
        elif (row.absent, row.stand_in, row.first, row.last, row.reason, row.revoked_seq) != (
            one.absent, one.stand_in, one.first, one.last, one.reason, one.revoked_seq,
        ):  # fmt: skip
            yield Finding("delegation_row_differs", str(seq), {"stand_in": row.stand_in, "absent": row.absent}, seq)


def _sessions(connection: sa.Connection, recounted: Recount) -> Iterator[Finding]:
    """No session that was ended lives again. Rows go once their session would be over, at the next sign-out."""
    authority = recounted.authority
    stored = {session_hash(name) for name in connection.scalars(sa.select(tables.signed_out.c.session))}
    for session, until in authority.ended.items():
        if until > authority.last_ended_at and session not in stored:
            yield Finding("session_revived", session[:16])


def _notices(connection: sa.Connection, recounted: Recount) -> Iterator[Finding]:
    """What became of each notice. That each has its row, and no row is invented, `Outbox` sees."""
    n = tables.notice
    query = sa.select(n.c.key, n.c.occurrence, n.c.status).order_by(n.c.seq)
    with connection.execute(query, execution_options={"yield_per": 1000}) as rows:
        for row in rows:
            fate = recounted.notices.fate(row.occurrence, row.key)
            if fate is not None and row.status not in STANDS[fate]:
                yield Finding("notice_status_differs", row.key, {"stored": row.status})


def _mails(connection: sa.Connection, named: set[int]) -> Iterator[Finding]:
    """Each kept mail has the bytes its hash says, and an ended one the entries that say so; each named mail is kept."""
    m = tables.mail
    query = sa.select(m.c.message_id, m.c.address, m.c.content, m.c.sha256, m.c.status).order_by(m.c.id)
    left = set(named)
    # Our answer to a letter tells of no notice: it is known by the mail it answers.
    i = tables.inbox
    answered = {hashed(key) for key in connection.scalars(sa.select(i.c.key).where(i.c.answered.is_(True)))}
    with connection.execute(query, execution_options={"yield_per": 100}) as rows:
        for row in rows:
            if hashlib.sha256(row.content).hexdigest() != row.sha256:
                yield Finding("mail_changed", row.message_id, {"address": row.address})
            short = _short(row.message_id, row.address, row.sha256)
            left.discard(short)
            if row.message_id[6:38] in answered and row.message_id.startswith("<kept."):
                continue
            if row.status in ("sent", "failed") and short not in named:
                yield Finding("mail_not_named", row.message_id, {"address": row.address})
    if left:
        yield Finding("mail_missing", "", {"number": len(left)})


def _short(*texts: str) -> int:
    return int.from_bytes(hashlib.blake2b("\n".join(texts).encode("utf-8"), digest_size=8).digest())


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
