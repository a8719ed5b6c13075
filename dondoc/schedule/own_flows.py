"""dondoc's own flows, beside those of the plan's items: one table that deploys them and by which the audit judges them.

Their names and descriptions stand under `own_flows` in the words, by `key`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from dondoc.office.policy import Shape


@dataclass(frozen=True, slots=True)
class OwnFlow:
    """One flow of ours.

    `marked`: its technical failures are incidents. `recurring`: an RRULE, for those that no plan schedules.
    `recorded`: the name under which its runs stand in the ledger.
    `ends`: what its final state follows from – the verdicts it recorded, the mails a sweep sent, or nothing recorded.
    `again`: a run that dies is tried again the same morning. `queue`: its own work queue, so that it waits behind nobody.
    `quiet`: the states (keys of the words) in which it leaves no entry, by intent.
    """

    key: str
    entrypoint: str
    recorded: str
    ends: Literal["verdicts", "mails", "by itself"] = "by itself"
    quiet: tuple[str, ...] = ()
    marked: bool = False
    recurring: str = ""
    again: bool = False
    queue: str = ""


# Every quarter of an hour of the office's day, Monday to Friday: a mailbox is read on a holiday too, and that is no harm.
_OFFICE_HOURS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=7,8,9,10,11,12,13,14,15,16,17;BYMINUTE=0,15,30,45;BYSECOND=0"
# After the sweeps. On a holiday it only compares: nobody is written to about a duty.
_DAILY = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=8;BYMINUTE=45;BYSECOND=0"

INCIDENTS = "incidents"

OWN_FLOWS: Mapping[str, OwnFlow] = {
    flow.key: flow
    for flow in (
        OwnFlow("sweep", "flows.sweep.sweep", "sweep", "mails", ("chain_broken",), marked=True, again=True),
        OwnFlow("report", "flows.report.leaders_report", "leaders_report", "verdicts", marked=True, again=True),
        OwnFlow("daily", "flows.daily_check.daily_check", "daily_check", quiet=("chain_broken",), marked=True, recurring=_DAILY, again=True),
        OwnFlow("follow_up", "deployments.act_followup.follow_up", "follow_up", marked=True),
        OwnFlow("incident", "flows.incident.incident", "incident", quiet=("no_incident",), queue=INCIDENTS),
        OwnFlow("record", "flows.record.record", "record", quiet=("not_recorded", "recordable")),
        OwnFlow("record_event", "flows.record.record_event", "record_event", quiet=("not_recorded", "recordable")),
        OwnFlow("enter_figures", "flows.enter_figures.enter_figures", "enter_figures", quiet=("not_recorded", "recordable")),
        OwnFlow("receive_mail", "flows.receive.receive_mail", "receive_mail", quiet=("no_mail_came",), marked=True, recurring=_OFFICE_HOURS),
    )
}  # fmt: skip
OF_PLANS = ("sweep", "report")
"""Those that each plan has its own of."""

ENTRYPOINTS: frozenset[str] = frozenset(
    {*(f"flows.{shape}.{shape}" for shape in get_args(Shape)), *(flow.entrypoint for flow in OWN_FLOWS.values())}
)
"""Everything that a deployment of ours may run: an item's by its shape, and these. The worker loads nothing else."""

BY_RECORDED: Mapping[str, OwnFlow] = {flow.recorded: flow for flow in OWN_FLOWS.values()}
