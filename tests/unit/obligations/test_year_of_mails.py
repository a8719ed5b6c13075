"""A walked year's mails as its readers meet them: how long each is, and whether their subjects can be told apart."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date
from statistics import quantiles
from typing import Any

import jinja2
import pytest
from factories import ZONE, at
from office_files import CONFIG, real_calendar, real_office, real_plan, real_policy
from test_year import year

from dondoc.ledger.ledger import Head
from dondoc.mail.links import LinkMaker
from dondoc.mail.mail import Address, Mail
from dondoc.mail.notices import Letterhead, Notice, environment, party_name, render
from dondoc.obligations.lifecycle import fold
from tasks.config.loading import words

WORDS = words(CONFIG)
OFFICE = real_office()
SHOWN = 50  # characters of a subject that a list of mails shows


def _notices() -> dict[tuple[date, str], list[Notice]]:
    """Every notice of the year by its morning and mailbox, with its duty as it stood then."""
    found: dict[tuple[date, str], list[Notice]] = defaultdict(list)
    for duty in year().duties.values():
        facts = duty.facts
        leads = OFFICE.members(facts.obligation.lead)
        for number, (draft, day) in enumerate(duty.entries, start=1):
            if draft.kind != "notice.queued":
                continue
            state = fold(facts.occurrence, duty.entries[:number])
            for recipient in draft.body["recipients"]:
                scope, _, name = recipient.partition(":")
                key = f"{facts.occurrence.id}|{draft.body['checkpoint']}|{recipient}"
                body: dict[str, Any] = draft.body.get("body", {})
                coordinating = scope == "unit" and name not in leads
                notice = Notice(
                    key, draft.body["kind"], draft.body["checkpoint"], recipient,
                    facts.occurrence, facts.item, facts.obligation, state, coordinating, body,
                )  # fmt: skip
                found[day, OFFICE.address(recipient) or recipient].append(notice)
    return found


@pytest.fixture(scope="module")
def mails() -> dict[str, list[Mail]]:
    """Mailbox → its mails in order."""
    plan = real_plan()
    letterhead = Letterhead(
        office=OFFICE,
        sender=Address("don-doc@vp.example", "Đôn đốc Văn phòng"),
        domain="vp.example",
        plan_titles={plan.id: plan.title},
        link=LinkMaker("https://dondoc.vp.example/", "a secret of tests", date(2025, 1, 22), ZONE),
        head=Head(1234, "5f" * 32),
        policy=real_policy(),
        calendar=real_calendar(),
    )
    templates = environment(jinja2.FileSystemLoader(CONFIG / "words/vi/mail"))
    found: dict[str, list[Mail]] = defaultdict(list)
    for (day, address), notices in sorted(_notices().items(), key=lambda pair: pair[0]):
        to = Address(address, party_name(notices[0].recipient, OFFICE, WORDS))
        found[address].append(render(notices, to, at(day.isoformat()), letterhead, templates, WORDS))
    return found


def _words(mail: Mail) -> int:
    """The words that a person reads: links and addresses are pressed, not read."""
    return len(re.sub(r"https?://\S+|\S+@\S+", "", mail.text).split())


def test_a_morning_s_mail_is_short(mails: dict[str, list[Mail]]) -> None:
    lengths = [_words(mail) for one in mails.values() for mail in one]
    tenths = quantiles(lengths, n=10)
    assert len(lengths) > 150
    assert tenths[4] <= 300
    assert tenths[8] <= 480
    assert max(lengths) <= 650  # the first morning of the year: 42 duties begin at once


def test_subjects_of_a_mailbox_differ_in_what_a_list_shows(mails: dict[str, list[Mail]]) -> None:
    alike = {
        address: [mail.subject for mail in one if sum(m.subject[:SHOWN] == mail.subject[:SHOWN] for m in one) > 1]
        for address, one in mails.items()
    }
    number = sum(len(one) for one in mails.values())
    assert sum(len(found) for found in alike.values()) <= number * 0.03, alike


def test_every_duty_of_a_morning_is_named_in_its_mail(mails: dict[str, list[Mail]]) -> None:
    sent = [mail for one in mails.values() for mail in one]
    told = _notices()
    assert len(sent) == len(told)
    for mail in sent:
        notices = told[mail.date.astimezone(ZONE).date(), mail.to.address]
        assert len(re.findall(r"https?://\S+", mail.text)) == len(notices)
        assert all(notice.item.ref in mail.text for notice in notices)
