"""What plans print of time, and the timing it says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from dondoc.plan.timings import Timing
from dondoc.reading.time_phrases import read_phrase

TIMING: TypeAdapter[Timing] = TypeAdapter(Timing)

READ: list[tuple[str, dict[str, Any]]] = [
    ("Quý I/2026", {"quarter": 1}),
    ("Quí IV-2025", {"quarter": 4, "year": 2025}),
    ("Quý III Năm 2026", {"quarter": 3}),
    ("Quý I, III", {"quarter": [1, 3]}),
    ("Quý II, Quý IV năm 2027", {"quarter": [2, 4], "year": 2027}),
    ("Quý IV/2025- Quý II/2026", {"from": "2025-Q4", "to": "2026-Q2"}),
    ("Quý II - Quý III/2026", {"from": "2026-Q2", "to": "2026-Q3"}),
    ("Tháng 01/2026.", {"month": 1}),
    ("6/2025", {"month": 6, "year": 2025}),
    ("Tháng 6, tháng 12", {"month": [6, 12]}),
    ("Tháng 3 - 4/2026", {"from": "2026-03", "to": "2026-04"}),
    ("Từ tháng 4 đến tháng 10/2026", {"from": "2026-04", "to": "2026-10"}),
    ("Hoàn thành trong tháng 01/2026.", {"month": 1}),
    ("trước ngày 30/11/2026", {"before": "11-30"}),
    ("Trước ngày 31/3", {"before": "03-31"}),
    ("trước ngày 15 tháng 12 năm 2025.", {"before": "2025-12-15"}),
    ("Trước tháng 6/2026", {"before": "06-01"}),
    ("Trước quý III/2026", {"before": "07-01"}),
    ("01/03/2026", {"by": "03-01"}),
    ("Chậm nhất 30/6/2026", {"by": "06-30"}),
    ("không quá ngày 30/6/2026", {"by": "06-30"}),
    ("Đến hết năm 2026", {"by": "12-31"}),
    ("Đến năm 2030", {"by": "2030-12-31"}),
    ("30/6 và 31/12", {"by": ["06-30", "12-31"]}),
    ("Trong năm", {"by": "12-31"}),
    ("Năm 2026", {"by": "12-31"}),
    ("2030", {"from": "2030", "to": "2030"}),
    ("Năm 2025 - 2026", {"from": "2025", "to": "2026"}),
    ("Giai đoạn 2026-2030", {"from": "2026", "to": "2030"}),
    ("6 tháng đầu năm 2026", {"from": "2026-Q1", "to": "2026-Q2"}),
    ("Thường xuyên", {"continuous": True}),
    ("Thường xuyên, hằng năm", {"continuous": True, "every": "year"}),
    ("Thường xuyên, định kỳ hằng quý báo cáo về Sở Tài chính", {"continuous": True, "every": "quarter"}),
    ("Thường xuyên, theo yêu cầu nhiệm vụ.", {"continuous": True}),
    ("Giai đoạn 2026-2030 và những năm tiếp theo.", {"continuous": True, "from": "2026"}),
    ("Quý IV năm 2025 và các năm tiếp theo.", {"continuous": True, "from": "2025-Q4"}),
    ("Từ 01/7/2025.", {"continuous": True, "from": "2025-07-01"}),
    ("xuyên suốt 2025 - 2035", {"continuous": True, "from": "2025", "to": "2035"}),
    ("Hằng năm.", {"every": "year"}),
    ("Định kỳ hàng tháng trong năm.", {"every": "month"}),
    ("02 lần/năm", {"every": "half-year"}),
    ("6 tháng một lần", {"every": "half-year"}),
    ("tối thiểu một lần/năm", {"every": "year"}),
    ("trước ngày 15 hằng tháng", {"every": "month", "before": 15}),
    ("Ngày 14 của tháng cuối quý", {"every": "quarter", "by": 14}),
    ("Tháng 12 hằng năm", {"every": "year", "by": "12-31"}),
    ("Thứ Sáu hằng tuần", {"every": "week", "by": "fri"}),
    ("hằng năm (trước ngày 15 tháng 11) hoặc theo đề nghị", {"every": "year", "before": "11-15"}),
    ("định kỳ trước ngày 01/6 và 15/11 hằng năm (hoặc đột xuất khi có yêu cầu)", {"every": "year", "before": ["06-01", "11-15"]}),
    ("Theo Kế hoạch bồi dưỡng công chức hàng năm.", {"reference": "Kế hoạch bồi dưỡng công chức hàng năm", "every": "year"}),
    ("Theo lộ trình được giao tại Kế hoạch số 02-KH/BCĐTW", {"reference": "lộ trình được giao tại Kế hoạch số 02-KH/BCĐTW"}),
    ("Khi có phát sinh.", {"on_demand": True}),
    ("Sau 15 ngày kể từ khi có Thông báo kết luận", {"after": "", "within_days": 15}),
    ("Sau 05 ngày làm việc kể từ ngày ký", {"after": "", "within": 5}),
    ("Trước kỳ họp HĐND tỉnh", {"before_event": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("phrase", "row"), READ)
def test_the_phrase_is_read_and_nothing_is_asked(phrase: str, row: dict[str, Any]) -> None:
    found = read_phrase(phrase, 2026)
    assert found.timing == row
    assert found.doubt is None


@pytest.mark.parametrize("phrase", [phrase for phrase, _ in READ])
def test_what_is_read_is_a_timing_of_the_plan_file(phrase: str) -> None:
    row = dict(read_phrase(phrase, 2026).timing)
    for key in ("after", "before_event"):
        if key in row:
            row[key] = "su-kien"
    TIMING.validate_python(row)


@pytest.mark.parametrize(
    ("phrase", "doubt"),
    [
        ("", "no_time"),
        (" . ", "no_time"),
        ("kịp thời", "unreadable"),
        ("Trước ngày 31/02/2026", "unreadable"),
        ("Tháng 13/2026", "unreadable"),
        ("Năm học 2026", "unsure"),
        ("định kỳ báo cáo kết quả thực hiện", "no_period"),
        ("Đầu Quý II/2026", "fuzzy"),
        ("Quý IV/2025, Quý I/2026", "two_periods"),
        ("Ban hành trong Quý I, thực hiện kiểm tra trong năm 2026", "unsure"),
    ],
)
def test_what_is_not_clear_is_asked(phrase: str, doubt: str) -> None:
    assert read_phrase(phrase, 2026).doubt == doubt


def test_what_waits_for_an_event_names_it_as_printed() -> None:
    assert read_phrase("Sau khi UBND tỉnh ban hành Kế hoạch.", 2026).event == "UBND tỉnh ban hành Kế hoạch"


def test_the_years_printed_are_told() -> None:
    assert read_phrase("Quý IV/2025 - Quý II/2026", 2026).years == (2025, 2026)
