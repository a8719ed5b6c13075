"""The index's page and the plan's pictures: who sees them, what they say, and that every picture has words and a table."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import AsyncClient
from installation import CONFIG, Installation, at
from office_portal import Portal

from flows.collect import collect
from flows.sweep import sweep

pytestmark = pytest.mark.usefixtures("plain_tasks")
DEMO = CONFIG / "demo" / "figures" / "2024"
PAGES = ("/chi-so", "/chi-so/xu-huong.svg", "/bieu-do", "/bieu-do/thoi-gian.svg", "/bieu-do/don-vi.svg")


@pytest.fixture
def portal(installation: Installation, tmp_path: Path) -> Portal:
    return Portal(installation, tmp_path / "mail", at("2024-09-16", "09:00"), public_url="https://dondoc.example")


@pytest.fixture
async def browser(portal: Portal) -> AsyncIterator[AsyncClient]:
    async with portal.signed_in("head") as client:
        yield client


def collected(installation: Installation, *days: str) -> None:
    folder = installation.settings.figures / "2024"
    folder.mkdir(parents=True, exist_ok=True)
    for path in DEMO.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    for day in days:
        sweep.fn("nho-2024", as_of=at(day, "07:50"))
        collect.fn("nho-2024", item="chi-so", as_of=at(day, "08:00"))


@pytest.mark.parametrize("page", PAGES)
async def test_only_who_may_see_the_board_sees_the_index(portal: Portal, page: str) -> None:
    async with portal.browser() as nobody:
        answer = await nobody.get(page)
        assert (answer.status_code, answer.headers["location"][:4]) == (303, "/vao")


async def test_before_any_figures_the_page_says_so(browser: AsyncClient) -> None:
    answer = await browser.get("/chi-so")
    assert answer.status_code == 200
    assert "Chưa có số liệu tháng nào" in answer.text
    assert (await browser.get("/chi-so/xu-huong.svg")).status_code == 404


async def test_the_page_shows_the_month_its_change_the_portals_points_and_the_year(
    installation: Installation, browser: AsyncClient
) -> None:
    collected(installation, "2024-01-31", "2024-02-29")
    text = (await browser.get("/chi-so")).text
    assert "doanh nghiệp tháng 2/2024" in text
    for said in ("<b>83,19</b> trên 100 điểm", "<b>+0,20</b> so với tháng trước", "Kế hoạch không đặt chỉ tiêu",
                 "<b>0,00</b> so với điểm trên Cổng", 'alt="Biểu đồ tổng điểm', "Tháng 1: 82,99 điểm; Tháng 2: 83,19 điểm"):  # fmt: skip
        assert said in text
    assert "<script" not in text
    assert "style=" not in text
    january = (await browser.get("/chi-so?thang=2024-01")).text
    assert "<b>82,99</b>" in january


async def test_the_page_compares_the_units_of_a_month_that_names_some(
    installation: Installation, browser: AsyncClient
) -> None:
    collected(installation, "2024-05-31", "2024-06-28", "2024-07-31")
    text = " ".join((await browser.get("/chi-so?thang=2024-06")).text.split())
    assert '<h2 id="units">Theo đơn vị</h2>' in text
    # 85,64 after 85,22; the groups as computed from the unit's own counts
    assert (
        '<tr><th scope="row">Sở Tư pháp</th><td>85,64</td><td>+0,42</td><td>17,99</td><td>20,00</td><td>9,53</td>'
        "<td>6,36</td><td>13,76</td><td>18,00</td></tr>"
    ) in text
    assert text.index(">Sở Tư pháp<") < text.index(">Sở Giao thông vận tải<") < text.index(">Sở Tài nguyên và")
    assert "Theo đơn vị" not in (await browser.get("/chi-so?thang=2024-07")).text


async def test_a_held_month_shows_why_and_no_total(installation: Installation, browser: AsyncClient) -> None:
    collected(installation, "2024-07-31", "2024-08-30")
    text = (await browser.get("/chi-so")).text
    assert "Chưa công bố được" in text
    assert "ELECTRONIC_CERTIFIED_COPY (Chứng thực bản sao điện tử): chưa có tử số, mẫu số" in text
    assert re.search(r'class="sum"><th scope="row">Tổng điểm</th><td>chưa đủ số liệu', text)
    assert "Tháng 8:" not in text, "a held month is not in the picture's words"


async def test_a_corrected_month_shows_both_versions(installation: Installation, browser: AsyncClient) -> None:
    collected(installation, "2024-08-30", "2024-09-16")
    text = (await browser.get("/chi-so?thang=2024-08")).text
    assert "Lần 2 (đang dùng)" in text
    assert "Thay đổi: ELECTRONIC_CERTIFIED_COPY." in text
    assert "<b>84,68</b>" in text


@pytest.mark.parametrize("page", ["/chi-so/xu-huong.svg", "/bieu-do/thoi-gian.svg", "/bieu-do/don-vi.svg"])
async def test_a_picture_is_served_whole_without_scripts_and_the_same_twice(
    installation: Installation, browser: AsyncClient, page: str
) -> None:
    collected(installation, "2024-01-31")
    first, second = await browser.get(page), await browser.get(page)
    assert (first.status_code, first.headers["content-type"]) == (200, "image/svg+xml")
    assert first.content == second.content
    assert b"<script" not in first.content
    assert "sandbox" in first.headers["content-security-policy"]


async def test_the_plans_pictures_have_words_and_tables_with_the_same_numbers(
    installation: Installation, browser: AsyncClient
) -> None:
    collected(installation, "2024-01-31")
    text = (await browser.get("/bieu-do")).text
    assert text.count('<img class="chart"') == text.count("<table") == 2
    assert re.search(r"theo đơn vị và tháng năm 2024 \(tính đến 16/09/2024\)\. .*TT\. PVKS TTHC: T1 1, ", text)
    assert "<script" not in text
    assert "style=" not in text


@pytest.mark.parametrize("query", ["?thang=2024-99", "?plan=x", "?thang=%00&plan=%ff", "?thang=../../etc"])
async def test_no_question_breaks_the_page(installation: Installation, browser: AsyncClient, query: str) -> None:
    collected(installation, "2024-01-31")
    for page in PAGES:
        assert (await browser.get(page + query)).status_code == 200
