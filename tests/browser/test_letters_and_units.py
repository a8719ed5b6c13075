"""The tracker looks at a letter and puts it away; the index compares units. On a desk, on a phone, without script."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from installation import CONFIG, TTPVKS, at
from letters import duty_address, letter
from playwright.sync_api import expect
from served import WAYS, Site, elsewhere

from tasks.inbox.receiving import receive
from tasks.index.figures import hand_in
from tasks.index.publishing import publish_index

BASE = "dondoc@vpub.quangngai.example"


@pytest.mark.parametrize("way", WAYS)
def test_a_letter_is_looked_at_and_put_away(site: Site, way: str) -> None:
    site.way, office = way, site.installation
    office.settings = replace(office.settings, reply_base=BASE)
    site.morning(at("2024-03-25"))
    march = "nho-2024/chi-so/ket-qua/2024-03"
    to = duty_address(office, march, "unit:ttpvks")
    text = "Kính gửi Văn phòng,\nĐơn vị đang tổng hợp, sẽ gửi số liệu trước ngày 29/3."
    for content in (
        letter(to, TTPVKS, text, name="Ghi chú.txt", content=b"x", subject="Re: Sắp đến hạn: Chỉ số phục vụ"),
        letter(BASE, "nguyen.van.a@gmail.example", "Xin hỏi thủ tục cấp bản sao.", subject="Hỏi thủ tục"),
    ):
        elsewhere(lambda content=content: receive(office.morning(at("2024-03-25", "08:50")), content))
    page = site.new_page()
    site.sign_in("tracker", page)
    page.goto("/viec")
    letters = page.get_by_role("region", name="Thư cần xem").or_(page.locator("section[aria-labelledby=letter]"))
    expect(letters.get_by_role("row")).to_have_count(3)
    site.seen(page, f"inbox-letters-{way}", axe=way != "without-script")
    letters.get_by_role("link", name="Re: Sắp đến hạn: Chỉ số phục vụ").click()
    expect(page.get_by_text("Đơn vị đang tổng hợp")).to_be_visible()
    site.seen(page, f"letter-{way}", axe=way != "without-script")
    with page.expect_download() as download:
        page.get_by_role("link", name="Ghi chú.txt").click()
    assert download.value.suggested_filename == "Ghi chú.txt"
    page.get_by_role("button", name="Đã xem").click()
    expect(page.get_by_role("status")).to_contain_text("Đã ghi là đã xem thư")
    expect(letters.get_by_role("row")).to_have_count(2)
    letters.get_by_role("link", name="Hỏi thủ tục").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hỏi thủ tục")
    page.get_by_role("button", name="Đã xem").click()
    expect(page.get_by_text("Không có thư nào cần xem.")).to_be_visible()


@pytest.mark.parametrize("way", ["desktop", "phone"])
def test_the_index_compares_the_units_of_a_month(site: Site, way: str) -> None:
    site.way, office = way, site.installation
    shutil.copytree(CONFIG / "demo/figures/2024", office.settings.figures / "2024")
    morning = office.morning(at("2024-12-02"))
    elsewhere(lambda: (hand_in(morning, "chi-so"), publish_index(morning, "chi-so")))
    page = site.new_page()
    site.sign_in("head", page)
    page.goto("/chi-so?thang=2024-11")
    table = page.get_by_role("region", name="Theo đơn vị")
    expect(table.get_by_role("row")).to_have_count(6)
    expect(table.get_by_role("row").nth(5)).to_contain_text("Sở Giao thông vận tải")
    expect(table.get_by_role("row").nth(5)).to_contain_text("chưa đủ số liệu")
    site.seen(page, f"index-units-{way}", axe=True)
