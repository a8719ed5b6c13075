"""ACTS: everything that people do to an occurrence, one row each.

From a row come the ledger's entry, the transitions it makes, what it changes, its mail, its fields and which of them
must be filled in, who may take it, and where it is answered. Forms, command line, Prefect's form, mail and permissions
read it here; its words lie under `acts` in the words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from dondoc.foundation.refusals import Refusal
from dondoc.obligations import event_appliers as effects
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.extension import ask_hurdle, grant_hurdle
from dondoc.obligations.notice_table import NoticeKind
from dondoc.obligations.state import State, Status

_S = Status
WHILE_OWED, WHILE_LIVE = (_S.OPEN, _S.RETURNED), (_S.OPEN, _S.RETURNED, _S.SUBMITTED)

ActName = Literal[
    "acknowledge", "submit", "report_part", "extend_request", "raise_difficulty", "accept", "return", "extend", "refuse_extension",
    "answer_difficulty", "waive",
]  # fmt: skip
FieldName = Literal["document", "signed", "signer", "files", "until", "reason", "note"]
# a lead unit; a lead or coordinating unit (the operator may say for which); whoever decides in the office
By = Literal["lead", "unit", "office"]


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How a field is filled in: one line or several, a day, files; at most so many characters or files."""

    form: Literal["line", "lines", "day", "files"]
    most: int = 0


MOST_FILES = 10
ACT_FIELDS: dict[FieldName, FieldRule] = {
    "document": FieldRule("line", 200),
    "signed": FieldRule("day"),
    "signer": FieldRule("line", 200),
    "files": FieldRule("files", MOST_FILES),
    "until": FieldRule("day"),
    "reason": FieldRule("lines", 4000),
    "note": FieldRule("lines", 4000),
}
TEXTS = tuple(name for name, rule in ACT_FIELDS.items() if rule.form in ("line", "lines"))


@dataclass(frozen=True, slots=True)
class ActRule:
    """One act. `help` is its line in the command line's help.

    `moves`: status before → status after. `fields`: what may be said, and the refusal where it must be and is not ("" where
    it need not). `one_of`: of these at least one is said. `hurdle`: what stands in its way now, whatever is said.
    `settled`: it waits for an answer already, so that no page offers it again. `once`: taken once since the opening.
    `explains`: a unit that takes it past due gives the reason. `address`: its place under a mail's link.
    `favours`: a decision in the unit's favour, which its own head does not take silently. `shared`: the leaders may take it
    where the tracker would decide on his own unit. `dates_result`: `signed` is the date on a result, which decides lateness.
    """

    entry: str
    help: str
    by: By
    moves: Mapping[Status, Status]
    fields: Mapping[FieldName, str]
    notice: NoticeKind | None = None
    effect: Callable[[State, dict[str, Any], date], State] | None = None
    one_of: tuple[FieldName, ...] = ()
    hurdle: Callable[[Facts, date], Refusal | None] = lambda _facts, _today: None
    settled: Callable[[State], bool] = lambda _state: False
    once: bool = False
    explains: bool = False
    address: str = ""
    favours: bool = False
    shared: bool = False
    dates_result: bool = False


def _stay(*statuses: Status) -> dict[Status, Status]:
    return {status: status for status in statuses}


def _nothing_asked(facts: Facts, _today: date) -> Refusal | None:
    return Refusal("not_asked") if facts.state.extension_asked is None else None


def _nothing_raised(facts: Facts, _today: date) -> Refusal | None:
    return None if facts.state.difficulty else Refusal("no_difficulty")


# In the order in which a page offers them: first what units answer, then what the office decides.
ACTS: dict[ActName, ActRule] = {
    "acknowledge": ActRule(
        "occurrence.acknowledged", "Record that the unit has taken the duty on.", "unit", _stay(*WHILE_OWED), {},
        once=True, address="acknowledge",
    ),
    "submit": ActRule(
        "occurrence.submitted", "Record that the lead unit delivered.", "lead",
        dict.fromkeys((_S.PLANNED, *WHILE_OWED), _S.SUBMITTED),
        {"document": "", "signed": "", "signer": "", "files": "", "reason": "", "note": ""},
        "submitted", effects.submitted, one_of=("document", "note", "files"), explains=True, address="done",
        dates_result=True,
    ),
    "report_part": ActRule(
        "occurrence.partly_done", "Report a part of the result; the rest stays owed.", "lead", _stay(*WHILE_OWED),
        {"document": "", "signed": "", "note": "missing"}, "partial", address="part",
        dates_result=True,
    ),
    "extend_request": ActRule(
        "occurrence.extension_requested", "Ask for more time.", "lead", _stay(*WHILE_OWED),
        {"until": "no_new_date", "reason": "reason"}, "extension-requested", effects.extension_requested,
        hurdle=ask_hurdle, address="more-time",
    ),
    "raise_difficulty": ActRule(
        "occurrence.difficulty_raised", "Report a difficulty.", "unit", _stay(_S.PLANNED, *WHILE_LIVE),
        {"reason": "difficulty", "note": ""}, "difficulty", effects.difficulty_raised,
        settled=lambda state: state.difficulty, address="blocked",
    ),
    "accept": ActRule(
        "occurrence.accepted", "Accept what was submitted.", "office", {_S.SUBMITTED: _S.DONE}, {"note": ""}, "accepted",
        favours=True, shared=True,
    ),
    "return": ActRule(
        "occurrence.returned", "Return what was submitted, with a reason.", "office", {_S.SUBMITTED: _S.RETURNED},
        {"reason": "reason"}, "returned", effects.returned, shared=True,
    ),
    "extend": ActRule(
        "occurrence.extended", "Grant an extension.", "office", _stay(*WHILE_OWED),
        {"until": "no_new_date", "reason": "reason"}, "extended", effects.extended, hurdle=grant_hurdle, favours=True,
    ),
    "refuse_extension": ActRule(
        "occurrence.extension_refused", "Refuse the extension that was asked for.", "office", _stay(*WHILE_LIVE),
        {"reason": "reason"}, "extension-refused", effects.extension_refused, hurdle=_nothing_asked,
    ),
    "answer_difficulty": ActRule(
        "occurrence.difficulty_answered", "Answer a difficulty.", "office", _stay(_S.PLANNED, *WHILE_LIVE),
        {"reason": "answer"}, "difficulty-answered", effects.difficulty_answered, hurdle=_nothing_raised,
    ),
    "waive": ActRule(
        "occurrence.waived", "Waive the duty, naming the decision.", "office",
        dict.fromkeys((_S.GATED, _S.PLANNED, *WHILE_LIVE), _S.WAIVED),
        {"document": "decision", "signed": "decision", "reason": "reason"}, "waived", favours=True,
    ),
}  # fmt: skip

ACT_NAMES: tuple[ActName, ...] = get_args(ActName)
ACT_KINDS = frozenset(rule.entry for rule in ACTS.values())
UNITS_ANSWER: tuple[ActName, ...] = tuple(name for name, rule in ACTS.items() if rule.by != "office")
OFFICE_DECIDES: tuple[ActName, ...] = tuple(name for name, rule in ACTS.items() if rule.by == "office")
BY_ADDRESS: dict[str, ActName] = {ACTS[name].address: name for name in UNITS_ANSWER}
