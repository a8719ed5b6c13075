"""The auditor's place: found by item, unit, date and document; entry, mail, run and file a click away; packs recorded."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
import sqlalchemy as sa
from installation import Installation, at
from office_portal import ADDRESSES, Portal, token_of
from test_evidence import Q1, SHA, lived, verify

from tasks.store import tables


@pytest.fixture
def portal(installation: Installation, tmp_path: Path) -> Portal:
    return Portal(lived(installation), tmp_path / "mail", at("2024-04-17", "09:00"))


def occurrences(text: str) -> set[str]:
    return set(re.findall(r'<th scope="row"><a href="/ky/([^"]+)"', text))


@pytest.mark.parametrize("role", ADDRESSES)
async def test_every_role_finds_and_looks_and_nothing_changes(portal: Portal, role: str) -> None:
    before = len(portal.installation.ledger())
    sent = portal.installation.ledger("notice.sent")[0]
    async with portal.signed_in(role) as client:
        for address in (
            "/chung-cu",
            "/chung-cu/muc/1",
            f"/chung-cu/muc/{before}",
            f"/chung-cu/thu/{sent['seq']}",
            f"/chung-cu/thu/{sent['seq']}/html",
            "/chung-cu/kiem-tra",
        ):
            answer = await client.get(address)
            assert answer.status_code == 200, address
            assert "<script" not in answer.text
        assert 'href="/chung-cu"' in (await client.get("/bang")).text
    assert len(portal.installation.ledger()) == before


async def test_nobody_else_gets_in(portal: Portal) -> None:
    async with portal.browser() as client:
        for address in ("/chung-cu", "/chung-cu/muc/1", "/chung-cu/thu/5", "/chung-cu/thu/5/eml", "/chung-cu/kiem-tra"):
            answer = await client.get(address)
            assert (answer.status_code, answer.headers["location"][:9]) == (303, "/vao?den=")
        assert (await client.post("/chung-cu/goi", data={"token": "x"})).status_code == 303
    assert portal.installation.ledger("evidence.packed") == []


async def test_it_is_found_by_item_unit_date_and_document(portal: Portal) -> None:
    plan = portal.installation.plan.id
    async with portal.signed_in("auditor") as client:

        async def found(**asked: str) -> set[str]:
            answer = await client.get("/chung-cu", params=asked)
            assert answer.status_code == 200
            return {key.removeprefix(f"{plan}/") for key in occurrences(answer.text)}

        assert await found(item="ke-hoach") == {Q1, "ke-hoach/quy-hai/2024-Q2"}
        assert await found(document="63/kh") == {Q1}
        assert await found(**{"from": "2024-04-01", "to": "2024-04-29"}) == {Q1}
        assert await found(**{"from": "01/04/2024", "to": "29/04/2024"}) == {Q1}
        assert await found(unit="hcqt", item="chi-so") == set()
        assert await found(plan="khong-co") == set()
        wrong = await client.get("/chung-cu", params={"from": "31/02/2024"})
        assert "Không đọc được ngày “31/02/2024”" in wrong.text
        assert (await client.get("/chung-cu?muc=7")).headers["location"] == "/chung-cu/muc/7"
        assert "Chứng cứ" in (await client.get("/chung-cu?q=%00&item=%00&page=x&muc=-1")).text
        # What is written later is found without reading the ledger again from its beginning.
        portal.installation.act("phan-anh/niem-yet/2024-Q2", "submit", at("2024-04-17"), document="99/TB")
        assert await found(document="99/TB") == {"phan-anh/niem-yet/2024-Q2"}


async def test_entry_mail_and_file_are_one_click_apart(portal: Portal) -> None:
    (submitted,) = [
        e for e in portal.installation.ledger("occurrence.submitted") if e["body"].get("document") == "64/KH-VP"
    ]
    sent = next(e for e in portal.installation.ledger("notice.sent") if e["occurrence"].endswith(Q1))
    async with portal.signed_in("auditor") as client:
        page = (await client.get(f"/ky/{portal.installation.plan.id}/{Q1}")).text
        assert f'href="/chung-cu/muc/{submitted["seq"]}"' in page
        assert f'href="/chung-cu/thu/{sent["seq"]}"' in page
        entry = (await client.get(f"/chung-cu/muc/{submitted['seq']}")).text
        assert submitted["hash"] in entry
        assert "Nội dung khớp mã băm" in entry
        assert f'href="/tep/{submitted["seq"]}/1"' in entry
        mail = await client.get(f"/chung-cu/thu/{sent['seq']}")
        assert "Đúng bản đã gửi" in mail.text
        assert sent["body"]["mail_sha256"] in mail.text
        html = await client.get(f"/chung-cu/thu/{sent['seq']}/html")
        assert "sandbox" in html.headers["content-security-policy"]
        for text in (mail.text, html.text):
            assert not re.search(r"/a/[A-Za-z0-9_-]{20,}", text)  # the unit's key is not shown
        where = f"/chung-cu/thu/{sent['seq']}/eml"
        assert (await client.head(where)).status_code == 200
        assert portal.installation.ledger("file.downloaded") == []
        raw = await client.get(where)
        # Cut and naming what was sent as long as its links live; else the very bytes.
        shown = str(message_from_bytes(raw.content)["X-Dondoc-Redacted"] or hashlib.sha256(raw.content).hexdigest())
        assert sent["body"]["mail_sha256"] in shown
        (entry_of,) = portal.installation.ledger("file.downloaded")
        assert (entry_of["actor"], entry_of["body"]["entry"]) == ("role:auditor", sent["seq"])
        for gone in (
            "/chung-cu/muc/0",
            "/chung-cu/muc/99999",
            "/chung-cu/muc/99999999999999999999",
            "/chung-cu/thu/1",
            "/chung-cu/thu/1/html",
        ):
            assert (await client.get(gone)).status_code == 404


async def test_the_check_says_what_is_wrong_and_is_made_once_a_head(portal: Portal) -> None:
    async with portal.signed_in("auditor") as client:
        first = await client.get("/chung-cu/kiem-tra")
        assert "Nguyên vẹn và đầy đủ" in first.text
        portal.later(minutes=5)
        assert (await client.get("/chung-cu/kiem-tra")).text == first.text
        (portal.installation.settings.var / "files" / SHA[:2] / SHA).unlink()
        portal.installation.act("phan-anh/niem-yet/2024-Q2", "submit", at("2024-04-17"), document="99/TB")
        assert "Có điểm sai" in (await client.get("/chung-cu/kiem-tra")).text


async def test_a_pack_of_the_search_is_downloaded_and_recorded(portal: Portal, tmp_path: Path) -> None:
    async with portal.signed_in("auditor") as client:
        page = await client.get("/chung-cu?item=ke-hoach")
        fields = dict(
            re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text.partition("/chung-cu/goi")[2])
        )
        assert (await client.post("/chung-cu/goi", data={**fields, "token": "x" * 27})).status_code == 403
        assert (await client.post("/chung-cu/goi", data={**fields, "item": "khong-co"})).status_code == 422
        assert (await client.post("/chung-cu/goi", data={**fields, "from": "31/02/2024"})).status_code == 422
        assert portal.installation.ledger("evidence.packed") == []
        answer = await client.post("/chung-cu/goi", data=fields)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    (entry,) = portal.installation.ledger("evidence.packed")
    assert entry["actor"] == "role:auditor"
    assert entry["body"]["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert f"chung-cu-{entry['seq'] - 1}.zip" in answer.headers["content-disposition"]
    (tmp_path / "tai.zip").write_bytes(answer.content)
    assert verify(tmp_path / "tai.zip")[0] == 0
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read("danh-muc.jsonl").count(b"\n") == 2
    assert portal.installation.states() == portal.installation.folded()


async def test_a_changed_entry_is_shown_as_changed(portal: Portal) -> None:
    from tasks.store.connect import engine

    owner = engine(portal.installation.owner_url)
    with owner.begin() as connection:
        connection.execute(sa.text("ALTER TABLE ledger DISABLE TRIGGER USER"))
        line = connection.scalar(sa.select(tables.ledger.c.line).where(tables.ledger.c.seq == 3))
        connection.execute(
            tables.ledger.update()
            .where(tables.ledger.c.seq == 3)
            .values(line=bytes(line or b"").replace(b"2024", b"2023", 1))
        )
    owner.dispose()
    async with portal.signed_in("auditor") as client:
        assert "Nội dung không khớp" in (await client.get("/chung-cu/muc/3")).text
        assert "Có điểm sai" in (await client.get("/chung-cu/kiem-tra")).text
        token = token_of(await client.get("/chung-cu"))
        assert (await client.post("/chung-cu/goi", data={"token": token})).status_code == 422
