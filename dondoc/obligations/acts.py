"""What people do to an occurrence: each act checked and turned into entries and notices, as values.

The same acts serve the command line, the Prefect forms, the portal and the scripted answers of a replay; what each
needs is a row of `dondoc.obligations.act_table`. `faults` is the only check: forms ask it which field is at fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dondoc.calendar.working_days import DAY
from dondoc.foundation.errors import ForbiddenTransitionError, RefusedError
from dondoc.foundation.refusals import Refusal
from dondoc.foundation.text import written
from dondoc.ledger.ledger import Draft
from dondoc.obligations.act_table import ACT_FIELDS, ACT_KINDS, ACTS, TEXTS, ActName, FieldName
from dondoc.obligations.actors import decides_own, parts
from dondoc.obligations.decide import Decision, Facts, Verdict, leads
from dondoc.obligations.extension import until_fault
from dondoc.obligations.lifecycle import State, advance, may_follow
from dondoc.obligations.notice_table import NOTICES, Audience
from dondoc.office.delegation import with_stand_ins

__all__ = ["ACT_KINDS", "Act", "ActError", "ActName", "faults", "is_early", "is_late_now", "possible", "take"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_EARLY_DAYS = 31
_THEMSELVES = frozenset({"portal", "mail"})  # channels in which a unit answers for itself
_ASKED_BACK = frozenset({"portal", "cli", "prefect"})  # somebody sits before them; a letter is answered instead


class ActError(RefusedError):
    """An act that cannot be taken as given; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `document` is số/ký hiệu, `signed` the date on it, `until` the day asked for or granted.

    `files` are (name, media type, size in bytes, SHA-256) of what was handed in; `channel` is where it came from.
    `mail` is who sent it (from, known) and the mail itself (message_id, sha256), where it came by mail, and `received`
    the day on which the office's server took it, where that is not the day it is read. `confirmed` is the date of signing
    that was asked back and insisted on.
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
    received: date | None = None
    confirmed: date | None = None


def take(facts: Facts, act: Act, now: datetime, actor: str, run: str | None = None) -> Decision:
    """The entries of `act` on one occurrence.

    Raises ActError for what the act lacks or may not say, ForbiddenTransitionError where the occurrence's
    status does not allow it.
    """
    today, rule = now.astimezone(facts.policy.zone).date(), ACTS[act.name]
    for refusal in faults(facts, act, min(act.received or today, today)):
        raise ForbiddenTransitionError(refusal) if refusal.code == "not_now" else ActError(refusal)
    body = _body(act, today)
    if act.signed and rule.dates_result and is_early(facts, act.signed):
        body["early"] = act.signed.isoformat()
    if rule.favours and decides_own(facts, actor):
        if facts.policy.own_review == "refused":
            raise ActError("own_unit")
        body["own_unit"] = True
    if act.name == "waive":
        body["was"] = facts.state.status.value
    drafts = [Draft(rule.entry, facts.occurrence.plan, facts.occurrence.id, actor, body, run)]
    state = advance(facts.state, drafts[0], today)
    if rule.notice:
        drafts.append(_notice(facts, state, act, drafts[0], today))
        state = advance(state, drafts[1], today)
    return Decision(tuple(drafts), Verdict.NOTHING_OWED, state)


def faults(facts: Facts, act: Act, today: date) -> tuple[Refusal, ...]:
    """All that is wrong with an act on that day of the office, each with its field; () where it can be taken.

    What stands in its way whatever it says comes alone.
    """
    hurdle = _hurdle(facts, act.name, today)
    return (hurdle,) if hurdle else tuple(_field_faults(facts, act, today))


def possible(facts: Facts, today: date, names: tuple[ActName, ...]) -> tuple[ActName, ...]:
    """Which of these acts a page offers now, in the table's order."""
    return tuple(name for name in names if _hurdle(facts, name, today) is None and not ACTS[name].settled(facts.state))


def is_late_now(facts: Facts, signed: date | None, today: date) -> bool:
    """Whether a result handed in today is late: by the document's date, else by today."""
    return facts.state.due is not None and (signed or today) > facts.state.due


def is_early(facts: Facts, signed: date) -> bool:
    """Whether a date of signing lies so long before the duty that it is likely mistyped: in a year before the one in
    which the period opens, or more than a month before it opens. It is asked back, and marked where it is insisted on.
    """
    first = _opens(facts)
    return signed.year < first.year or signed < first - DAY * _EARLY_DAYS


def _opens(facts: Facts) -> date:
    return facts.state.opens or facts.occurrence.opens or date(facts.year, 1, 1)


def _hurdle(facts: Facts, name: ActName, today: date) -> Refusal | None:
    rule, status = ACTS[name], facts.state.status
    if not may_follow(status, rule.entry):
        said = {"occurrence": facts.occurrence.id, "status": status.value, "entry": rule.entry}
        return Refusal("not_now", said)
    return rule.hurdle(facts, today)


def _field_faults(facts: Facts, act: Act, today: date) -> Iterator[Refusal]:
    rule = ACTS[act.name]
    for name in ACT_FIELDS:
        if refusal := _too_long(act, name):
            yield refusal
    if rule.one_of and not any(_given(act, name) for name in rule.one_of):
        yield Refusal("empty_result", field=rule.one_of[0])
    for name, missing in rule.fields.items():
        if missing and not _given(act, name):
            yield Refusal(missing, {"name": name}, name)
    if _owes_explanation(facts, act, today) and not _given(act, "reason"):
        yield Refusal("unexplained", {"due": facts.state.due}, "reason")
    if act.signed and act.signed > today and "signed" in rule.fields:
        yield Refusal("signed_later", {"signed": act.signed, "today": today}, "signed")
    elif act.signed and act.confirmed != act.signed and _asked_back(facts, act, act.signed):
        yield Refusal("signed_early", {"signed": act.signed, "opens": _opens(facts)}, "signed")
    if act.until and "until" in rule.fields and (refusal := until_fault(facts, act.until, today)):
        yield refusal
    for file, _kind, size, sha256 in act.files:
        if size < 0 or not _SHA256.fullmatch(sha256):
            yield Refusal("file_unproven", {"file": _clean("document", file)}, "files")


def _asked_back(facts: Facts, act: Act, signed: date) -> bool:
    return ACTS[act.name].dates_result and act.channel in _ASKED_BACK and is_early(facts, signed)


def _owes_explanation(facts: Facts, act: Act, today: date) -> bool:
    by_themselves = act.channel in _THEMSELVES
    return ACTS[act.name].explains and by_themselves and is_late_now(facts, act.signed, today)


def _given(act: Act, name: FieldName) -> bool:
    value = getattr(act, name)
    return bool(_clean(name, value)) if isinstance(value, str) else bool(value)


def _too_long(act: Act, name: FieldName) -> Refusal | None:
    value, most = getattr(act, name), ACT_FIELDS[name].most
    if not isinstance(value, str) or len(_clean(name, value)) <= most:
        return None
    return Refusal("too_long", {"name": name, "length": len(_clean(name, value)), "most": most}, name)


def _notice(facts: Facts, state: State, act: Act, cause: Draft, today: date) -> Draft:
    kind = ACTS[act.name].notice
    assert kind is not None
    number = 1 + sum(key.startswith(f"{kind}-") for key in state.settled)
    recipients = with_stand_ins(_told(facts, state, NOTICES[kind].told), facts.delegations, today)
    about = {**cause.body, **_by(facts, cause.actor)}
    body = {"kind": kind, "checkpoint": f"{kind}-{number}", "recipients": list(recipients), "about": about}
    return Draft("notice.queued", cause.plan, cause.occurrence, cause.actor, body, cause.run)


def _by(facts: Facts, actor: str) -> dict[str, str]:
    """Which of several lead units acted; nothing where there is one, or where the office did."""
    who, party = parts(actor)
    unit = (party or who).partition(":")[2]
    members = facts.office.members(facts.obligation.lead)
    return {"by": f"unit:{unit}"} if len(members) > 1 and unit in members else {}


def _told(facts: Facts, state: State, audience: Audience) -> tuple[str, ...]:
    if audience == "tracker":
        return ("role:tracker",)
    late = state.told_late if audience == "leads+told" else ()
    return tuple(dict.fromkeys((*leads(facts), *late)))


def _body(act: Act, today: date) -> dict[str, Any]:
    body: dict[str, Any] = {"channel": act.channel}
    for field in TEXTS:
        if text := _clean(field, getattr(act, field) or ""):
            body[field] = text
    if act.signed:
        body["signed"] = act.signed.isoformat()
    if act.received and act.received < today:
        body["received"] = act.received.isoformat()
    if act.until:
        body["until"] = act.until.isoformat()
    if act.files:
        body["files"] = [
            {"name": _clean("document", name), "type": _clean("document", kind), "size": size, "sha256": sha256}
            for name, kind, size, sha256 in act.files
        ]
    if act.mail:
        body["mail"] = dict(act.mail)
    return body


def _clean(name: FieldName, text: str) -> str:
    return written(text, lines=ACT_FIELDS[name].form == "lines")
