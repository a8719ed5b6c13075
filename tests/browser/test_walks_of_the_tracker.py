"""The tracker signs in by mail, finds what waits, and decides; the board answers to its address."""

from __future__ import annotations

from datetime import date

import pytest
from installation import at
from playwright.sync_api import Page, expect
from served import Site

Q1 = "ke-hoach/quy-mot/2024-Q1"
DECISIONS = {
    "Duyệt kết quả": "occurrence.accepted",
    "Trả lại để hoàn thiện": "occurrence.returned",
    "Gia hạn": "occurrence.extended",
    "Không đồng ý gia hạn": "occurrence.extension_refused",
    "Trả lời vướng mắc": "occurrence.difficulty_answered",
    "Cho miễn thực hiện": "occurrence.waived",
}
WAITING = {
    "Duyệt kết quả": "Kết quả chờ duyệt",
    "Trả lại để hoàn thiện": "Kết quả chờ duyệt",
    "Gia hạn": "Đề nghị gia hạn",
    "Không đồng ý gia hạn": "Đề nghị gia hạn",
    "Trả lời vướng mắc": "Vướng mắc chờ trả lời",
    "Cho miễn thực hiện": "Vướng mắc chờ trả lời",
}


@pytest.fixture
def tracker(site: Site, way: str) -> Page:
    """The tracker's browser, signed in."""
    site.way = way
    page = site.new_page()
    site.sign_in("tracker", page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bảng theo dõi")
    return page


def waits(site: Site, decision: str) -> None:
    """Something that decision is about was handed in this morning."""
    now, unit = at("2024-03-22", "08:45"), "unit:hcqt"
    heading = WAITING[decision]
    if heading == "Kết quả chờ duyệt":
        site.installation.act(Q1, "submit", now, unit, document="63/KH-VP", note="Đã ban hành")
    elif heading == "Đề nghị gia hạn":
        site.installation.act(Q1, "extend_request", now, unit, reason="Chờ Sở Tư pháp", until=date(2024, 4, 15))
    else:
        site.installation.act(Q1, "raise_difficulty", now, unit, reason="Thiếu số liệu", note="Sở Nội vụ")


# Every decision at a desk, and one in each of the other two ways.
@pytest.mark.parametrize(
    ("decision", "way"),
    [
        *((name, "desktop") for name in DECISIONS),
        ("Gia hạn", "phone"),
        ("Trả lại để hoàn thiện", "without-script"),
    ],
)
def test_what_waits_is_found_and_decided_once(site: Site, tracker: Page, decision: str) -> None:
    waits(site, decision)
    tracker.get_by_role("link", name="Việc chờ xử lý").click()
    section = tracker.get_by_role("region", name=WAITING[decision])
    first = decision in ("Duyệt kết quả", "Gia hạn", "Cho miễn thực hiện")  # of each kind, the pages are alike
    if first:
        site.seen(tracker, f"inbox-{DECISIONS[decision]}")
    section.get_by_role("link").click()
    form = tracker.locator(f'details:has(> summary:text-is("{decision}"))')
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    fields = {"Lý do": "Theo ý kiến lãnh đạo.", "Nội dung trả lời": "Cử thêm người.", "Số, ký hiệu văn bản quyết định": "99/QĐ-VP",
              "Ngày văn bản": "2024-03-20", "Ghi chú (không bắt buộc)": "Đủ."}  # fmt: skip
    for label, value in fields.items():
        if form.get_by_label(label).count():
            form.get_by_label(label).fill(value)
    if first:
        site.seen(tracker, f"decide-{DECISIONS[decision]}")
    form.get_by_role("button", name=decision, exact=True).click()
    expect(tracker.get_by_role("status")).to_be_visible()
    (entry,) = site.installation.ledger(DECISIONS[decision])
    assert entry["actor"] == "role:tracker"
    if first:
        site.seen(tracker, f"decided-{DECISIONS[decision]}")
    recorded = len(site.installation.ledger())
    tracker.go_back()
    assert len(site.installation.ledger()) == recorded
    tracker.goto("/viec")
    expect(tracker.get_by_role("region", name=WAITING[decision]).get_by_role("link")).to_have_count(0)


@pytest.mark.parametrize("way", ["desktop", "without-script"])
def test_the_filters_stand_in_the_address(site: Site, tracker: Page) -> None:
    tracker.get_by_label("Đơn vị chủ trì").select_option(label="TT. PVKS TTHC")
    tracker.get_by_label("Quý đến hạn").select_option(label="Quý I")
    tracker.get_by_label("Từ khóa").fill("chi so")
    tracker.get_by_role("button", name="Lọc").click()
    expect(tracker).to_have_url(site.portal.public_url + "/bang?unit=ttpvks&quarter=1&state=&q=chi+so&ngay=")
    rows = tracker.get_by_role("table").last.get_by_role("row")
    expect(rows).to_have_count(4)
    site.seen(tracker, "board-filtered")
    shared = tracker.context.new_page()
    shared.goto(tracker.url)
    expect(shared.get_by_label("Đơn vị chủ trì")).to_have_value("ttpvks")
    expect(shared.get_by_label("Từ khóa")).to_have_value("chi so")
    shared.get_by_role("link", name="Bỏ lọc").click()
    expect(shared).to_have_url(site.portal.public_url + "/bang")
    shared.go_back()
    expect(shared.get_by_label("Quý đến hạn")).to_have_value("1")


@pytest.mark.parametrize("way", ["desktop"])
def test_a_page_asked_for_is_reached_after_signing_in_and_gone_after_signing_out(site: Site, way: str) -> None:
    site.way = way
    page = site.new_page()
    page.goto("/viec")
    site.seen(page, "asked-to-sign-in")
    address = "truong-hcqt@vpub.quangngai.example"
    page.get_by_label("Địa chỉ thư điện tử").fill(address)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Xin xem hộp thư")
    site.seen(page, "link-sent")
    link = site.last_link("tracker")
    page.goto(link)
    site.seen(page, "sign-in-confirm")
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Việc chờ xử lý")
    other = site.new_page()
    other.goto(link)
    expect(other.get_by_role("alert")).to_contain_text("đã được dùng")
    site.seen(other, "sign-in-used")
    page.get_by_role("button", name="Đăng xuất").click()
    page.goto("/viec")
    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")


@pytest.mark.parametrize("way", ["desktop"])
def test_an_auditor_sees_and_decides_nothing(site: Site, way: str) -> None:
    site.way = way
    page = site.new_page()
    waits(site, "Duyệt kết quả")
    site.sign_in("auditor", page)
    page.goto(f"/ky/nho-2024/{Q1}")
    expect(page.get_by_text("Quyết định của người theo dõi")).to_have_count(0)
    site.seen(page, "occurrence-auditor")
    page.goto("/viec")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Vai trò này không được")
    site.seen(page, "refused-role")
