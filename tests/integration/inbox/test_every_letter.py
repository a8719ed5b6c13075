"""The promise: every letter ends as exactly one of five things, with its entry, and no byte of it goes unseen.

Letters of the grammar (tests/unit/inbox/mail_grammar.py), handed over at every kind of address on a real database.
"""

from __future__ import annotations

import hashlib
import random
import sys
import time
from pathlib import Path
from typing import get_args

import pytest
from installation import TTPVKS, Installation, at
from letters import JANUARY, address, duty_address

from dondoc.inbox.weighing import Why
from dondoc.ledger.ledger import Head
from tasks.inbox.receiving import take_in
from tasks.store.audit import reading_one_moment
from tasks.store.chain import export
from tasks.store.files import unnamed
from tasks.store.received import KeptMail, waiting
from tasks.store.runs import verify_chain

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "inbox"))
sys.path.insert(0, str(Path(__file__).parents[2] / "unit"))
from mail_grammar import letter

LETTERS = 40
SHOWN = frozenset(get_args(Why)) | {"stray"}


def ends_as(outcome: str, listed: bool) -> str:
    """Which of the five a letter ended as; "" where it is none."""
    if outcome == "submitted":
        return "" if listed else "submission"
    if outcome in ("bounced", "delayed"):
        return "" if listed else "not delivered"
    if outcome == "again":
        return "repeat"
    if listed:
        return "letter" if outcome in SHOWN else ""
    return "machine" if outcome in ("auto", "loop") else ""


def listed(office: Installation) -> dict[str, list[KeptMail]]:
    found: dict[str, list[KeptMail]] = {}
    with office.engine.connect() as connection:
        for kept in waiting(connection):
            found.setdefault(kept.sha256, []).append(kept)
    return found


@pytest.mark.parametrize("seed", ["a", "b"])
def test_every_letter_ends_as_exactly_one_thing_with_its_entry_and_its_bytes(office: Installation, seed: str) -> None:
    chance = random.Random(seed)
    mail = next(mail.id for mail in office.mails() if mail.address == TTPVKS)
    places = [
        [duty_address(office, JANUARY, "unit:ttpvks")], [address(office, mail, "m")], [address(office, mail, "b")], [],
    ]  # fmt: skip
    morning = office.morning(at("2024-01-16", "09:00"))
    ends: dict[str, int] = {}
    taken: set[str] = set()
    for number in range(LETTERS):
        made = letter(random.Random(f"{seed}-{number}"))
        digest = hashlib.sha256(made.content).hexdigest()
        to = chance.choices(places, (5, 2, 2, 1))[0]
        before, submissions = len(office.ledger("mail.received")), len(office.ledger("occurrence.submitted"))
        (outcome,) = {one.outcome for one in take_in(morning, made.content, to, made.mail_from)}
        entries = office.ledger("mail.received")[before:]
        assert entries, f"{seed}-{number}: no entry"
        assert {entry["body"]["sha256"] for entry in entries} == {digest}
        shown = any(kept.outcome == outcome for kept in listed(office).get(digest, ()))
        end = ends_as(outcome, shown)
        assert end, f"{seed}-{number}: {outcome}, listed: {shown}"
        ends[end] = ends.get(end, 0) + 1
        counted = len(office.ledger("occurrence.submitted")) - submissions
        assert counted == (outcome == "submitted"), f"{seed}-{number}: {outcome}"
        assert not (made.who in ("machine", "server", "ourselves") and counted), f"{seed}-{number}: a machine counted"
        if outcome == "submitted":  # the next one finds the duty open again
            office.act(JANUARY.partition("/")[2], "return", at("2024-01-16", "09:00"), "role:tracker", reason="Thử lại")
        taken.add(digest)
        if number % 5 == 0:
            (again,) = {one.outcome for one in take_in(morning, made.content, to, made.mail_from)}
            assert again == "again"
            assert len(office.ledger("mail.received")) == before + 2 * len(entries)
    assert {"submission", "letter", "machine", "not delivered"} <= ends.keys(), ends
    assert_nothing_is_pruned(office, taken)
    assert isinstance(verify_chain(office.engine), Head)
    assert office.folded() == office.states()


def assert_nothing_is_pruned(office: Installation, taken: set[str]) -> None:
    """Years later the shelf is swept: every letter is still there, seen or not."""
    shelf = office.settings.var / "files"
    with reading_one_moment(office.engine) as connection:
        swept = {place.name for place in unnamed(shelf, export(connection), time.time() + 10 * 365 * 86400)}
    assert not swept & taken
    for digest in taken:
        assert hashlib.sha256((shelf / digest[:2] / digest).read_bytes()).hexdigest() == digest


def test_a_letter_that_reading_fails_on_is_shown_after_the_third_time(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr("tasks.inbox.receiving.read_mail", broken)
    made = letter(random.Random("parked"))
    morning = office.morning(at("2024-01-16", "09:00"))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            take_in(morning, made.content, [])
    assert [one.outcome for one in take_in(morning, made.content, [])] == ["parked"]
    assert hashlib.sha256(made.content).hexdigest() in listed(office)
