"""A `Mail` as RFC 5322 bytes, assembled from pre-encoded parts.

Rules:
- The same Mail gives the same bytes: nothing random, no clock; boundaries come from the Message-ID.
- Everything is ASCII, lines end in CRLF and stay far below 998 octets; header lines holding encoded words <= 76.
- Addresses and message ids are checked and refused (`MailError`); names and subjects are people's text: control
  and bidirectional-override characters in them become a space, so nothing typed can start a header of its own.
- Texts travel as base64 UTF-8 in canonical CRLF form. Base64 never contains `_`, our boundaries always do.
- Pictures stand beside the HTML that shows them (multipart/related inside the alternative): the plain text needs none.
- The calendar is an *attachment* `han.ics` (text/calendar; method=PUBLISH), not a third alternative: Outlook shows
  a calendar alternative instead of the body, and a digest read as one appointment hides what was due. Attached,
  every client shows the mail and offers the file.
- No `Precedence`: RFC 3834 discourages it, and some servers answer bulk mail with no bounce. Auto-responses are
  suppressed one by one, because `All` includes NDR, and a bounce is how we learn that nobody was notified.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from email.utils import format_datetime
from hashlib import sha256

from dondoc.foundation.errors import DondocError
from dondoc.mail.mail import Address, Attachment, Mail, Picture

ATTACHMENT_NAME = "han.ics"
SUPPRESSED = "DR, RN, NRN, OOF, AutoReply"  # every automatic answer Exchange knows except NDR

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDR_SPEC = re.compile(rf"(?=.{{1,254}}\Z)(?=[^@]{{1,64}}@){_ATEXT}(?:\.{_ATEXT})*@{_LABEL}(?:\.{_LABEL})*")
_MESSAGE_ID = re.compile(rf"(?=.{{1,250}}\Z)<{_ATEXT}(?:\.{_ATEXT})*@{_ATEXT}(?:\.{_ATEXT})*>")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]{1,100}")
_UNSEEN = re.compile("[ \x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_PLAIN = re.compile(r"[\x20-\x7e]{0,60}")
_ATOMS = re.compile(rf"{_ATEXT}(?: {_ATEXT})*")
_PICTURE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,59}")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_LINE = 76  # RFC 2047: the longest line holding an encoded word, and RFC 2045's for base64
_WORD = 75  # RFC 2047: the longest encoded word
_WORD_FRAME = len("=?utf-8?b??=")


class MailError(DondocError):
    """A mail that must not be written as asked: an address, a message id or a date is not one."""


def build(mail: Mail) -> bytes:
    """The whole message. Raises MailError where an address, a message id or the date cannot stand in a header."""
    if mail.date.utcoffset() is None:
        raise MailError(f"mail {mail.message_id!a} has a date without a zone: give it one")
    key = sha256(checked_message_id(mail.message_id).encode("ascii")).hexdigest()[:32]
    lines = [
        _mailbox("From", mail.sender),
        _mailbox("To", mail.to),
        _unstructured("Subject", mail.subject),
        f"Date: {format_datetime(mail.date)}",
        f"Message-ID: {mail.message_id}",
    ]
    if mail.references:
        references = [checked_message_id(reference) for reference in mail.references]
        lines += [f"In-Reply-To: {references[-1]}", "References: " + "\r\n ".join(references)]
    if mail.reply_to:
        lines.append(_mailbox("Reply-To", Address(mail.reply_to, mail.sender.name)))
    if mail.loop:
        lines.append(f"X-Loop: {checked_address(mail.loop)}")
    submitted = "auto-replied" if mail.replied else "auto-generated"
    lines += ["MIME-Version: 1.0", f"Auto-Submitted: {submitted}", f"X-Auto-Response-Suppress: {SUPPRESSED}"]
    inner = f"=_a{key}"
    alternatives = [
        f'Content-Type: multipart/alternative; boundary="{inner}"\r\n',
        f"--{inner}",
        *_text("plain; charset=utf-8", mail.text),
        f"--{inner}",
        *_html(mail, key),
        f"--{inner}--",
    ]
    files = [_file(attachment) for attachment in mail.attachments]
    if mail.calendar is not None:
        disposition = f'Content-Disposition: attachment; filename="{ATTACHMENT_NAME}"'
        calendar = _text(f'calendar; charset=utf-8; method=PUBLISH; name="{ATTACHMENT_NAME}"', mail.calendar)
        files.insert(0, (disposition, *calendar))
    if files:
        outer = f"=_m{key}"
        lines += [f'Content-Type: multipart/mixed; boundary="{outer}"\r\n', f"--{outer}", *alternatives]
        for part in files:
            lines += [f"--{outer}", *part]
        lines.append(f"--{outer}--")
    else:
        lines += alternatives
    lines.append("")
    return "\r\n".join(lines).encode("ascii")


def _html(mail: Mail, key: str) -> list[str]:
    """The HTML part, with the pictures it shows where there are any."""
    html = _text("html; charset=utf-8", mail.html)
    if not mail.pictures:
        return list(html)
    related = f"=_r{key}"
    lines = [f'Content-Type: multipart/related; type="text/html"; boundary="{related}"\r\n', f"--{related}", *html]
    for picture in mail.pictures:
        lines += [f"--{related}", *_picture(picture)]
    return [*lines, f"--{related}--"]


def _picture(picture: Picture) -> tuple[str, ...]:
    if not _PICTURE_NAME.fullmatch(picture.name):
        raise MailError(f"{picture.name[:80]!a} cannot name a picture: write it as letters, digits, - and . in ASCII")
    return (
        f'Content-Type: image/png; name="{picture.name}"',
        "Content-Transfer-Encoding: base64",
        f"Content-ID: {checked_message_id(f'<{picture.cid}>')}",
        f'Content-Disposition: inline; filename="{picture.name}"\r\n',
        _base64(picture.content),
    )


def checked_address(address: str) -> str:
    """`address` itself if it is a plain ASCII addr-spec (dot-atom @ host name). Raises MailError."""
    if _ADDR_SPEC.fullmatch(address) is None:
        raise MailError(f"{address[:80]!a} is not an e-mail address: write it as name@host.domain in ASCII")
    return address


def checked_message_id(message_id: str) -> str:
    """`message_id` itself if it is `<left@right>` in ASCII. Raises MailError."""
    if _MESSAGE_ID.fullmatch(message_id) is None:
        raise MailError(f"{message_id[:80]!a} is not a message id: write it as <left@right> in ASCII")
    return message_id


def one_line(text: str) -> str:
    """`text` as it stands in a header: unseen characters and runs of spaces are one space, ends are trimmed."""
    return _UNSEEN.sub(" ", _whole(text)).strip()


def _unstructured(name: str, text: str) -> str:
    value = one_line(text)
    if _PLAIN.fullmatch(value) and "=?" not in value:
        return f"{name}: {value}"
    return f"{name}: {_encoded_words(value, len(name) + 2)}"


def _mailbox(header: str, who: Address) -> str:
    """`Name <address>` under `header`: atoms as they are, other ASCII quoted, the rest as encoded words."""
    address = f"<{checked_address(who.address)}>"
    name = one_line(who.name)
    if not name:
        return f"{header}: {address}"
    if "=?" in name or not _PLAIN.fullmatch(name):
        phrase = _encoded_words(name, len(header) + 2)
    elif _ATOMS.fullmatch(name):
        phrase = name
    else:
        phrase = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    begun = f"{header}: {phrase}"
    last = len(begun) - (begun.rfind("\n") + 1)
    return f"{begun} {address}" if last + 1 + len(address) <= _LINE else f"{begun}\r\n {address}"


def _encoded_words(text: str, used: int) -> str:
    """RFC 2047 words of whole characters, a word a line; `used` columns of the first line are taken.

    Cut after a space where there is one: some readers (Python's own parser of names) show a gap at each cut.
    """
    words: list[str] = []
    room = _octets(min(_WORD, _LINE - used))
    start = 0
    while start < len(text):
        end, size = start, 0
        while end < len(text) and (size := size + len(text[end].encode())) <= room:
            end += 1
        if end < len(text):
            end = text.rfind(" ", start, end) + 1 or end
        words.append(_encoded_word(text[start:end]))
        start, room = end, _octets(_WORD)
    return "\r\n ".join(words)


def _octets(columns: int) -> int:
    """How many octets an encoded word of `columns` characters can carry in base64."""
    return (columns - _WORD_FRAME) // 4 * 3


def _encoded_word(text: str) -> str:
    return f"=?utf-8?b?{b2a_base64(text.encode(), newline=False).decode('ascii')}?="


def _text(subtype: str, text: str) -> tuple[str, str, str]:
    """A text part: its two header lines, the empty line after them, and its base64 body in lines of 76."""
    folded = _base64(_NEWLINE.sub("\r\n", _whole(text)).encode())
    return f"Content-Type: text/{subtype}", "Content-Transfer-Encoding: base64\r\n", folded


def _file(found: Attachment) -> tuple[str, ...]:
    if not _FILE_NAME.fullmatch(found.name) or not _MEDIA_TYPE.fullmatch(found.media_type):
        raise MailError(
            f"{found.name[:80]!a} ({found.media_type[:80]!a}) is no attachment: give a plain ASCII file name"
        )
    return (
        f'Content-Disposition: attachment;\r\n filename="{found.name}"',
        f"Content-Type: {found.media_type}",
        "Content-Transfer-Encoding: base64\r\n",
        _base64(found.content),
    )


def _base64(content: bytes) -> str:
    body = b2a_base64(content, newline=False).decode("ascii")
    return "\r\n".join([body[at : at + _LINE] for at in range(0, len(body), _LINE)])


def _whole(text: str) -> str:
    """`text` without lone surrogates, which no UTF-8 can carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
