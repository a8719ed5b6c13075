"""Sweeps that die: a process that has imported everything once and forks a child for each line it reads.

A line is JSON: {"environ": {…}, "plan": …, "as_of": …, "copies": n,
"die": ["before" | "after" | "statement", n] | null}. The child dies by
os._exit before or after the n-th commit that wrote something, or after its n-th writing statement; no code of ours knows.
Answers: {"pid": n} at the start, {"status": n} at the end (0: the sweep went through, 77: it died as asked).
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

import flows.sweep
from tasks.config.loading import load_rules, mail_templates, words
from tasks.config.run_context import own_engine
from tasks.config.settings import settings
from tasks.runs.sweep import check_ledger, send_mail

DEAD = 77
CONFIG = Path(__file__).parents[2] / "config"


class Death:
    """Counts what is written, and ends the process at its moment."""

    def __init__(self, moment: str, number: int) -> None:
        self.moment, self.number = moment, number
        self.commits = self.statements = 0
        self.dirty = False
        sa.event.listen(sa.Engine, "after_cursor_execute", self.executed)
        self._commit = PGDialect_psycopg.do_commit
        PGDialect_psycopg.do_commit = lambda dialect, connection: self.commit(dialect, connection)  # type: ignore[method-assign]

    def executed(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().startswith(("INSERT", "UPDATE")):
            self.dirty = True
            self.statements += 1
            self.strike("statement", self.statements)

    def commit(self, dialect: Any, connection: Any) -> None:
        wrote, self.dirty = self.dirty, False
        self.commits += wrote
        if wrote:
            self.strike("before", self.commits)
        self._commit(dialect, connection)
        if wrote:
            self.strike("after", self.commits)

    def strike(self, moment: str, count: int) -> None:
        if (moment, count) == (self.moment, self.number):
            os._exit(DEAD)


def sweep(order: dict[str, Any], dry_run: bool = False) -> None:
    """One sweep in this process."""
    os.environ.update(order["environ"])
    settings.cache_clear()
    if order["die"]:
        Death(*order["die"])
    state = flows.sweep.sweep.fn(order["plan"], as_of=datetime.fromisoformat(order["as_of"]), dry_run=dry_run)
    if state.is_failed():
        raise RuntimeError(state.message)


def main() -> None:
    """Read orders until there are no more."""
    flows.sweep.send_mail = send_mail.fn  # type: ignore[assignment]
    flows.sweep.check_ledger = check_ledger.fn  # type: ignore[assignment]
    load_rules(CONFIG), words(CONFIG), mail_templates(CONFIG)
    print("{}", flush=True)
    warm = False
    for line in sys.stdin:
        order = json.loads(line)
        if not warm:
            warm = warmed(order)
        children = [fork(order) for _ in range(order["copies"])]
        print(json.dumps({"pid": children[0]}), flush=True)
        ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps({"status": max(ended, key=abs)}), flush=True)


def warmed(order: dict[str, Any]) -> bool:
    """A rehearsal here, so that no child has to load templates and lazy imports; its connections are closed again."""
    sweep({**order, "die": None}, dry_run=True)
    own_engine(order["environ"]["DONDOC_STORE_URL"]).dispose()
    own_engine.cache_clear()
    gc.freeze()
    return True


def fork(order: dict[str, Any]) -> int:
    """A child that runs one sweep; its pid."""
    child = os.fork()
    if child == 0:
        try:
            sweep(order)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


if __name__ == "__main__":
    main()
