"""Answers in the very shapes that mail programs give them: how each writes a Vietnamese file name and quotes a mail."""

from __future__ import annotations

import base64
import quopri
import unicodedata
from urllib.parse import quote

PDF = b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
NAME = "Báo cáo kết quả kiểm soát thủ tục hành chính quý I năm 2024 (bản ký).pdf"
SAID = "Kính gửi: Phòng HCQT.\nĐơn vị gửi báo cáo quý I."
TO = "dondoc+daaaaaaaaaaaaaaaaaaaaaaaaaa@vpub.quangngai.example"
_B64 = base64.b64encode(PDF).decode()


def _mail(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


def _words(text: str, size: int) -> str:
    """RFC 2047 words cut every `size` octets, as some programs cut: also inside a letter."""
    octets = text.encode()
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    return "\r\n ".join(f"=?UTF-8?B?{base64.b64encode(piece).decode()}?=" for piece in pieces)


def _continued(text: str) -> str:
    """RFC 2231 pieces."""
    encoded = quote(text, safe="")
    pieces, start = [], 0
    while start < len(encoded):
        end = min(start + 50, len(encoded))
        pieces.append(encoded[start:end])
        start = end
    return "".join(f";\r\n filename*{n}*={'UTF-8' + chr(39) * 2 if n == 0 else ''}{p}" for n, p in enumerate(pieces))


def _head(program: str, *more: str) -> list[str]:
    return [
        "From: =?UTF-8?B?VFQgUGjhu6VjIHbhu6U=?= <ttpvks@vpub.quangngai.example>",
        f"To: {TO}",
        "Subject: =?UTF-8?Q?Re=3A_=5B=C4=90=C3=B4n_=C4=91=E1=BB=91c=5D_S=E1=BA=AFp_=C4=91=E1=BA=BFn_h=E1=BA=A1n?=",
        f"Message-ID: <{program}.1@vpub.quangngai.example>",
        "Date: Fri, 05 Apr 2024 09:00:00 +0700",
        "MIME-Version: 1.0",
        *more,
    ]


_QP = quopri.encodestring(SAID.encode()).decode().replace("\n", "\r\n")
_QUOTED = "Kính gửi: Trung tâm. Nhiệm vụ số: 99/KH-UBND ngày 01/01/2024."

THUNDERBIRD = _mail(
    *_head("thunderbird", "User-Agent: Mozilla Thunderbird", 'Content-Type: multipart/mixed; boundary="----t"'),
    "", "------t", "Content-Type: text/plain; charset=UTF-8; format=flowed", "Content-Transfer-Encoding: 8bit", "",
    SAID.replace("\n", "\r\n"), "", "Vào 05/04/2024 08:00, Đôn đốc kế hoạch đã viết:", f"> {_QUOTED}", "> ", "-- ", "Trân trọng",
    "------t", f'Content-Type: application/pdf; name="{_words(NAME, 45)}"',
    "Content-Disposition: attachment" + _continued(NAME), "Content-Transfer-Encoding: base64", "", _B64, "------t--", "",
)  # fmt: skip

OUTLOOK = _mail(
    *_head("outlook", "X-Mailer: Microsoft Outlook 16.0", "Thread-Index: Adp", 'Content-Type: multipart/mixed; boundary="_004_"'),
    "", "--_004_", 'Content-Type: multipart/related; boundary="_005_"; type="multipart/alternative"', "",
    "--_005_", 'Content-Type: multipart/alternative; boundary="_000_"', "",
    "--_000_", 'Content-Type: text/plain; charset="utf-8"', "Content-Transfer-Encoding: base64", "",
    base64.b64encode((SAID + "\n\n________________________________\nTừ: Đôn đốc <dondoc@vpub.quangngai.example>\n" + _QUOTED).encode()).decode(),
    "--_000_", 'Content-Type: text/html; charset="utf-8"', "Content-Transfer-Encoding: base64", "",
    base64.b64encode(f'<p>{SAID}</p><img src="cid:image001.png@01DA"><div id="divRplyFwdMsg">{_QUOTED}</div>'.encode()).decode(),
    "--_000_--",
    "--_005_", 'Content-Type: image/png; name="image001.png"', "Content-Description: image001.png",
    'Content-Disposition: inline; filename="image001.png"', "Content-ID: <image001.png@01DA>", "Content-Transfer-Encoding: base64", "",
    base64.b64encode(PNG).decode(), "--_005_--",
    "--_004_", f'Content-Type: application/pdf;\r\n name="{_words(NAME, 44)}"', f"Content-Description: {_words(NAME, 45)}",
    f'Content-Disposition: attachment;\r\n filename="{_words(NAME, 44)}"; size=80', "Content-Transfer-Encoding: base64", "", _B64,
    "--_004_--", "",
)  # fmt: skip

GMAIL = _mail(
    *_head("CAF=gmail", 'Content-Type: multipart/mixed; boundary="000000"'),
    "", "--000000", 'Content-Type: multipart/alternative; boundary="000001"', "",
    "--000001", 'Content-Type: text/plain; charset="UTF-8"', "Content-Transfer-Encoding: quoted-printable", "", _QP, "",
    quopri.encodestring("Vào Th 6, 5 thg 4, 2024 vào lúc 08:00 Đôn đốc kế hoạch <\ndondoc@vpub.quangngai.example> đã viết:".encode()).decode().replace("\n", "\r\n"),
    "", "> " + quopri.encodestring(_QUOTED.encode()).decode().replace("=\n", "=\r\n"),
    "--000001", 'Content-Type: text/html; charset="UTF-8"', "", '<div dir="ltr">x</div>', "--000001--",
    "--000000", f'Content-Type: application/pdf; name="{_words(NAME, 30)}"',
    f'Content-Disposition: attachment; filename="{_words(NAME, 30)}"', "Content-Transfer-Encoding: base64", "X-Attachment-Id: f_1", "",
    _B64, "--000000--", "",
)  # fmt: skip

# Zimbra writes UTF-8 as it is into the header's quotes.
ZIMBRA = _mail(
    *_head("zimbra", "X-Mailer: Zimbra 8.8.15_GA", 'Content-Type: multipart/mixed; boundary="----=_Part_1"'),
    "", "------=_Part_1", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "",
    SAID.replace("\n", "\r\n"), "", "----- Thư gốc -----", "Từ: Đôn đốc", _QUOTED,
    "------=_Part_1", f'Content-Type: application/pdf; name="{NAME}"', f'Content-Disposition: attachment; filename="{NAME}"',
    "Content-Transfer-Encoding: base64", "", _B64, "------=_Part_1--", "",
)  # fmt: skip

# Apple: decomposed letters, the document inline, and HTML around it.
IOS = _mail(
    *_head("ios", "X-Mailer: iPhone Mail (21E219)", "Content-Type: multipart/mixed; boundary=Apple-Mail-1"),
    "", "--Apple-Mail-1", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "",
    base64.b64encode(("<html><head><style>p{}</style></head><body>" + "<br>".join(SAID.split("\n")) + '<div><br>Đã gửi từ iPhone của tôi</div><blockquote type="cite">' + _QUOTED + "</blockquote></body></html>").encode()).decode(),
    "--Apple-Mail-1", "Content-Type: application/pdf;\r\n\tname*=utf-8''" + quote(unicodedata.normalize("NFD", NAME), safe=""),
    "Content-Disposition: inline;\r\n\tfilename*=utf-8''" + quote(unicodedata.normalize("NFD", NAME), safe=""),
    "Content-Transfer-Encoding: base64", "", _B64, "--Apple-Mail-1--", "",
)  # fmt: skip

_INNER = _mail(
    "From: Van thu <vt@so.example>", "Subject: Bao cao", "Message-ID: <inner@so.example>", "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="in"', "", "--in", "Content-Type: text/plain; charset=utf-8", "", "Thư bên trong.",
    "--in", "Content-Type: application/pdf", "Content-Disposition: attachment" + _continued(NAME), "Content-Transfer-Encoding: base64",
    "", _B64, "--in--", "",
).decode()  # fmt: skip

FORWARDED_AS_FILE = _mail(
    *_head("forwarded", 'Content-Type: multipart/mixed; boundary="out"'),
    "", "--out", "Content-Type: text/plain; charset=utf-8", "", SAID.replace("\n", "\r\n"),
    "--out", 'Content-Type: message/rfc822; name="Bao cao.eml"', 'Content-Disposition: attachment; filename="Bao cao.eml"', "", _INNER, "--out--", "",
)  # fmt: skip

FORWARDED_INLINE = _mail(
    *_head("inline", 'Content-Type: multipart/mixed; boundary="out"'),
    "", "--out", "Content-Type: text/plain; charset=utf-8", "", SAID.replace("\n", "\r\n"), "",
    "---------- Forwarded message ---------", "Từ: Văn thư <vt@so.example>", _QUOTED,
    "--out", "Content-Type: application/pdf", "Content-Disposition: attachment" + _continued(NAME), "Content-Transfer-Encoding: base64",
    "", _B64, "--out--", "",
)  # fmt: skip

# Old Outlook Express: text and name in Windows-1258, said nowhere.
OUTLOOK_EXPRESS = (
    _mail(*_head("express", 'Content-Type: multipart/mixed; boundary="oe"'), "", "--oe", "Content-Type: text/plain; charset=utf-8",
          "Content-Transfer-Encoding: 8bit", "", *SAID.split("\n"), "--oe", 'Content-Type: application/pdf; name="').rstrip()
    + "Công văn.pdf".encode("cp1258") + b'"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    + _B64.encode() + b"\r\n--oe--\r\n"
)  # fmt: skip

CLIENTS = {
    "Thunderbird": THUNDERBIRD,
    "Outlook": OUTLOOK,
    "Gmail": GMAIL,
    "Zimbra": ZIMBRA,
    "iOS Mail": IOS,
    "forwarded as a file": FORWARDED_AS_FILE,
    "forwarded inline": FORWARDED_INLINE,
}

EXCHANGE_REPORT = _mail(
    "From: Microsoft Outlook <MicrosoftExchange329e71ec88ae@so.example>", "To: dondoc+b@vpub.quangngai.example",
    "Subject: Undeliverable: x", "Message-ID: <ndr@so.example>", "Auto-Submitted: auto-replied", "MIME-Version: 1.0",
    'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="ex"', "", "--ex",
    'Content-Type: multipart/alternative; differences=Content-Type; boundary="alt"', "", "--alt", 'Content-Type: text/plain; charset="utf-8"', "",
    "Your message couldn't be delivered.", "--alt--", "--ex", "Content-Type: message/delivery-status", "",
    "Reporting-MTA: dns;EX01.so.example", "Received-From-MTA: dns;mail.example", "", "Final-Recipient: rfc822;hcqt@so.example",
    "Action: failed", "Status: 5.1.10", "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient", " not found by SMTP address lookup",
    "X-Display-Name: HCQT", "", "--ex", "Content-Type: message/rfc822", "", "From: dondoc@vpub.quangngai.example", "Subject: x",
    "Message-ID: <0123456789abcdef0123456789abcdef@vpub.quangngai.example>", "Content-Type: text/plain", "", "x", "--ex--", "",
)  # fmt: skip

QMAIL_REPORT = _mail(
    "Return-Path: <>", "From: MAILER-DAEMON@mx.example", "To: dondoc@vpub.quangngai.example", "Subject: failure notice",
    "Message-ID: <q@mx.example>", "", "Hi. This is the qmail-send program at mx.example.",
    "I'm afraid I wasn't able to deliver your message to the following addresses.", "", "<hcqt@so.example>:",
    "Sorry, no mailbox here by that name. (#5.1.1)", "", "--- Below this line is a copy of the message.", "", "Return-Path: <dondoc@x.example>",
    "Message-ID: <0123456789abcdef0123456789abcdef@vpub.quangngai.example>", "", "x",
)  # fmt: skip
