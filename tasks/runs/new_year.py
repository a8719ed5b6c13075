"""Nobody has adopted a plan for the new year: the office is reminded once in December, then each week of January."""

from __future__ import annotations

import json
from datetime import date

import sqlalchemy as sa

from dondoc.ledger.ledger import SYSTEM, Draft
from dondoc.planning.current_plan import Awaited
from tasks.config.run_context import RunContext, log
from tasks.mail.letters import write_to
from tasks.smtp.sender import Accepted
from tasks.store import tables
from tasks.store.chain import append, appending
from tasks.store.plan_years import awaited_plans
from tasks.store.plans import adopted

NEW_YEAR_READERS = ("tracker", "operator")
NEW_YEAR_LEADERS = ("deputy", "head")  # from the new year on, when something is missing indeed


def remind_of_new_year(context: RunContext) -> list[str]:
    """Mail those who are to see to it, on a working day; the plans (family-year) that are missing.

    Each reader once in December and once a week in January, later once a month. A refused mail is tried again on
    the next day, under the same Message-ID.
    """
    with context.engine.connect() as connection:
        missing = awaited_plans(connection, context.today)
        titles = {one.last: adopted(connection, one.last).title for one in missing}
        told = _told(connection)
    if not context.dry_run and context.rules.calendar.is_working(context.today):
        for one in missing:
            begun = one.year == context.today.year
            for role in (*NEW_YEAR_READERS, *(NEW_YEAR_LEADERS if begun else ())):
                key = f"{one.family}-{one.year} {_turn(context.today)} {role}"
                if key not in told:
                    _remind(context, role, key, one, titles[one.last])
    return [f"{one.family}-{one.year}" for one in missing]


def _remind(context: RunContext, role: str, key: str, one: Awaited, title: str) -> None:
    facts = {"year": one.year, "title": title, "begun": one.year == context.today.year}
    sent = write_to(context, role, "plan-awaited", key, facts)
    if sent is None:
        return
    if not isinstance(sent.result, Accepted):
        log("the reminder of the new year's plan could not be mailed to %s: %s", role, sent.result.reply)
        return
    body = {
        "plan": f"{one.family}-{one.year}",
        "recipient": f"role:{role}",
        "key": key,
        "message_id": sent.message_id,
        "mail_sha256": sent.sha256,
        "reply": sent.result.reply.replace("\0", "?"),
    }
    with appending(context.engine) as connection:
        append(connection, context.now, [Draft("plan.awaited", SYSTEM, None, "dondoc", body, context.run)])


def _turn(today: date) -> str:
    """What one reminder stands for: a week of January, else a month."""
    if today.month == 1:
        year, week, _ = today.isocalendar()
        return f"{year}-W{week:02}"
    return f"{today:%Y-%m}"


def _told(connection: sa.Connection) -> set[str]:
    ledger = tables.ledger
    query = sa.select(ledger.c.line).where(ledger.c.plan == SYSTEM, ledger.c.kind == "plan.awaited")
    return {json.loads(bytes(line))["body"]["key"] for line in connection.scalars(query)}
