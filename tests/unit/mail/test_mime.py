"""`mime.build` shows a reader what the standard library's EmailMessage shows, and nothing typed can forge a header."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.mail import sample, standard_message
from dondoc.mail.mail import Address, Attachment, Mail, Picture
from dondoc.mail.mime import MailError, build, checked_address, one_line

MAIL = sample(1)
VIETNAMESE = "Phòng Hành chính - Quản trị, Văn phòng Ủy ban nhân dân tỉnh Quảng Ngãi " * 4
HARD = [
    "",
    "plain",
    'O\'Brien, "Bob" \\ <x@y>',
    "=?utf-8?b?VGVzdA==?=",
    VIETNAMESE,
    "Nguyễn Thị Ánh".encode().decode(),
    "e\u0301o\u0302\u0323 combining " * 12,
    "👩‍👩‍👧‍👦👍🏽" * 20,
    "שלום, مرحبا بالعالم",
    "a" * 300,
    "x, y; z: (comment) [list] @ .",
    "Bcc\r\nBcc: victim@example.org",
    "tab\tand\x00nul\x85\u2028end",
    "  spaces   inside  ",
    "\udc80 half",
    "\u202eesrever",
]
texts = st.one_of(st.sampled_from(HARD), st.text(max_size=200), st.text('aâậđ ,"\\=?_<>@\r\n😀\u0301א', max_size=200))
mails = st.builds(
    lambda sender, to, subject, text, html, calendar, minutes: replace(
        MAIL,
        sender=Address("dondoc@office.example", sender),
        to=Address("unit@office.example", to),
        subject=subject,
        text=text,
        html=html,
        calendar=calendar,
        date=datetime(2024, 3, 22, 8, tzinfo=timezone(timedelta(minutes=minutes))),
    ),
    *[texts] * 5,
    st.none() | texts,
    st.integers(-720, 720),
)


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def decoded(header: str) -> str:
    """Encoded words as RFC 2047 has them read: nothing between two of them."""
    return "".join(
        chunk if isinstance(chunk, str) else chunk.decode(charset or "ascii")
        for chunk, charset in decode_header(header)
    )


def gapless(text: str) -> str:
    """Python 3.11's policy parser shows the fold between two encoded words of a name as a space: look past spaces."""
    return "".join(str(text).split())


def content_of(part: EmailMessage) -> str:
    """What a reader sees of a text part: newlines are newlines, and a last one is invisible."""
    return re.sub(r"\r\n|\r", "\n", part.get_content()).removesuffix("\n")


def as_typed(text: str) -> str:
    return re.sub(r"\r\n|\r", "\n", text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def parts(message: EmailMessage) -> list[EmailMessage]:
    return [part for part in message.walk() if not part.is_multipart()]


@settings(max_examples=300, deadline=None)
@given(mails)
@example(replace(MAIL, subject="Re: a=?b", to=Address("unit@office.example", '"')))
def test_a_reader_sees_what_was_typed(mail: Mail) -> None:
    seen = parsed(build(mail))
    raw = message_from_bytes(build(mail))
    assert decoded(raw["Subject"]) == seen["Subject"] == one_line(mail.subject)
    for header, who in (("From", mail.sender), ("To", mail.to)):
        name, spec = parseaddr(raw[header])
        assert (decoded(name), spec) == (one_line(who.name), who.address)
        (address,) = seen[header].addresses
        assert (gapless(address.display_name), address.addr_spec) == (gapless(one_line(who.name)), who.address)
        assert not seen[header].defects
    assert seen["Date"].datetime == mail.date
    expected = [mail.text, mail.html] + ([mail.calendar] if mail.calendar is not None else [])
    assert [content_of(part) for part in parts(seen)] == [as_typed(text).removesuffix("\n") for text in expected]
    assert not any(part.defects for part in seen.walk())


@settings(max_examples=100, deadline=None)
@given(mails)
def test_a_reader_sees_what_emailmessage_shows(mail: Mail) -> None:
    subject = mail.subject.replace("=?", "= ?")  # EmailMessage decodes what was typed; we show it as typed
    mail = replace(mail, subject=subject, text=as_typed(mail.text), html=as_typed(mail.html))
    if mail.calendar is not None:
        mail = replace(mail, calendar=as_typed(mail.calendar))
    seen, standard = parsed(build(mail)), standard_message(mail)
    for header in ("From", "To", "Subject"):
        assert gapless(seen[header]) == gapless(standard[header])
    for header in ("Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "X-Auto-Response-Suppress"):
        assert str(seen[header]) == str(standard[header])
    assert seen.get_content_type() == standard.get_content_type()
    for ours, theirs in zip(parts(seen), parts(standard), strict=True):
        assert content_of(ours) == content_of(theirs)
        for about in ("get_content_type", "get_content_charset", "get_content_disposition", "get_filename"):
            assert getattr(ours, about)() == getattr(theirs, about)()
        assert ours.get_param("method") == theirs.get_param("method")


def test_bytes_of_the_standard_message_parse_to_the_same() -> None:
    ours, standard = parsed(build(MAIL)), parsed(standard_message(MAIL).as_bytes())
    assert set(ours.keys()) == set(standard.keys())
    for name in set(ours) - {"Content-Type"}:  # the boundaries differ
        assert gapless(ours[name]) == gapless(standard[name])
    assert [content_of(part) for part in parts(ours)] == [content_of(part) for part in parts(standard)]


@settings(max_examples=300, deadline=None)
@given(mails)
def test_lines_are_short_ascii_and_end_in_crlf(mail: Mail) -> None:
    content = build(mail)
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    for line in content.split(b"\r\n"):
        assert len(line) <= 998
        if b"=?utf-8?" in line:
            assert len(line) <= 76
        for word in re.findall(rb"=\?utf-8\?b\?[^?]*\?=", line):
            assert len(word) <= 75
            decode_header(word.decode())[0][0].decode()  # whole characters only


@settings(max_examples=300, deadline=None)
@given(mails)
def test_nothing_typed_adds_a_header(mail: Mail) -> None:
    harmless = replace(mail, sender=Address(mail.sender.address), to=Address(mail.to.address), subject="")
    assert parsed(build(mail)).keys() == parsed(build(harmless)).keys()


def test_the_same_mail_gives_the_same_bytes() -> None:
    assert build(MAIL) == build(replace(MAIL))
    assert build(MAIL) != build(replace(MAIL, message_id="<other@office.example>"))


def test_a_mail_without_calendar_is_alternative_and_one_with_it_attaches_it() -> None:
    assert parsed(build(replace(MAIL, calendar=None))).get_content_type() == "multipart/alternative"
    mixed = parsed(build(MAIL))
    assert mixed.get_content_type() == "multipart/mixed"
    (attachment,) = mixed.iter_attachments()
    assert (attachment.get_filename(), attachment.get_param("method")) == ("han.ics", "PUBLISH")
    body = mixed.get_body()
    assert body is not None
    assert body.get_content_type() == "text/html"


def test_automatic_answers_are_suppressed_but_bounces_are_not() -> None:
    seen = parsed(build(MAIL))
    assert seen["Auto-Submitted"] == "auto-generated"
    suppressed = {word.strip() for word in seen["X-Auto-Response-Suppress"].split(",")}
    assert {"OOF", "AutoReply"} <= suppressed
    assert not {"NDR", "All"} & suppressed
    assert seen["Precedence"] is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b.example",
        "a@",
        "a@b@c.example",
        "a b@c.example",
        "a@b.example\r\nBcc: x@y.example",
        "a@b.example\n",
        "a@b.example\x00",
        "<a@b.example>",
        "a@b.example,c@d.example",
        "a..b@c.example",
        ".a@c.example",
        "đơn-vị@b.example",
        "a@b_c.example",
        "a@-b.example",
        "a@b..example",
        '"a"@b.example',
        "a@[127.0.0.1]",
        "a" * 65 + "@b.example",
        "a@" + "b" * 64 + ".example",
        "a@" + ".".join(["b" * 60] * 5),
        "a@b.example ",
    ],
)
def test_what_is_no_address_is_refused_in_one_line(address: str) -> None:
    with pytest.raises(MailError) as refused:
        build(replace(MAIL, to=Address(address)))
    assert len(str(refused.value).splitlines()) == 1
    with pytest.raises(MailError):
        build(replace(MAIL, sender=Address(address)))


@pytest.mark.parametrize("address", ["a@b.example", "truong-phong.hcqt+x@vpub.quangngai.gov.vn", "root@localhost"])
def test_a_plain_address_is_taken(address: str) -> None:
    assert checked_address(address) == address


@pytest.mark.parametrize("message_id", ["", "a@b", "<a>", "<a@b>\r\nX: y", "<a b@c>", "<ậ@b>", "<" + "a" * 300 + "@b>"])
def test_what_is_no_message_id_is_refused(message_id: str) -> None:
    with pytest.raises(MailError):
        build(replace(MAIL, message_id=message_id))
    with pytest.raises(MailError):
        build(replace(MAIL, references=(message_id,)))


def test_a_date_without_a_zone_is_refused() -> None:
    with pytest.raises(MailError, match="zone"):
        build(replace(MAIL, date=datetime(2024, 1, 1)))  # noqa: DTZ001
    build(replace(MAIL, date=datetime(2024, 1, 1, tzinfo=UTC)))


FILE = Attachment("bao-cao_2024-Q1.docx", "application/vnd.example", bytes(range(256)) * 9)


@given(st.lists(st.binary(max_size=300), max_size=4), st.booleans())
def test_files_arrive_as_they_are_behind_the_calendar(contents: list[bytes], dated: bool) -> None:
    files = tuple(replace(FILE, name=f"f{n}.bin", content=content) for n, content in enumerate(contents))
    seen = parsed(build(replace(MAIL, attachments=files, calendar=MAIL.calendar if dated else None)))
    found = list(seen.iter_attachments()) if seen.is_multipart() else []
    if dated:
        assert found.pop(0).get_filename() == "han.ics"
    assert [(part.get_filename(), part.get_content()) for part in found] == [(f.name, f.content) for f in files]


@pytest.mark.parametrize("name", ["", "a b.docx", "báo-cáo.docx", 'a".docx', "a\r\nBcc: x", "../a", ".a", "a" * 121])
def test_an_attachment_is_named_plainly(name: str) -> None:
    with pytest.raises(MailError, match="plain ASCII file name"):
        build(replace(MAIL, attachments=(replace(FILE, name=name),)))
    with pytest.raises(MailError):
        build(replace(MAIL, attachments=(replace(FILE, media_type=f"text/plain\r\n{name}"),)))


# -- pictures

PICTURE = Picture("chi-so.1@vp.example", "chi-so.png", bytes(range(256)) * 9, "Biểu đồ")


def test_a_picture_stands_beside_the_html_and_is_read_back_whole() -> None:
    sent = build(replace(MAIL, calendar=None, html='<img src="cid:chi-so.1@vp.example">', pictures=(PICTURE,)))
    read = parsed(sent)
    assert [part.get_content_type() for part in read.walk()][-4:] == [
        "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    (shown,) = [part for part in read.walk() if part.get_content_type() == "image/png"]
    assert (shown["Content-ID"], shown.get_content_disposition(), shown.get_filename()) == (
        "<chi-so.1@vp.example>", "inline", "chi-so.png",
    )  # fmt: skip
    assert shown.get_content() == PICTURE.content
    assert max(map(len, sent.split(b"\r\n"))) < 998
    assert sent == build(replace(MAIL, calendar=None, html='<img src="cid:chi-so.1@vp.example">', pictures=(PICTURE,)))


@pytest.mark.parametrize(
    "changes", [{"cid": "a b@c"}, {"cid": "a>\r\nX: y@c"}, {"name": 'a".png'}, {"name": "ảnh.png"}]
)
def test_a_picture_that_cannot_be_named_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(MailError):
        build(replace(MAIL, pictures=(replace(PICTURE, **changes),)))  # type: ignore[arg-type]
