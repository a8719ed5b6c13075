"""Every page as it is for eyes, for screen readers, on paper and on a phone."""

from __future__ import annotations

import pytest
from served import Site

@pytest.mark.parametrize("width", ["desktop", "phone"])
def test_every_page_of_the_office(year: Site, width: str) -> None:
    page = year.new_page(width)
    year.way = width
    for name, address in (("start", "/"), ("sign-in", "/vao"), ("not-found", "/khong-co"), ("mail-list", "/mail")):
        page.goto(address)
        year.seen(page, name, axe=True)
    page.locator("a.subject").first.click()
    page.wait_for_load_state()
    year.seen(page, "mail", axe=True)
    year.sign_in("tracker", page)
    for name, address in (("board", "/bang"), ("board-narrow", "/bang?state=red&quarter=2"), ("board-none", "/bang?q=khong-co"), ("inbox", "/viec"), ("feeds", "/lich"), ("start-in", "/")):
        page.goto(address)
        year.seen(page, name, axe=True)
    page.goto("/viec")
    page.locator(".list a").first.click()
    year.seen(page, "occurrence", axe=True)
    page.goto("/bang?state=overdue")
    page.locator(".list a").first.click()
    year.seen(page, "occurrence-overdue", axe=True)
