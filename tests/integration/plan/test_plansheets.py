"""A plan through a workbook: unedited nothing changes; every edit is listed and nothing else of the file moves."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable
from datetime import date
from difflib import unified_diff
from functools import cache
from typing import Any

import openpyxl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installation import CONFIG, PLAN
from openpyxl.worksheet.worksheet import Worksheet

from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.office.wording import clean
from dondoc.plan.plan_file import read_plan
from dondoc.plan.timings import BeforeTiming, ByTiming, QuarterTiming
from dondoc.planning.workbook_cells import CellContext
from tasks.config.loading import load_rules, words
from tasks.plan.workbook import Returned, export_plan, import_plan

REAL = (CONFIG / "plans/2024.yaml").read_bytes().decode()
Edit = Callable[[Any], None]
ITEMS, DUTIES = "Nhiệm vụ", "Nghĩa vụ"


def desk() -> CellContext:
    sheet = yaml.safe_load((CONFIG / "words/vi/plansheet.yaml").read_text(encoding="utf-8"))
    return CellContext(load_rules(CONFIG).office, sheet, words(CONFIG)["shapes"], 2024)


@cache
def exported(text: str) -> bytes:
    return export_plan(text, parse_yaml(text, "p").value, desk())


def back(edit: Edit, text: str = REAL, onto: str = "") -> Returned:
    """Export, edit with openpyxl, import."""
    onto = onto or text
    book = openpyxl.load_workbook(io.BytesIO(exported(text)))
    edit(book)
    saved = io.BytesIO()
    book.save(saved)
    return import_plan(saved.getvalue(), "kh.xlsx", onto, parse_yaml(onto, "p").value, desk(), desk().office)


def column(page: Worksheet, heading: str) -> int:
    return next(n for n, cell in enumerate(page[1], 1) if str(cell.value).startswith(heading))


def row(page: Worksheet, name: str) -> int:
    return next(n for n in range(2, page.max_row + 1) if name in (page.cell(n, 1).value, page.cell(n, 2).value))


def put(book: Any, sheet: str, name: str, heading: str, value: Any) -> None:
    page = book[sheet]
    page.cell(row(page, name), column(page, heading)).value = value


def lines(new: str, old: str = REAL) -> list[str]:
    """What differs, line by line."""
    found = unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in found if line[:1] in "+-" and line[:3] not in ("+++", "---")]


@pytest.mark.parametrize("text", [REAL, PLAN], ids=["the real plan", "flow style"])
def test_an_unedited_workbook_changes_nothing(text: str) -> None:
    found = back(lambda _: None, text)
    assert (found.faults, found.changes, found.text) == ([], [], text)


def test_the_same_plan_the_same_bytes() -> None:
    value = parse_yaml(REAL, "p").value
    assert export_plan(REAL, value, desk()) == export_plan(REAL, value, desk())


def test_every_edit_is_listed_and_only_its_lines_move() -> None:
    def edit(book: Any) -> None:
        put(book, ITEMS, "huong-dan-van-phong-cap-huyen", "Đơn vị chủ trì", "Trung tâm Công báo và Tin học")
        put(book, DUTIES, "van-ban-huong-dan", "Kiểu thời hạn", "Đến hết ngày")
        put(book, DUTIES, "van-ban-huong-dan", "Tháng hoặc quý", None)
        put(book, DUTIES, "van-ban-huong-dan", "Ngày", "31/7/2024")

    found = back(edit)
    assert found.faults == []
    assert found.changes == [
        "II.1.b · Hướng dẫn chức năng, nhiệm vụ Văn phòng HĐND và UBND cấp huyện – Đơn vị chủ trì: "
        "Phòng Hành chính - Quản trị → Trung tâm Công báo và Tin học",
        *(f"II.1.b · Hướng dẫn chức năng, nhiệm vụ Văn phòng HĐND và UBND cấp huyện (van-ban-huong-dan) – {rest}" for rest in (
            "Kiểu thời hạn: Trong quý → Đến hết ngày",
            "Tháng hoặc quý số: 2 → (trống)",
            "Ngày: (trống) → 31/07/2024",
        )),
    ]  # fmt: skip
    assert lines(found.text) == [
        "-    lead: [hcqt]",
        "+    lead: [ttcbth]",
        "-        timing: {quarter: 2}",
        '+        timing: {by: "07-31"}',
    ]
    plan = read_plan(parse_yaml(found.text, "new"), desk().office)
    assert plan.item("huong-dan-van-phong-cap-huyen").obligations[0].timing == ByTiming(by="07-31")


def test_rows_inserted_deleted_and_reordered() -> None:
    def edit(book: Any) -> None:
        items, duties = book[ITEMS], book[DUTIES]
        items.delete_rows(row(items, "huong-dan-van-phong-cap-huyen"))
        duties.delete_rows(row(duties, "van-ban-huong-dan"))
        rows = [[cell.value for cell in line] for line in duties.iter_rows(min_row=2)]
        for n, values in enumerate(reversed(rows), 2):
            for m, value in enumerate(values, 1):
                duties.cell(n, m).value = value
        items.append(
            [
                None,
                "II.1.h",
                "Rà soát quy chế làm việc",
                "Ban hành văn bản",
                "Phòng Hành chính - Quản trị",
                None,
                "Rà soát",
                None,
            ]
        )
        duties.append(["Rà soát quy chế làm việc", None, "Báo cáo rà soát", "Quý III", "Trong quý", 3])

    found = back(edit)
    assert found.faults == []
    assert [change.split(": ", 1)[1] for change in found.changes] == [
        "bỏ nhiệm vụ",
        "thêm nhiệm vụ, mã ra-soat-quy-che-lam-viec",
        "bỏ nghĩa vụ: Văn bản của UBND tỉnh hướng dẫn chức năng, nhiệm vụ, quyền hạn của Văn phòng HĐND và UBND cấp huyện",
        "thêm nghĩa vụ, mã bao-cao-ra-soat-2: Báo cáo rà soát",
    ]
    plan = read_plan(parse_yaml(found.text, "new"), desk().office)
    assert plan.items[-1].obligations[0].timing == QuarterTiming(quarter=3)
    removed = [line for line in lines(found.text) if line[0] == "-"]
    assert removed[0] == "-  - id: huong-dan-van-phong-cap-huyen"
    assert not [line for line in removed if "#" in line], "comments stay"


def test_an_obligation_more_and_one_less_in_an_item_that_stays() -> None:
    def edit(book: Any) -> None:
        duties = book[DUTIES]
        duties.delete_rows(row(duties, "quy-hai"))
        duties.append(["ke-hoach", None, "Kế hoạch bổ sung", "trước ngày 15/9", "Trước ngày", None, date(2024, 9, 15)])

    found = back(edit, PLAN)
    assert found.faults == []
    item = read_plan(parse_yaml(found.text, "new"), desk().office).item("ke-hoach")
    assert [(o.id, o.timing) for o in item.obligations][1] == ("ke-hoach-bo-sung", BeforeTiming(before="09-15"))
    assert [line[0] for line in lines(found.text, PLAN)].count("-") == 1


def test_nothing_but_how_it_is_typed_is_no_change() -> None:
    def edit(book: Any) -> None:
        for page in (book[ITEMS], book[DUTIES]):
            for line in page.iter_rows(min_row=2):
                for cell in line:
                    if isinstance(cell.value, date):
                        cell.value = f" {cell.value:%d/%m/%Y} "
                    elif isinstance(cell.value, str):
                        cell.value = unicodedata.normalize("NFD", cell.value.replace(" ", "  ")) + " "
        page = book[DUTIES]
        page.move_range(f"A1:S{page.max_row}", cols=0)

    found = back(edit)
    assert (found.faults, found.changes, found.text) == ([], [], REAL)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda b: put(b, ITEMS, "kiem-soat-tthc", "Đơn vị chủ trì", "Phòng Hành chánh Quản trị"), "không có đơn vị “Phòng Hành chánh Quản trị”; có phải “Phòng Hành chính - Quản trị”?"),
        (lambda b: put(b, DUTIES, "van-ban-huong-dan", "Ngày", date(2025, 1, 2)), "02/01/2025: ngày phải thuộc năm kế hoạch 2024"),
        (lambda b: put(b, DUTIES, "van-ban-huong-dan", "Ngày", "cuối tháng"), "“cuối tháng” không phải ngày; ghi như 30/11/2024"),
        (lambda b: put(b, DUTIES, "van-ban-huong-dan", "Ngày", "31/6/2024"), "“31/06/2024” không phải ngày; ghi như 30/11/2024"),
        (lambda b: put(b, DUTIES, "van-ban-huong-dan", "Ngày", "30/6/2024"), "không dùng với kiểu thời hạn “Trong quý”; xóa ô này hoặc đổi kiểu"),
        (lambda b: put(b, DUTIES, "van-ban-huong-dan", "Tháng", 7), "quarter: '7' is no quarter; write a number from 1 to 4, e.g. quarter: 4"),
        (lambda b: put(b, DUTIES, "van-ban-huong-dan", "Tháng", "hai"), "“hai” không phải số nguyên"),
        (lambda b: put(b, DUTIES, "van-ban-huong-dan", "Kiểu", "Khi rảnh"), "“Khi rảnh” không có trong danh sách: Trong tháng"),
        (lambda b: put(b, ITEMS, "kiem-soat-tthc", "Tên nhiệm vụ", ""), "ô này không được để trống"),
        (lambda b: put(b, ITEMS, "kiem-soat-tthc", "Mã", "kiem-soat-khac"), "mã “kiem-soat-khac” không có trong kế hoạch"),
        (lambda b: put(b, DUTIES, "van-ban-huong-dan", "Sau nghĩa vụ", "khong-co"), "needs 'khong-co', which this item does not have"),
        (lambda b: put(b, ITEMS, "kiem-soat-tthc", "Nội dung", "=1+1"), "ô chứa công thức"),
        (lambda b: b[ITEMS].merge_cells("E3:E4"), "Nhiệm vụ!E3:E4: ô đã gộp"),
        (lambda b: b[DUTIES].delete_cols(3), "Nghĩa vụ: thiếu cột “Sản phẩm”"),
        (lambda b: b[ITEMS].insert_cols(3), None),
        (lambda b: b[ITEMS].cell(1, 12, "Ý kiến"), "Nhiệm vụ!L1: cột “Ý kiến” không có trong tệp đã xuất"),
        (lambda b: b[ITEMS].cell(4, 12, "xem lại"), "Nhiệm vụ!L4: có chữ ngoài bảng: “xem lại”"),
        (lambda b: b.remove(b[DUTIES]), "thiếu trang “Nghĩa vụ”"),
        (lambda b: b[ITEMS].delete_rows(3), "không có nhiệm vụ “huong-dan-van-phong-cap-huyen” ở trang “Nhiệm vụ”"),
        (lambda b: b[ITEMS].append([c.value for c in b[ITEMS][3]]), "mã “huong-dan-van-phong-cap-huyen” đã có ở Nhiệm vụ!A3"),
    ],
)  # fmt: skip
def test_a_fault_names_its_cell_and_nothing_is_lost(edit: Edit, said: str | None) -> None:
    found = back(edit)
    assert found.text == REAL
    assert found.changes == []
    if said is None:
        assert found.faults == []
    else:
        assert any(said in fault for fault in found.faults), found.faults
        assert all(fault.startswith("kh.xlsx: ") for fault in found.faults)


def test_all_faults_come_at_once() -> None:
    def edit(book: Any) -> None:
        put(book, ITEMS, "kiem-soat-tthc", "Đơn vị chủ trì", "Không ai")
        put(book, ITEMS, "tham-muu-van-ban", "Tên nhiệm vụ", None)
        put(book, DUTIES, "van-ban-huong-dan", "Tháng", 9)

    assert len(back(edit).faults) == 3


def test_a_workbook_goes_back_onto_its_own_text_only() -> None:
    newer = REAL.replace("Quý II/{year}.", "Quý II.", 1)
    (fault,) = back(lambda _: None, REAL, newer).faults
    assert "đã đổi sau khi xuất" in fault
    broken = import_plan(b"PK\x03\x04 no", "kh.xlsx", REAL, parse_yaml(REAL, "p").value, desk(), desk().office)
    assert broken.faults == ["kh.xlsx: không mở được; lưu lại dạng .xlsx, không đặt mật khẩu"]


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), min_size=1, max_size=160)


@given(_TEXT, st.sampled_from(["Nội dung", "Câu hỏi", "Căn cứ"]), st.sampled_from(["ke-hoach", "phan-anh"]))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text_typed_into_a_cell_comes_back_as_it_was_typed(text: str, heading: str, item: str) -> None:
    def edit(book: Any) -> None:
        page = book[ITEMS]
        cell = page.cell(row(page, item), column(page, heading))
        cell.value, cell.data_type = text, "s"

    found = back(edit, PLAN)
    typed = clean(text.replace("_x000D_", ""))  # as every text is kept: NFC, single spaces, nothing unseen
    if not found.faults:
        wanted = next(r for r in parse_yaml(found.text, "new").value["items"] if r["id"] == item)
        key = {"Nội dung": "text", "Câu hỏi": "question", "Căn cứ": "basis"}[heading]
        kept = wanted.get(key)
        assert " ".join("".join(kept if isinstance(kept, list) else [kept or ""]).split()) == typed


EACH_FORM = [
    "{month: [6, 12]}", "{quarter: 2, year: 2024}", '{by: "07-31", opens: "04-01"}', '{before: ["06-01", "11-15"]}',
    '{from: "2024-Q1", to: "2024-Q3"}', "{from: \"03\", to: \"10\", stages: quarter}", "{every: month, before: 15}",
    '{every: week, by: "fri"}', '{every: year, by: ["06-01", "11-15"]}', "{continuous: true}",
    '{continuous: true, every: quarter, from: "2024-07-01"}', "{reference: KH 140, continuous: true}",
    "{after: kh-tinh, within_days: 10}", "{before_event: kh-tinh, within: 5}", "{after_done: ke-hoach/quy-mot}",
    "{on_demand: true, within: 3}", "{unprinted: true}",
]  # fmt: skip


@pytest.mark.parametrize("timing", EACH_FORM)
def test_every_form_of_timing_goes_into_the_workbook_and_comes_back_as_it_was(timing: str) -> None:
    text = PLAN.replace("{quarter: 2}", timing, 1)
    assert timing in text
    found = back(lambda _: None, text)
    assert (found.faults, found.changes, found.text) == ([], [], text)
