"""Signing in by mailed link: real mail, one use, a quarter of an hour; opening a link changes nothing."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from installation import Installation
from office_portal import ADDRESSES, BASE, Portal, ask, confirm, token_of

from portal.shell.secret import link_secret
from portal.shell.signin import target_of
from tasks.config.sections import TrialSection
from tasks.config.settings import SettingsError

TRACKER = ADDRESSES["tracker"]


@pytest.fixture
def portal(installation: Installation, tmp_path: Path) -> Portal:
    return Portal(installation, tmp_path / "mail")


@pytest.mark.parametrize("role", ADDRESSES)
async def test_every_role_signs_in_by_its_mailed_link(portal: Portal, role: str) -> None:
    async with portal.signed_in(role) as browser:
        assert (await browser.get("/bang")).status_code == 200


async def test_an_unknown_address_gets_the_same_answer_and_no_mail(portal: Portal) -> None:
    async with portal.browser() as browser:
        known = await ask(browser, TRACKER)
        unknown = await ask(browser, "ai-do@example.com")
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert portal.installation.post.boxes() == [TRACKER]


async def test_a_unit_has_no_account(portal: Portal) -> None:
    async with portal.browser() as browser:
        await ask(browser, "ttpvks@vpub.quangngai.example")
    assert portal.installation.post.boxes() == []


async def test_opening_a_link_changes_nothing_and_it_works_once(portal: Portal) -> None:
    async with portal.browser() as asker, portal.browser() as scanner, portal.browser() as second:
        await ask(asker, TRACKER.upper())
        (link,) = portal.links(TRACKER.upper())
        for _ in range(3):
            assert (await scanner.get(link)).status_code == 200
            assert (await scanner.head(link)).status_code == 200
        assert "dondoc" not in scanner.cookies
        assert (await scanner.get("/bang")).status_code == 303
        answer = await confirm(asker, link)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/bang"
        assert (await second.get(link)).status_code == 410
        late = await second.post(link, data={"token": token_of(await second.get("/vao"))})
        assert late.status_code == 410
        assert "dondoc" not in second.cookies


async def test_two_at_once_with_one_link_are_one(portal: Portal) -> None:
    async with portal.browser() as browser:
        await ask(browser, TRACKER)
        (link,) = portal.links(TRACKER)
        token = token_of(await browser.get(link))
        answers = await asyncio.gather(*(browser.post(link, data={"token": token}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers)[:1] == [303]
    assert sum(answer.status_code == 303 for answer in answers) == 1


async def test_a_link_ends_after_a_quarter_of_an_hour_and_a_session_after_twelve(portal: Portal) -> None:
    async with portal.browser() as browser:
        await ask(browser, TRACKER)
        portal.later(minutes=15)
        assert (await browser.get(portal.links(TRACKER)[0])).status_code == 410
    async with portal.signed_in("tracker") as browser:
        portal.later(hours=11.9)
        assert (await browser.get("/bang")).status_code == 200
        portal.later(hours=0.2)
        assert (await browser.get("/bang")).status_code == 303


async def test_an_altered_link_is_refused(portal: Portal) -> None:
    async with portal.browser() as browser:
        await ask(browser, TRACKER)
        (link,) = portal.links(TRACKER)
        name, _, signature = link.rpartition("/")[2].rpartition(".")
        other = name[:5] + ("A" if name[5] != "A" else "B") + name[6:]
        for altered in (f"{other}.{signature}", name, f"{name}.", f"{name}.{signature[::-1]}", "x", "%00", "%C3%A9"):
            assert (await browser.get(f"/vao/{altered}")).status_code == 410, altered
        assert (await browser.get(link)).status_code == 200


async def test_signing_out_ends_the_session_for_a_copied_cookie_too(portal: Portal) -> None:
    async with portal.signed_in("tracker") as browser, portal.browser() as thief:
        stolen = browser.cookies["dondoc"]
        assert (await thief.get("/bang", headers={"cookie": f"dondoc={stolen}"})).status_code == 200
        assert (await browser.post("/ra", data={"token": "wrong"})).status_code == 403
        page = await browser.get("/")
        token = page.text.split('action="/ra"')[1].split('value="')[1].split('"')[0]
        assert (await browser.post("/ra", data={"token": token})).headers["location"] == "/"
        assert (await browser.get("/bang")).status_code == 303
        assert (await thief.get("/bang", headers={"cookie": f"dondoc={stolen}"})).status_code == 303


async def test_the_cookie_is_kept_from_scripts_and_other_sites(installation: Installation, tmp_path: Path) -> None:
    for url, secure in ((BASE, False), ("https://dondoc.example", True)):
        portal = Portal(installation, tmp_path / "mail", public_url=url)
        async with portal.browser() as browser:
            await ask(browser, TRACKER)
            cookie = (await confirm(browser, portal.links(TRACKER)[-1])).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Max-Age=43200" in cookie
        assert ("Secure" in cookie) == secure


async def test_the_link_never_comes_from_the_request(portal: Portal) -> None:
    async with portal.browser(host="localhost:1234") as browser:
        await ask(browser, TRACKER)
    assert [link.startswith(f"{BASE}/vao/") for link in portal.links(TRACKER)] == [True]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8642", "[", "", "localhost.", "10.0.0.1"]
)
async def test_another_name_reaches_nothing(portal: Portal, host: str) -> None:
    async with portal.signed_in("tracker") as browser:
        for page in ("/", "/bang", "/vao", "/a/x", "/static/portal.css"):
            assert (await browser.get(page, headers={"host": host})).status_code == 421
        assert (await browser.post("/vao", data={"address": TRACKER}, headers={"host": host})).status_code == 421
        assert (await browser.get("/health", headers={"host": host})).status_code == 200
        for ours in ("localhost", "LOCALHOST:9", "127.0.0.1:8642", "[::1]:80"):
            assert (await browser.get("/", headers={"host": ours})).status_code == 200


async def test_a_session_outlives_a_restart_and_a_signed_out_one_does_not(portal: Portal) -> None:
    async with portal.signed_in("tracker") as browser:
        cookie = browser.cookies["dondoc"]
        again = Portal(portal.installation, portal.mail)
        async with again.browser(cookie=f"dondoc={cookie}") as other:
            assert (await other.get("/bang")).status_code == 200
        page = await browser.get("/")
        assert (await browser.post("/ra", data={"token": token_of(page)})).status_code == 303
    for restarted in (portal, again, Portal(portal.installation, portal.mail)):
        async with restarted.browser(cookie=f"dondoc={cookie}") as other:
            assert (await other.get("/bang")).status_code == 303
    later = Portal(portal.installation, portal.mail)
    async with later.signed_in("tracker") as browser:
        later.later(hours=13)
        assert (await browser.get("/bang")).status_code == 303


async def test_a_form_without_its_token_is_refused(portal: Portal) -> None:
    async with portal.browser() as browser, portal.browser() as other:
        foreign = token_of(await other.get("/vao"))
        await browser.get("/vao")
        for fields in ({}, {"token": ""}, {"token": foreign}, {"token": "é"}):
            answer = await browser.post("/vao", data={"address": TRACKER, **fields})
            assert answer.status_code == 403
        assert (await browser.post("/vao", json={"address": TRACKER})).status_code == 415
        assert (await browser.post("/vao", data={"address": "x" * 70_000})).status_code == 413
    assert portal.installation.post.boxes() == []


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/ky/../../x", "/bang\r\nX: y",
     "/bang?den=https://evil.example", "/vao", "/ra", "", "/ky//evil", "bang"],
)  # fmt: skip
async def test_a_sign_in_leads_only_to_our_pages(portal: Portal, wanted: str) -> None:
    async with portal.browser() as browser:
        await ask(browser, TRACKER, den=wanted)
        location = (await confirm(browser, portal.links(TRACKER)[-1])).headers["location"]
    assert location == "/bang" or (location.startswith("/ky/") and wanted == location)


async def test_a_sign_in_leads_back_to_the_page_wanted(portal: Portal) -> None:
    async with portal.browser() as browser:
        sent = await browser.get("/bang?unit=hcqt&quarter=1")
        assert sent.headers["location"] == "/vao?den=%2Fbang%3Funit%3Dhcqt%26quarter%3D1"
    assert target_of("/bang?unit=hcqt&quarter=1") == "/bang?unit=hcqt&quarter=1"


async def test_asking_too_often_is_stopped(portal: Portal) -> None:
    async with portal.browser() as browser:
        answers = [(await ask(browser, TRACKER)).status_code for _ in range(32)]
        assert answers == [200] * 30 + [429] * 2
        assert len(portal.installation.post.boxes()) == 5  # one address is not flooded
        portal.later(minutes=15)
        assert (await ask(browser, TRACKER)).status_code == 200


async def test_without_a_mail_server_the_answer_is_the_same(portal: Portal) -> None:
    portal.installation.office.close()
    try:
        async with portal.browser() as browser:
            assert (await ask(browser, TRACKER)).status_code == 200
    finally:
        portal.installation.office.open()


async def test_the_mailbox_is_for_the_operator_where_this_is_no_trial(
    installation: Installation, tmp_path: Path
) -> None:
    live = replace(installation, settings=replace(installation.settings, trial=TrialSection(on=False)))
    portal = Portal(live, tmp_path / "mail")
    async with portal.browser() as browser:
        assert (await browser.get(f"/mail?token={portal.key}")).headers["location"].startswith("/vao")
        assert (await browser.get("/mail/0/raw")).status_code == 303
        assert "/mail" not in (await browser.get("/")).text
    async with portal.signed_in("operator") as browser:
        assert (await browser.get("/mail")).status_code == 200
    async with portal.signed_in("auditor") as browser:
        assert (await browser.get("/mail")).status_code == 403


async def test_in_the_demo_the_start_page_says_where_the_link_lands(portal: Portal) -> None:
    async with portal.browser() as browser:
        assert "liên kết nằm trong hộp thư" not in (await browser.get("/")).text
        await browser.get(f"/mail?token={portal.key}")
        assert "liên kết nằm trong hộp thư" in (await browser.get("/")).text
        assert (await browser.get("/mail")).status_code == 200


async def test_without_a_database_there_is_still_the_mailbox(portal: Portal) -> None:
    broken = portal.installation.settings
    for url in ("", "postgresql://nobody:x@127.0.0.1:1/none"):
        object.__setattr__(broken, "store_url", url)
        lonely = Portal(portal.installation, portal.mail)
        async with lonely.signed_in("tracker") as browser:
            await browser.get(f"/mail?token={portal.key}")
            for page, status in (("/", 200), ("/mail", 200), ("/bang", 503), ("/viec", 503), ("/ky/a/b/c/2024", 503)):
                assert (await browser.get(page)).status_code == status


def test_the_secret_is_made_once_and_ours_alone(tmp_path: Path) -> None:
    made = link_secret({}, tmp_path)
    assert link_secret({}, tmp_path) == made
    assert stat.S_IMODE((tmp_path / "secrets" / "links").stat().st_mode) == 0o600
    assert link_secret({"DONDOC_LINK_SECRET": "x" * 32}, tmp_path) == "x" * 32
    (tmp_path / "own").write_text("y" * 40 + "\n", encoding="utf-8")
    assert link_secret({"DONDOC_LINK_SECRET_FILE": str(tmp_path / "own")}, tmp_path) == "y" * 40
    with pytest.raises(SettingsError, match="shorter"):
        link_secret({"DONDOC_LINK_SECRET": "short"}, tmp_path)
    with pytest.raises(SettingsError, match="cannot be read"):
        link_secret({"DONDOC_LINK_SECRET_FILE": str(tmp_path / "none")}, tmp_path)


async def test_who_loses_the_role_is_signed_out(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    async with portal.signed_in("deputy") as browser:
        portal.installation.with_office(lambda text: text.replace(ADDRESSES["deputy"], "khac@vpub.quangngai.example"))
        monkeypatch.setattr("portal.shell.visitors.load_rules", lambda _config: portal.installation.rules)
        assert (await browser.get("/bang")).status_code == 303
