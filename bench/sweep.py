"""`python -m bench.sweep [plans]`: how long each plan's sweep of one morning takes with so many whole plans side by side.

No ratio: seconds on this machine, without Prefect, whose own cost a run has `bench runs`. Every plan is 2024's under a name of
its own; the morning is that of the first overdue notices.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bench.installation import installation
from tasks.config.loading import load_rules, read_plan_file
from tasks.config.run_context import begin
from tasks.config.settings import HOME, settings
from tasks.mailbox.server import Mailbox, serve_smtp
from tasks.obligations.checkpoint_run import look_at
from tasks.runs.sweep import check_ledger, close_plans, conclude_sweep, look_around, send_mail
from tasks.store.connect import engine
from tasks.store.plans import adopt

ADOPTED, BEFORE, MORNING = "2024-01-02T07:30", "2024-03-29T08:30", "2024-04-01T08:30"


@contextmanager
def _mailbox(folder: Path) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(serve_smtp(Mailbox(folder), 0), loop).result()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def run(plans: int) -> Iterator[tuple[str, float, int]]:
    """(plan, seconds, mails sent) of each sweep, in turn."""
    with installation() as (stack, urls), _mailbox(stack.root / "mail") as port:
        os.environ |= {"DONDOC_VAR": str(stack.root), "DONDOC_STORE_URL": urls.app, "DONDOC_MAIL_PORT": str(port)}
        settings.cache_clear()
        rules = load_rules(HOME / "config")
        zone = rules.policy.zone
        printed = read_plan_file(HOME / "config/plans/2024.yaml", rules.office)
        ours = engine(urls.app)
        named = [replace(printed, family=f"cchc{number}") for number in range(1, plans + 1)]
        for plan in named:
            at = datetime.fromisoformat(ADOPTED).replace(tzinfo=zone)
            adopt(ours, plan, rules.policy, rules.calendar, at, "bench")
        ours.dispose()
        for plan in named:  # what was owed until then is no part of the morning that is measured
            _sweep(plan.id, datetime.fromisoformat(BEFORE).replace(tzinfo=zone), 0.0)
        for plan in named:
            started = time.perf_counter()
            yield plan.id, *_sweep(plan.id, datetime.fromisoformat(MORNING).replace(tzinfo=zone), started)


def _sweep(plan: str, moment: datetime, started: float) -> tuple[float, int]:
    morning = begin(plan, None, moment, False)
    unreadable: dict[str, str] = {}
    looked = [*look_at(morning, unreadable=unreadable), *look_around(morning, unreadable)]
    posted = send_mail.fn(morning)
    conclude_sweep(morning, looked, posted, close_plans(morning), check_ledger.fn(morning), retry_only=False)
    return time.perf_counter() - started, posted.sent


if __name__ == "__main__":
    for name, seconds, mails in run(int(sys.argv[1]) if len(sys.argv) > 1 else 10):
        print(f"{name:12} {seconds:6.2f} s  {mails} mails", flush=True)
