"""What the office takes away and hands on: files, workbooks, documents, figures back to the ledger, and each other's work."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from installation import HCQT, at
from office_portal import enlarge
from playwright.sync_api import Page, expect
from served import Site
from servers import eventually

Q1 = "ke-hoach/quy-mot/2024-Q1"
MARCH = "chi-so/ket-qua/2024-03"
CONTENT = b"%PDF-1.7\n63"
PDF = {"name": "Kế hoạch số 63.pdf", "mimeType": "application/pdf", "buffer": CONTENT}
WIDTHS = pytest.mark.parametrize("way", ["desktop", "phone"])


def taken(page: Page, name: str) -> tuple[str, bytes]:
    """What a press on that link or button downloads: its name and content."""
    with page.expect_download() as download:
        page.get_by_role("link", name=name).or_(page.get_by_role("button", name=name)).first.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def parts(content: bytes) -> set[str]:
    return set(zipfile.ZipFile(io.BytesIO(content)).namelist())


@WIDTHS
def test_an_old_or_damaged_link_brings_a_new_one(site: Site, way: str) -> None:
    site.way = way
    page = site.new_page()
    page.goto(f"/a/{site.portal.token(Q1, 'unit:hcqt', until='2024-03-01')}")
    site.seen(page, "new-link-old", axe=True)
    page.get_by_role("button", name="Gửi liên kết mới đến hộp thư đơn vị").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xin xem hộp thư của đơn vị")
    site.seen(page, "new-link-sent", axe=True)
    page.goto(newest_link(site, 1))
    expect(page.get_by_role("heading", name="Trả lời")).to_be_visible()
    page.goto("/a/khong-dung")
    page.get_by_label("Hoặc nhập địa chỉ thư của đơn vị").fill(HCQT)
    page.get_by_role("button", name="Gửi liên kết mới").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xin xem hộp thư của đơn vị")
    page.goto(newest_link(site, 2))  # one link a duty: each opens its own
    expect(page.get_by_role("heading", name="Trả lời")).to_be_visible()


def newest_link(site: Site, number: int) -> str:
    """The link in the unit's last mail, once so many were sent on asking."""
    eventually(lambda: asked(site) >= number)
    return re.findall(re.escape(site.portal.public_url) + r"/a/\S+", site.installation.post.text(HCQT))[-1]


def asked(site: Site) -> int:
    return sum(entry["body"].get("kind") == "new-link" for entry in site.installation.ledger("notice."))


@WIDTHS
def test_somebody_is_named_to_stand_in_and_acts(site: Site, way: str) -> None:
    site.way = way
    site.installation.act(MARCH, "submit", at("2024-03-22", "08:45"), "unit:ttpvks", document="12/KH-VP")
    tracker = site.signed_in("tracker")
    tracker.goto("/viec")
    tracker.get_by_role("link", name="Người thay khi vắng").click()
    tracker.get_by_label("Người thay").select_option(label="Phó Chánh Văn phòng")
    tracker.get_by_label("Đến hết ngày").fill("2024-03-21")
    tracker.get_by_label("Lý do").fill("Đi công tác")
    tracker.get_by_role("button", name="Ghi phân công").click()
    expect(tracker.get_by_role("alert")).to_be_visible()
    expect(tracker.get_by_label("Lý do")).to_have_value("Đi công tác")
    site.seen(tracker, "absence-refused", axe=True)
    tracker.get_by_label("Đến hết ngày").fill("2024-03-29")
    tracker.get_by_role("button", name="Ghi phân công").click()
    expect(tracker.get_by_role("status")).to_contain_text("Đã ghi phân công")
    site.seen(tracker, "absence-recorded", axe=True)
    deputy = site.signed_in("deputy")
    deputy.goto(f"/ky/nho-2024/{MARCH}")
    expect(deputy.locator(".who")).to_contain_text("đang thay Trưởng phòng Hành chính - Quản trị")
    site.seen(deputy, "standing-in", axe=True)
    deputy.get_by_role("button", name="Duyệt kết quả").click()
    expect(deputy.get_by_role("status")).to_contain_text("Đã duyệt kết quả")
    (entry,) = site.installation.ledger("occurrence.accepted")
    assert entry["actor"] == "role:deputy for role:tracker"
    tracker.get_by_role("button", name="Thôi phân công").click()
    expect(tracker.get_by_role("status")).to_contain_text("Đã thôi phân công")
    deputy.reload()
    expect(deputy.locator(".who")).not_to_contain_text("đang thay")


@WIDTHS
def test_what_a_unit_hands_in_is_downloaded_and_its_loss_is_said(site: Site, way: str) -> None:
    site.way = way
    unit = site.new_page()
    unit.goto(f"/a/{site.portal.token(Q1, 'unit:hcqt')}")
    unit.get_by_label("Tệp kèm theo").set_input_files([PDF])  # type: ignore[list-item]
    unit.get_by_label("Số, ký hiệu văn bản").first.fill("63/KH-VP")
    unit.get_by_role("button", name="Báo kết quả", exact=True).click()
    expect(unit.get_by_role("heading", level=1)).to_have_text("Đã ghi nhận")
    unit.goto(f"/a/{site.portal.token(Q1, 'unit:hcqt')}")
    assert taken(unit, PDF["name"]) == (PDF["name"], CONTENT)  # type: ignore[arg-type]
    auditor = site.signed_in("auditor")
    auditor.goto(f"/ky/nho-2024/{Q1}")
    assert taken(auditor, PDF["name"]) == (PDF["name"], CONTENT)  # type: ignore[arg-type]
    (entry,) = site.installation.ledger("file.downloaded")
    assert (entry["actor"], entry["body"]["name"]) == ("role:auditor", PDF["name"])
    for path in (site.installation.settings.var / "files").rglob("*"):
        if path.is_file():
            path.unlink()
    auditor.get_by_role("link", name="Kế hoạch số 63.pdf").click()
    expect(auditor.get_by_role("heading", level=1)).to_have_text("Tệp này không còn trên máy")
    site.seen(auditor, "file-lost", axe=True)


@WIDTHS
def test_the_inbox_is_filtered_and_turned(site: Site, way: str) -> None:
    site.way = way
    site.installation.submit(MARCH, at("2024-03-22", "08:45"))
    site.installation.submit(Q1, at("2024-03-22", "08:45"))
    enlarge(site.installation, 60 * len(site.installation.states()))
    page = site.signed_in("tracker")
    page.goto("/viec")
    page.get_by_role("link", name=re.compile(r"Xem cả \d+ việc")).click()
    site.seen(page, "inbox-all", axe=True)
    expect(page.get_by_label("Loại việc")).to_have_value("review")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(1 + 40)
    page.get_by_role("link", name="Trang sau").click()
    expect(page.get_by_role("heading", name="trang 2 trên 3")).to_be_visible()
    page.get_by_label("Đơn vị chủ trì").select_option(label="TT. PVKS TTHC")
    page.get_by_role("button", name="Lọc").click()
    expect(page.get_by_role("heading", name="Kết quả chờ duyệt")).to_contain_text("60, trang 1 trên 2")
    page.get_by_role("link", name="Trang sau").click()
    expect(rows).to_have_count(1 + 20)
    page.get_by_label("Phạm vi").select_option(label="Đơn vị do người theo dõi phụ trách")
    page.get_by_role("button", name="Lọc").click()
    expect(page.get_by_text("Không có việc nào chờ.")).to_be_visible()
    page.get_by_role("link", name="Bỏ lọc").click()
    expect(page).to_have_url(site.portal.public_url + "/viec")


def test_the_board_and_the_documents_are_taken_along(year: Site) -> None:
    year.way = "desktop"
    page = year.signed_in("tracker")
    page.goto("/bang?quarter=1")
    name, content = taken(page, ".xlsx")
    assert name == "tien-do-cchc-2024.xlsx"
    assert "xl/workbook.xml" in parts(content)
    page.goto("/van-ban")
    for button in ("Tải báo cáo tiến độ", "Tải công văn đôn đốc", "Dự thảo: Kế hoạch theo dõi"):
        name, content = taken(page, button)
        assert name.endswith(".docx")
        assert "word/document.xml" in parts(content)
    page.goto("/diem")
    name, content = taken(page, "Tải bảng điểm và căn cứ (.xlsx)")
    assert name.endswith("cchc-2024.xlsx")
    assert "xl/workbook.xml" in parts(content)


def test_a_figure_leads_to_the_entry_it_was_counted_from(year: Site) -> None:
    year.way = "desktop"
    page = year.signed_in("head")
    page.goto("/diem")
    figure = page.locator(".scores a").first
    number = int((figure.text_content() or "").rpartition(":")[2])
    figure.click()
    expect(page.get_by_role("heading", name="Căn cứ")).to_contain_text(f": {number}")
    proofs = page.locator(".list tbody tr")
    expect(proofs).to_have_count(number)
    entry = proofs.first.get_by_role("cell").last.get_by_role("link").first
    seq = entry.inner_text().replace(".", "")
    entry.click()
    expect(page.locator(f"#m{seq}")).to_be_in_viewport()


def test_a_month_of_the_index_and_the_pictures_of_the_plan(year: Site) -> None:
    year.way = "desktop"
    page = year.signed_in("head")
    page.goto("/bang")
    page.get_by_role("link", name="Chỉ số phục vụ").click()
    page.get_by_role("combobox", name="Tháng").select_option("2024-04")
    page.get_by_role("button", name="Xem").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("tháng 4/2024")
    page.get_by_role("link", name="Biểu đồ tiến độ kế hoạch").click()
    page.get_by_text("Bảng số liệu").first.click()
    expect(page.get_by_role("table").first).to_be_visible()
    for picture in page.get_by_role("img").all():
        assert len(picture.get_attribute("alt") or "") > 100
