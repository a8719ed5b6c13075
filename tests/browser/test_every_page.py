"""Every page of the whole year as it is for eyes and for axe, at a desk and on a phone; light to load, fit for paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from served import SHOTS, Site

HEAVIEST = 50_000  # bytes a page and its styles may weigh together, as sent
ANYBODY = {
    "start": "/",
    "sign-in": "/vao",
    "not-found": "/khong-co",
    "mail-list": "/mail",
    "link-wrong": "/a/khong-dung",
}
TRACKER = {
    "board": "/bang",
    "board-narrow": "/bang?state=red&quarter=2",
    "board-none": "/bang?q=khong-co",
    "inbox": "/viec",
    "inbox-own": "/viec?kind=review&own=1",
    "feeds": "/lich",
    "absence": "/vang",
    "index": "/chi-so",
    "index-held": "/chi-so?thang=2024-03",
    "charts": "/bieu-do",
    "scores": "/diem",
    "scores-quarter": "/diem?quarter=2",
    "documents": "/van-ban",
    "documents-refused": "/van-ban/tai?kind=progress&period=2031-Q1",
    "evidence": "/chung-cu",
    "evidence-entry": "/chung-cu/muc/2",
    "evidence-check": "/chung-cu/kiem-tra",
    "start-in": "/",
}


@pytest.mark.parametrize("width", ["desktop", "phone"])
def test_every_page_of_the_office(year: Site, width: str) -> None:
    year.way = width
    page = year.new_page()
    page.goto(f"/mail?token={year.portal.key}")
    for name, address in ANYBODY.items():
        page.goto(address)
        year.seen(page, name, axe=True)
    page.goto("/mail")
    page.locator("a.subject").first.click()
    page.wait_for_load_state()
    year.seen(page, "mail", axe=True)
    page = year.signed_in("tracker")
    for name, address in TRACKER.items():
        page.goto(address)
        page.evaluate("document.querySelectorAll('main details').forEach(details => { details.open = true; })")
        for picture in page.locator("img.chart").all():
            assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0, address
        year.seen(page, name, axe=True)
    for name, address, link in (
        ("occurrence", "/viec", ".list a"),
        ("occurrence-overdue", "/bang?state=overdue", ".list a"),
        ("scores-behind", "/diem", ".scores a"),
        ("scores-own", "/diem", "details.own a"),
    ):
        page.goto(address)
        page.evaluate("document.querySelectorAll('details.own').forEach(details => { details.open = true; })")
        page.locator(link).first.click()
        page.wait_for_load_state()
        year.seen(page, name, axe=True)


def test_every_page_and_its_styles_are_light(year: Site) -> None:
    year.way = "desktop"
    page = year.signed_in("tracker")
    page.goto(f"/mail?token={year.portal.key}")
    occurrence = next(iter(year.installation.states())).partition("/")[2]
    link = year.portal.token(occurrence, "unit:hcqt")
    pages = ("/", "/bang", "/bang?state=grey", "/viec", "/lich", "/vang", "/mail", f"/a/{link}", f"/a/{link}/all")
    weights: dict[str, int] = {}
    page.on("response", lambda answer: weights.update({answer.url: len(answer.body())} if answer.ok else {}))
    for address in pages:
        weights.clear()
        page.goto(address, wait_until="networkidle")
        assert weights, address
        assert sum(weights.values()) < HEAVIEST, (address, weights)


def test_the_board_on_paper(year: Site, tmp_path: Path) -> None:
    page = year.signed_in("head")
    page.emulate_media(media="print")
    for hidden in (".filter", ".top", ".turn"):
        for found in page.locator(hidden).all():
            expect(found).to_be_hidden()
    expect(page.get_by_role("heading", name="Theo đơn vị và theo quý")).to_be_visible()
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    assert printed.startswith(b"%PDF")
    (Path(SHOTS or tmp_path) / "board.pdf").write_bytes(printed)
