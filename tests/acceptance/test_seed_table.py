"""The plan file against a table typed by hand from the printed plan: items, units, phrases, dates, counts.

Read from the seed without looking at config/plans/2024.yaml. Where the two differ, the print is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from dondoc.calendar.working_days import read_overrides, working_calendar
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.obligations.timing import Occurrence, occurrences
from dondoc.office.office import Office, read_office
from dondoc.office.policy import read_policy
from dondoc.plan.plan import Item, Plan
from dondoc.plan.plan_file import read_plan

CONFIG = Path(__file__).parents[2] / "config"

HCQT = "Phòng Hành chính - Quản trị"
PVKS = "Trung tâm Phục vụ - Kiểm soát thủ tục hành chính"
CBTH = "Trung tâm Công báo và Tin học"
ALL = "các phòng, ban, đơn vị trực thuộc"
UNITS = "Các phòng, ban, đơn vị"
Q1, Q2, Q3, Q4 = date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30), date(2024, 12, 31)
JANUARY, DECEMBER = date(2024, 1, 31), date(2024, 12, 31)
YEAR_ROUND = "Thường xuyên trong năm."


@dataclass(frozen=True)
class Printed:
    """One item as printed. `dated`: the due dates that the print itself gives, one for each deliverable so dated.

    `others`: obligations whose phrase prints no date (thường xuyên, định kỳ, theo kế hoạch, sau khi …).
    """

    ref: str
    begins: str
    lead: tuple[str, ...]
    coordinating: tuple[str, ...]
    dated: tuple[date, ...]
    others: int
    phrases: tuple[str, ...]


def row(
    ref: str, begins: str, lead: str | tuple[str, ...], coordinating: str | tuple[str, ...], dated: tuple[date, ...],
    others: int, *phrases: str,
) -> Printed:  # fmt: skip
    def several(names: str | tuple[str, ...]) -> tuple[str, ...]:
        return (names,) if isinstance(names, str) else names

    return Printed(ref, begins, several(lead), several(coordinating), dated, others, phrases)


TABLE = [
    # 1. Về cải cách thể chế
    row("II.1.a", "Phối hợp với các cơ quan chuyên môn tham mưu UBND tỉnh trình Ban cán sự đảng",
        ("Các phòng nghiên cứu", PVKS), "các phòng, ban, đơn vị còn lại", (), 1, YEAR_ROUND),
    row("II.1.b", "Hướng dẫn chức năng, nhiệm vụ, quyền hạn của Văn phòng HĐND và UBND cấp huyện",
        HCQT, UNITS, (Q2,), 0, "Quý II/2024."),
    row("II.1.c", "Xây dựng, tham mưu ban hành và tổ chức thực hiện văn bản triển khai cơ chế một cửa",
        PVKS, UNITS, (Q2, Q3), 0, "Quý II/2024.", "Quý III/2024."),
    row("II.1.d", "Xây dựng, tham mưu sửa đổi, bổ sung Quyết định số 36/2018/QĐ-UBND",
        PVKS, UNITS, (Q4,), 0, "Quý IV/2024."),
    row("II.1.đ", "Tiếp tục triển khai thực hiện nhiệm vụ hệ thống hóa văn bản quy phạm pháp luật kỳ 2019 - 2023",
        HCQT, "các phòng, ban, đơn vị liên quan", (JANUARY, JANUARY), 0,
        "Hoàn thành trong tháng 01/2024.", "Hoàn thành trong tháng 01/2024."),
    row("II.1.e", "Ban hành các Kế hoạch: Theo dõi tình hình thi hành pháp luật; rà soát",
        HCQT, ALL, (Q1, Q1), 0, "Quý I/2024.", "Quý I/2024."),
    row("II.1.g", "Thường xuyên rà soát văn bản QPPL do Văn phòng tham mưu", HCQT, ALL, (), 1, YEAR_ROUND),
    # 2. Cải cách thủ tục hành chính
    row("II.2.a", "Xây dựng, tham mưu ban hành và tổ chức thực hiện các văn bản về kiểm soát thủ tục hành chính",
        PVKS, ALL, (Q1, Q1, Q1, Q1, Q1, date(2024, 11, 29)), 3,
        *["Quý I tham mưu ban hành các kế hoạch"] * 5, "định kỳ báo cáo kết quả thực hiện",
        "hoàn thành việc tham mưu kiểm tra trước ngày 30/11/2024", "và báo cáo kết quả thực hiện",
        "tham mưu chỉ đạo xử lý, khắc phục tồn tại, hạn chế, sai sót."),
    row("II.2.b", "Triển khai thực hiện thống kê, công bố, công khai TTHC nội bộ", (PVKS, HCQT), ALL, (), 1,
        "Thường xuyên trong năm, theo Kế hoạch rà soát, đơn giản hóa TTHC nội bộ trong hệ thống cơ quan hành chính "
        "nhà nước giai đoạn 2022 - 2025 trên địa bàn tỉnh ban hành kèm theo Quyết định số 1648/QĐ-UBND ngày "
        "30/11/2022 của Chủ tịch UBND tỉnh."),
    row("II.2.c", "Thực hiện các giải pháp nâng cao chất lượng phục vụ", PVKS, ALL, (), 1,
        "Định kỳ hàng tháng trong năm."),
    row("II.2.d", "Phối hợp với các sở, ban ngành trình Chủ tịch UBND tỉnh công bố các danh mục TTHC",
        PVKS, ALL, (), 1, YEAR_ROUND),
    row("II.2.đ", "Tiếp tục triển khai thực hiện có hiệu quả Đề án đổi mới việc thực hiện cơ chế một cửa",
        PVKS, ALL, (), 1,
        "Theo Kế hoạch số 140/KH-UBND ngày 14/10/2021 của UBND tỉnh đối với những nhiệm vụ giao thực hiện trong "
        "năm 2024."),
    row("II.2.e", "Nâng cao hiệu quả hoạt động của Trung tâm Phục vụ - Kiểm soát TTHC tỉnh và Bộ phận Một cửa",
        PVKS, ALL, (), 2, "Thường xuyên trong năm", "định kỳ báo cáo kết quả thực hiện."),
    row("II.2.g", "Triển khai, tổ chức đánh giá việc giải quyết TTHC theo cơ chế một cửa", PVKS, ALL, (), 2, YEAR_ROUND,
        YEAR_ROUND),
    row("II.2.h", "Triển khai thực hiện số hóa hồ sơ và kết quả giải quyết TTHC", PVKS, ALL, (), 2,
        *["Theo quy định của Chính phủ và hướng dẫn của Sở Thông tin và Truyền thông."] * 2),
    row("II.2.i", "Tham mưu đẩy mạnh thực hiện dịch vụ công trực tuyến", PVKS, ALL, (), 2, YEAR_ROUND, YEAR_ROUND),
    row("II.2.k", "Niêm yết đầy đủ, rõ ràng bảng thông báo hướng dẫn tiếp nhận phản ánh", (PVKS, CBTH),
        (HCQT, "Trung tâm Coogn báo và tin học"), (), 1, YEAR_ROUND),
    row("II.2.l", "Tiếp nhận, xử lý phản ánh, kiến nghị của người dân, doanh nghiệp về cơ chế", PVKS, ALL, (), 2,
        YEAR_ROUND, YEAR_ROUND),
    row("II.2.m", "Thực hiện kiểm tra, giám sát gắn với nâng cao trách nhiệm của chính quyền địa phương", PVKS, ALL,
        (Q1, DECEMBER), 3, "Quý I năm 2024 ban hành kế hoạch kiểm tra",
        "tổ chức kiểm tra theo kế hoạch, kiểm tra đột xuất trong năm 2024.", "kiểm tra đột xuất trong năm 2024.",
        "trong năm 2024.", "trong năm 2024."),
    # 3. Về cải cách tổ chức bộ máy
    row("II.3", "Tiếp tục thực hiện tinh giản biên chế theo quy định của Chính phủ", HCQT, ALL, (), 1, YEAR_ROUND),
    # 4. Cải cách chế độ công vụ
    row("II.4.a", "Xây dựng, ban hành và thực hiện Kế hoạch đào tạo, bồi dưỡng công chức, viên chức năm 2024",
        HCQT, ALL, (Q1, DECEMBER), 0, "Ban hành kế hoạch trong Quý I", "tổ chức thực hiện trong năm 2024."),
    row("II.4.b", "Xây dựng, ban hành và thực hiện Kế hoạch chuyển đổi vị trí công tác năm 2024",
        HCQT, ALL, (Q1, DECEMBER), 0, "Ban hành kế hoạch trong Quý I", "tổ chức thực hiện trong năm 2024."),
    row("II.4.c", "Tăng cường kỷ luật, kỷ cương hành chính trong trong đội ngũ cán bộ",
        "Tổ kiểm tra việc chấp hành kỷ luật, kỷ cương hành chính của Văn phòng", ALL, (), 2, YEAR_ROUND,
        YEAR_ROUND),
    # 5. Cải cách tài chính công
    row("II.5", "Tăng cường thực hiện quản lý, sử dụng kinh phí đúng quy định", HCQT, ALL, (Q1,), 1,
        "Ban hành kế hoạch trong Quý I.", "Thực hiện kiểm soát nhiệm vụ chi dự toán trong năm 2024."),
    # 6. Xây dựng và phát triển chính quyền điện tử hướng đến chính quyền số
    row("II.6.a", "Tiếp tục tổ chức triển khai Kế hoạch phát triển Chính quyền điện tử hướng tới Chính quyền số",
        (CBTH, PVKS), ALL, (), 1, "Thường xuyên trong năm 2024."),
    row("II.6.b", "Tập trung triển khai kế hoạch ứng dụng công nghệ thông tin",
        (CBTH, "Trung tâm Phục vụ - Kiểm soát TTHC tỉnh"), (), (), 1, "Thực hiện thường xuyên trong năm 2024."),
    row("II.6.c", "Triển khai thực hiện Kế hoạch chuyển đổi số của Văn phòng UBND tỉnh năm 2024",
        CBTH, (), (), 1, "Thường xuyên trong năm 2024 và theo kế hoạch."),
    row("II.6.d", "Ban hành Kế hoạch chuyển đổi số của Văn phòng UBND tỉnh năm 2025.", CBTH, (), (), 1,
        "Sau khi UBND tỉnh ban hành Kế hoạch chuyển đổi số tỉnh Quảng Ngãi năm 2025."),
    row("II.6.đ", "Tiếp tục triển khai thực hiện tiếp nhận hồ sơ và trả kết quả", PVKS, ALL, (), 1, YEAR_ROUND),
    row("II.6.đ", "Tiếp tục đôn đốc, đẩy mạnh việc sử dụng, vận hành Hệ thống thông tin Báo cáo", PVKS, ALL, (), 1,
        YEAR_ROUND),
    # 7. Công tác chỉ đạo, điều hành cải cách hành chính
    row("II.7.a", "Ban hành Chương trình công tác năm 2024 của Văn phòng.", HCQT, ALL, (JANUARY,), 0, "Tháng 01/2024."),
    row("II.7.b", "Ban Kế hoạch cải cách hành chính năm 2025 của Văn phòng.", HCQT, ALL, (DECEMBER,), 0,
        "Tháng 12/2024."),
    # III. Tổ chức thực hiện
    row("III.3", "Trưởng phòng Hành chính - Quản trị có trách nhiệm theo dõi, đôn đốc, báo cáo lãnh đạo Văn phòng",
        HCQT, (), (), 1, "theo dõi, đôn đốc, báo cáo lãnh đạo Văn phòng tiến độ, chất lượng"),
]  # fmt: skip
ROWS = [pytest.param(n, printed, id=f"{n}-{printed.ref}") for n, printed in enumerate(TABLE)]


@cache
def office() -> Office:
    return read_office(parse_yaml((CONFIG / "office.yaml").read_text(encoding="utf-8"), "office.yaml"))


@cache
def plan() -> Plan:
    return read_plan(parse_yaml((CONFIG / "plans" / "2024.yaml").read_text(encoding="utf-8"), "2024.yaml"), office())


@cache
def register() -> tuple[Occurrence, ...]:
    policy = read_policy(parse_yaml((CONFIG / "policy.yaml").read_text(encoding="utf-8"), "policy.yaml"))
    file = parse_yaml((CONFIG / "calendars" / "vietnam.yaml").read_text(encoding="utf-8"), "vietnam.yaml")
    return occurrences(plan(), policy, working_calendar(read_overrides(file)[0]))


def dues(item: Item, obligation: str) -> list[date | None]:
    return [o.due for o in register() if (o.item, o.obligation) == (item.id, obligation)]


def test_the_items_are_those_printed_in_their_order() -> None:
    assert [item.ref for item in plan().items] == [printed.ref for printed in TABLE]
    assert len(TABLE) == 33
    assert len({item.id for item in plan().items}) == 33


@pytest.mark.parametrize(("n", "printed"), ROWS)
def test_each_item_begins_as_printed(n: int, printed: Printed) -> None:
    assert plan().items[n].text.startswith(printed.begins)


@pytest.mark.parametrize(("n", "printed"), ROWS)
def test_the_lead_units_are_those_printed_in_their_order(n: int, printed: Printed) -> None:
    expected = tuple(office().find(name) for name in printed.lead)
    assert None not in expected
    assert plan().items[n].lead == expected
    assert all(obligation.lead == expected for obligation in plan().items[n].obligations)


@pytest.mark.parametrize(("n", "printed"), ROWS)
def test_the_coordinating_units_are_those_printed_without_those_that_also_lead(n: int, printed: Printed) -> None:
    expected = tuple(office().find(name) for name in printed.coordinating)
    assert None not in expected
    lead = {office().find(name) for name in printed.lead}
    assert plan().items[n].coordinating == tuple(party for party in expected if party not in lead)


@pytest.mark.parametrize(("n", "printed"), ROWS)
def test_each_item_has_the_obligations_that_can_be_counted_in_print(n: int, printed: Printed) -> None:
    assert len(plan().items[n].obligations) == len(printed.dated) + printed.others == len(printed.phrases)


@pytest.mark.parametrize(("n", "printed"), ROWS)
def test_each_time_phrase_is_printed_so(n: int, printed: Printed) -> None:
    assert [obligation.phrase for obligation in plan().items[n].obligations] == list(printed.phrases)


@pytest.mark.parametrize(("n", "printed"), ROWS)
def test_what_prints_a_date_is_due_on_it(n: int, printed: Printed) -> None:
    item = plan().items[n]
    found = [
        due
        for obligation in item.obligations
        if obligation.timing.kind in ("month", "quarter", "by-date") and not _choice(item, obligation.id)
        for due in dues(item, obligation.id)
    ]
    assert found == list(printed.dated)


def _choice(item: Item, obligation: str) -> bool:
    """The duties of II.2.a and II.2.m that print no date of their own: their year's end is a reading."""
    return obligation in {
        "kiem-soat-tthc": {"bao-cao-kiem-tra", "xu-ly-khac-phuc"},
        "kiem-tra-cai-cach-tthc": {"bao-cao-kiem-tra", "kien-nghi-xu-ly"},
    }.get(item.id, set())


@pytest.mark.parametrize("item", plan().items, ids=lambda item: item.id)
def test_what_prints_no_date_carries_a_reading_that_says_how_it_was_read(item: Item) -> None:
    for obligation in item.obligations:
        vague = obligation.timing.kind not in ("month", "quarter", "by-date") or _choice(item, obligation.id)
        assert bool(obligation.reading) or not vague
        assert obligation.reading_by is None or obligation.reading


def test_ii_2_a_holds_five_plans_periodic_reports_an_inspection_its_report_and_the_remedy() -> None:
    item = next(item for item in plan().items if item.ref == "II.2.a")
    assert [obligation.deliverable for obligation in item.obligations] == [
        "Kế hoạch hoạt động kiểm soát TTHC",
        "kế hoạch rà soát, đánh giá TTHC",
        "kế hoạch truyền thông về công tác kiểm soát TTHC",
        "kế hoạch kiểm tra công tác kiểm soát TTHC và thực hiện cơ chế một cửa, một cửa liên thông trên địa bàn tỉnh",
        "Kế hoạch về công tác kiểm soát TTHC và thực hiện cơ chế một cửa, một cửa liên thông tại Văn phòng UBND tỉnh",
        "định kỳ báo cáo kết quả thực hiện",
        "hoàn thành việc tham mưu kiểm tra",
        "báo cáo kết quả thực hiện",
        "tham mưu chỉ đạo xử lý, khắc phục tồn tại, hạn chế, sai sót",
    ]
    before = {obligation.id: obligation.needs for obligation in item.obligations if obligation.needs}
    assert before == {
        "kiem-tra": ("ke-hoach-kiem-tra",),
        "bao-cao-kiem-tra": ("kiem-tra",),
        "xu-ly-khac-phuc": ("bao-cao-kiem-tra",),
    }


def test_the_inspection_is_due_on_friday_29_november_and_is_acted_on_by_then() -> None:
    (found,) = [o for o in register() if o.id == "cchc-2024/kiem-soat-tthc/kiem-tra/2024"]
    assert (found.due, found.act_by) == (date(2024, 11, 29), date(2024, 11, 29))


def test_the_first_quarter_is_due_on_sunday_31_march_and_acted_on_by_friday_the_29th() -> None:
    found = {(o.due, o.act_by) for o in register() if o.period == "2024-Q1"}
    assert found == {(date(2024, 3, 31), date(2024, 3, 29))}


def test_the_monthly_figures_are_twelve() -> None:
    item = next(item for item in plan().items if item.ref == "II.2.c")
    assert [due.month for due in dues(item, item.obligations[0].id) if due] == list(range(1, 13))


def test_the_digital_plan_waits_for_the_provinces() -> None:
    (found,) = [o for o in register() if o.item == next(i.id for i in plan().items if i.ref == "II.6.d")]
    assert (found.opens, found.due) == (None, None)
    (event,) = plan().events
    assert event.title == "UBND tỉnh ban hành Kế hoạch chuyển đổi số tỉnh Quảng Ngãi năm 2025"


@pytest.mark.parametrize(
    "printed",
    [
        "1789/QĐ-UBND",
        "1879/QĐ-UBND",
        "Coogn báo",
        "đ) Tiếp tục đôn đốc",
        "trong trong",
        "Ban Kế hoạch",
        "cải hành chính",
        "30/11/2024",
    ],
)
def test_each_irregularity_of_the_print_is_listed_with_a_choice(printed: str) -> None:
    found = [odd for odd in plan().irregularities if printed in odd.printed]
    assert found
    assert all(odd.choice for odd in found)
