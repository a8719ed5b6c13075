"""An amended plan against the one in force: what is added, dropped and moved, and what that means for each occurrence.

A plan is changed by a decision with its number and date; nothing is edited away. What has ended keeps its outcome
and stays under the plan it ended under; what still runs goes on under the new one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from dondoc.foundation.errors import DondocError
from dondoc.ledger.ledger import Draft
from dondoc.obligations.decide import NoticeKind
from dondoc.obligations.lifecycle import ENDS, State, Status, advance
from dondoc.obligations.timing import Occurrence
from dondoc.office.office import Office
from dondoc.plan.plan import Item, Obligation

_MET = frozenset({Status.DONE, Status.WAIVED, Status.SUBMITTED})
_TOLD = frozenset({Status.OPEN, Status.RETURNED, Status.SUBMITTED})  # the unit knows of it


class AmendmentError(DondocError):
    """An amendment that cannot be made as it is; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The decision that changes a plan: its number (số, ký hiệu), the date on it, and its reason in a few words."""

    document: str
    signed: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """One occurrence as one version of the plan registers it."""

    occurrence: Occurrence
    item: Item
    obligation: Obligation


@dataclass(frozen=True, slots=True)
class RegisteredOccurrence:
    """A registered occurrence and where it stands."""

    known: Registered
    state: State


@dataclass(frozen=True, slots=True)
class OccurrenceChange:
    """What an amendment does to one occurrence: its entries in order and the state after them."""

    occurrence: str
    entries: tuple[Draft, ...]
    state: State


@dataclass(frozen=True, slots=True)
class Amendment:
    """The whole of it: the new register, and what differs, by occurrence id.

    `kept` had ended and stays as it was; `reworded` only reads differently.
    """

    register: tuple[Registered, ...]
    added: tuple[Registered, ...]
    dropped: tuple[OccurrenceChange, ...]
    moved: tuple[OccurrenceChange, ...]
    reworded: tuple[str, ...]
    kept: tuple[str, ...]

    def difference(self) -> dict[str, list[str]]:
        """The difference of the two registers, as the ledger keeps it."""
        return {
            "added": [known.occurrence.id for known in self.added],
            "dropped": [change.occurrence for change in self.dropped],
            "moved": [change.occurrence for change in self.moved],
            "reworded": list(self.reworded),
            "kept": list(self.kept),
        }


def amend(
    before: Iterable[RegisteredOccurrence],
    after: Iterable[Registered],
    ruling: Ruling,
    office: Office,
    today: date,
    actor: str,
) -> Amendment:
    """Compare the occurrences of the plan in force with those of the amended one, on the office's day `today`.

    A new occurrence that was already due before today is listed and never chased, like one before adoption.
    Raises AmendmentError where one comes back that an earlier amendment dropped: its end stands in the ledger.
    """
    standing = {was.known.occurrence.id: was for was in before}
    settled = tuple(_settled(tuple(after), standing))
    register = tuple(known if known.occurrence.id in standing else _added(known, today) for known in settled)
    wanted = {known.occurrence.id: known for known in register}
    dropped, moved, reworded, kept = [], [], [], []
    for key, was in standing.items():
        becomes = wanted.get(key)
        if becomes and was.state.status is Status.SUPERSEDED:
            raise AmendmentError(
                f"{key} was dropped by an earlier amendment and cannot come back as it was; "
                f"give the obligation {becomes.obligation.id!r} another id"
            )
        if was.state.status in ENDS:
            kept += [key] if becomes is None or _differs(was.known, becomes) else []
        elif becomes is None:
            dropped.append(_change(was, "occurrence.superseded", _ruled(ruling, "amended"), office, today, actor))
        elif body := _moved(was, becomes, office):
            change = _change(was, "occurrence.amended", {**_ruled(ruling), **body}, office, today, actor, becomes)
            moved.append(change)
        elif _differs(was.known, becomes):
            reworded.append(key)
    added = tuple(known for key, known in wanted.items() if key not in standing)
    return Amendment(register, added, tuple(dropped), tuple(moved), tuple(reworded), tuple(kept))


def _settled(after: tuple[Registered, ...], standing: Mapping[str, RegisteredOccurrence]) -> Iterator[Registered]:
    """The amended register, where a duty that is owed once and was met, waived or handed in is not asked for again.

    Moving it to another period gives its occurrence another id: the old one stays for it, as it ended, or with the
    new days where it waits for review. What needs it needs the old one.
    """
    times = Counter((known.item.id, known.obligation.id) for known in after)
    ids = {known.occurrence.id for known in after}
    instead: dict[str, RegisteredOccurrence] = {}
    for known in after:
        duty = (known.item.id, known.obligation.id)
        if times[duty] == 1 and known.occurrence.id not in standing:
            earlier = [was for was in standing.values() if (was.known.item.id, was.known.obligation.id) == duty]
            done = [was for was in earlier if was.state.status in _MET and was.known.occurrence.id not in ids]
            if len(earlier) == len(done) == 1:
                instead[known.occurrence.id] = done[0]
    new_ids = {key: was.known.occurrence.id for key, was in instead.items()}
    for known in after:
        was = instead.get(known.occurrence.id)
        if was is not None and was.state.status in ENDS:
            yield Registered(was.known.occurrence, known.item, known.obligation)
            continue
        found = known.occurrence
        needs = tuple(new_ids.get(need, need) for need in found.needs)
        if was is not None:
            old = was.known.occurrence
            found = replace(found, id=old.id, period=old.period, before_adoption=old.before_adoption)
        yield replace(known, occurrence=replace(found, needs=needs))


def _added(known: Registered, today: date) -> Registered:
    due = known.occurrence.due
    before = known.occurrence.before_adoption or (due is not None and due < today)
    return replace(known, occurrence=replace(known.occurrence, before_adoption=before))


def _differs(was: Registered, becomes: Registered) -> bool:
    """Whether anything differs, leaving out what tells only of other obligations."""
    bare = replace(was.item, obligations=()), replace(becomes.item, obligations=())
    days = replace(was.occurrence, before_adoption=becomes.occurrence.before_adoption) != becomes.occurrence
    return bare[0] != bare[1] or was.obligation != becomes.obligation or days


def _ruled(ruling: Ruling, reason: str = "") -> dict[str, Any]:
    body = {"document": ruling.document, "signed": ruling.signed.isoformat()}
    if reason:
        body["reason"] = reason
    if ruling.reason:
        body["note"] = ruling.reason
    return body


def _moved(was: RegisteredOccurrence, becomes: Registered, office: Office) -> dict[str, Any]:
    """What the occurrence's holder must know of: new days, new lead units, another deliverable. Empty: nothing."""
    body: dict[str, Any] = {}
    old, new = was.known.occurrence, becomes.occurrence
    if (old.opens, old.due) != (new.opens, new.due):
        body |= {"opens": _iso(new.opens), "due": _iso(new.due)}
        body |= {"was_opens": _iso(was.state.opens), "was_due": _iso(was.state.due)}
    lead, led = office.members(becomes.obligation.lead), office.members(was.known.obligation.lead)
    if lead != led:
        body |= {"lead": list(lead), "was_lead": list(led)}
    if was.known.obligation.deliverable != becomes.obligation.deliverable:
        body["was_deliverable"] = was.known.obligation.deliverable
    return body


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _change(
    was: RegisteredOccurrence,
    kind: str,
    body: Mapping[str, Any],
    office: Office,
    today: date,
    actor: str,
    becomes: Registered | None = None,
) -> OccurrenceChange:
    occurrence = was.known.occurrence
    entries = [Draft(kind, occurrence.plan, occurrence.id, actor, dict(body))]
    state = advance(was.state, entries[0], today)
    if was.state.status in _TOLD:
        for notice, recipients in _told(was, becomes, office):
            number = 1 + sum(key.startswith(f"{notice}-") for key in state.settled)
            told = {"kind": notice, "checkpoint": f"{notice}-{number}", "recipients": list(recipients), "about": body}
            entries.append(Draft("notice.queued", occurrence.plan, occurrence.id, actor, told))
            state = advance(state, entries[-1], today)
    return OccurrenceChange(occurrence.id, tuple(entries), state)


def _told(
    was: RegisteredOccurrence, becomes: Registered | None, office: Office
) -> Iterator[tuple[NoticeKind, tuple[str, ...]]]:
    """Whoever leads it now hears what changed; whoever no longer does, or was told that it is late, that it is over."""
    led = [f"unit:{unit}" for unit in office.members(was.known.obligation.lead)]
    lead = [f"unit:{unit}" for unit in office.members(becomes.obligation.lead)] if becomes else []
    if lead:
        yield "amended", tuple(lead)
    over = [*led, *(was.state.told_late if becomes is None else ())]
    gone = tuple(dict.fromkeys(party for party in over if party not in lead))
    if gone:
        yield "relieved", gone
