"""`dondoc status`: the services and every occurrence, from one snapshot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operations.installation import expected_children
from operations.stack.services import status as services
from operations.stack.settings import Stack
from operations.surroundings import prepare

if TYPE_CHECKING:
    import sqlalchemy as sa

    from dondoc.office.rules import Rules


def status_of(stack: Stack, store: Callable[[], sa.Engine], rules: Callable[[], Rules]) -> dict[str, Any]:
    """{"services": […], "mail": {…}, "head": {…}, "plans": [{"plan", "outcomes", "occurrences": […]}]}.

    Without a database `mail` and `head` are null and there are no plans.
    """
    running = [
        {"name": found.name, "running": found.running, "pid": found.pid, "ports": list(found.ports)}
        for found in services(stack, expected_children(stack, prepare()))
    ]
    database_down = any(found["name"] == "postgres" and not found["running"] for found in running)
    if database_down:
        return {"services": running, "mail": None, "head": None, "plans": []}
    return {"services": running, "mail": _mail(store()), **_plans(store(), rules())}


def _mail(engine: sa.Engine) -> dict[str, Any]:
    """{"trial", "troubles": [{"server", "since", "words"}], "waiting", "failed"}: whether and how mail leaves."""
    from tasks.mail.servers import outbox_tally, server_troubles
    from tasks.mail.ways import in_trial, server_names

    settings = prepare()
    with engine.connect() as connection:
        found, refused = outbox_tally(connection), server_troubles(connection, server_names(settings))
    return {
        "trial": in_trial(settings, engine),
        "troubles": [{"server": one.name, "since": one.since.isoformat(), "words": one.words} for one in refused],
        "waiting": found.waiting,
        "failed": found.failed,
    }


def _plans(engine: sa.Engine, rules: Rules) -> dict[str, Any]:
    from dondoc.obligations.outcomes import outcome, outcome_counts
    from tasks.config.loading import today
    from tasks.store.chain import head
    from tasks.store.occurrences import tracked_rows
    from tasks.store.plans import adopted_ids

    day = today(rules.policy)
    plans = []
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        for plan in adopted_ids(connection):
            found = tracked_rows(connection, plan)
            plans.append(
                {
                    "plan": plan,
                    "outcomes": outcome_counts((row.state for row in found), day),
                    "occurrences": [
                        {
                            "id": row.occurrence.id,
                            "status": row.state.status.value,
                            "outcome": outcome(row.state, day),
                            "opens": _iso(row.state.opens),
                            "due": _iso(row.state.due),
                            "original_due": _iso(row.state.original_due),
                            "submitted_on": _iso(row.state.submitted_on),
                            "document": row.state.document,
                        }
                        for row in found
                    ],
                }
            )
        at = head(connection)
    return {"head": {"seq": at.seq, "hash": at.hash}, "plans": plans}


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None


def table(found: dict[str, Any], config: Path) -> str:
    """The same for people."""
    from tasks.config.loading import words

    vocabulary = words(config)
    lines = [
        f"{service['name']:<10} {'running' if service['running'] else 'stopped'}"
        + (f"  pid {service['pid']}" if service["pid"] else "")
        + (f"  port {', '.join(map(str, service['ports']))}" if service["ports"] else "")
        for service in found["services"]
    ]
    lines += _mail_lines(found["mail"])
    for plan in found["plans"]:
        lines.append(f"\n{plan['plan']}")
        for row in plan["occurrences"]:
            state = vocabulary["outcomes"].get(row["outcome"]) or vocabulary["verdicts"][row["outcome"]]
            if row["outcome"] in ("open", "overdue"):
                state = f"{vocabulary['statuses'][row['status']]}" + (
                    f" · {vocabulary['verdicts']['overdue']}" if row["outcome"] == "overdue" else ""
                )
            lines.append(f"  {row['id'].partition('/')[2]:<62} {row['due'] or '-':<10}  {state}")
        counts = ", ".join(f"{_outcome(vocabulary, name)}: {number}" for name, number in plan["outcomes"].items())
        lines.append(f"  = {sum(plan['outcomes'].values())}: {counts}")
    if found["head"]:
        lines.append(f"\nledger head {found['head']['seq']} {found['head']['hash']}")
    return "\n".join(lines)


def _mail_lines(mail: dict[str, Any] | None) -> list[str]:
    if mail is None:
        return []
    lines = ["trial      mail leaves only to the guests of [trial]; to end it: dondoc go-live"] if mail["trial"] else []
    lines += [
        f"mail       NOT TAKEN by {one['server']} since {one['since'][:16]}: {one['words']}" for one in mail["troubles"]
    ]
    if mail["waiting"]:
        lines.append(f"mail       {mail['waiting']} wait for their server")
    if mail["failed"]:
        lines.append(f"mail       {mail['failed']} notices of duties still owed reached nobody: see dondoc doctor")
    return lines


def _outcome(vocabulary: dict[str, Any], name: str) -> str:
    return str(vocabulary["outcomes"].get(name) or vocabulary["verdicts"][name])
