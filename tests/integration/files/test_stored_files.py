"""What units handed in, fetched again: whole, as an attachment, recorded; lost files are an incident; leftovers are swept."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from installation import Installation, at
from office_portal import ADDRESSES, Portal

from dondoc.mail.links import sign
from portal.answer.answering import Answering
from portal.app.application import create_app
from portal.files.pages import disposition
from portal.shell.settings import PortalSettings
from tasks.runs.daily import sweep_files
from tasks.store.files import keep_file
from tasks.store.settle import check_occurrences

NAME = "ke-hoach/quy-mot/2024-Q1"
Q1 = f"nho-2024/{NAME}"
CONTENT = b"%PDF-1.7\n63"
SHA = hashlib.sha256(CONTENT).hexdigest()
SECRET = "a secret of tests"


@pytest.fixture
def portal(installation: Installation, tmp_path: Path) -> Portal:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-01-02", "08:00"))
    keep_file(installation.settings.var / "files", CONTENT)
    installation.act(
        NAME, "submit", at("2024-03-19"), "unit:hcqt",
        files=(("Kế hoạch số 63.pdf", "application/pdf", len(CONTENT), SHA),),
    )  # fmt: skip
    return Portal(installation, tmp_path / "mail", at("2024-03-20", "09:00"))


def address(portal: Portal) -> str:
    (entry,) = portal.installation.ledger("occurrence.submitted")
    return f"/tep/{entry['seq']}/1"


def stored(portal: Portal, sha: str = SHA) -> Path:
    return portal.installation.settings.var / "files" / sha[:2] / sha


@pytest.mark.parametrize("role", ADDRESSES)
async def test_a_file_comes_whole_as_an_attachment_and_is_recorded(portal: Portal, role: str) -> None:
    where = address(portal)
    async with portal.signed_in(role) as client:
        assert f'href="{where}"' in (await client.get(f"/ky/{Q1}")).text
        assert (await client.head(where)).status_code == 200
        assert portal.installation.ledger("file.downloaded") == []
        answer = await client.get(where)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    headers = answer.headers
    assert headers["content-disposition"] == (
        "attachment; filename=\"Ke hoach so 63.pdf\"; filename*=UTF-8''K%E1%BA%BF%20ho%E1%BA%A1ch%20s%E1%BB%91%2063.pdf"
    )
    assert headers["content-type"] == "application/octet-stream"
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    (entry,) = portal.installation.ledger("file.downloaded")
    assert entry["actor"] == f"role:{role}"
    assert (entry["body"]["sha256"], entry["body"]["occurrence"]) == (SHA, Q1)
    assert portal.installation.states() == portal.installation.folded()


async def test_nobody_else_gets_it(portal: Portal) -> None:
    async with portal.browser() as client:
        answer = await client.get(address(portal))
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/vao?den=%2Ftep%2F")
    async with portal.signed_in("auditor") as client:
        for wrong in (
            "/tep/1/1",
            "/tep/999/1",
            "/tep/99999999999999999999/1",
            address(portal)[:-1] + "0",
            address(portal)[:-1] + "2",
        ):
            assert (await client.get(wrong)).status_code == 404
    assert portal.installation.ledger("file.downloaded") == []


@pytest.mark.parametrize(
    ("finding", "said"), [("file_missing", "không còn trên máy"), ("file_changed", "không còn nguyên vẹn")]
)
async def test_a_lost_file_is_said_recorded_and_mailed_once(portal: Portal, finding: str, said: str) -> None:
    if finding == "file_missing":
        stored(portal).unlink()
    else:
        stored(portal).write_bytes(b"%PDF-1.7\nelse")
    async with portal.signed_in("auditor") as client:
        for _ in range(2):
            answer = await client.get(address(portal))
            assert answer.status_code == 410
            assert said in answer.text
    (found,) = portal.installation.ledger("audit.finding")
    assert (found["body"]["finding"], found["body"]["sha256"]) == (finding, SHA)
    assert portal.installation.post.boxes().count(ADDRESSES["operator"]) == 1
    assert SHA in portal.installation.post.text(ADDRESSES["operator"])
    assert portal.installation.ledger("file.downloaded") == []


async def test_a_unit_gets_its_own_files_by_its_link_only(portal: Portal, tmp_path: Path) -> None:
    behind = replace(portal.installation.settings, link_secret=SECRET, base_url="http://portal")
    answering = Answering(behind, lambda: portal.now)
    app = create_app(PortalSettings(tmp_path / "mail", "http://127.0.0.1:4200"), answering)
    place = address(portal)
    token = {
        party: sign(SECRET, Q1, party, at("2025-01-01"))
        for party in ("unit:hcqt", "head:hcqt", "unit:ttpvks", "role:deputy")
    }
    other = sign(SECRET, "nho-2024/chi-so/ket-qua/2024-01", "unit:hcqt", at("2025-01-01"))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://portal") as client:
        page = (await client.get(f"/a/{token['unit:hcqt']}")).text
        assert f'href="/a/{token["unit:hcqt"]}{place}"' in page
        assert "/tep/" not in (await client.get(f"/a/{token['unit:ttpvks']}")).text
        for party, status in (("unit:hcqt", 200), ("head:hcqt", 200), ("unit:ttpvks", 404), ("role:deputy", 404)):
            answer = await client.get(f"/a/{token[party]}{place}")
            assert (answer.status_code, answer.content == CONTENT) == (status, status == 200)
        assert (await client.get(f"/a/{other}{place}")).status_code == 404
        assert (await client.get(f"/a/{token['unit:hcqt'][:-1]}x{place}")).status_code == 404
    assert answering.engine is not None
    answering.engine.dispose()


def test_names_are_told_in_both_spellings() -> None:
    assert disposition("Đề án.docx").startswith('attachment; filename="De an.docx"; filename*=')
    assert disposition('a"\r\n;b.pdf').startswith('attachment; filename="a_b.pdf"; ')
    assert disposition("文.pdf").startswith('attachment; filename="_.pdf"; ')


def test_what_no_entry_names_is_swept_after_a_day_and_nothing_else(portal: Portal) -> None:
    folder, morning = portal.installation.settings.var / "files", portal.installation.morning(at("2024-03-20"))
    old, young = at("2024-03-18").timestamp(), at("2024-03-19", "12:00").timestamp()
    left, fresh, draft = (
        keep_file(folder, b"refused"),
        keep_file(folder, b"just now"),
        stored(portal).with_name(f".{SHA}.ab12"),
    )
    draft.write_bytes(b"half")
    for place in (stored(portal), stored(portal, left), draft):
        os.utime(place, (old, old))
    os.utime(stored(portal, fresh), (young, young))
    assert sweep_files(replace(morning, dry_run=True)) == 0
    assert sweep_files(morning) == 2
    assert not stored(portal, left).exists()
    assert not draft.exists()
    assert stored(portal).exists()
    assert stored(portal, fresh).exists()
    # Handed in again, an old leftover counts as new: the act that names it may be on its way.
    again = keep_file(folder, b"again")
    os.utime(stored(portal, again), (old, old))
    keep_file(folder, b"again")
    assert sweep_files(morning) == 0
    assert sweep_files(portal.installation.morning(at("2024-03-20"))) == 0
