"""Why something that a person asked for is not done: a code with its facts, said in English here, in the office's
language by the words under `refusals`. Nothing else in the house puts a refusal into words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

ENGLISH: Mapping[str, str] = {
    # what an act lacks or says wrongly (dondoc.obligations.acts)
    "empty_result": "a submission needs a document number, a note or a file; give at least one",
    "reason": "say why: give a reason",
    "missing": "this act needs the {name}; give it",
    "difficulty": "say what stands in the way: give a reason",
    "answer": "say what the answer is: give a reason",
    "unexplained": "it was due on {due}; a unit that hands in late says why: give a reason",
    "decision": "a waiver names its decision: give its number and its date",
    "signed_later": "the document is dated {signed}, after today; correct its date",
    "signed_early": "the document is dated {signed}, long before its period opens on {opens}; "
    "correct the date, or confirm it with --confirm-signed",
    "too_long": "the {name} is {length} characters long; shorten it to {most}",
    "unreadable_day": "{typed!r} is no day; write it like 2024-03-29 or 29/03/2024",
    "file_unproven": "the file {file!r} lacks its size or its SHA-256 in hex; hand it in again",
    "no_new_date": "give the new date",
    "date_not_after": "the new date must lie after {due}; choose from {first} to {last}",
    "date_over": "the new date {until} is already over; choose from {first} to {last}",
    "date_at_closing": "the plan closes on {closes}; the new date must lie before it: choose from {first} to {last}",
    "date_too_late": "policy allows {days} days at most, until {last}; choose from {first} to {last}",
    # what stands in the way of an act now
    "not_now": "{occurrence} is {status}: {entry} is not possible now; see its page for what is",
    "not_asked": "no extension is asked for; there is nothing to refuse",
    "no_difficulty": "no difficulty waits for an answer",
    "past_due": "it was due on {due}; an extension is asked for before that day, not after",
    "no_more_extensions": "policy allows {most} extension(s); it has had {times}",
    "asked_already": "an extension is already asked for and waits for the tracker's decision",
    "no_day_left": "no new date is left: policy allows {days} days at most, before the plan closes on {closes}",
    "own_unit": "policy leaves decisions on one's own unit to the leaders; ask one of them",
    # who and what a form names
    "nameless": "give the name of the person who records this",
    "which_lead": "several units lead this duty; say for which one: {units}",
    "not_leading": "{party!r} does not lead this duty; give one of: {units}",
    "not_concerned": "{party!r} neither leads nor coordinates this duty; give one of: {units}",
    "not_deciding": "{party!r} may not decide this; give one of: {roles}",
    "no_occurrence": "no occurrence {occurrence!r}; 'dondoc status' lists them all",
    "no_occurrence_like": "no occurrence {occurrence!r}; did you mean: {near}?",
    "run_recorded": "this run has recorded it already (entry {seq}); nothing is recorded twice",
    "not_adopted": "{plan} is not adopted; adopt it with: dondoc plan adopt",
    "no_event": "{plan} knows no event {event!r}; it knows: {known}",
    "no_events": "{plan} knows no event {event!r}; it waits for none",
    "event_bare": "an event needs the day it happened and the document it rests on; give both",
    "event_later": "the event is dated {on}, after today; record it when it has happened",
    "event_recorded": "the event {event} of {plan} was recorded before; nothing is recorded twice",
    "clock_ahead": "as_of {at} lies ahead of the clock; rehearse it with dry_run",
    "clock_behind": "the clock says {now}, but {plan} has an entry of {last}; set the clock right, nothing was written",
    # a month's figures
    "figures_nothing": "there is nothing to record: paste a table, give figures, or confirm what is recorded",
    "figures_same": "the figures of {month} are recorded just so; nothing is recorded twice",
    "figures_no_month": "{plan} owes no figures of {month}; correct the month or the plan",
    "figures_open": "give the day on which the figures were closed",
    "figures_closed_later": "the figures were closed on {closed}, after today; correct the day",
    "figures_unreasoned": "{month} has figures already (version {version}); say why they change",
    "figures_faulty": "{faults}",
    "figures_of_another": "the table is not of {month}",
    "figures_lacking": "figures are missing: {codes}; name them and leave their cells empty where there are none yet",
    "figures_unconfirmed": "confirming unusual figures needs a reason",
    "figures_none": "{month} has no figures to confirm",
}


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why not, as a value. `field` is the field of the form at fault; "" where it is the whole."""

    code: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    field: str = ""

    @property
    def english(self) -> str:
        """One line for the command line."""
        if self.code not in ENGLISH:  # a message that travelled between processes without its facts
            return self.code
        return ENGLISH[self.code].format(**{name: _plain(value) for name, value in self.facts.items()})


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, str):
        return value.removeprefix("occurrence.")  # an entry's kind: what was done
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else value
