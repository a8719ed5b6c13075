"""Answers and bounces over real SMTP, on a real database: counted once, never by machines, nothing lost."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from installation import HCQT, HEAD_TTPVKS, TRACKER, TTPVKS, Installation, at
from letters import JANUARY, NAME, PDF, SECRET, address, bounce, duty_address, last_mail, letter, sweep

from dondoc.ledger.ledger import Head
from tasks.inbox.receiving import NotYetError, Received, receive
from tasks.store import tables
from tasks.store.received import waiting
from tasks.store.runs import verify_chain


def take(installation: Installation, content: bytes, day: str = "2024-01-16", clock: str = "09:00") -> list[Received]:
    return receive(installation.morning(at(day, clock)), content)


def kinds(installation: Installation, occurrence: str) -> list[str]:
    return [entry["kind"] for entry in installation.ledger() if entry["occurrence"] == occurrence]


def inbox(installation: Installation) -> list[Any]:
    with installation.engine.connect() as connection:
        return list(connection.execute(sa.select(tables.inbox).order_by(tables.inbox.c.key)))


def received(installation: Installation) -> list[str]:
    """What each mail was taken for, as the ledger says."""
    return [entry["body"]["outcome"] for entry in installation.ledger("mail.received")]


def assert_whole(installation: Installation) -> None:
    assert isinstance(verify_chain(installation.engine), Head)
    assert installation.folded() == installation.states()


# -- what goes out


def test_a_notice_of_one_owed_duty_is_answered_at_its_own_address(office: Installation) -> None:
    mail = last_mail(office, TTPVKS)  # it leads one duty of it and coordinates the other
    assert len(office.notices(recipient="unit:ttpvks")) == 2
    wanted = duty_address(office, JANUARY, "unit:ttpvks")
    assert wanted in str(mail["Reply-To"])
    assert wanted in office.post.text(TTPVKS)
    assert str(mail["X-Loop"]) == "dondoc@vpub.quangngai.example"


def test_every_mail_has_an_envelope_sender_of_its_own(office: Installation) -> None:
    senders = office.post.senders
    assert len(senders) == len(set(senders)) > 1
    assert all(sender.startswith("dondoc+b") and len(sender.partition("@")[0]) <= 64 for sender in senders)


# -- answers


def test_an_answer_with_a_document_is_a_submission(office: Installation) -> None:
    content = letter(
        duty_address(office, JANUARY, "unit:ttpvks"), TTPVKS, "Kính gửi báo cáo số: 05/BC-TTPVKS ngày 15/01/2024."
    )
    assert [one.outcome for one in take(office, content)] == ["submitted"]
    assert office.states()[JANUARY]["status"] == "submitted"
    (entry,) = office.ledger("occurrence.submitted")
    assert entry["actor"] == "unit:ttpvks"
    body = entry["body"]
    assert (body["channel"], body["document"], body["signed"]) == ("mail", "05/BC-TTPVKS", "2024-01-15")
    (file,) = body["files"]
    assert (file["name"], file["type"], file["size"]) == (NAME, "application/pdf", len(PDF))
    digest = hashlib.sha256(content).hexdigest()
    assert body["mail"] == {"from": TTPVKS, "known": True, "message_id": body["mail"]["message_id"], "sha256": digest}
    shelf = office.settings.var / "files"
    assert (shelf / digest[:2] / digest).read_bytes() == content
    assert (shelf / file["sha256"][:2] / file["sha256"]).read_bytes() == PDF
    (received,) = office.ledger("mail.received")
    assert received["body"]["sha256"] == digest
    assert_whole(office)
    sweep(office, "2024-01-17")
    told = office.post.text(TRACKER)
    assert "Kết quả mới nộp".upper() in told
    assert NAME in told.replace("\n     ", " ")


def test_the_same_mail_twice_counts_once_also_at_the_same_moment(office: Installation) -> None:
    content = letter(duty_address(office, JANUARY, "unit:ttpvks"), TTPVKS)
    outcomes: list[str] = []
    threads = [
        threading.Thread(target=lambda: outcomes.extend(one.outcome for one in take(office, content))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["again", "again", "again", "submitted"]
    assert len(office.ledger("occurrence.submitted")) == 1
    assert sorted(received(office)) == ["again", "again", "again", "submitted"]


def test_an_address_in_capitals_is_the_same_address(office: Installation) -> None:
    content = letter(duty_address(office, JANUARY, "unit:ttpvks").upper(), TTPVKS)
    assert [one.outcome for one in take(office, content)] == ["submitted"]


def test_an_answer_from_a_strange_address_counts_and_says_so_to_the_tracker(office: Installation) -> None:
    content = letter(duty_address(office, JANUARY, "unit:ttpvks"), "nguyen.van.a@gmail.example")
    assert [one.outcome for one in take(office, content)] == ["submitted"]
    sweep(office, "2024-01-17")
    told = " ".join(office.post.text(TRACKER).split())
    assert "nguyen.van.a@gmail.example (không phải địa chỉ của đơn vị trong danh sách" in told


def test_an_answer_without_a_document_is_kept_and_answered_once_a_day(office: Installation) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    office.post.accepted.clear()
    assert [one.outcome for one in take(office, letter(to, TTPVKS, "Đang làm.", name=None))] == ["no_file"]
    assert [one.outcome for one in take(office, letter(to, TTPVKS, "Vẫn đang làm.", name=None))] == ["no_file"]
    assert office.states()[JANUARY]["status"] == "open"
    assert office.post.boxes() == [TTPVKS]
    mail = last_mail(office, TTPVKS)
    assert mail["Auto-Submitted"] == "auto-replied"
    assert str(make_header(decode_header(mail["Subject"]))) == "Re: Đôn đốc"
    assert to in str(mail["Reply-To"])
    assert "thư không kèm văn bản" in " ".join(office.post.text(TTPVKS).split())
    assert len(office.notices(kind="letter")) == 2
    assert_whole(office)
    assert take(office, letter(to, TTPVKS, "Sắp xong.", name=None), "2024-01-17")[0].answered


def test_a_late_answer_needs_its_explanation(office: Installation) -> None:
    sweep(office, "2024-02-05")
    to = duty_address(office, JANUARY, "unit:ttpvks")
    assert [one.outcome for one in take(office, letter(to, TTPVKS, ""), "2024-02-06")] == ["explain"]
    assert "ghi rõ lý do chậm" in " ".join(office.post.text(TTPVKS).split())
    content = letter(to, TTPVKS, "Chậm vì chờ số liệu của các huyện.")
    assert [one.outcome for one in take(office, content, "2024-02-06")] == ["submitted"]
    assert office.ledger("occurrence.submitted")[0]["body"]["reason"] == "Chậm vì chờ số liệu của các huyện."


def test_an_answer_to_what_is_handed_in_already_is_a_letter(office: Installation) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    take(office, letter(to, TTPVKS))
    assert [one.outcome for one in take(office, letter(to, TTPVKS))] == ["not_now"]
    assert len(office.ledger("occurrence.submitted")) == 1
    assert_whole(office)


def test_an_answer_to_a_digest_of_several_duties_counts_for_none_and_lists_them(office: Installation) -> None:
    sweep(office, "2024-04-05")
    mail = last_mail(office, TTPVKS)
    office.post.accepted.clear()
    assert [one.outcome for one in take(office, letter(str(mail["Reply-To"]), TTPVKS), "2024-04-05")] == ["ambiguous"]
    assert not office.ledger("occurrence.submitted")
    answer = " ".join(office.post.text(TTPVKS).split())
    owed = {n.occurrence for n in office.notices(recipient="unit:ttpvks")}
    assert "/a/" in answer
    assert len([occurrence for occurrence in owed if duty_address(office, occurrence, "unit:ttpvks") in answer]) > 1
    assert office.notices(kind="letter")
    assert_whole(office)
    take(office, letter(str(mail["Reply-To"]), "la@x.example"), "2024-04-05")
    strange = office.post.text("la@x.example")
    assert "hộp thư của đơn vị" in " ".join(strange.split())
    assert "/a/" not in strange
    assert "+d" not in strange


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: auto-replied", "Precedence: auto_reply", "X-Autoreply: yes", "Return-Path: <>"],
)
def test_a_machine_never_counts_and_is_never_answered(office: Installation, header: str) -> None:
    office.post.accepted.clear()
    content = letter(duty_address(office, JANUARY, "unit:ttpvks"), TTPVKS, headers=header)
    assert [one.outcome for one in take(office, content)] == ["auto"]
    assert office.states()[JANUARY]["status"] == "open"
    assert not office.post.accepted
    assert office.notices(kind="letter")  # it carried a file: the tracker is told


def test_our_own_mail_come_back_is_a_loop(office: Installation) -> None:
    own = last_mail(office, TTPVKS).as_bytes()
    to = duty_address(office, JANUARY, "unit:ttpvks")
    office.post.accepted.clear()
    taken = receive(office.morning(at("2024-01-16")), own, [to])
    assert [one.outcome for one in taken] == ["loop"]
    assert not office.post.accepted
    assert received(office) == ["loop"]
    without_its_mark = own.replace(b"X-Loop:", b"X-Lost:").replace(b"Subject:", b"Subject: Fwd:", 1)
    assert [one.outcome for one in receive(office.morning(at("2024-01-16")), without_its_mark, [to])] == ["loop"]


def test_a_mail_to_no_address_of_ours_is_kept_and_noted(office: Installation) -> None:
    content = letter("dondoc@vpub.quangngai.example")
    assert [one.outcome for one in take(office, content)] == ["stray"]
    assert [row.outcome for row in inbox(office)] == ["stray"]
    forged = duty_address(office, JANUARY, "unit:ttpvks")
    forged = forged.replace("+d", "+d")[:10] + ("a" if forged[10] != "a" else "b") + forged[11:]
    assert [one.outcome for one in take(office, letter(forged))] == ["stray"]
    assert not office.ledger("occurrence.submitted")


def test_an_answer_to_the_plain_mailbox_is_told_to_the_tracker_by_what_it_answers(office: Installation) -> None:
    mail = last_mail(office, TTPVKS)
    base, thread = "dondoc@vpub.quangngai.example", f"In-Reply-To: {mail['Message-ID']}"
    office.post.accepted.clear()
    strange = take(office, letter(base, "la@x.example", headers=thread))
    assert [(one.outcome, one.answered) for one in strange] == [("ambiguous", False)]
    assert not office.post.accepted
    known = take(office, letter(base, TTPVKS, headers=thread))
    assert [(one.outcome, one.answered) for one in known] == [("ambiguous", True)]
    assert duty_address(office, JANUARY, "unit:ttpvks") in office.post.text(TTPVKS)
    assert len(office.notices(kind="letter")) == 2
    assert not office.ledger("occurrence.submitted")
    assert_whole(office)


def answers(installation: Installation, to: str) -> list[str]:
    """The texts of our answers to one address, the subject first."""
    found = [message_from_bytes(content) for box, _, content in installation.post.accepted if box == to]
    return [str(mail["Auto-Submitted"]) for mail in found if mail["Auto-Submitted"] == "auto-replied"]


def test_a_submission_is_answered_at_once_with_what_was_taken(office: Installation) -> None:
    office.post.accepted.clear()
    content = letter(
        duty_address(office, JANUARY, "unit:ttpvks"), TTPVKS, "Kính gửi báo cáo số: 05/BC-TTPVKS ngày 15/01/2024."
    )
    assert [(one.outcome, one.answered) for one in take(office, content)] == [("submitted", True)]
    told = " ".join(office.post.text(TTPVKS).split())
    (entry,) = office.ledger("occurrence.submitted")
    assert NAME in told
    assert "Số văn bản: 05/BC-TTPVKS, ký ngày 15/01/2024" in told
    assert "Nhận lúc: 09:00 16/01/2024" in told
    assert f"mục {entry['seq']} của sổ chứng cứ" in told
    take(office, content)
    assert answers(office, TTPVKS) == ["auto-replied"]


@pytest.mark.parametrize("sender", ["no-reply@x.example", "MAILER-DAEMON@x.example", "postmaster@x.example"])
def test_nobody_is_answered_who_does_not_read(office: Installation, sender: str) -> None:
    office.post.accepted.clear()
    take(office, letter(duty_address(office, JANUARY, "unit:ttpvks"), sender, name=None))
    assert not office.post.accepted


def test_what_we_mailed_ourselves_comes_back_and_counts_for_nothing(office: Installation) -> None:
    own = last_mail(office, TTPVKS)
    sent = [part for part in own.walk() if part.get_filename()]
    assert sent
    to, payload = duty_address(office, JANUARY, "unit:ttpvks"), sent[0].get_payload(decode=True)
    assert [one.outcome for one in take(office, letter(to, TTPVKS, content=payload))] == ["bad_files"]
    (entry,) = office.ledger("mail.received")
    assert entry["body"]["refused"] == [{"name": NAME, "fault": "own"}]


@pytest.mark.parametrize("header", ["Precedence: list", "List-Id: <phong.x.example>", "Precedence: bulk"])
def test_through_a_list_a_known_sender_with_a_document_is_a_person(office: Installation, header: str) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    assert [one.outcome for one in take(office, letter(to, "la@x.example", headers=header))] == ["auto"]
    assert [one.outcome for one in take(office, letter(to, TTPVKS, headers=header))] == ["submitted"]


def test_the_same_message_id_with_other_content_is_another_letter(office: Installation) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    first = letter(to, TTPVKS, "(trang)", name=None, message_id="<scan-0001@mfp.example>")
    second = letter(to, TTPVKS, message_id="<scan-0001@mfp.example>")
    assert [one.outcome for one in take(office, first)] == ["no_file"]
    assert [one.outcome for one in take(office, second)] == ["submitted"]
    on_another_way = b"Received: from a by b; Fri, 05 Apr 2024 09:00:00 +0700\r\n" + second
    assert [one.outcome for one in take(office, on_another_way)] == ["again"]
    assert received(office) == ["no_file", "submitted", "again"]


def test_a_mail_of_the_last_evening_read_days_later_is_on_time(office: Installation) -> None:
    to = duty_address(office, JANUARY, "unit:ttpvks")
    content = letter(to, TTPVKS, "")
    taken = receive(office.morning(at("2024-02-05", "07:00")), content, at=at("2024-01-31", "19:30"))
    assert [one.outcome for one in taken] == ["submitted"]
    state = office.states()[JANUARY]
    assert state["submitted_on"] == "2024-01-31"
    assert office.ledger("occurrence.submitted")[0]["body"]["received"] == "2024-01-31"
    assert_whole(office)


def test_what_comes_to_a_bounce_address_and_is_not_understood_is_shown_and_never_answered(office: Installation) -> None:
    mail = sent_to(office, TTPVKS)
    to = address(office, mail.id, "b")
    office.post.accepted.clear()
    assert [one.outcome for one in take(office, letter(to, TTPVKS))] == ["unknown_bounce"]
    assert not office.post.accepted
    assert not office.ledger("occurrence.submitted")
    with office.engine.connect() as connection:
        assert [one.outcome for one in waiting(connection)] == ["unknown_bounce"]
    assert_whole(office)


# -- bounces


def sent_to(installation: Installation, to: str) -> Any:
    return next(mail for mail in installation.mails() if mail.address == to and mail.status == "sent")


def test_a_bounce_sends_the_notices_by_the_next_route(office: Installation) -> None:
    mail = sent_to(office, TTPVKS)
    report = bounce(address(office, mail.id, "b"), TTPVKS, mail.message_id)
    assert [one.outcome for one in take(office, report)] == ["bounced"]
    assert {n.status for n in office.notices(recipient="unit:ttpvks")} == {"queued"}
    entries = office.ledger("notice.bounced")
    assert {e["body"]["address"] for e in entries} == {TTPVKS}
    assert {e["body"]["final"] for e in entries} == {False}
    assert {e["body"]["status"] for e in entries} == {"5.1.1"}
    assert [one.outcome for one in take(office, report)] == ["again"]
    office.post.accepted.clear()
    sweep(office, "2024-01-17")
    assert HEAD_TTPVKS in office.post.boxes()
    assert TTPVKS not in office.post.boxes()
    assert_whole(office)


def test_a_bounce_takes_back_the_start_of_escalation(office: Installation) -> None:
    sweep(office, "2024-02-01")
    assert office.states()[JANUARY]["late_notice_accepted_on"] == "2024-02-01"
    mail = next(m for m in office.mails() if m.address == TTPVKS and f"{m.morning}" == "2024-02-01")
    take(office, bounce(address(office, mail.id, "b"), TTPVKS, mail.message_id), "2024-02-01", "10:00")
    assert office.states()[JANUARY]["late_notice_accepted_on"] is None
    sweep(office, "2024-02-02")
    assert office.states()[JANUARY]["late_notice_accepted_on"] == "2024-02-02"
    assert_whole(office)


def test_when_the_last_address_bounces_the_tracker_is_told(office: Installation) -> None:
    for day, box in (("2024-01-16", TTPVKS), ("2024-01-17", HEAD_TTPVKS)):
        mail = sent_to(office, box)
        take(office, bounce(address(office, mail.id, "b"), box, mail.message_id), day)
        sweep(office, day, "11:00")
    assert office.notices(kind="undelivered")
    assert {n.status for n in office.notices(recipient="unit:ttpvks")} == {"failed"}
    assert_whole(office)


def test_a_delay_changes_nothing(office: Installation) -> None:
    mail = sent_to(office, TTPVKS)
    report = bounce(address(office, mail.id, "b"), TTPVKS, mail.message_id, action="delayed", status="4.4.1")
    assert [one.outcome for one in take(office, report)] == ["delayed"]
    assert not office.ledger("notice.bounced")


def test_a_bounce_is_believed_by_message_id_only_with_the_recipient(office: Installation) -> None:
    mail = sent_to(office, TTPVKS)
    base = "dondoc@vpub.quangngai.example"
    assert [one.outcome for one in take(office, bounce(base, HCQT, mail.message_id))] == ["unknown_bounce"]
    assert [one.outcome for one in take(office, bounce(base, TTPVKS, "<made.up@vpub.quangngai.example>"))] == [
        "unknown_bounce"
    ]
    assert not office.ledger("notice.bounced")
    assert [one.outcome for one in take(office, bounce(base, TTPVKS, mail.message_id))] == ["bounced"]


def test_a_bounce_before_its_delivery_is_recorded_is_offered_again(office: Installation) -> None:
    mail = sent_to(office, TTPVKS)
    with office.engine.begin() as connection:
        connection.execute(tables.mail.update().where(tables.mail.c.id == mail.id).values(status="ready"))
    with pytest.raises(NotYetError):
        take(office, bounce(address(office, mail.id, "b"), TTPVKS, mail.message_id))
    assert not inbox(office)


# -- killed


KILLED = """
import os, sys, json, itertools
from datetime import datetime
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from pathlib import Path
moment, number, content, day = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]).read_bytes(), sys.argv[4]
from dataclasses import replace
from tasks.config.loading import load_rules
from tasks.config.run_context import RunContext, own_engine
from tasks.config.settings import read_settings
from tasks.inbox.receiving import receive
settings = replace(read_settings(os.environ), reply_base="dondoc@vpub.quangngai.example")
commit, count = PGDialect_psycopg.do_commit, itertools.count(1)
def dying(dialect, connection):
    n = next(count)
    if (moment, n) == ("before", number): os._exit(77)
    commit(dialect, connection)
    if (moment, n) == ("after", number): os._exit(77)
PGDialect_psycopg.do_commit = dying
context = RunContext(settings, load_rules(settings.config), own_engine(settings.store_url), "nho-2024", None, datetime.fromisoformat(day), None, False)
receive(context, content)
"""


def test_killed_at_any_commit_an_answer_counts_once(office: Installation, tmp_path: Path) -> None:
    """A letter without a file leaves the most behind: its entry, the tracker's notice, our answer."""
    to = duty_address(office, JANUARY, "unit:ttpvks")
    environ = {**os.environ, "DONDOC_LINK_SECRET": SECRET}
    for number, (name, message_id) in enumerate(((None, "<letter@x.example>"), (NAME, "<document@x.example>"))):
        path = tmp_path / f"{number}.eml"
        path.write_bytes(letter(to, TTPVKS, "Báo cáo.", name=name, message_id=message_id))
        for moment, at_commit in [("before", 1), ("after", 1), ("never", 0)]:
            command = [sys.executable, "-c", KILLED, moment, str(at_commit), str(path), at("2024-01-16").isoformat()]
            ended = subprocess.run(command, env=environ, timeout=600, check=False, cwd=Path(__file__).parents[3])
            assert ended.returncode in (77, 0)
    assert [outcome for outcome in received(office) if outcome != "again"] == ["no_file", "submitted"]
    assert len(office.ledger("occurrence.submitted")) == 1
    assert len(office.notices(kind="letter")) == 1
    answers = [m for m in office.mails() if m.id.startswith("<kept.")]
    assert [m.status for m in answers] == ["sent", "sent"]
    assert_whole(office)
