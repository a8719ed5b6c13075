"""Who may look may not act: what others see of a mail opens nothing, and a link opens its own duty alone."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import pytest
from httpx import AsyncClient
from installation import CONFIG, HCQT, Installation, at
from office_portal import Portal

from dondoc.mail.links import LinkError, read_link
from dondoc.mail.redaction import REDACTION_MARK, cut_text, duties_linked, redacted
from dondoc.verification.evidence import Selection
from tasks.evidence.packing import pack
from tasks.mail.delivery import deliver
from tasks.store.settle import check_occurrences

LINK = re.compile(r"/a/([A-Za-z0-9_-]{20,})")
NAME = "ke-hoach/quy-mot/2024-Q1"


@pytest.fixture
def portal(installation: Installation, tmp_path: Path) -> Portal:
    made = Portal(installation, tmp_path / "mail", at("2024-03-20", "09:00"))
    installation.settings = replace(installation.settings, base_url=made.public_url, link_secret=made.secret)
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-01-02", "08:00"))
    deliver(installation.morning(at("2024-01-02")))
    return made


def sent(portal: Portal) -> tuple[int, bytes]:
    """The entry and the bytes of the unit's mail."""
    entry = next(e for e in portal.installation.ledger("notice.sent") if e["body"]["address"] == HCQT)
    content = next(c for to, _, c in portal.installation.post.accepted if to == HCQT)
    return entry["seq"], content


def opened_by(portal: Portal, text: str) -> list[str]:
    """The tokens in a text that open a duty."""
    found = []
    for token in LINK.findall(text):
        try:
            found.append(read_link(portal.secret, token, portal.now).occurrence)
        except LinkError:
            continue
    return found


def texts(content: bytes) -> str:
    """All of a mail that is text, its headers too."""
    message = message_from_bytes(content)
    parts = [part.get_payload(decode=True) for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join(
        [*map(str, message.values()), *(p.decode("utf-8", "replace") for p in parts if isinstance(p, bytes))]
    )


async def looked_at(client: AsyncClient, seq: int) -> list[str]:
    """Everything that an auditor sees of that mail."""
    answers = [await client.get(f"/chung-cu/thu/{seq}{rest}") for rest in ("", "/html")]
    raw = await client.get(f"/chung-cu/thu/{seq}/eml")
    assert raw.status_code == 200
    return [*(answer.text for answer in answers), texts(raw.content), raw.text]


@pytest.mark.parametrize("role", ["auditor", "operator", "head", "deputy", "tracker"])
async def test_a_live_link_is_cut_out_of_what_others_see(portal: Portal, role: str) -> None:
    seq, content = sent(portal)
    assert opened_by(portal, texts(content)), "the unit's own mail must open its duties"
    assert re.search(r"\+[dm][a-z2-7]{26}@", texts(content)), "and be answered by mail"
    async with portal.signed_in(role) as client:
        for seen in await looked_at(client, seq):
            assert opened_by(portal, seen) == []
            assert not re.search(r"\+[a-z][a-z2-7]{26}(@|%40)", seen)
        raw = (await client.get(f"/chung-cu/thu/{seq}/eml")).content
    said = str(message_from_bytes(raw)[REDACTION_MARK])
    assert hashlib.sha256(content).hexdigest() in said  # the bytes as sent stay provable
    assert portal.installation.ledger("notice.sent")[0]["body"]["mail_sha256"] in {
        hashlib.sha256(c).hexdigest() for _, _, c in portal.installation.post.accepted
    }


async def test_a_mail_whose_duties_have_all_ended_is_shown_as_it_was_sent(portal: Portal) -> None:
    seq, content = sent(portal)
    for duty in duties_linked(content):
        portal.installation.act(
            duty.partition("/")[2],
            "waive",
            portal.now,
            "role:tracker",
            document="1/QĐ",
            reason="x",
            signed=at("2024-03-19").date(),
        )
    async with portal.signed_in("auditor") as auditor:
        assert (await auditor.get(f"/chung-cu/thu/{seq}/eml")).content == content


async def test_a_pack_opens_nothing_and_its_check_says_what_was_cut(portal: Portal, tmp_path: Path) -> None:
    out = tmp_path / "goi.zip"
    pack(portal.installation.engine, portal.installation.settings, portal.installation.rules, Selection(), out)
    with zipfile.ZipFile(out) as archive:
        mails = [name for name in archive.namelist() if name.startswith("thu/")]
        assert mails
        for name in archive.namelist():
            content = archive.read(name)
            seen = texts(content) if name.endswith(".eml") else content.decode("utf-8", "replace")
            assert opened_by(portal, seen) == [], name
    check = CONFIG / "words" / "vi" / "evidence" / "kiem-tra.py"
    done = subprocess.run([sys.executable, "-I", "-S", check, out], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "đã che liên kết" in done.stdout


async def test_the_operator_reads_the_kept_mails_without_their_links(portal: Portal) -> None:
    async with portal.browser() as owner:
        await owner.get(f"/mail?token={portal.key}")
        letters = re.findall(r'href="(/mail/[0-9a-f]{20})"', (await owner.get("/mail")).text)
        pages = [(await owner.get(f"{letter}/html")).text for letter in letters]
        assert any(opened_by(portal, page) for page in pages)
    async with portal.signed_in("operator") as operator:
        for letter in letters:
            for rest in ("?view=text", "/html", "/raw"):
                answer = await operator.get(letter + rest)
                assert opened_by(portal, texts(answer.content) if rest == "/raw" else answer.text) == []


async def test_a_link_opens_its_own_duty_and_no_other(portal: Portal) -> None:
    token = portal.token(NAME, "unit:hcqt")
    async with portal.browser() as client:
        for page in (f"/a/{token}", f"/a/{token}/all"):
            answer = await client.get(page)
            assert answer.status_code == 200
            assert set(opened_by(portal, answer.text)) <= {f"nho-2024/{NAME}"}


async def test_a_link_ends_with_its_duty(portal: Portal) -> None:
    token = portal.token(NAME, "unit:hcqt")
    async with portal.browser() as client:
        form = re.findall(r'name="form" value="([^"]+)"', (await client.get(f"/a/{token}")).text)[0]
        portal.installation.act(NAME, "submit", portal.now, "unit:hcqt", document="1/KH")
        portal.installation.act(NAME, "accept", portal.now, "role:tracker")
        for act in ("done", "acknowledge", "more-time", "blocked", "part"):
            answer = await client.post(f"/a/{token}/{act}", data={"form": form, "note": "x", "reason": "x"})
            assert answer.status_code in (400, 409, 410), act
        assert (await client.get(f"/a/{token}")).status_code == 410
    assert len(portal.installation.ledger("occurrence.submitted")) == 1


@pytest.mark.parametrize("depth", [1, 11, 50, 3000])
def test_a_copy_is_made_of_any_letter_and_no_link_stays_in_it(depth: int) -> None:
    """A letter of 3,000 nested parts is no reason for a page or a pack to fail."""
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(depth))
    token = b"A" * 40
    letter = b"Subject: x\r\nMIME-Version: 1.0\r\n" + nested + b"Content-Type: text/plain\r\n\r\nxin /a/" + token
    copy = redacted(letter)
    assert copy.cut == 1
    assert token not in copy.content
    assert f"sha256-as-sent={copy.sha256}".encode() in copy.content
    assert duties_linked(letter) == {""}


@pytest.mark.parametrize("encoding", ["base64 ", "base64 (x)", '"base64"'])
def test_a_link_is_cut_however_its_transfer_encoding_is_written(encoding: str) -> None:
    token = "B" * 40
    page = base64.b64encode(f'<a href="/a/{token}">'.encode())
    head = f"Subject: x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    copy = redacted(head + page)
    assert copy.cut == 1
    assert token.encode() not in base64.b64decode(copy.content.split(b"\n\n", 1)[1])


def test_a_text_without_links_stays_as_it_is_and_every_kind_of_link_is_cut() -> None:
    plain = b"Subject: x\r\n\r\n/ky/nho-2024/ke-hoach/quy-mot/2024-Q1 a@b.example /a/ngan\r\n"
    assert redacted(plain).content == plain
    token = "A" * 40
    for text in (f"http://x/a/{token}", f"/a/{token}/all", f"/vao/{token}", f"/lich/{token}.ics", f"/mail?token={token}",
                 f"dondoc+d{'a' * 26}@x.example", f"mailto:dondoc%2Bm{'b' * 26}%40x.example", f"DONDOC+B{'C' * 26}@x.example"):  # fmt: skip
        cut, number = cut_text(text)
        assert number == 1, text
        assert token not in cut
        assert "a" * 26 not in cut.lower()
