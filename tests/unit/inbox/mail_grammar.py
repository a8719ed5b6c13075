"""A grammar of real mail: what people, machines and mail servers send, put together from the pieces each really uses.

`letter(chance)` makes one mail and says what is true of it, so that a reader's judgement can be held against it; the
same seed makes the same mail.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import random
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from client_mails import CLIENTS

BASE = "dondoc@vpub.quangngai.example"
UNIT = "ttpvks@vpub.quangngai.example"
Who = Literal["person", "machine", "server", "ourselves", "anything"]


@dataclass(frozen=True)
class Made:
    """One mail, the envelope's sender (None where no server told it), who wrote it, and the documents it hands in.

    `changed`: pieces were cut out of it or put in, so that nothing but its being read is certain.
    """

    content: bytes
    mail_from: str | None
    who: Who
    documents: tuple[bytes, ...] = ()
    changed: bool = False


NAMES = (
    "Báo cáo quý I.pdf",
    "BC 12.PDF",
    "báo cáo (bản ký) số 05_BC-VP.pdf",
    "a.pdf",
    "Kết quả; phụ lục=1.pdf",
    "scan 001.pdf",
)
TEXTS = (
    "Kính gửi Phòng HCQT.\nĐơn vị gửi kèm báo cáo số 05/BC-TTPVKS ngày 15/01/2024.", "Gửi báo cáo.", "", "ok\n-- \nNguyễn Văn A",
    "Thực hiện Kế hoạch số 12/KH-VP ngày 15/01/2024, đơn vị gửi báo cáo.\n\nTrân trọng", "Dạ em gửi ạ 👍", "From: x\nHết.",
    "Gửi kết quả\n\nVào Th 6, 5 thg 4, 2024 vào lúc 08:00 Đôn đốc <dondoc@vpub.quangngai.example> đã viết:\n> Nhiệm vụ\n> số 99/KH",
)  # fmt: skip
SUBJECTS = (
    "Re: [Đôn đốc] Sắp đến hạn",
    "RE: Báo cáo",
    "",
    "Fwd: TL: Trả lời: kết quả",
    "Gửi báo cáo quý I/2024",
    "FW: " * 30,
)
MACHINE_SUBJECTS = (
    "Tự động trả lời: Đôn đốc",
    "Automatic reply: x",
    "Out of Office: Re: x",
    "Đang nghỉ phép",
    "Vắng mặt",
)
# What makes a mail a machine's by its own word.
MACHINES = (
    "Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated; owner=\"x\"", "X-Autoreply: yes", "Precedence: auto_reply",
    "X-Autorespond: Re: x", "X-Vacation: yes",
)  # fmt: skip
# What stands in people's mail and says nothing of who wrote it.
NOISE = (
    "X-Mailer: Microsoft Outlook 16.0", "X-Auto-Response-Suppress: All", "Auto-Submitted: no", "X-Autoreply: no", "X-Priority: 1",
    "List-Unsubscribe: <mailto:x@y.example>", "DKIM-Signature: v=1; a=rsa-sha256; d=x.example;\r\n b=" + "A" * 60 + "\r\n =",
    "Received: from a (b [192.0.2.1]) by c with ESMTP id 1;\r\n\tMon, 15 Jan 2024 09:00:00 +0700", "Thread-Index: AQ==", "MIME-Version: 1.0 (x)",
    "In-Reply-To: <abc.1@vpub.quangngai.example>", "References: <a@b>\r\n\t<c@d>", "Importance: high", "X-Spam-Status: No, score=-1",
    "Return-Receipt-To: x@y.example", "Cc: \"Văn thư, phòng\" <vt@x.example>, y@x.example", "Organization: Văn phòng", "X-Empty:",
)  # fmt: skip
DOUBTFUL = ("Precedence: list", "Precedence: bulk", "List-Id: <x.example>", "Precedence: junk")


def letter(chance: random.Random) -> Made:
    """One mail of the grammar."""
    made = chance.choices((_person, _machine, _server, _forwarded, _ourselves, _program), (40, 14, 20, 14, 4, 8))[0](
        chance
    )
    if chance.random() < 0.25:
        return Made(_changed(chance, made.content), made.mail_from, "anything", (), changed=True)
    return made


def document(chance: random.Random) -> bytes:
    """A PDF of its own, now and then with what stands before it in real ones."""
    before = chance.choice((b"", b"", b"", b"\xef\xbb\xbf", b"\n", b"junk before " * 20))
    return (
        before + b"%PDF-1.4\n%" + chance.randbytes(12).hex().encode() + b"\n1 0 obj <</Type /Catalog>> endobj\n%%EOF\n"
    )


def _person(chance: random.Random) -> Made:
    given = tuple(document(chance) for _ in range(chance.choice((0, 1, 1, 1, 2, 3))))
    more = [chance.choice(DOUBTFUL)] if given and chance.random() < 0.1 else []
    parts = [_file(chance, content, chance.choice(NAMES)) for content in given] + _ornaments(chance)
    return Made(_mail(chance, _shaped(chance, parts), more), chance.choice((None, None, UNIT)), "person", given)


def _machine(chance: random.Random) -> Made:
    given = (document(chance),) if chance.random() < 0.3 else ()
    parts = [_file(chance, content, "a.pdf") for content in given]
    says = [chance.choice(MACHINES)] if chance.random() < 0.8 else []
    said = _shaped(chance, parts + _ornaments(chance))
    return Made(_mail(chance, said, says, chance.choice(MACHINE_SUBJECTS)), None if says else "", "machine", given)


def _ourselves(chance: random.Random) -> Made:
    return Made(
        _mail(chance, _shaped(chance, [_file(chance, document(chance), "a.pdf")]), [f"X-Loop: {BASE}"]),
        None,
        "ourselves",
    )


def _program(chance: random.Random) -> Made:
    """A mail as one of the programs that people use wrote it."""
    return Made(chance.choice(tuple(CLIENTS.values())), None, "anything")


def _forwarded(chance: random.Random) -> Made:
    """A person passes on a mail, also a server's report or one of ours, with or without a document beside it."""
    inner = chance.choice((_server, _ourselves, _machine, _person))(chance)
    own = inner.documents if inner.who in ("person", "machine") else ()
    given = (document(chance),) if chance.random() < 0.7 else ()
    passed = (
        b'Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename="x.eml"\r\n\r\n' + inner.content
    )
    parts = [_file(chance, content, chance.choice(NAMES)) for content in given]
    parts.insert(chance.randint(0, len(parts)), passed)
    return Made(_mail(chance, _shaped(chance, parts, mixed=True)), None, "person", given + own)


def _server(chance: random.Random) -> Made:
    """A delivery report as Postfix, Exim, Exchange, qmail and sendmail write it, with the mail returned in whole or part."""
    failed = chance.choice(("tccb@vpub.quangngai.example", "x.y@z.example", "HCQT@VPUB.quangngai.example"))
    status, said = chance.choice((
        ("5.1.1", "550 5.1.1 User unknown"), ("5.2.2", "552 5.2.2 Mailbox full"), ("4.4.1", "Connection timed out"),
        ("5.7.1", "550 blocked"), ("5.0.0", "rejected"), ("4.2.2", "over quota"),
    ))  # fmt: skip
    returned = _mail(chance, _shaped(chance, [_file(chance, document(chance), "bao-cao.pdf")]), [f"X-Loop: {BASE}"])
    returned = returned[: chance.choice((len(returned), len(returned), 400))]
    kind = chance.choice(("postfix", "exim", "exchange", "qmail", "headers"))
    if kind == "exim":
        text = f"This message was created automatically by mail delivery software.\r\n\r\n  {failed}\r\n    {said}\r\n".encode()
        head = [f"X-Failed-Recipients: {failed}", "Auto-Submitted: auto-replied"]
        shown = b"\r\n------ This is a copy of the message, including all the headers. ------\r\n\r\n" + returned
        return Made(_report(chance, head, b"Content-Type: text/plain\r\n\r\n" + text + shown), "", "server")
    if kind == "qmail":
        text = f"Hi. This is the qmail-send program at x.example.\r\n\r\n<{failed}>:\r\n{said}\r\n".encode()
        return Made(
            _report(
                chance, [], b"\r\n" + text + b"\r\n--- Below this line is a copy of the message.\r\n\r\n" + returned
            ),
            "",
            "server",
        )
    action = "delayed" if status[0] == "4" and chance.random() < 0.5 else "failed"
    fields = f"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; {failed}\r\nAction: {action}\r\nStatus: {status}\r\n"
    fields += chance.choice((f"Diagnostic-Code: smtp; {said}\r\n", f"Original-Recipient: rfc822;{failed}\r\n", ""))
    kept = (
        b"Content-Type: text/rfc822-headers\r\n\r\n" + returned[:300]
        if kind == "headers"
        else b"Content-Type: message/rfc822\r\n\r\n" + returned
    )
    parts = [
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + f"<{failed}>: {said}".encode(),
        b"Content-Type: message/delivery-status\r\n\r\n" + fields.encode(), kept,
    ]  # fmt: skip
    return Made(_report(chance, [], _multi(chance, "report; report-type=delivery-status", parts)), "", "server")


def _report(chance: random.Random, head: list[str], body: bytes) -> bytes:
    sender = chance.choice(
        (
            "MAILER-DAEMON@mx.example (Mail Delivery System)",
            "<postmaster@x.example>",
            "Mail Delivery Subsystem <mailer-daemon@x.example>",
        )
    )
    lines = [
        f"From: {sender}",
        f"To: {BASE}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Message-ID: <{chance.getrandbits(60)}@mx>",
        *head,
    ]
    chance.shuffle(lines)
    return "\r\n".join(["Return-Path: <>", *lines]).encode() + b"\r\n" + body


def _ornaments(chance: random.Random) -> list[bytes]:
    """What comes along and is nobody's document."""
    found = []
    if chance.random() < 0.15:
        logo = base64.b64encode(b"\x89PNG\r\n\x1a\n" + chance.randbytes(60))
        found.append(
            b"Content-Type: image/png; name=image001.png\r\nContent-ID: <image001@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + logo
        )
    if chance.random() < 0.05:
        found.append(
            b"Content-Type: text/vcard; name=a.vcf\r\nContent-Disposition: attachment\r\n\r\nBEGIN:VCARD\r\nEND:VCARD"
        )
    if chance.random() < 0.05:
        found.append(b"Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----")
    return found


def _file(chance: random.Random, content: bytes, name: str) -> bytes:
    kind = chance.choice(
        (
            "application/pdf",
            "application/octet-stream",
            "application/x-pdf",
            "APPLICATION/PDF",
            "application/force-download",
        )
    )
    word = f"=?UTF-8?B?{base64.b64encode(name.encode()).decode()}?="
    named = chance.choice((
        f"attachment; filename*=UTF-8''{quote(name, safe='')}", f'attachment; filename="{word}"', f'attachment;\r\n\tfilename="{name}"',
        f"attachment; filename*0*=UTF-8''{quote(name[:3], safe='')};\r\n filename*1*={quote(name[3:], safe='')}", "attachment",
        f'inline; filename="{word}"', f"ATTACHMENT; FILENAME*=utf-8'vi'{quote(name, safe='')}; size={len(content)}",
    ))  # fmt: skip
    encoding = chance.choice(("base64", "BASE64", "base64 ", '"base64"', "base64 (x)", "quoted-printable", "base64"))
    body = (
        binascii.b2a_qp(content, quotetabs=True, istext=False).replace(b"=\n", b"=\r\n")
        if "quoted" in encoding
        else _base64(chance, content)
    )
    lines = [
        f"Content-Type: {kind}",
        f"Content-Disposition: {named}",
        f"Content-Transfer-Encoding: {encoding}",
        "Content-Description: x",
    ]
    chance.shuffle(lines)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _base64(chance: random.Random, content: bytes) -> bytes:
    width = chance.choice((60, 76, 72, 10_000))
    whole = base64.b64encode(content)
    return b"\r\n".join(whole[at : at + width] for at in range(0, len(whole), width))


def _text(chance: random.Random) -> bytes:
    said = chance.choice(TEXTS)
    charset = chance.choice(
        ("utf-8", "UTF-8", '"utf-8"', "us-ascii", "iso-8859-1", "unknown-8bit", "utf-16le", "x-nonsense")
    )
    octets = said.encode("utf-16-le") if charset == "utf-16le" else said.encode()
    encoding = chance.choice(("8bit", "quoted-printable", "base64")) if charset != "utf-16le" else "base64"
    if encoding == "base64":
        octets = _base64(chance, octets)
    elif encoding == "quoted-printable":
        octets = quopri.encodestring(octets)
    return (
        f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + octets.replace(b"\n", b"\r\n")
    )


def _page(chance: random.Random) -> bytes:
    said = chance.choice(TEXTS).replace("\n", chance.choice(("<br>", "</p><p>", "</div><div class=3D'x'>")))
    return f'Content-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>{said}<o:p></o:p><img src="cid:image001@x"></body>'.encode()


def _multi(chance: random.Random, kind: str, parts: list[bytes]) -> bytes:
    mark = chance.choice(
        ("b", "=_NextPart_000", "----=_Part.1", "Apple-Mail=_1", "0000000000a'b(c)+d_e,f-g.h/i:j=k?l")
    ) + str(chance.getrandbits(40))
    said = f'boundary="{mark}"' if not mark.startswith("b") or chance.random() < 0.5 else f"boundary={mark}"
    begin = chance.choice(("", "", "This is a multi-part message in MIME format.\r\n"))
    end = chance.choice((f"\r\n--{mark}--\r\n", f"\r\n--{mark}--", f"\r\n--{mark}--\r\nsau cùng\r\n", ""))
    head = f"Content-Type: multipart/{kind};{chance.choice((' ', chr(13) + chr(10) + chr(9)))}{said}\r\n\r\n{begin}".encode()
    between = f"--{mark}{chance.choice(('', ' ', ''))}\r\n".encode()
    return head + b"\r\n".join(between + part for part in parts) + end.encode()


def _shaped(chance: random.Random, parts: list[bytes], *, mixed: bool = False) -> bytes:
    """Text and parts in one of the shapes that mail programs give them."""
    said = chance.choice((_text, _text, _page))(chance)
    if chance.random() < 0.5:
        said = _multi(chance, "alternative", [_text(chance), _page(chance)])
    if not parts and not mixed and chance.random() < 0.8:
        return said
    if chance.random() < 0.15:
        said = _multi(chance, "related", [said])
    whole = _multi(chance, chance.choice(("mixed", "mixed", "mixed", "Mixed", "related")), [said, *parts])
    if chance.random() < 0.1:
        signature = b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nMIAG"
        whole = _multi(chance, 'signed; protocol="application/pkcs7-signature"', [whole, signature])
    return whole


def _mail(chance: random.Random, body: bytes, more: list[str] | None = None, subject: str | None = None) -> bytes:
    said = chance.choice(SUBJECTS) if subject is None else subject
    word = chance.choice(
        (
            f"=?utf-8?B?{base64.b64encode(said.encode()).decode()}?=",
            said,
            f"=?UTF-8?Q?{quote(said, safe='').replace('%', '=')}?=",
        )
    )
    named = chance.choice(("", "=?UTF-8?B?VFQgUFbDsA==?= ", '"Trung tâm, PVKS" ', "TTPVKS "))
    lines = [
        f"From: {named}<{UNIT}>", f"To: {BASE}", f"{chance.choice(('Subject', 'SUBJECT', 'subject'))}: {word}",
        *(["Date: " + chance.choice(("Fri, 05 Apr 2024 09:00:00 +0700", "5 Apr 24 9:00", "hôm nay", ""))] if chance.random() < 0.9 else []),
        *([f"Message-ID: <{chance.getrandbits(64):x}@x.example>"] if chance.random() < 0.95 else []),
        *chance.sample([line for line in NOISE if not (more and line.startswith("Auto-Submitted"))], chance.randint(0, 5)), *(more or []),
    ]  # fmt: skip
    chance.shuffle(lines)
    content = "\r\n".join(lines).encode() + b"\r\n" + body
    return content.replace(b"\r\n", b"\n") if chance.random() < 0.2 else content


_PIECES = (
    b"\r\n", b"\r\n\r\n", b"\0", b'"', b"=?utf-8?b?", b"charset=unicode_escape", b"*0*=", b"--", b"\xff\xfe", b"<a <a", b"(((((", b"\\",
    b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: application/pkcs7-mime\r\n\r\n0\x80\x06\x09*", b"begin 644 a.pdf\n", b":" * 80,
    b"Content-Type: multipart/mixed; boundary=\"\"\r\n", b"X-Failed-Recipients: a@b.example\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Type: message/delivery-status\r\n\r\n", b"\x78\x9f\x3e\x22", b"<div class=\"gmail_quote\">", b"Received: " * 40, b"\xe1\xba",
)  # fmt: skip


def _changed(chance: random.Random, content: bytes) -> bytes:
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(content) + 1)
        piece = chance.choice((*_PIECES, chance.randbytes(chance.randint(0, 12)), content[at : at + 200]))
        content = content[:at] + piece + content[at + chance.choice((0, 0, 3, 40, 400)) :]
    return content
