"""Mails of the grammar, judged: no document of a person is lost, no machine counts, nothing raises or takes long.

`DONDOC_LETTERS=1000000 DONDOC_SEED=7 pytest tests/unit/inbox/test_grammar_of_mail.py` reads a million of another seed.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import yaml
from factories import make_facts, make_state
from mail_grammar import BASE, Made, letter

from dondoc.inbox.incoming import AutoReply, Bounce, Incoming, Loop, Reply, Setting, Unusable, read_letter, read_mail
from dondoc.inbox.origin import mail_fingerprint
from dondoc.inbox.own_words import manners
from dondoc.inbox.weighing import weigh
from dondoc.obligations.lifecycle import Status

WORDS = Path(__file__).parents[3] / "config/words/vi/inbound.yaml"
SETTING = Setting(
    BASE, "vpub.quangngai.example", manners(yaml.safe_load(WORDS.read_text(encoding="utf-8"))), 50_000_000
)
LETTERS = int(os.environ.get("DONDOC_LETTERS", "2500"))
SEED = int(os.environ.get("DONDOC_SEED", "20240405"))
PLANNED = make_facts("ke-hoach-thi-hanh")
FACTS = replace(PLANNED, state=make_state(PLANNED.occurrence, Status.OPEN))
TODAY = date(2024, 3, 22)
SLOW = 5.0  # seconds of work for one letter of a few kB; a millisecond is measured


def ends_as(found: Incoming) -> str:
    """What becomes of a letter at a duty's own address."""
    match found:
        case Bounce():
            return "not delivered"
        case AutoReply() | Loop():
            return "machine"
        case Unusable():
            return "letter"
        case Reply():
            return "submission" if weigh(FACTS, "unit:hcqt", found, TODAY).act else "letter"


def wrong(made: Made) -> str:
    """What is wrong with how a mail is judged; "" where nothing is."""
    began = time.process_time()
    found = read_mail(made.content, SETTING, made.mail_from)
    end = ends_as(found)
    read_letter(made.content, SETTING.manners)
    mail_fingerprint(made.content)
    took = time.process_time() - began
    if took > SLOW:
        return f"took {took:.1f} s"
    if isinstance(found, Unusable) and found.reason == "broken":
        return "raised inside the reader"
    for text in (found.envelope.sender, found.envelope.subject, found.envelope.message_id):
        text.encode()
    match made.who:
        case "person":
            return _persons_wrong(made, found, end)
        case "machine" | "server" | "ourselves" if end == "submission":
            return f"counted as a submission: {made.who}"
        case "server" if end not in ("not delivered", "letter"):
            return f"a server's report is {end}"
    return ""


def _persons_wrong(made: Made, found: Incoming, end: str) -> str:
    if made.documents and not isinstance(found, Reply):
        return f"a person's document is in a {type(found).__name__} {getattr(found, 'why', '')}"
    if not isinstance(found, Reply):
        return (
            ""
            if isinstance(found, AutoReply) and found.why in ("Subject", "Precedence")
            else f"a person is {found}"[:200]
        )
    taken = {hashlib.sha256(file.content).hexdigest() for file in found.files}
    lost = [content for content in made.documents if hashlib.sha256(content).hexdigest() not in taken]
    if lost:
        return f"{len(lost)} of {len(made.documents)} documents are lost"
    return f"with a document it is a {end}" if bool(made.documents) != (end == "submission") else ""


def test_every_mail_of_the_grammar_is_judged_rightly() -> None:
    faults: Counter[str] = Counter()
    first: dict[str, int] = {}
    for number in range(LETTERS):
        made = letter(random.Random(f"{SEED}-{number}"))
        try:
            said = wrong(made)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        if said:
            faults[said] += 1
            first.setdefault(said, number)
    assert not faults, [(said, count, f"{SEED}-{first[said]}") for said, count in faults.most_common(20)]


def test_the_grammar_makes_every_kind_and_the_same_seed_the_same_mail() -> None:
    made = [letter(random.Random(f"kinds-{number}")) for number in range(400)]
    assert {one.who for one in made} == {"person", "machine", "server", "ourselves", "anything"}
    ends = {ends_as(read_mail(one.content, SETTING, one.mail_from)) for one in made}
    assert ends == {"submission", "letter", "machine", "not delivered"}
    assert made == [letter(random.Random(f"kinds-{number}")) for number in range(400)]
