"""What a reply by mail counts as: a submission with its act, or a letter that is kept, with the reason why."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from dondoc.files.uploads import UploadError, UploadFault, recognised, unused
from dondoc.inbox.incoming import Reply
from dondoc.inbox.named_documents import mentioned, named_document
from dondoc.inbox.parts import LetterFile
from dondoc.obligations.acts import Act, faults, is_early, is_late_now
from dondoc.obligations.allowed_answers import may_answer
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.lifecycle import may_follow
from dondoc.office.office import Office

# Why a letter is no submission. auto: a machine's answer; ambiguous: it names no one duty; unknown_bounce: a mail
# server's report that names none of our mails; parked: reading it failed three times.
Why = Literal[
    "no_file", "bad_files", "explain", "not_now", "not_yours", "old", "ambiguous", "auto", "encrypted", "large", "broken",
    "unknown_bounce", "parked",
]  # fmt: skip

MOST_LETTER_FILES = 10
# Why one file is not taken: by what it is; because we mailed it ourselves; beyond ten; sealed with a key; Outlook's own
# wrapping without a file in it; a picture in the text.
FileFault = Literal[UploadFault, "own", "many", "sealed", "winmail", "picture"]


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """One file of a letter that is not taken, and why."""

    name: str
    fault: FileFault


@dataclass(frozen=True, slots=True)
class Weighed:
    """A submission (`act`, and the `contents` of its files) or a letter (`why`). `refused` names what is not taken.

    `mentioned` are numbers of documents that the letter names without saying that they were handed in, `early` the date
    of signing it gives where that lies before anything could have been signed: neither is taken, the reviewer looks.
    """

    act: Act | None = None
    why: Why | None = None
    contents: tuple[bytes, ...] = field(default=(), repr=False)
    refused: tuple[RefusedFile, ...] = ()
    mentioned: tuple[str, ...] = ()
    early: date | None = None


def weigh(facts: Facts, party: str, reply: Reply, today: date, own: Container[str] = frozenset()) -> Weighed:
    """What a reply to the duty's own address counts as for `party`, who holds that address.

    `today` is the day on which the office's server took it; `own` are the SHA-256 of files that we mailed ourselves.
    """
    taken, contents, refused = _files(reply.files, own)
    refused += tuple(RefusedFile(name, fault) for name, fault in reply.unread)

    def kept(why: Why) -> Weighed:
        return Weighed(why=why, refused=refused)

    if not may_answer(facts, party):
        return kept("not_yours")
    if not may_follow(facts.state.status, "occurrence.submitted"):
        return kept("not_now")
    if not taken:
        why: Why = "bad_files" if refused else "no_file"
        return Weighed(why=why, refused=refused + tuple(RefusedFile(name, "picture") for name in reply.pictures))
    document, signed = named_document(reply.text, today)
    early = signed if signed and is_early(facts, signed) else None
    if early:
        signed = None
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
    return Weighed(act, None, contents, refused, () if document else mentioned(reply.text), early)


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
    files: Sequence[LetterFile], own: Container[str]
) -> tuple[tuple[tuple[str, str, int, str], ...], tuple[bytes, ...], tuple[RefusedFile, ...]]:
    """What can be taken as acts take it, its contents, and the rest with the reason. The same file twice is one."""
    taken: dict[str, tuple[str, str, int, str]] = {}
    contents, refused, used = list[bytes](), list[RefusedFile](), set[str]()
    for file in files:
        digest = hashlib.sha256(file.content).hexdigest()
        if digest in taken:
            continue
        if digest in own:
            refused.append(RefusedFile(file.name, "own"))
            continue
        try:
            kind, name = recognised(file.name, file.content)
        except UploadError as error:
            refused.append(RefusedFile(file.name, error.fault))
            continue
        if len(taken) == MOST_LETTER_FILES:
            refused.append(RefusedFile(file.name, "many"))
            continue
        taken[digest] = (unused(name, used), kind, len(file.content), digest)
        contents.append(file.content)
    return tuple(taken.values()), tuple(contents), tuple(refused)
