"""A unit answers from its mail, as a person would: at a desk, on a phone, in a browser that runs no script."""

from __future__ import annotations

import re

import pytest
from installation import HCQT, at
from playwright.sync_api import Page, expect
from served import Site

Q1 = "ke-hoach/quy-mot/2024-Q1"
TITLE = "Kế hoạch theo dõi thi hành pháp luật"
PDF = {"name": "Kế hoạch số 63.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n63"}
ANSWERS = {
    "Đã tiếp nhận nhiệm vụ": "occurrence.acknowledged",
    "Báo kết quả": "occurrence.submitted",
    "Đề nghị gia hạn": "occurrence.extension_requested",
    "Báo vướng mắc": "occurrence.difficulty_raised",
}


@pytest.fixture
def unit(site: Site, way: str) -> Page:
    """The unit's browser with the duty's page open, as its mail's link opens it."""
    site.way = way
    page = site.new_page()
    page.goto(mailed_link(site))
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLE)
    return page


def mailed_link(site: Site) -> str:
    """The link beside the duty in the unit's mail."""
    text = site.installation.post.text(HCQT)
    links = re.findall(re.escape(site.portal.public_url) + r"/a/\S+", text[text.index(TITLE) :])
    return str(links[0])


def fill(page: Page, button: str) -> None:
    """What that answer needs."""
    if button == "Báo kết quả":
        page.get_by_label("Số, ký hiệu văn bản").first.fill("63/KH-VP")
        page.get_by_label("Ngày văn bản").first.fill("2024-03-20")
        page.get_by_label("Người ký").first.fill("Chánh Văn phòng")
        page.get_by_label("Tệp kèm theo").set_input_files([PDF])  # type: ignore[list-item]
        page.get_by_label("Ghi chú kết quả").first.fill("Đã ban hành.")
    if button == "Đề nghị gia hạn":
        page.get_by_text("Cần thêm thời gian").click()
        page.get_by_label("Đề nghị gia hạn đến hết ngày").fill("2024-04-15")
        page.get_by_label("Lý do").fill("Chờ ý kiến Sở Tư pháp.")
    if button == "Báo vướng mắc":
        page.get_by_text("Có vướng mắc").click()
        page.get_by_label("Nội dung vướng mắc").fill("Chưa có số liệu.")
        page.get_by_label("Ai có thể giúp").fill("Sở Nội vụ")


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


# Every answer at a desk; what needs typing on a phone, what needs a file or nothing without scripts.
@pytest.mark.parametrize(
    ("button", "way"),
    [
        *((name, "desktop") for name in ANSWERS),
        ("Báo kết quả", "phone"),
        ("Đề nghị gia hạn", "phone"),
        ("Đã tiếp nhận nhiệm vụ", "without-script"),
        ("Báo kết quả", "without-script"),
    ],
)
def test_an_answer_is_given_once_and_the_back_button_tells_so(site: Site, unit: Page, button: str) -> None:
    site.seen(unit, f"answer-{ANSWERS[button]}-before")
    fill(unit, button)
    if button != "Đã tiếp nhận nhiệm vụ":
        site.seen(unit, f"answer-{ANSWERS[button]}-filled")
    press(unit, button)
    expect(unit.get_by_role("heading", level=1)).to_have_text("Đã ghi nhận")
    site.seen(unit, f"answer-{ANSWERS[button]}-recorded")
    (entry,) = site.installation.ledger(ANSWERS[button])
    assert entry["actor"] == "unit:hcqt"
    recorded = len(site.installation.ledger())
    unit.reload()
    unit.go_back()
    expect(unit.get_by_role("heading", level=1)).to_contain_text(TITLE)
    expect(unit.get_by_role("button", name=button, exact=True)).to_have_count(0)  # the page as it is now
    assert len(site.installation.ledger()) == recorded
    site.seen(unit, f"answer-{ANSWERS[button]}-after")


@pytest.mark.parametrize("way", ["desktop"])
def test_two_windows_and_a_double_click_record_one_answer(site: Site, unit: Page) -> None:
    second = unit.context.new_page()
    second.goto(unit.url)
    for page in (unit, second):
        fill(page, "Báo kết quả")
    unit.get_by_role("button", name="Báo kết quả", exact=True).dblclick()
    expect(unit.get_by_role("heading", level=1)).to_contain_text("ghi nhận")
    press(second, "Báo kết quả")
    expect(second.get_by_role("heading", level=1)).to_contain_text("Trả lời này đã được ghi nhận lúc")
    assert len(site.installation.ledger("occurrence.submitted")) == 1


@pytest.mark.parametrize("way", ["desktop", "phone"])
def test_a_late_result_is_asked_for_its_reason_and_loses_nothing_typed(site: Site, unit: Page) -> None:
    site.portal.now = at("2024-04-05", "09:00")
    unit.reload()
    expect(unit.locator(".standing")).to_contain_text("quá hạn", ignore_case=True)
    expect(unit.get_by_text("Cần thêm thời gian")).to_have_count(0)
    site.seen(unit, "late")
    unit.get_by_label("Số, ký hiệu văn bản").first.fill("64/KH-VP")
    unit.get_by_label("Tệp kèm theo").set_input_files([PDF])  # type: ignore[list-item]
    press(unit, "Báo kết quả")
    expect(unit.get_by_role("alert")).to_contain_text("Chưa ghi nhận.")
    expect(unit.get_by_label("Nguyên nhân chậm")).to_have_attribute("aria-invalid", "true")
    expect(unit.get_by_label("Số, ký hiệu văn bản").first).to_have_value("64/KH-VP")
    expect(unit.get_by_text("xin chọn lại: Kế hoạch số 63.pdf")).to_be_visible()
    site.seen(unit, "late-unexplained")
    unit.get_by_label("Nguyên nhân chậm").fill("Chờ ý kiến các sở.")
    press(unit, "Báo kết quả")
    expect(unit.get_by_role("heading", level=1)).to_have_text("Đã ghi nhận")
    assert site.installation.ledger("occurrence.submitted")[-1]["body"]["reason"] == "Chờ ý kiến các sở."


@pytest.mark.parametrize("way", ["desktop"])
def test_everything_a_unit_owes_and_each_duty_from_there(site: Site, unit: Page) -> None:
    unit.get_by_role("link", name="Tất cả nhiệm vụ chưa hoàn thành của đơn vị").click()
    expect(unit.get_by_role("heading", level=1)).to_have_text("Nhiệm vụ chưa hoàn thành của đơn vị")
    site.seen(unit, "owed")
    unit.locator(".owed a").click()
    expect(unit.get_by_role("heading", name="Trả lời")).to_be_visible()
    unit.goto(unit.url + "/all")
    unit.get_by_role("link", name="← Về nhiệm vụ trong thư").click()
    expect(unit.get_by_role("heading", name="Quá trình")).to_be_visible()


@pytest.mark.parametrize("way", ["desktop"])
def test_links_that_do_not_open_say_why_and_whom_to_ask(site: Site, way: str) -> None:
    site.way = way
    page, link = site.new_page(), mailed_link(site)
    old = site.portal.token(Q1, "unit:hcqt", until="2024-03-01")
    for name, address, heading in (
        ("link-altered", link[:-3] + ("AAA" if not link.endswith("AAA") else "BBB"), "Liên kết này không đúng"),
        ("link-cut", link[:-9], "Liên kết này không đúng"),
        ("link-old", f"/a/{old}", "Liên kết này đã hết hiệu lực"),
    ):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(page.get_by_text("xin liên hệ Trưởng phòng Hành chính")).to_be_visible()
        site.seen(page, name)
    site.installation.submit(Q1, at("2024-03-22"))
    site.installation.act(Q1, "accept", at("2024-03-22"), "role:tracker")
    page.goto(link)
    expect(page.get_by_text("Nhiệm vụ đã kết thúc")).to_be_visible()
    site.seen(page, "link-ended")


@pytest.mark.parametrize("way", ["phone", "without-script"])
def test_from_the_mailbox_to_the_recorded_answer_in_three_presses(site: Site, way: str) -> None:
    site.way = way
    page = site.new_page()
    page.goto(f"/mail?token={site.portal.key}")
    page.goto(f"/mail?to={HCQT}")
    site.seen(page, "mailbox")
    page.locator("a.subject").first.click()
    site.seen(page, "mailbox-letter")
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("link", name=re.compile("Trả lời|trả lời")).first.click()
    duty = opened.value
    expect(duty.get_by_role("heading", name="Trả lời")).to_be_visible()
    press(duty, "Đã tiếp nhận nhiệm vụ")
    expect(duty.get_by_role("heading", level=1)).to_have_text("Đã ghi nhận")
    assert len(site.installation.ledger("occurrence.acknowledged")) == 1
