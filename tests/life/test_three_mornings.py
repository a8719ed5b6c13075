"""Three mornings of a whole installation on a real Postfix and Dovecot: `make life LIFE=mornings`. Outage, dead worker, 5xx.

Each notice leaves once, whatever happens; what is wrong is red in the server's words, and green after.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest
from lived_year import HCQT, OUTAGE, PLAN, REFUSED, TTCBTH, TTPVKS, Lived, lived


@pytest.fixture(scope="module")
def seen() -> Lived:
    """The disturbed life."""
    return lived(disturbed=True, adopted=True)


def test_an_answer_by_mail_is_a_submission_and_a_machines_letter_is_none(seen: Lived) -> None:
    answered = json.loads(seen.said["answered"])
    assert answered[f"{PLAN}/mot/ket-qua/2026-11"] == "submitted"
    assert answered[f"{PLAN}/hai/ket-qua/2026-11"] == "open"
    assert sorted(json.loads(seen.said["letters"])) == ["auto", "submitted"]
    assert seen.statuses[f"{PLAN}/mot/ket-qua/2026-11"] == "done"


@pytest.mark.parametrize(("name", "words"), [("outage", OUTAGE), ("refused", REFUSED)])
def test_a_morning_without_a_mail_server_is_red_with_its_words_and_green_after(
    seen: Lived, name: str, words: str
) -> None:
    said = seen.said
    for where in ("status", "doctor", "banner"):
        assert words in said[f"{name}: {where}"], where
        assert words not in said[f"{name}: {where} after"], where
    assert "NOT TAKEN by localhost" in said[f"{name}: status"]
    assert "dondoc · Quét hằng ngày · Failed" in said[f"{name}: sweep"]


def test_who_asks_for_a_sign_in_link_is_told_that_it_cannot_be_mailed(seen: Lived) -> None:
    assert "Thư chưa gửi được" in seen.said["outage: sign-in"]
    assert OUTAGE in seen.said["outage: sign-in"]


def test_a_dead_worker_is_started_again_and_its_sweep_runs_the_same_morning(seen: Lived) -> None:
    said = seen.said
    assert "worker had ended and was started again" in said["keeper"]
    assert "dondoc · Quét hằng ngày · Crashed" in said["dead worker"]


def test_every_mail_the_server_took_lies_in_one_mailbox_once(seen: Lived) -> None:
    assert [found for found, number in seen.delivered.items() if number > 1] == []
    assert seen.sent <= {message_id for _, message_id in seen.delivered}
    assert {HCQT, TTPVKS, TTCBTH} <= {box for box, _ in seen.delivered}


def test_no_notice_is_lost(seen: Lived) -> None:
    assert seen.unsent == 0
    assert Counter(status for _, status in seen.notices).keys() <= {"sent", "withheld"}
    for unit, item in (("hcqt", "mot"), ("ttpvks", "hai"), ("ttcbth", "ba")):
        for month in ("2026-11", "2026-12"):
            assert seen.notices[f"{PLAN}/{item}/ket-qua/{month}|assign|unit:{unit}", "sent"] == 1
    for unit, item in (("ttpvks", "hai"), ("ttcbth", "ba")):
        for mail in ("last-call", "overdue"):
            assert seen.notices[f"{PLAN}/{item}/ket-qua/2026-11|{mail}|unit:{unit}", "sent"] == 1
    assert "nguyên vẹn và đầy đủ" in seen.verified
