"""What settling a letter rests on: the mail at its address, and a duty that can still be answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dondoc.inbox.incoming import Incoming
from dondoc.ledger.ledger import SYSTEM
from dondoc.mail.reply_addresses import Code
from dondoc.obligations.decision_input import Facts
from tasks.store.inbox import KnownAddress

# Stands for the address of a mail that came to none of ours.
NOWHERE = KnownAddress(Code("b", "-"), SYSTEM, None, None, None)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One mail at one address: what it is, its SHA-256, its size in bytes, and the key under which it is read once.

    `run` is the flow run that reads it; None where a mail server handed it over. `signed`: it came to a signed address,
    else its place is only what the letter says it answers. `at` is when the office's server took it, `day` that day in
    the office's zone: it may be read days later. `own_files` are the SHA-256 of its files that we mailed ourselves.
    """

    incoming: Incoming
    digest: str
    size: int
    known: KnownAddress
    key: str
    run: str | None
    at: datetime
    day: date
    signed: bool = True
    own_files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AnswerableDuty:
    """A duty that can still be answered, by that mail party."""

    facts: Facts
    party: str
