"""What settling a letter rests on: the mail at its address, and a duty that can still be answered."""

from __future__ import annotations

from dataclasses import dataclass

from dondoc.inbox.incoming import Incoming
from dondoc.obligations.decision_input import Facts
from tasks.store.inbox import Known


@dataclass(frozen=True, slots=True)
class Arrived:
    """One mail at one address: what it is, its SHA-256, its size in bytes, and the key under which it is read once.

    `run` is the flow run that reads it; None where a mail server handed it over. `signed`: it came to a signed address,
    else its place is only what the letter says it answers.
    """

    incoming: Incoming
    digest: str
    size: int
    known: Known
    key: str
    run: str | None
    signed: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """A duty that can still be answered, by that mail party."""

    facts: Facts
    party: str
