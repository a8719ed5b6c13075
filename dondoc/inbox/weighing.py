"""What a reply by mail counts as: a submission with its act, or a letter that is kept, with the reason why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from dondoc.files.uploads import UploadError, media_type, unused
from dondoc.inbox.incoming import Reply
from dondoc.inbox.parts import Attachment
from dondoc.obligations.acts import Act, faults, is_late_now
from dondoc.obligations.allowed_answers import may_answer
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.lifecycle import allowed
from dondoc.office.office import Office

# Why a letter is no submission. auto: a machine's answer; ambiguous: it names no one duty.
Why = Literal[
    "no_file", "bad_files", "explain", "not_now", "not_yours", "old", "ambiguous", "auto", "encrypted", "large", "broken",
]  # fmt: skip

MOST_FILES = 10
# "Số: 05/KH-VP", with "ngày 05/3/2024" or "ngày 05 tháng 3 năm 2024" close behind.
_NUMBER = re.compile(
    r"[Ss]ố(?:\s+hiệu)?\s*:?\s*(?P<number>\d{1,5}/[A-ZĐ][A-ZĐa-z0-9&-]{0,30}(?:/[A-ZĐ0-9-]{1,20})?)"
    r"(?:\s*,?\s*(?:ký\s+)?ngày\s+(?P<day>\d{1,2})(?:[/.-]|\s+tháng\s+)(?P<month>\d{1,2})(?:[/.-]|\s+năm\s+)(?P<year>\d{4}))?"
)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A submission (`act`, and the `contents` of its files) or a letter (`why`). `refused` names what is not taken."""

    act: Act | None = None
    why: Why | None = None
    contents: tuple[bytes, ...] = field(default=(), repr=False)
    refused: tuple[str, ...] = ()


def weigh(facts: Facts, party: str, reply: Reply, today: date) -> Weighed:
    """What a reply to the duty's own address counts as for `party`, who holds that address, on the office's day."""
    taken, contents, refused = _files(reply.files)
    refused += reply.unread

    def kept(why: Why) -> Weighed:
        return Weighed(why=why, refused=refused)

    if not may_answer(facts, party):
        return kept("not_yours")
    if not allowed(facts.state.status, "occurrence.submitted"):
        return kept("not_now")
    if not taken:
        return kept("bad_files" if refused else "no_file")
    document, signed = named_document(reply.text, today)
    late = is_late_now(facts, signed, today)
    act = Act(
        "submit",
        document=document,
        signed=signed,
        note=None if late else reply.text or None,
        reason=reply.text if late else None,
        files=taken,
        channel="mail",
    )
    if any(fault.code == "unexplained" for fault in faults(facts, act, today)):
        return kept("explain")
    return Weighed(act, contents=contents, refused=refused)


def named_document(text: str, today: date) -> tuple[str | None, date | None]:
    """The number and date of the one document that `text` names; None for what it does not say clearly."""
    found = {match["number"]: match for match in _NUMBER.finditer(text)}
    if len(found) != 1:
        return None, None
    ((number, match),) = found.items()
    dated = {m["day"] and (m["year"], m["month"], m["day"]) for m in _NUMBER.finditer(text)} - {None}
    if not match["day"] or len(dated) != 1:
        return number, None
    try:
        signed = date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return number, None
    return number, signed if signed <= today else None


def is_known(office: Office, party: str, sender: str) -> bool:
    """Whether `sender` is one of the addresses that office.yaml gives the party's unit, or the role."""
    scope, _, name = party.partition(":")
    if scope == "role":
        role = office.role(name)
        own = [role.email if role else None]
    else:
        unit = next((unit for unit in office.units if unit.id == name), None)
        own = [unit.email, unit.head_email] if unit else []
    return sender.lower() in {address.lower() for address in own if address}


def _files(
    files: Sequence[Attachment],
) -> tuple[tuple[tuple[str, str, int, str], ...], tuple[bytes, ...], tuple[str, ...]]:
    """What can be taken as acts take it, its contents, and the names of the rest. The same file twice is one."""
    taken: dict[str, tuple[str, str, int, str]] = {}
    contents, refused, used = list[bytes](), list[str](), set[str]()
    for file in files:
        digest = hashlib.sha256(file.content).hexdigest()
        if digest in taken:
            continue
        try:
            kind = media_type(file.name, file.content)
        except UploadError:
            refused.append(file.name)
            continue
        if len(taken) == MOST_FILES:
            refused.append(file.name)
            continue
        taken[digest] = (unused(file.name, used), kind, len(file.content), digest)
        contents.append(file.content)
    return tuple(taken.values()), tuple(contents), tuple(refused)
