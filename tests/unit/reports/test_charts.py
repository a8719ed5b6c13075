"""Charts: the same values give the same bytes, nothing breaks them, and their words say the same numbers."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from matplotlib.image import imread

from dondoc.reports.pictures import (
    Cell,
    HeatMap,
    Timeline,
    TimelineSpan,
    Trend,
    TrendLine,
    heat_map_words,
    timeline_words,
    trend_words,
)
from tasks.reports.charts import Format, heat_map_chart, timeline_chart, trend_chart

MONTHS = tuple(f"T{number}" for number in range(1, 13))


def line(name: str, most: int, *values: str | None) -> TrendLine:
    known = [None if value is None else Decimal(value) for value in values]
    return TrendLine(name, most, tuple(known + [None] * (12 - len(known))))


TREND = Trend(
    "Chỉ số phục vụ năm 2024", "Điểm", "Tỷ lệ từng nhóm (%)", MONTHS, line("Tổng điểm", 100, "82.99", None, "83.39"),
    (line("Công khai", 18, "17.93", None, "18"), line("Tiến độ", 20, "19.75", None, "0")), Decimal(85), "Chỉ tiêu",
)  # fmt: skip
EMPTY = Trend("Trống", "Điểm", "Nhóm", MONTHS, line("Tổng", 100), (line("Một", 18), line("Hai", 0)), None, "Chỉ tiêu")
TIMELINE = Timeline(
    "Kế hoạch", 2024,
    (("II.1.a · Một", (TimelineSpan(date(2024, 1, 2), date(2024, 3, 31), "green"), TimelineSpan(date(2024, 6, 1), date(2024, 6, 1), "red"))),
     ("II.6.d · Chờ", ()), ("Năm sau", (TimelineSpan(date(2025, 1, 1), date(2025, 2, 1), "grey"),))),
    date(2024, 12, 31), "Hôm nay", {"red": "Quá hạn", "amber": "Cần chú ý", "green": "Đúng hạn", "grey": "Chưa đến"}, MONTHS,
)  # fmt: skip
NO_ITEMS = Timeline("Trống", 2024, (), None, "", {}, MONTHS)
HEAT = HeatMap("Đơn vị", ("P. HCQT", "TT"), ("T1", "T2"), ((Cell(3, 1), Cell()), (Cell(2, 2), Cell(4))), "Ô: số kỳ")
NO_UNITS = HeatMap("Trống", (), ("T1", "T2"), (), "")
EVERY = [
    (trend_chart, TREND), (trend_chart, EMPTY), (timeline_chart, TIMELINE), (timeline_chart, NO_ITEMS),
    (heat_map_chart, HEAT), (heat_map_chart, NO_UNITS),
]  # fmt: skip


@pytest.mark.parametrize(("draw", "values"), EVERY, ids=[f"{draw.__name__}-{values.title}" for draw, values in EVERY])
@pytest.mark.parametrize("form", ["svg", "png"])
def test_the_same_values_give_the_same_picture(draw: object, values: object, form: Format) -> None:
    first, second = draw(values, form), draw(values, form)  # type: ignore[operator]
    assert first == second
    if form == "svg":
        assert first.startswith(b"<?xml")
        assert b"<script" not in first
        assert b"<dc:date>" not in first
    else:
        assert imread(io.BytesIO(first)).shape[1] > 800


def test_other_values_give_another_picture() -> None:
    assert trend_chart(TREND) != trend_chart(EMPTY)


def test_tones_differ_in_lightness_or_hatch_when_printed_grey() -> None:
    from tasks.reports.charts import _FILLS

    greys = []
    for fill, hatch in _FILLS.values():
        red, green, blue = (int(fill[at : at + 2], 16) for at in (1, 3, 5))
        greys.append((round(0.299 * red + 0.587 * green + 0.114 * blue), hatch))
    for one in greys:
        assert all(abs(one[0] - other[0]) > 40 or one[1] != other[1] for other in greys if other is not one)


def test_a_picture_is_said_in_words_from_its_own_numbers() -> None:
    assert trend_words(TREND, "{title}: {months}", "{label} {score}", "chưa có").startswith(
        "Chỉ số phục vụ năm 2024: T1 82,99; T2 chưa có; T3 83,39; T4 chưa có"
    )
    assert timeline_words(TIMELINE, "{title}: {rows}", "{label}: {counts}") == (
        "Kế hoạch: II.1.a · Một: quá hạn 1, đúng hạn 1; Năm sau: chưa đến 1"
    )
    assert (
        heat_map_words(HEAT, "{title}: {rows}", "{label}: {cells}") == "Đơn vị: P. HCQT: T1 3 (1); TT: T1 2 (2), T2 4"
    )


def test_nothing_that_draws_no_picture_loads_the_library() -> None:
    program = "import sys, flows.collect, flows.sweep, portal.app.application, tasks.reports.charts; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=600).returncode == 0
