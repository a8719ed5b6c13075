"""What the ledger keeps of calls to Prefect: every act of the operator, before it is passed on; refusals, at most so many."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from dondoc.ledger.ledger import SYSTEM, Draft
from portal.shell.page_context import PageContext
from portal.shell.visitors import Visitor
from tasks.store.chain import append, appending
from tasks.store.tables import ledger

MOST_REFUSALS = 100  # an actor and day; the last of them says that the rest is not recorded
LONGEST_COPY = 4000  # characters
_LONGEST_PATH = 300
# Whose bodies are hashed only: what may hold a secret is not copied into a record that cannot be emptied.
_SECRET_PLACES = re.compile(r"/api/(block_|variables|work_pools|admin|automations)")
_SECRET_WORDS = re.compile(r"pass|secret|token|credential|api_?key|auth|env", re.IGNORECASE)


class Record:
    """The entries of one front. Safe to use from several threads."""

    def __init__(self, context: PageContext) -> None:
        self._desk = context
        self._day: date | None = None
        self._known: dict[str, set[tuple[str, str]]] = {}
        self._lock = threading.Lock()

    def refused(self, visitor: Visitor, method: str, path: str) -> None:
        """One entry an actor, call and day, and no more than MOST_REFUSALS of an actor a day."""
        actor = visitor.actor("runs") if visitor.may("runs") else visitor.party
        call = (method[:20], path[:_LONGEST_PATH])
        now = self._desk.now()
        with self._lock:
            known = self._of_today(actor, now)
            if call in known or len(known) >= MOST_REFUSALS:
                return
            body = {"address": visitor.address, "method": call[0], "path": call[1]}
            if len(known) == MOST_REFUSALS - 1:
                body["more"] = "not recorded today"
            with appending(self._desk.engine) as connection:
                append(connection, now, [Draft("access.refused", SYSTEM, None, actor, body)])
            known.add(call)

    def called(self, visitor: Visitor, method: str, path: str, query: str, content: bytes) -> int:
        """An act about to be passed on; the entry's number."""
        body: dict[str, Any] = {
            "address": visitor.address,
            "method": method,
            "path": path[:_LONGEST_PATH],
            "query": query[:_LONGEST_PATH],
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        copy = copied(path, content)
        if copy is not None:
            body["copy"] = copy
        return self._append("operator.called", visitor, body)

    def answered(self, visitor: Visitor, call: int, status: int | None) -> None:
        """What Prefect answered to the act of that entry; None: no answer came, so it may or may not have happened."""
        self._append("operator.answered", visitor, {"call": call, "status": status})

    def _append(self, kind: str, visitor: Visitor, body: dict[str, Any]) -> int:
        with appending(self._desk.engine) as connection:
            (entry,) = append(connection, self._desk.now(), [Draft(kind, SYSTEM, None, visitor.actor("operate"), body)])
        return entry.head.seq

    def _of_today(self, actor: str, now: datetime) -> set[tuple[str, str]]:
        if self._day != now.date():
            self._day, self._known = now.date(), {}
        if actor not in self._known:
            self._known[actor] = self._stored(actor, now)
        return self._known[actor]

    def _stored(self, actor: str, now: datetime) -> set[tuple[str, str]]:
        """What is in the ledger already: a restart does not begin the count again."""
        query = (
            sa.select(ledger.c.line)
            .where(ledger.c.plan == SYSTEM, ledger.c.kind == "access.refused", ledger.c.actor == actor)
            .order_by(ledger.c.seq.desc())
            .limit(MOST_REFUSALS)
        )
        with self._desk.engine.connect() as connection:
            entries = [json.loads(bytes(line)) for line in connection.scalars(query)]
        today = [e for e in entries if datetime.fromisoformat(e["at"]).astimezone(now.tzinfo).date() == now.date()]
        return {(e["body"]["method"], e["body"]["path"]) for e in today}


def copied(path: str, content: bytes) -> str | None:
    """The body as text where it may be kept: short, and nowhere a word that stands beside secrets."""
    if not content or len(content) > LONGEST_COPY or _SECRET_PLACES.match(path):
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _SECRET_WORDS.search(text) else text
