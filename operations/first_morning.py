"""A plan that goes live on the last working morning at or before now, so that there is mail to answer at once.

The demonstration's way into the present: on a Sunday nobody is written to, so the draft is adopted as of the last
morning on which the office worked, and that morning takes place through the flows as a replayed one does.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from dondoc.calendar.working_days import Calendar
from dondoc.office.policy import Policy

if TYPE_CHECKING:
    import sqlalchemy as sa

    from dondoc.plan.plan import Plan
    from operations.installation import Installation

ADOPTED_AT = time(7, 30)


def last_morning(now: datetime, policy: Policy, calendar: Calendar) -> date:
    """The last working day whose mail is out at `now` (aware): today once the sweep's time has come, else before."""
    local = now.astimezone(policy.zone)
    return calendar.on_or_before(local.date() - timedelta(days=local.time() < policy.sweep_at))


def go_live(installation: Installation, plan: Plan, source: str, now: datetime) -> bool:
    """Adopt `plan`, read from the text `source`, as of the last working morning, and let that morning take place; True when it was adopted now.

    A plan that begins later is adopted as of `now`, and its first morning comes by itself. Killed anywhere it goes
    on where it was; a plan adopted in another way is left alone.
    """
    from tasks.store.plans import adopt

    policy, calendar = installation.rules.policy, installation.rules.calendar
    day = last_morning(now, policy, calendar)
    moment = datetime.combine(day, ADOPTED_AT, tzinfo=policy.zone) if plan.adopted_on <= day else now
    adopted = adopt(installation.engine, plan, policy, calendar, moment, "operator", source=source)
    with installation.engine.connect() as connection:
        since, last = _span(connection, plan.id)
    begun = since.astimezone(policy.zone)
    if begun.time() == ADOPTED_AT and last <= datetime.combine(begun.date(), policy.sweep_at, tzinfo=policy.zone):
        _take_place(installation, plan, begun.date(), last)
    return adopted


def _take_place(installation: Installation, plan: Plan, day: date, last: datetime) -> None:
    policy = installation.rules.policy
    installation.deploy(with_automations=False)
    with installation.past_runs() as run:
        for at in (policy.look_at, policy.sweep_at):
            moment = datetime.combine(day, at, tzinfo=policy.zone)
            local = moment.replace(tzinfo=None)
            if moment >= last:
                run([found for found in installation.compile(plan) if local in found.mornings], moment)


def _span(connection: sa.Connection, plan_id: str) -> tuple[datetime, datetime]:
    """When the plan's first and last entries were written, UTC."""
    import sqlalchemy as sa

    from tasks.store.tables import ledger

    of_plan = sa.select(ledger.c.at).where(ledger.c.plan == plan_id).limit(1)
    first = connection.scalars(of_plan.order_by(ledger.c.seq)).one()
    last = connection.scalars(of_plan.order_by(ledger.c.seq.desc())).one()
    return datetime.fromisoformat(first), datetime.fromisoformat(last)
