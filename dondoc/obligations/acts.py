"""What people do to an occurrence: each act checked and turned into entries and notices, as values.

The same acts serve the command line, the Prefect forms, the portal and the scripted answers of a replay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from dondoc.calendar.working_days import DAY
from dondoc.foundation.errors import DondocError
from dondoc.foundation.text import written
from dondoc.ledger.ledger import Draft
from dondoc.obligations.actors import IN_FAVOUR, decides_own
from dondoc.obligations.checkpoints import closing_day
from dondoc.obligations.decide import Decision, Facts, NoticeKind, Verdict, leads
from dondoc.obligations.lifecycle import ENDS, OWED, State, Status, advance
from dondoc.office.delegation import with_stand_ins

ActName = Literal[
    "acknowledge", "submit", "accept", "return", "extend_request", "extend", "refuse_extension", "waive",
    "raise_difficulty", "answer_difficulty",
]  # fmt: skip

_LONGEST = 4000
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ActError(DondocError):
    """An act that cannot be taken as given; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `document` is số/ký hiệu, `signed` the date on it, `until` the day asked for or granted.

    `files` are (name, media type, size in bytes, SHA-256) of what was handed in; `channel` is where it came from.
    `mail` is who sent it (from, known) and the mail itself (message_id, sha256), where it came by mail.
    """

    name: ActName
    document: str | None = None
    signed: date | None = None
    signer: str | None = None
    note: str | None = None
    reason: str | None = None
    until: date | None = None
    files: tuple[tuple[str, str, int, str], ...] = ()
    channel: str = "cli"
    mail: Mapping[str, str | bool] | None = None


_KIND: dict[ActName, str] = {
    "acknowledge": "occurrence.acknowledged",
    "submit": "occurrence.submitted",
    "accept": "occurrence.accepted",
    "return": "occurrence.returned",
    "extend_request": "occurrence.extension_requested",
    "extend": "occurrence.extended",
    "refuse_extension": "occurrence.extension_refused",
    "waive": "occurrence.waived",
    "raise_difficulty": "occurrence.difficulty_raised",
    "answer_difficulty": "occurrence.difficulty_answered",
}

ACT_KINDS = frozenset(_KIND.values())

# act → the notice it owes, and to whom: the tracker, the lead units, or those and everyone once told it was late
_NOTICE: dict[ActName, tuple[NoticeKind, Literal["tracker", "leads", "leads+told"]]] = {
    "submit": ("submitted", "tracker"),
    "accept": ("accepted", "leads+told"),
    "return": ("returned", "leads"),
    "extend_request": ("extension-requested", "tracker"),
    "extend": ("extended", "leads+told"),
    "refuse_extension": ("extension-refused", "leads"),
    "waive": ("waived", "leads+told"),
    "raise_difficulty": ("difficulty", "tracker"),
    "answer_difficulty": ("difficulty-answered", "leads"),
}


def take(facts: Facts, act: Act, now: datetime, actor: str, run: str | None = None) -> Decision:
    """The entries of `act` on one occurrence.

    Raises ActError for what the act lacks or may not say, ForbiddenTransitionError where the occurrence's
    status does not allow it.
    """
    today = now.astimezone(facts.policy.zone).date()
    _check(facts, act, today)
    body = _body(act)
    if act.name in IN_FAVOUR and decides_own(facts, actor):
        if facts.policy.own_review == "refused":
            raise ActError("policy leaves decisions on one's own unit to the leaders; ask one of them")
        body["own_unit"] = True
    if act.name == "waive":
        body["was"] = facts.state.status.value
    drafts = [Draft(_KIND[act.name], facts.occurrence.plan, facts.occurrence.id, actor, body, run)]
    state = advance(facts.state, drafts[0], today)
    if act.name in _NOTICE:
        drafts.append(_notice(facts, state, act, drafts[0], today))
        state = advance(state, drafts[1], today)
    return Decision(tuple(drafts), Verdict.NOTHING_OWED, state)


def _notice(facts: Facts, state: State, act: Act, cause: Draft, today: date) -> Draft:
    kind, audience = _NOTICE[act.name]
    number = 1 + sum(key.startswith(f"{kind}-") for key in state.settled)
    recipients: tuple[str, ...] = ("role:tracker",) if audience == "tracker" else leads(facts)
    if audience == "leads+told":
        recipients = tuple(dict.fromkeys((*recipients, *state.told_late)))
    recipients = with_stand_ins(recipients, facts.delegations, today)
    body = {"kind": kind, "checkpoint": f"{kind}-{number}", "recipients": list(recipients), "about": cause.body}
    return Draft("notice.queued", cause.plan, cause.occurrence, cause.actor, body, cause.run)


def _body(act: Act) -> dict[str, Any]:
    body: dict[str, Any] = {"channel": act.channel}
    for name in ("document", "signer", "note", "reason"):
        text = getattr(act, name)
        if text:
            body[name] = _clean(name, text)
    if act.signed:
        body["signed"] = act.signed.isoformat()
    if act.until:
        body["until"] = act.until.isoformat()
    if act.files:
        body["files"] = [
            {"name": _clean("name", name), "type": _clean("type", kind), "size": size, "sha256": sha256}
            for name, kind, size, sha256 in act.files
        ]
    if act.mail:
        body["mail"] = dict(act.mail)
    return body


def _clean(name: str, text: str) -> str:
    text = written(text, lines=name in ("note", "reason"))
    if len(text) > _LONGEST:
        raise ActError(f"the {name} is {len(text)} characters long; shorten it to {_LONGEST}")
    return text


def _check(facts: Facts, act: Act, today: date) -> None:
    check = {
        "submit": _check_submission,
        "extend_request": _check_extension_request,
        "extend": _check_extension,
        "return": _check_reason,
        "refuse_extension": _check_refusal,
        "waive": _check_waiver,
        "raise_difficulty": _check_reason,
        "answer_difficulty": _check_answer,
    }.get(act.name)
    if check:
        check(facts, act, today)


def _check_submission(_: Facts, act: Act, today: date) -> None:
    if not (_said("document", act.document) or _said("note", act.note) or act.files):
        raise ActError("a submission needs a document number, a note or a file; give at least one")
    if act.signed and act.signed > today:
        raise ActError(f"the document is dated {act.signed:%d/%m/%Y}, after today; correct its date")
    for name, _kind, size, sha256 in act.files:
        if size < 0 or not _SHA256.fullmatch(sha256):
            raise ActError(f"the file {_clean('name', name)!r} lacks its size or its SHA-256 in hex; hand it in again")


def _said(name: str, text: str | None) -> bool:
    return bool(text and _clean(name, text))


def _check_reason(_: Facts, act: Act, __: date) -> None:
    if not _said("reason", act.reason):
        raise ActError("say why: give a reason")


def _check_refusal(facts: Facts, act: Act, today: date) -> None:
    _check_reason(facts, act, today)
    if facts.state.status in OWED and facts.state.extension_asked is None:
        raise ActError("no extension is asked for; there is nothing to refuse")


def _check_answer(facts: Facts, act: Act, today: date) -> None:
    _check_reason(facts, act, today)
    if facts.state.status not in ENDS and not facts.state.difficulty:
        raise ActError("no difficulty waits for an answer")


def _check_waiver(facts: Facts, act: Act, today: date) -> None:
    _check_reason(facts, act, today)
    if not _said("document", act.document) or act.signed is None:
        raise ActError("a waiver names its decision: give its number and its date")
    if act.signed > today:
        raise ActError(f"the decision is dated {act.signed:%d/%m/%Y}, after today; correct its date")


def _check_extension_request(facts: Facts, act: Act, today: date) -> None:
    _check_reason(facts, act, today)
    _check_until(facts, act, today)
    if facts.state.status not in OWED:
        return
    due, allowed = facts.state.due, facts.policy.extensions.at_most
    if due is not None and today > due:
        raise ActError(f"it was due on {due:%d/%m/%Y}; an extension is asked for before that day, not after")
    if facts.state.extensions >= allowed:
        raise ActError(f"it was extended {facts.state.extensions} time(s) already; policy allows {allowed}")
    if facts.state.extension_asked:
        raise ActError("an extension is already asked for and waits for the tracker's decision")


def _check_extension(facts: Facts, act: Act, today: date) -> None:
    _check_reason(facts, act, today)
    _check_until(facts, act, today)
    if facts.state.status in OWED and facts.state.extensions >= facts.policy.extensions.at_most:
        raise ActError(f"policy allows {facts.policy.extensions.at_most} extension(s); it has had them")


def _check_until(facts: Facts, act: Act, today: date) -> None:
    due = facts.state.due
    if act.until is None:
        raise ActError("give the new date")
    if facts.state.status is Status.GATED or due is None:
        return
    if act.until <= due:
        raise ActError(f"the new date must lie after {due:%d/%m/%Y}")
    if act.until < today:
        raise ActError(f"the new date {act.until:%d/%m/%Y} is already over; give one that is not")
    closes = closing_day(facts.year, facts.policy, facts.calendar)
    if act.until >= closes:
        raise ActError(f"the plan closes on {closes:%d/%m/%Y}; the new date must lie before it")
    latest = due + DAY * facts.policy.extensions.max_days
    if act.until > latest:
        raise ActError(f"policy allows {facts.policy.extensions.max_days} days at most, until {latest:%d/%m/%Y}")
