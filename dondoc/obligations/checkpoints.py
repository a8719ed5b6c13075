"""Occurrence → checkpoints: the planned mornings on which it is looked at, all on working days.

Assign at opening; reminders so many working days before act-by, as far as they fit the window; a last call
on act-by; overdue on the first working day after due; escalation so many working days after that; close
after the plan's end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from dondoc.calendar.working_days import DAY, Calendar
from dondoc.office.policy import Policy, Rhythm

CheckpointKind = Literal["assign", "remind", "last-call", "overdue", "escalate", "close"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One planned look. `key` is unique within the occurrence; `at` is a time in the office's zone.

    `step` is the working days before act-by of a reminder, or the 1-based step of an escalation.
    """

    kind: CheckpointKind
    day: date
    step: int = 0

    @property
    def key(self) -> str:
        """assign, remind-15, last-call, overdue, escalate-1, close."""
        return f"{self.kind}-{self.step}" if self.kind in ("remind", "escalate") else self.kind

    def at(self, policy: Policy) -> datetime:
        """The moment, aware, in the office's zone."""
        return datetime.combine(self.day, policy.look_at, tzinfo=policy.zone)


def checkpoints(
    opens: date, due: date, rhythm: Rhythm, policy: Policy, calendar: Calendar, year: int, since: date | None = None
) -> tuple[Checkpoint, ...]:
    """The checkpoints of one occurrence, in the order of their days.

    `since` (a day) drops what lies before it except the assignment, which moves to it: an occurrence that
    was already running when its plan was adopted.
    """
    begin = max(opens, since) if since else opens
    assign = calendar.on_or_after(begin)
    act_by = calendar.on_or_before(due)
    overdue = calendar.on_or_after(due + DAY)
    found = [Checkpoint("assign", assign)]
    found += _before_due(assign, act_by, rhythm, calendar)
    found.append(Checkpoint("overdue", overdue))
    for n, step in enumerate(policy.escalation, start=1):
        found.append(Checkpoint("escalate", calendar.add(overdue, step.after_working_days), n))
    close = closing_day(year, policy, calendar)
    found = [point for point in found if point.day < close]
    return (*found, Checkpoint("close", close))


def _before_due(assign: date, act_by: date, rhythm: Rhythm, calendar: Calendar) -> Iterator[Checkpoint]:
    for days in rhythm.remind:
        # Counted first, so that a long reminder in a short window needs no calendar of the year before.
        if calendar.between(assign, act_by) > days:
            yield Checkpoint("remind", calendar.add(act_by, -days), days)
    if rhythm.last_call and act_by > assign:
        yield Checkpoint("last-call", act_by)


def closing_day(year: int, policy: Policy, calendar: Calendar) -> date:
    """The working day on which the plan of `year` is closed and whatever is still owed counts as missed."""
    return calendar.add(date(year, 12, 31), policy.close_after_working_days)


def links_hold_until(year: int, today: date, policy: Policy, calendar: Calendar) -> date:
    """The last day on which a link given out `today` is still wanted: the plan's closing, or as long again from today.

    What is reviewed late is answered after the closing.
    """
    return max(closing_day(year, policy, calendar), calendar.add(today, policy.close_after_working_days))
