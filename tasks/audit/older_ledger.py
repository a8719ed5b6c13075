"""Whether this ledger is older than Prefect's history, or than its own witnesses: asked before anything is pruned or sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from prefect.client.orchestration import SyncPrefectClient

from dondoc.foundation.errors import DondocError
from dondoc.ledger.findings import Finding
from dondoc.ledger.ledger import SYSTEM, Draft
from dondoc.office.rules import Rules
from dondoc.verification.audit import HISTORY_LOST, later_runs, older_ledger
from tasks.audit.auditing import audit_rules
from tasks.audit.prefect_reading import is_id, named_runs, read_runs, see_later
from tasks.audit.witness_files import beyond_the_end
from tasks.config.loading import words
from tasks.config.settings import Settings
from tasks.store import tables
from tasks.store.chain import append, appending
from tasks.store.copied import pruned_runs

SAMPLE = 100  # runs asked for by id


class OlderLedgerError(DondocError):
    """This database is an older copy of itself."""


def refuse_older_ledger(
    engine: sa.Engine, rules: Rules, settings: Settings, client: SyncPrefectClient, now: datetime
) -> None:
    """Raises OlderLedgerError where Prefect or a local witness knows more than the ledger does.

    What was accepted once (`accept_older_ledger`) is accepted: only what is later than that counts.
    """
    found = _later_in_prefect(engine, rules, settings, client, now)
    if found:
        raise OlderLedgerError(
            f"the ledger ends at entry {found.about['last']}, but Prefect knows {found.about['number']} later runs that "
            f"recorded, the last at {found.about['at']}: this database is an older copy. Restore the newest backup "
            "(dondoc restore); to go on with this copy for good: dondoc up --older-ledger. Nothing was pruned or sent"
        )
    with engine.connect() as connection:
        known = None if _accepted(connection) else next(beyond_the_end(connection, settings), None)
    if known:
        raise OlderLedgerError(
            f"the ledger ends at entry {known.about['last']}, but the witness {known.subject} knows entry "
            f"{known.about['known']}: this database is an older copy. Restore the newest backup (dondoc restore); to go "
            "on with this copy for good: dondoc up --older-ledger. Nothing was pruned or sent"
        )


def accept_older_ledger(
    engine: sa.Engine, rules: Rules, settings: Settings, client: SyncPrefectClient, now: datetime
) -> None:
    """Record that the office goes on with an older copy: an entry that stays, and says what Prefect knows beyond it."""
    found = _later_in_prefect(engine, rules, settings, client, now) or Finding("ledger_older", "", {"number": 0})
    about = {name: value if isinstance(value, int) else str(value) for name, value in found.about.items()}
    body = {"finding": "ledger_older", "subject": "", "state": "accepted", "about": about, "entry": None, "text": ""}
    with appending(engine) as connection:
        # The run of its own makes this the last entry of any run: what came before it is no longer later.
        append(connection, now, [Draft("audit.finding", SYSTEM, None, "operator", body, f"accepted-{now.isoformat()}")])


def lost_history(engine: sa.Engine, client: SyncPrefectClient) -> Iterator[Finding]:
    """One finding where Prefect knows none of the runs that the ledger names: its database is another one."""
    with engine.connect() as connection:
        named = [entry for entry in named_runs(connection).values() if is_id(entry.id)]
        let_go = pruned_runs(connection)
    asked = [entry.id for entry in named if entry.id not in let_go]
    # The newest are asked for: of those a pruning leaves most.
    if len(asked) >= HISTORY_LOST and not any(read_runs(client, {"id": {"any_": asked[-SAMPLE:]}})):
        yield Finding("history_lost", "", {"number": len(asked), "until": max(entry.last_seq for entry in named)})


def _later_in_prefect(
    engine: sa.Engine, rules: Rules, settings: Settings, client: SyncPrefectClient, now: datetime
) -> Finding | None:
    with engine.connect() as connection:
        named = named_runs(connection)
    last = max((entry.last_at for entry in named.values()), default=None)
    bounds = audit_rules(settings, words(settings.config), now.astimezone(rules.policy.zone))
    later = later_runs(see_later(client, last), named, bounds)
    return older_ledger(later, named, bounds.now) if later else None


def _accepted(connection: sa.Connection) -> bool:
    ledger = tables.ledger
    query = sa.select(ledger.c.line).where(ledger.c.kind == "audit.finding", ledger.c.actor == "operator")
    return any(b'"ledger_older"' in bytes(line) for line in connection.scalars(query))
