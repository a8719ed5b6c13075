"""Reading mail that comes in: what programs really send, what machines send, and that nothing sent raises."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from pathlib import Path

import pytest
import yaml
from client_mails import (
    CLIENTS,
    EXCHANGE_REPORT,
    NAME,
    OUTLOOK_EXPRESS,
    PDF,
    QMAIL_REPORT,
    SAID,
    THUNDERBIRD,
    TO,
)
from factories import make_facts, make_occurrence, make_office, make_state
from hypothesis import given, settings
from hypothesis import strategies as st

from dondoc.inbox.incoming import AutoReply, Bounce, Incoming, Loop, Reply, Setting, Unusable, read_mail
from dondoc.inbox.named_documents import named_document
from dondoc.inbox.own_words import manners
from dondoc.inbox.weighing import RefusedFile, is_known, weigh
from dondoc.mail.reply_addresses import Addressed, Code, ReplyTo, mailto
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.lifecycle import Status

CONFIG = Path(__file__).parents[3] / "config"
SETTING = Setting(
    "dondoc@vpub.quangngai.example",
    "vpub.quangngai.example",
    manners(yaml.safe_load((CONFIG / "words/vi/inbound.yaml").read_text(encoding="utf-8"))),
    10_000_000,
)
TODAY = date(2024, 4, 5)


def read(content: bytes) -> Incoming:
    return read_mail(content, SETTING)


def reply(content: bytes) -> Reply:
    found = read(content)
    assert isinstance(found, Reply), found
    return found


# -- what mail programs send


@pytest.mark.parametrize("program", CLIENTS)
def test_a_reply_is_read_as_its_program_wrote_it(program: str) -> None:
    found = reply(CLIENTS[program])
    assert [(file.name, file.content) for file in found.files] == [(NAME, PDF)]
    assert found.text == SAID
    assert found.envelope.sender == "ttpvks@vpub.quangngai.example"
    assert found.envelope.subject == "Re: [Đôn đốc] Sắp đến hạn"
    assert TO in found.envelope.recipients


def test_a_name_in_windows_1258_that_nothing_announces_is_read() -> None:
    (file,) = reply(OUTLOOK_EXPRESS).files
    assert file.name == unicodedata.normalize("NFC", "Công văn.pdf")


def test_a_file_without_a_name_is_called_by_what_it_is() -> None:
    content = THUNDERBIRD.replace(b"Content-Disposition: attachment", b"Content-Disposition: attachment\r\nX-Gone: x")
    content = re.sub(rb'; name="[^"]*"', b"", content)
    assert [file.name for file in reply(content).files] == ["tep-1.pdf"]


def test_a_name_cannot_leave_its_folder_or_hide_its_ending() -> None:
    start = THUNDERBIRD.index(b"Content-Disposition: attachment") + len(b"Content-Disposition: attachment")
    end = THUNDERBIRD.index(b"\r\nContent-Transfer-Encoding: base64", start)
    evil = "../../etc/\u202efdp.exe.pdf".encode()
    content = THUNDERBIRD[:start] + b'; filename="' + evil + b'"' + THUNDERBIRD[end:]
    assert [file.name for file in reply(content).files] == ["fdp.exe.pdf"]


def test_winmail_dat_is_said_to_be_unreadable() -> None:
    found = reply(THUNDERBIRD.replace(b"application/pdf", b"application/ms-tnef"))
    assert (found.files, found.unread) == ((), (("winmail.dat", "winmail"),))


def test_a_sealed_mail_and_one_too_large_are_said_so() -> None:
    sealed = b"From: a@b.example\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIIB"
    assert read(sealed) == Unusable(read(sealed).envelope, "encrypted")
    large = read_mail(THUNDERBIRD, Setting(SETTING.base, SETTING.domain, SETTING.manners, 100))
    assert isinstance(large, Unusable)
    assert large.reason == "large"
    assert TO in large.envelope.recipients


# -- machines


MACHINES = [
    b"Auto-Submitted: auto-replied", b"Auto-Submitted: auto-generated; x=y", b"Precedence: auto_reply",
    b"X-Autoreply: yes", b"X-Autorespond: 1", b"Return-Path: <>",
]  # fmt: skip


@pytest.mark.parametrize("line", MACHINES)
def test_a_machine_is_known_by_its_mark(line: bytes) -> None:
    found = read(line + b"\r\n" + THUNDERBIRD)
    assert isinstance(found, AutoReply)
    assert found.files == (NAME,)


def test_the_null_sender_of_the_envelope_is_a_machine() -> None:
    assert isinstance(read_mail(THUNDERBIRD, SETTING, ""), AutoReply)
    assert isinstance(read_mail(THUNDERBIRD, SETTING, "<>"), AutoReply)
    assert isinstance(read_mail(THUNDERBIRD, SETTING, "ai@x.example"), Reply)


SUBJECTS = [
    "Subject: Trả lời tự động: Re: x".encode(), b"Subject: Automatic reply: x", b"Subject: RE: Out of Office",
    b"Subject: =?utf-8?q?Tr=E1=BA=A3_l=E1=BB=9Di_t=E1=BB=B1_=C4=91=E1=BB=99ng=3A_x?=",
    "Subject: Re: Tự động phản hồi".encode(), b"Subject: Toi di cong tac (tra loi tu dong)", b"Subject: OOO: Re: x",
    b"Subject: AUTO: Nguyen A is out of the office",
]  # fmt: skip


@pytest.mark.parametrize("line", [*SUBJECTS, b"Precedence: bulk"])
def test_what_looks_like_a_machines_is_one_without_a_document_and_in_doubt_with_one(line: bytes) -> None:
    content = re.sub(rb"(?m)^Subject: .*\r\n", b"", THUNDERBIRD) if line.startswith(b"Subject") else THUNDERBIRD
    found = reply(line + b"\r\n" + content)
    assert found.doubt in ("Subject", "Precedence")
    assert isinstance(
        read(line + b"\r\n" + re.sub(rb"(?s)------t\r\nContent-Type: application.*", b"", content)), AutoReply
    )


@pytest.mark.parametrize(
    "line",
    [
        b"X-Auto-Response-Suppress: All",
        b"X-Autoreply: no",
        b"Auto-Submitted: no",
        b"List-Id: <a.b>",
        b"Precedence: list",
    ],
)
def test_who_asks_for_no_automatic_answer_or_writes_through_a_list_is_a_person(line: bytes) -> None:
    assert reply(line + b"\r\n" + THUNDERBIRD).files


def test_a_person_who_says_auto_submitted_no_is_a_person() -> None:
    assert isinstance(read(b"Auto-Submitted: no\r\n" + THUNDERBIRD), Reply)


def test_our_own_mail_is_a_loop() -> None:
    assert isinstance(read(b"X-Loop: dondoc@vpub.quangngai.example\r\n" + THUNDERBIRD), Loop)


def test_a_message_id_that_only_looks_like_ours_is_a_persons() -> None:
    own = THUNDERBIRD.replace(b"<thunderbird.1@", b"<" + b"0123456789abcdef" * 2 + b"@")
    assert isinstance(read(own), Reply)


@pytest.mark.parametrize(("report", "status"), [(EXCHANGE_REPORT, "5.1.10"), (QMAIL_REPORT, "5.1.1")])
def test_a_delivery_report_names_recipient_status_and_mail(report: bytes, status: str) -> None:
    found = read(report)
    assert isinstance(found, Bounce)
    (failure,) = found.report.failed
    assert (failure.recipient, failure.status) == ("hcqt@so.example", status)
    assert found.report.original == "<0123456789abcdef0123456789abcdef@vpub.quangngai.example>"


def test_a_delay_is_no_failure() -> None:
    found = read(EXCHANGE_REPORT.replace(b"Action: failed", b"Action: delayed"))
    assert isinstance(found, Bounce)
    assert found.report.failures
    assert not found.report.failed


# -- nothing raises


@given(st.binary(max_size=3000))
def test_no_bytes_raise(content: bytes) -> None:
    read(content)


@given(st.sampled_from([*CLIENTS.values(), EXCHANGE_REPORT, QMAIL_REPORT]), st.data())
@settings(max_examples=200)
def test_no_broken_mail_raises(content: bytes, draw: st.DataObject) -> None:
    """Real mails with pieces cut out, doubled or replaced."""
    start = draw.draw(st.integers(0, len(content)))
    end = draw.draw(st.integers(start, min(len(content), start + 300)))
    piece = draw.draw(st.one_of(st.binary(max_size=20), st.just(content[start:end] * 2), st.sampled_from(
        [b"\r\n", b"\0", b'"', b"=?utf-8?b?", b"charset=unicode_escape", b"charset=utf-16", b"*0*=", b"--", b"\xff\xfe"])))  # fmt: skip
    found = read(content[:start] + piece + content[end:])
    for text in (found.envelope.sender, found.envelope.subject, found.envelope.message_id, *found.envelope.recipients):
        assert "\0" not in text
        text.encode()


def test_mails_nested_without_end_are_kept_as_broken_or_read() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
    read(b"From: a@b.example\r\n" + deep)


# -- what a reply counts as


def owed(status: Status) -> Facts:
    occurrence = make_occurrence("ke-hoach-thi-hanh")
    return make_facts("ke-hoach-thi-hanh", state=make_state(occurrence, status))


def test_a_reply_with_a_document_is_a_submission() -> None:
    weighed = weigh(owed(Status.OPEN), "unit:hcqt", reply(THUNDERBIRD), date(2024, 3, 20))
    assert weighed.act
    assert [file[0] for file in weighed.act.files] == [NAME]
    assert (weighed.act.channel, weighed.act.note, weighed.act.reason) == ("mail", SAID, None)


def test_a_late_reply_says_why() -> None:
    facts = owed(Status.OPEN)
    weighed = weigh(facts, "unit:hcqt", reply(THUNDERBIRD), TODAY)
    assert weighed.act
    assert (weighed.act.note, weighed.act.reason) == (None, SAID)
    silent = reply(THUNDERBIRD.replace(SAID.replace("\n", "\r\n").encode(), b""))
    assert weigh(facts, "unit:hcqt", silent, TODAY).why == "explain"


def test_who_does_not_lead_hands_nothing_in() -> None:
    assert weigh(owed(Status.OPEN), "unit:ttpvks", reply(THUNDERBIRD), TODAY).why == "not_yours"


@pytest.mark.parametrize("status", [s for s in Status if s not in (Status.OPEN, Status.RETURNED, Status.PLANNED)])
def test_only_what_is_owed_takes_a_result(status: Status) -> None:
    assert weigh(owed(status), "unit:hcqt", reply(THUNDERBIRD), date(2024, 3, 20)).why == "not_now"


def test_a_file_that_is_not_what_it_says_is_named() -> None:
    found = reply(THUNDERBIRD.replace(b"JVBERi0xLj", b"TVqQAAMAAA"))
    weighed = weigh(owed(Status.OPEN), "unit:hcqt", found, date(2024, 3, 20))
    assert (weighed.why, weighed.refused) == ("bad_files", (RefusedFile(NAME, "content"),))


@pytest.mark.parametrize(
    ("text", "document", "signed"),
    [
        ("Kính gửi Kế hoạch số: 05/KH-VP ngày 05/3/2024 của Văn phòng.", "05/KH-VP", date(2024, 3, 5)),
        ("số 12/BC-TTPVKS, ngày 05 tháng 3 năm 2024", "12/BC-TTPVKS", date(2024, 3, 5)),
        ("Số: 7/QĐ-UBND", "7/QĐ-UBND", None),
        ("Số: 7/QĐ-UBND ngày 31/02/2024", "7/QĐ-UBND", None),
        ("Số: 7/QĐ-UBND ngày 05/12/2024", "7/QĐ-UBND", None),
        ("Số: 7/QĐ-UBND thay số 6/QĐ-UBND", None, None),
        ("Ngày 05/3/2024 đơn vị sẽ gửi.", None, None),
        ("Số lượng 5/6 phòng", None, None),
    ],
)  # fmt: skip
def test_a_document_is_named_only_where_the_text_is_clear(text: str, document: str | None, signed: date | None) -> None:
    assert named_document(text, TODAY) == (document, signed)


def test_a_sender_is_known_by_the_units_addresses() -> None:
    office = make_office()
    unit = office.unit("hcqt")
    assert is_known(office, "unit:hcqt", unit.email.upper())
    assert not is_known(office, "unit:hcqt", "ai-do@gmail.example")


# -- addresses

OURS = ReplyTo("dondoc@vpub.quangngai.example", "s" * 40)


@given(st.text(max_size=60), st.text(max_size=20))
def test_an_address_is_read_however_it_is_cased_and_fits(occurrence: str, party: str) -> None:
    code = OURS.of_duty(occurrence, party)
    address = OURS.address(code)
    assert len(address.partition("@")[0]) <= 64
    assert OURS.read(address) == OURS.read(address.upper()) == OURS.read(f"<{address}>") == code
    assert OURS.signed(Addressed(code, occurrence, party), None)
    assert not ReplyTo(OURS.base, "t" * 40).signed(Addressed(code, occurrence, party), None)


@given(st.text(max_size=100))
def test_no_other_text_is_an_address(text: str) -> None:
    assert OURS.read(text) is None


def test_a_mails_address_is_not_its_bounces() -> None:
    assert OURS.of_mail("x").text != OURS.of_bounces("x").text
    assert not OURS.signed(Addressed(Code("m", OURS.of_bounces("x").text)), "x")


def test_a_mailto_link_carries_address_and_subject() -> None:
    assert (
        mailto("a+b@c.example", "Re: Hạn & việc")
        == "mailto:a+b@c.example?subject=Re%3A%20H%E1%BA%A1n%20%26%20vi%E1%BB%87c"
    )


@pytest.mark.parametrize(("submitted", "kind"), [("auto-replied (rejected)", Bounce), ("auto-replied", Unusable)])
def test_a_mailboxs_rule_that_refuses_a_mail_is_a_failure_and_a_receipt_of_reading_is_none(
    submitted: str, kind: type
) -> None:
    """Dovecot's rule "reject" answers with a notice of reading (RFC 5429), as Exchange does for a mail deleted unread."""
    notice = f"""From: Mail Delivery Subsystem <postmaster@x.example>
To: {SETTING.base}
Return-Path: <>
Subject: Automatically rejected mail
Auto-Submitted: {submitted}
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Your message to <tccb@x.example> was automatically rejected:
Quota exceeded
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; tccb@x.example
Original-Message-ID: <1@vpub.quangngai.example>
Disposition: automatic-action/MDN-sent-automatically; deleted
--b--
"""
    assert isinstance(read(notice.encode()), kind)
