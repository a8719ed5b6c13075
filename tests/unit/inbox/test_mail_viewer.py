"""The viewer of kept mail opens what was made to break it as fast as the mailbox reads it, and shows what is there."""

from __future__ import annotations

import time
from base64 import b64encode

import pytest
from client_mails import CLIENTS
from hypothesis import given, settings
from hypothesis import strategies as st
from test_hostile_mail import BOMBS, HEAD, SECONDS_A_MB

from portal.mailbox.eml import opened, seen_headers
from tasks.mailbox.kept_files import dated

PNG = b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * 60_000)
PAGE = HEAD + b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n%b\r\n--b\r\n" \
    b"Content-Type: image/png\r\nContent-ID: <a@b>\r\nContent-Transfer-Encoding: base64\r\n\r\n" + PNG + b"\r\n--b--\r\n"  # fmt: skip
MORE = {
    "headers of 50 kB": HEAD + b"Subject: " + b"=?utf-8?q?a?= " * 4000 + b"\r\n\r\nx",
    "one picture shown ten thousand times": PAGE % (b'<img src="cid:a@b">' * 10_000),
    "a date without end": HEAD + b"Date: " + b"1 Jan 2024 " * 6000 + b"\r\n\r\nx",
    "references": HEAD + b"References: " + b"<a@b> " * 10_000 + b"\r\n\r\nx",
    "unfinished attributes": HEAD + b"Content-Type: text/html\r\n\r\n" + b'<a "cid:' * 100_000,
}


@pytest.mark.parametrize("name", [*BOMBS, *MORE])
def test_a_bomb_is_shown_in_bounded_time_and_space(name: str) -> None:
    content = {**BOMBS, **MORE}[name]
    began = time.process_time()
    shown = opened(content)
    seen_headers(content[:16_384])
    dated(content)
    assert time.process_time() - began < SECONDS_A_MB * max(1.0, len(content) / 1e6)
    assert len(shown.html or "") < len(content) + 30_000_000


@given(st.sampled_from(list(CLIENTS.values())), st.floats(0, 1), st.integers(0, 400), st.binary(max_size=20))
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_kept_raises_when_it_is_shown(content: bytes, where: float, cut: int, piece: bytes) -> None:
    at = int(where * len(content))
    changed = content[:at] + piece + content[at + cut :]
    assert isinstance(opened(changed).headers, dict)
    seen_headers(changed)


def test_a_picture_is_shown_where_the_page_names_it() -> None:
    page = opened(PAGE % b'<img src="cid:a@b"><img src="cid:c@d">').html or ""
    assert page.count("data:image/png;base64,iVBORw0KGg") == 1
    assert '"cid:c@d"' in page


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"=?utf-8?b?VGnhur9uZyBWaeG7h3Q=?=", "Tiếng Việt"),
        ("Tiếng Việt".encode(), "Tiếng Việt"),
        (b"=?windows-1258?q?Vi=EA=F2t?=", "Việt"),
        (b"=?utf-8?b?VGnhur8=?=\r\n =?utf-8?b?bmc=?=", "Tiếng"),
        (b"=?no-such?q?a?=", "a"),
    ],
)
def test_a_subject_is_read_whatever_table_it_is_in(raw: bytes, subject: str) -> None:
    content = b"From: a@b\r\nSubject: " + raw + b"\r\nDate: Fri, 22 Mar 2024 01:00:00 +0000\r\n\r\nx"
    assert opened(content).headers["Subject"] == seen_headers(content).subject == subject
    assert f"{seen_headers(content).date:%H:%M}" == f"{opened(content).date:%H:%M}" == "08:00"


def test_text_calendar_and_page_are_the_first_of_their_kind() -> None:
    content = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(
        b"--b\r\nContent-Type: %b; charset=utf-8\r\n\r\n%b\r\n" % (kind, said)
        for kind, said in ((b"text/plain", b"first"), (b"text/plain", b"second"), (b"text/calendar", b"BEGIN:VCALENDAR"))
    )  # fmt: skip
    shown = opened(content + b"--b--\r\n")
    assert (shown.text, shown.html, shown.calendar) == ("first", None, "BEGIN:VCALENDAR")
