"""Mails made to break a reader: read in time that grows with their size alone, and none raises."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from client_mails import CLIENTS, EXCHANGE_REPORT, QMAIL_REPORT
from hypothesis import given, settings
from hypothesis import strategies as st

from dondoc.inbox.incoming import Setting, read_letter, read_mail
from dondoc.inbox.origin import mail_fingerprint
from dondoc.inbox.own_words import manners

WORDS = Path(__file__).parents[3] / "config/words/vi/inbound.yaml"
SETTING = Setting(
    "dondoc@vpub.quangngai.example",
    "vpub.quangngai.example",
    manners(yaml.safe_load(WORDS.read_text(encoding="utf-8"))),
    50_000_000,
)
HEAD = b"From: a@b.example\r\nTo: d@e.example\r\nMessage-ID: <1@b>\r\n"
SERVER = b"From: mailer-daemon@x.example\r\nReturn-Path: <>\r\n\r\n"
NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000))
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"
SECONDS_A_MB = 3.0  # fifteen times what is measured, for a busy machine; what is quadratic takes minutes

BOMBS = {
    "colons": HEAD + b"Cc: " + b"ghi chu 08:30" * 4000 + b"\r\n\r\nx",
    "addresses": HEAD + b"Cc: " + b"<a@b>," * 10000 + b"\r\n\r\nx",
    "quotes": HEAD + b"Cc: " + b'"\\' * 30000 + b"\r\n\r\nx",
    "encoded words": HEAD + b"Subject: " + b"=?utf-8?q?" * 8000 + b"\r\n\r\nx",
    "parts in parts": HEAD + NESTED + b"x\r\n" * 200000,
    "parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100000,
    "unfinished tags": HTML + b"<a <a" * 200000,
    "open tags": HTML + b"<div>" * 200000,
    "unfinished comments": HTML + b"<!--" * 250000,
    "lines": HEAD + b"\r\n" + b"On a\n" * 200000,
    "marks over a letter": HEAD + b"\r\na" + "\u0301\u0316".encode() * 240000,
    "headers": HEAD + b"X-A: b\r\n" * 120000 + b"\r\nx",
    "padding": HEAD + b"Content-Transfer-Encoding: base64\r\nContent-Type: application/pdf\r\n\r\n" + b"=A" * 500000,
    "uuencode": HEAD + b"\r\n" + b"begin 644 a\n" * 80000,
    "a server's words": SERVER + b"a@b.example unknown " * 50000,
    "a server's blanks": SERVER + b" \t" * 500000,
    "signed in signed": HEAD + b"Content-Type: application/pkcs7-mime\r\n\r\n" + b"\x30\x80" * 500000,
    "winmail.dat": HEAD + b"Content-Type: application/ms-tnef\r\n\r\n" + b"\x78\x9f\x3e\x22\0\0" + b"\0" * 1000000,
    "punycode": HEAD + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a" * 1000000,
    "numbers": HEAD + b"\r\n" + ("gửi kèm báo cáo số 1/A " * 30000).encode(),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_in_bounded_time(name: str) -> None:
    content = BOMBS[name]
    began = time.process_time()
    read_mail(content, SETTING)
    read_letter(content, SETTING.manners)
    mail_fingerprint(content)
    assert time.process_time() - began < 2 * SECONDS_A_MB * max(1.0, len(content) / 1e6)


_REAL = [*CLIENTS.values(), EXCHANGE_REPORT, QMAIL_REPORT]
_PIECES = [
    b"\r\n", b"\r\n\r\n", b"\0", b'"', b"=?utf-8?b?", b"charset=unicode_escape", b"charset=utf-16", b"*0*=", b"--", b"\xff\xfe",
    b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: application/pkcs7-mime\r\n\r\n0\x80\x06\x09*", b"begin 644 a.pdf\n",
    b"Content-Type: multipart/mixed; boundary=\"\"\r\n", b"X-Failed-Recipients: a@b.example\r\n", b"Return-Path: <>\r\n",
    b"Content-Type: message/delivery-status\r\n\r\n", b"x\x9f>\"", b"<div class=\"gmail_quote\">", b"Content-Transfer-Encoding: base64\r\n",
]  # fmt: skip


@given(st.sampled_from(_REAL), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 200), st.one_of(st.sampled_from(_PIECES), st.binary(max_size=12))), max_size=6), st.sampled_from([None, "", "a@b.example"]))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_no_mail_of_changed_pieces_raises(
    content: bytes, changes: list[tuple[float, int, bytes]], mail_from: str | None
) -> None:
    """Real mails in which pieces are cut out and others put in their place."""
    for where, cut, piece in changes:
        at = int(where * len(content))
        content = content[:at] + piece + content[at + cut :]
    found = read_mail(content, SETTING, mail_from)
    assert getattr(found, "reason", "") != "broken"
    read_letter(content, SETTING.manners)
    assert len(mail_fingerprint(content)) == 64
    for text in (found.envelope.sender, found.envelope.subject, found.envelope.message_id, *found.envelope.recipients):
        assert "\0" not in text
        text.encode()
