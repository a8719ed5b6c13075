"""Every act is followed by a Prefect run of its own, whichever way it came: asked for once the act is committed.

Best effort: an act stands whether Prefect answers or not, and nobody waits for it. What Prefect did not hear of is
asked for again by the daily sweep, which finds it in the ledger: an act that no `run.recorded` entry follows.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import sqlalchemy as sa

from dondoc.foundation.errors import DondocError
from dondoc.obligations.acts import ACT_KINDS
from dondoc.office.wording import Wording
from dondoc.plan.plan import Plan, item_tags
from dondoc.plan.timings import DONE
from tasks.config.loading import load_rules, words
from tasks.config.settings import Settings
from tasks.store import tables
from tasks.store.plans import adopted, closed

FLOW = "follow_up"
_SECONDS = 5.0
_EVENT = "event.recorded"
_OVER = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
_logger = logging.getLogger("dondoc.following")


@dataclass(frozen=True, slots=True)
class RecordedAct:
    """The entry of an act as its follow-up reads it; `at` is UTC."""

    seq: int
    at: datetime
    kind: str
    plan: str
    occurrence: str | None
    actor: str
    run: str | None
    body: dict[str, Any]

    def items(self, plan: Plan) -> tuple[str, ...]:
        """The items it concerns: its occurrence's (unless an amendment dropped it), or those that waited for its event."""
        if self.occurrence is not None:
            own = self.occurrence.split("/")[1]
            waiting = {
                item.id
                for item in plan.items
                for obligation in item.obligations
                if (obligation.timing.event or "").partition("/")[0] == f"{DONE}{own}"
            }
            return tuple(item.id for item in plan.items if item.id == own or item.id in waiting)
        event = self.body["event"]
        return tuple(item.id for item in plan.items if any(o.timing.event == event for o in item.obligations))


class UnknownActError(DondocError):
    """No act is recorded under that number."""


def read_recorded_act(connection: sa.Connection, seq: int) -> RecordedAct:
    """The act of entry `seq`. Raises UnknownActError."""
    ledger = tables.ledger
    line = connection.scalar(
        sa.select(ledger.c.line).where(ledger.c.seq == seq, ledger.c.kind.in_((*ACT_KINDS, _EVENT)))
    )
    if line is None:
        raise UnknownActError(f"entry {seq} is no act of a person; see 'dondoc ledger export' for its number")
    entry = json.loads(bytes(line))
    return RecordedAct(
        entry["seq"], datetime.fromisoformat(entry["at"]), entry["kind"], entry["plan"], entry["occurrence"],
        entry["actor"], entry["run"], entry["body"],
    )  # fmt: skip


def follow(engine: sa.Engine, settings: Settings, seq: int) -> int:
    """Ask Prefect for the runs that follow the act of entry `seq`; how many there are. Never raises: the act stands."""
    if not settings.prefect_api:
        return 0
    try:
        with engine.connect() as connection:
            act = read_recorded_act(connection, seq)
            plan = adopted(connection, act.plan)
        with _prefect(settings) as client:
            return sum(_ask(client, settings, plan, item, act) for item in act.items(plan))
    except (httpx.HTTPError, sa.exc.SQLAlchemyError, DondocError, KeyError, ValueError) as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        _logger.warning("entry %s: Prefect was not asked for its run (%s); the next sweep asks again", seq, why)
        return 0


def follow_soon(engine: sa.Engine, settings: Settings, seq: int) -> None:
    """`follow`, without keeping the visitor waiting for it."""
    if settings.prefect_api:
        threading.Thread(target=follow, args=(engine, settings, seq), name=f"follow-{seq}").start()


def follow_missed(engine: sa.Engine, settings: Settings, plan_id: str, day: str) -> int:
    """Ask for the runs of every act of an open plan that no run has followed yet; how many were asked for now.

    One whose first run broke off gets another, at most one a `day`. Raises httpx.HTTPError.
    """
    if not settings.prefect_api:
        return 0
    with engine.connect() as connection:
        if closed(connection, plan_id):
            return 0
        plan = adopted(connection, plan_id)
        missed = list(_unfollowed(connection, plan))
    if not missed:
        return 0
    with _prefect(settings) as client:
        return sum(_ask(client, settings, plan, item, act, again=day) for act, item in missed)


def _unfollowed(connection: sa.Connection, plan: Plan) -> Iterator[tuple[RecordedAct, str]]:
    ledger = tables.ledger
    body = sa.cast(sa.func.convert_from(ledger.c.line, "UTF8"), sa.JSON)["body"]
    runs = sa.select(body["follows"].as_integer(), body["item"].as_string()).where(
        ledger.c.plan == plan.id, ledger.c.kind == "run.recorded"
    )
    followed = {(seq, item) for seq, item in connection.execute(runs) if seq is not None}
    acts = (
        sa.select(ledger.c.seq, ledger.c.occurrence)
        .where(ledger.c.plan == plan.id, ledger.c.kind.in_((*ACT_KINDS, _EVENT)))
        .order_by(ledger.c.seq)
    )
    for seq, occurrence in connection.execute(acts).all():
        if occurrence and (seq, occurrence.split("/")[1]) in followed:
            continue
        act = read_recorded_act(connection, seq)
        yield from ((act, item) for item in act.items(plan) if (seq, item) not in followed)


def act_run_name(settings: Settings, plan: Plan, item: str, act: RecordedAct) -> str:
    """`2026-11-22 · II.2.c · duyệt: tháng 11 năm 2026`: the day, the item, what was done."""
    rules, vocabulary = load_rules(settings.config), words(settings.config)
    day = act.at.astimezone(rules.policy.zone).date()
    about = act.body.get("event", "")
    if act.occurrence:
        about = Wording(vocabulary, rules.office, rules.calendar, day, portal=False).period(
            act.occurrence.split("/", 3)[3]
        )
    return f"{day:%Y-%m-%d} · {plan.item(item).ref} · {vocabulary['entries'][act.kind]}: {about}"


def _prefect(settings: Settings) -> httpx.Client:
    user, _, password = settings.prefect_auth.partition(":")
    return httpx.Client(base_url=settings.prefect_api, auth=(user, password) if password else None, timeout=_SECONDS)


def _ask(client: httpx.Client, settings: Settings, plan: Plan, item: str, act: RecordedAct, again: str = "") -> int:
    """1 when the run was asked for now or is on its way. The key is the entry's: asked twice it is one run."""
    name = words(settings.config)["own_flows"][FLOW]["name"]
    deployment = client.get(f"/deployments/name/{quote(name)}/dondoc").raise_for_status().json()["id"]
    asked = {
        "parameters": {"plan": plan.id, "item": item, "seq": act.seq},
        "name": act_run_name(settings, plan, item, act),
        "tags": list(item_tags(plan, plan.item(item))),
    }
    key = f"{act.seq}:{item}"
    for idempotency_key in (key, f"{key}:{again}") if again else (key,):
        answer = client.post(
            f"/deployments/{deployment}/create_flow_run", json={**asked, "idempotency_key": idempotency_key}
        )
        if answer.raise_for_status().json()["state"]["type"] not in _OVER:
            return 1
    return 0
