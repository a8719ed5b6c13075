"""`dondoc audit`: the ledger against Prefect. And its daily form: findings become entries and mail.

A finding is recorded once, not every day; one that is no longer there is recorded as healed. What was recorded and not
yet mailed to the operator and the auditor is mailed by the next daily check.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from prefect.client.orchestration import SyncPrefectClient
from prefect.context import FlowRunContext

from dondoc.ledger.findings import Finding, finding_words
from dondoc.ledger.ledger import SYSTEM, Draft
from dondoc.obligations.decide import owed
from dondoc.office.rules import Rules
from dondoc.schedule.own_flows import OWN_FLOWS
from dondoc.verification.audit import AuditRules, ahead, clock_differs, compare, new_and_healed
from dondoc.verification.audit_deployments import plan_findings
from tasks.audit.findings_mail import mail_findings
from tasks.audit.prefect_reading import named_runs, see, see_again
from tasks.audit.run_copies import copy_runs
from tasks.audit.witnessing import publish_witness
from tasks.config.loading import words
from tasks.config.run_context import RunContext, log
from tasks.config.settings import Settings
from tasks.schedule.deployments import compile_plan, installation_deployments
from tasks.store import tables
from tasks.store.audit import reading_one_moment, verify_store
from tasks.store.chain import append, appending
from tasks.store.copied import copied_runs, pruned_runs
from tasks.store.occurrences import tracked_rows
from tasks.store.plans import adopted

MOST_RECORDED = 50


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit compared and what it found."""

    findings: tuple[Finding, ...]
    runs: int
    entries: int


def audit(
    engine: sa.Engine, rules: Rules, settings: Settings, client: SyncPrefectClient, now: datetime, *, whole: bool
) -> Audited:
    """Compare; nothing is written. `whole` reads the history of every run, else of those that changed lately."""
    since = None if whole else now - timedelta(days=settings.audit.history_days)
    seen = see(client, since)
    with reading_one_moment(engine) as connection:  # after Prefect: a run that has ended there has recorded here
        named = named_runs(connection)
        copied, let_go = copied_runs(connection), pruned_runs(connection)
        entries = connection.scalar(sa.select(sa.func.max(tables.ledger.c.seq))) or 0
    see_again(client, seen, named.keys(), since)
    now = now.astimezone(rules.policy.zone)
    bounds = replace(audit_rules(settings, words(settings.config), now), copied=copied, pruned=let_go)
    wanted, left = _wanted(engine, rules, settings, now)
    findings = (
        *compare(seen.runs, named, bounds),
        *ahead(named.values(), now, bounds.tolerance),
        *clock_differs(now, seen.clock, bounds.tolerance),
        *plan_findings(wanted, seen.standing, left, now),
    )
    return Audited(findings, len(seen.runs), entries)


def audit_rules(settings: Settings, vocabulary: dict[str, Any], now: datetime) -> AuditRules:
    """How runs are judged, by the configuration. `now` is in the office's zone."""
    chosen = settings.audit
    return AuditRules(
        now=now,
        tolerance=timedelta(minutes=chosen.clock_tolerance_minutes),
        states=vocabulary["states"],
        verdicts=vocabulary["verdicts"],
        former=vocabulary["former_states"],
        quiet={
            vocabulary["own_flows"][flow.key]["name"]: frozenset(vocabulary["states"][name] for name in flow.quiet)
            for flow in OWN_FLOWS.values()
        },
    )


def _wanted(engine: sa.Engine, rules: Rules, settings: Settings, now: datetime) -> tuple[list[Any], dict[Any, Any]]:
    """The deployments of every plan that runs, and what is owed in each of its items now."""
    p = tables.plan
    today = now.astimezone(rules.policy.zone).date()
    left: dict[tuple[str, str], list[str]] = defaultdict(list)
    with engine.connect() as connection:
        running = connection.scalars(sa.select(p.c.id).where(p.c.closed_seq.is_(None)).order_by(p.c.id)).all()
        plans = [adopted(connection, plan) for plan in running]
        for plan in plans:
            for row in tracked_rows(connection, plan.id):
                if owed(row.state, today):
                    left[plan.id, row.occurrence.item].append(row.occurrence.id)
    wanted = [found for plan in plans for found in compile_plan(engine, rules, settings.config, plan)]
    return [*wanted, *installation_deployments(rules, settings)], left


def bear_witness(context: RunContext) -> None:
    """The witness alone: for runs that were told their time. What fails is in the run's log."""
    if context.dry_run:
        return
    try:
        publish_witness(context)
    except Exception as error:
        log("the witness was not published: %s: %s", type(error).__name__, error)


def attest(context: RunContext) -> None:
    """After the day's work: publish the witness, verify the whole ledger, audit Prefect, copy its runs, record and mail what was found.

    A run that was told its time is not compared with Prefect, whose clock knows nothing of that time. Nothing that
    goes wrong here stops the daily check: it is a finding itself, and in the run's log.
    """
    if context.dry_run:
        return
    client = None if context.told else _client()
    findings, checked = list[Finding](), False
    try:
        findings.extend(publish_witness(context))
        if client is not None:
            checked = _verify(context, findings)
            found = audit(context.engine, context.rules, context.settings, client, context.now, whole=False)
            findings.extend(found.findings)
            copy_runs(context, client)
    except Exception as error:  # Prefect, the database, a ledger of a shape nobody thought of
        checked = False
        why = f"{type(error).__name__}: {str(error)[:300]}"
        log("the daily check failed: %s", why)
        findings.append(Finding("audit_failed", "", {"why": why}))
    if client is None:
        return
    try:
        record_findings(context, findings, checked=checked)
        mail_findings(context)
    except Exception as error:  # the next sweep finds and tells the same
        log("findings could not be recorded or mailed: %s: %s", type(error).__name__, error)


def _verify(context: RunContext, findings: list[Finding]) -> bool:
    """Add what is wrong with the ledger; whether all of it could be looked at."""
    with reading_one_moment(context.engine) as connection:
        recounted, broken = verify_store(connection, shelf=context.settings.var / "files")
    if broken:
        at = broken.seq or broken.expected
        findings.append(Finding(broken.code, str(at), {"expected": broken.expected}, at))
    findings.extend(recounted.found)
    return broken is None


def _client() -> SyncPrefectClient | None:
    context = FlowRunContext.get()
    client: Any = context.client if context and context.flow_run else None
    return client if isinstance(client, SyncPrefectClient) else None


def record_findings(context: RunContext, findings: Sequence[Finding], *, checked: bool = True) -> None:
    """One `audit.finding` entry for each that is new, and one for each that is healed.

    Nothing heals where not everything could be `checked` at.
    """
    vocabulary = words(context.settings.config)
    with appending(context.engine) as connection:
        fresh, healed = new_and_healed(findings, _standing(connection))
        healed = healed if checked else []
        if len(fresh) > MOST_RECORDED:
            more = Finding("findings_more", "", {"number": len(fresh) - MOST_RECORDED})
            fresh = [*fresh[:MOST_RECORDED], more]
        drafts = [
            Draft(
                "audit.finding",
                SYSTEM,
                None,
                "dondoc",
                _body(found, state, finding_words(found, vocabulary)),
                context.run,
            )
            for state, some in (("found", fresh), ("healed", healed))
            for found in some
        ]
        append(connection, context.now, drafts)


def _body(finding: Finding, state: str, text: str) -> dict[str, Any]:
    body: dict[str, Any] = {"finding": finding.code, "subject": finding.subject, "state": state, "text": text}
    about = {name: list(value) if isinstance(value, tuple) else value for name, value in finding.about.items()}
    return {**body, "about": about, "entry": finding.seq}


def _standing(connection: sa.Connection) -> dict[str, Finding]:
    """The recorded findings that are not healed, by key."""
    ledger = tables.ledger
    query = sa.select(ledger.c.line).where(ledger.c.kind == "audit.finding", ledger.c.plan == SYSTEM)
    standing: dict[str, Finding] = {}
    for line in connection.scalars(query.order_by(ledger.c.seq)):
        body = json.loads(bytes(line))["body"]
        if "state" not in body or body.get("finding") == "run_incident":
            continue
        found = Finding(body["finding"], body["subject"], body["about"], body["entry"])
        if body["state"] == "found":
            standing[found.key] = found
        else:
            standing.pop(found.key, None)
    return standing
