"""Keyboard alone, and what a screen reader is told."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect
from served import Site

Q1 = "ke-hoach/quy-mot/2024-Q1"


@pytest.mark.parametrize("way", ["phone"])
def test_a_table_stays_a_table_for_a_screen_reader_on_a_phone(site: Site, way: str) -> None:
    page = site.new_page(way)
    site.sign_in("head", page)
    page.goto("/bang?unit=ttpvks&quarter=1")
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in nodes if not node.get("ignored")]
    assert roles.count("table") == 2, json.dumps(sorted(set(roles)))
    # The small table: a head, one unit and the sum of six columns; the list: a head and three lines of five.
    assert roles.count("row") == 3 + 4
    assert roles.count("columnheader") == 6 + 5
    assert roles.count("rowheader") == 2 + 3


def focused(page: Page) -> str:
    """What has the focus, after it was seen that it shows."""
    found: list[str] = page.evaluate(
        """() => { const e = document.activeElement, s = getComputedStyle(e), label = e.labels && e.labels[0];
        return [(label ? label.childNodes[0].textContent : e.innerText || e.value || e.name).trim(), s.outlineStyle, s.outlineWidth]; }"""
    )
    assert (found[1], found[2]) == ("solid", "3px"), found
    return found[0]


def test_a_duty_is_answered_by_keyboard_alone(site: Site) -> None:
    page = site.new_page()
    page.goto(f"/a/{site.portal.token(Q1, 'unit:hcqt')}")
    order = []
    for _ in range(14):
        page.keyboard.press("Tab")
        order.append(focused(page))
        if order[-1] == "Báo kết quả":
            break
    asked = ["Số, ký hiệu văn bản", "Ngày văn bản", "Người ký", "Tệp kèm theo", "Ghi chú kết quả", "Báo kết quả"]
    assert order[:4] == ["Đến nội dung chính", "Đôn đốc", "Đã tiếp nhận nhiệm vụ", "Đã hoàn thành, báo kết quả"]
    assert list(dict.fromkeys(order[4:])) == asked
    page.get_by_label("Số, ký hiệu văn bản").first.focus()
    page.keyboard.type("63/KH-VP")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Đã ghi nhận")
    assert site.installation.ledger("occurrence.submitted")[-1]["body"]["document"] == "63/KH-VP"


def test_signing_in_and_deciding_by_keyboard_alone(site: Site) -> None:
    site.installation.submit(Q1, site.portal.now)
    page = site.new_page()
    page.goto("/vao")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.type("truong-hcqt@vpub.quangngai.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Xin xem hộp thư")
    page.goto(site.last_link("tracker"))
    until(page, "Đăng nhập")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bảng theo dõi")
    page.goto("/viec")
    until(page, "II.1.e · Kế hoạch theo dõi thi hành pháp luật")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Quyết định của người theo dõi")).to_be_visible()
    until(page, "Trả lại để hoàn thiện")
    page.keyboard.press("Space")
    until(page, "Lý do")
    page.keyboard.type("Thiếu phụ lục.")
    page.keyboard.press("Tab")
    assert focused(page) == "Trả lại để hoàn thiện"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Đã trả lại kết quả")


def until(page: Page, name: str) -> None:
    """Tab until that has the focus."""
    seen = []
    while not seen or seen[-1] != name:
        page.keyboard.press("Tab")
        seen.append(focused(page))
        assert len(seen) < 40, seen
